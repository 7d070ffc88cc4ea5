"""A figure as part of a page: its colours are the page's, its ids its own."""

import re

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sweepml.evaluation.benchmark_report import figures
from sweepml.evaluation.benchmark_report.svg import to_svg

CURVE = pd.DataFrame({"threshold": [0.9, 0.5, 0.1], "recall": [0.2, 0.5, 1.0], "precision": [1.0, 0.9, 0.3]})


@pytest.fixture
def figure() -> Figure:
    return figures.precision_recall([CURVE] * figures.MOST_SERIES, [(0.5, 0.9)] * figures.MOST_SERIES)


def test_every_series_has_a_colour_of_the_page(figure: Figure) -> None:
    svg = to_svg(figure, "one")
    assert set(re.findall(r"var\(--series-(\d)\)", svg)) == {str(i) for i in range(figures.MOST_SERIES)}


def test_ids_of_two_plots_never_meet(figure: Figure) -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', to_svg(figure, prefix))) for prefix in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_svg_is_one_element_without_size_or_name_space(figure: Figure) -> None:
    svg = to_svg(figure, "one")
    head = svg[: svg.index(">")]
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert "viewBox" in head
    assert not re.search(r"xmlns|width|height", head)


def test_axis_names_stay_text(figure: Figure) -> None:
    assert "episode recall</text>" in to_svg(figure, "one")


def test_what_is_detected_at_once_stands_at_the_left_end_of_the_axis() -> None:
    rows = {"at": [0.0, 5.0], "undetected": [0.5, 0.0], "low": [0.1, 0.0], "high": [0.9, 0.9], "censored": [0, 0]}
    axes = figures.survival([pd.DataFrame(rows)], "seconds").axes[0]
    assert axes.get_xscale() == "log"
    assert axes.lines[0].get_xdata().min() == 0.1


def test_no_false_alert_has_a_place_on_the_axis_of_rates() -> None:
    curve = pd.DataFrame({"threshold": [0.9, 0.1], "false_rate": [0.0, 300.0], "recall": [0.4, 0.8]})
    axes = figures.budget_recall([curve], 10.0).axes[0]
    assert axes.get_xlim()[0] == 0.0
    assert axes.lines[-1].get_xdata()[0] == 10.0
