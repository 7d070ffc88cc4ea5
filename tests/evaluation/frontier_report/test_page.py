"""What the page, the summary and the picture say of a frontier that was made by hand."""

import doctest
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sweepml.evaluation import frontier
from sweepml.evaluation.benchmark_report import svg
from sweepml.evaluation.frontier_report import results as results_module
from sweepml.evaluation.frontier_report import words
from sweepml.evaluation.frontier_report.figures import surface_figure
from sweepml.evaluation.frontier_report.page import render_html, render_markdown
from sweepml.evaluation.frontier_report.picture import render_picture
from sweepml.evaluation.frontier_report.results import FrontierResults
from sweepml.evaluation.frontier_report.terminal import render_text
from sweepml.evaluation.frontier_report.words import legend_of
from sweepml.tasks.frontier import cells
from tests.evaluation.frontier_report.handmade import results as handmade

MODEL = "model:1"


@pytest.fixture(scope="module")
def results() -> FrontierResults:
    return handmade()


def row(text: str, name: str) -> list[str]:
    """Return the cells of the first row of a Markdown table that begins with a name."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {name}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("module", [words, frontier, results_module, cells])
def test_examples_in_docstrings_hold(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type]
    assert done.attempted > 0
    assert done.failed == 0


def test_models_come_first_and_then_whoever_catches_most(results: FrontierResults) -> None:
    assert results.ranked == [MODEL, "loud", "strict@budget", "loud@budget", "strict", "deaf@budget"]


def test_a_rule_has_its_better_line_within_the_budget(results: FrontierResults) -> None:
    """Both rules catch more where they break the budget: that point is not drawn."""
    assert results.lines_of_rules == ["loud@budget", "strict"]
    assert results.drawn == [MODEL, "loud@budget", "strict"]
    assert results.without_a_catch == ["deaf@budget"]
    assert [text for _, text in legend_of(results)] == ["A <b>model</b>", "loud, tuned", "strict"]


def test_who_breaks_the_budget_is_marked(results: FrontierResults) -> None:
    assert [one for one in results.ranked if results.is_over_budget(one)] == ["loud", "strict@budget"]
    assert results.false_alerts("loud").rate == 1500  # 3 in 2 source-days
    text = render_markdown(results, "page.html", "picture.svg")
    assert row(text, "loud (above the budget)")
    assert "2 source-days" in text
    assert "1,498 per day per 1,000 sources" in text  # none seen in 2 source-days leaves 2.996 / 2 possible


def test_the_slowest_and_the_smallest_sweep_are_stated(results: FrontierResults) -> None:
    text = render_markdown(results, "page.html", "picture.svg")
    slowest = text.split("## The slowest sweep")[1]
    assert row(slowest, "**A")[1:] == ["1", "1"]
    assert row(slowest, "loud (")[1:] == ["1", "-"]
    assert row(slowest, "strict |")[1:] == ["100", "-"]
    smallest = text.split("## The smallest sweep at each rate")[1]
    assert row(smallest, "loud, tuned")[1:] == ["-", "40", "40"]
    assert row(smallest, "deaf")[1:] == ["-", "-", "-"]


def test_text_of_a_bundle_is_no_markup(results: FrontierResults) -> None:
    page = render_html(results)
    assert "<b>model</b>" not in page
    assert "A &lt;b&gt;model&lt;/b&gt;" in page
    assert r"\<b\>" in render_markdown(results, "page.html", "picture.svg")
    assert "<b>" not in render_picture(results)


def test_the_page_asks_for_nothing_from_outside(results: FrontierResults) -> None:
    page = render_html(results)
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "default-src &#39;none&#39;" in page


def test_the_picture_stands_by_itself_and_is_the_same_every_time(results: FrontierResults) -> None:
    picture = render_picture(results)
    assert picture == render_picture(results)
    root = ElementTree.fromstring(picture)
    texts = {text for text in ("".join(one.itertext()).strip() for one in root.iter()) if text}
    assert {"no probe is answered", "every probe is answered", "loud, tuned", "targets an hour"} <= texts
    assert "var(--" not in picture
    assert "#0102" not in picture, "no stand-in colour is left"


def test_the_picture_has_the_colours_of_the_light_page() -> None:
    style = (Path(svg.__file__).parent / "report.css").read_text()
    light = style.split("@media")[0]
    for i, stand_in in enumerate(svg.SERIES):
        assert f"--series-{i}: {svg._PRINTED[stand_in]}" in light
    assert f"--ink: {svg._PRINTED[svg.INK]}" in light
    assert f"--plot-grid: {svg._PRINTED[svg.GRID]}" in light


def test_a_surface_says_how_many_targets_a_cut_sweep_had(results: FrontierResults) -> None:
    axes = surface_figure(results, MODEL, 0.0).axes[0]
    texts = sorted(one.get_text() for one in axes.texts)
    assert texts.count("4/4") == 5
    assert texts.count("0/4") == 3
    assert texts.count("4/4\nof 24") == 1  # 24 hours at one an hour
    shades = sorted({round(patch.get_alpha(), 3) for patch in axes.patches})
    np.testing.assert_allclose(shades, [0.06, 0.66])


def test_a_terminal_gets_the_slowest_rates(results: FrontierResults) -> None:
    lines = render_text(results).splitlines()
    assert lines[0].split("  ")[0] == "slowest caught, targets an hour"
    assert lines[2].split()[-3:] == ["1", "1", "0"]
    assert lines[-1].split()[-3:] == ["-", "-", "0"]


def test_metrics_have_names_that_a_tracking_server_takes(results: FrontierResults) -> None:
    metrics = results.metrics()
    assert metrics[f"{MODEL}/answered_1/slowest_at_0.5_per_hour"] == 1.0
    assert np.isnan(metrics["deaf-at-budget/answered_0/slowest_at_0.9_per_hour"])
    assert all(re.fullmatch(r"[\w\-./: ]+", name) for name in metrics)
