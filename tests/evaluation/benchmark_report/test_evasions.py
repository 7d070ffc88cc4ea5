"""The section of evasions: recall by evasion, the control first, who bears most first."""

from dataclasses import replace

import pytest

from sweepml.datasets.capture import EVASION
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_report.markdown import render_markdown
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_tables import join_tables
from sweepml.evaluation.intervals import wilson_interval
from sweepml.evaluation.judged_tables import judged_tables
from sweepml.graph.connections import SWEEP_LABEL
from tests.evaluation.benchmark_report.handmade_results import (
    MEASUREMENT,
    MODEL,
    RULE,
    SHIPPED,
    Page,
    make_results,
    make_tables,
    raised,
)
from tests.evaluation.handmade import Contact, episode, to_capture

SOURCES = [f"10.0.0.{i + 1}" for i in range(6)]
WAYS = ["plain", "plain", "decoys", "decoys", "paced", "paced"]


@pytest.fixture(scope="module")
def results() -> Results:
    """Two sweeps each of three ways; the model misses one that is paced, the tuned rule all but one control."""
    contacts = [Contact(10 + i, source, f"10.1.0.{i + 1}", label=SWEEP_LABEL) for source in SOURCES for i in range(20)]
    episodes = [
        replace(episode(f"EV-{i}", source, 10, 29), attributes={EVASION: way})
        for i, (source, way) in enumerate(zip(SOURCES, WAYS, strict=True))
    ]
    arena = Arena("evasion", [to_capture("lab", contacts, episodes)])
    catches = {MODEL: SOURCES[:5], RULE: SOURCES[:1], SHIPPED: []}
    parts = [make_tables(), {"arenas": arena.table()}]
    for contestant, sources in catches.items():
        parts.append(judged_tables(arena, contestant, [raised("lab", one, 20, 10, 0.9) for one in sources]))
    return Results(join_tables(parts), MEASUREMENT)


@pytest.fixture(scope="module")
def page(results: Results) -> Page:
    return Page(render_html(results))


def test_models_come_before_tuned_rules_and_these_before_shipped_ones(page: Page) -> None:
    heads = [cells[1:] for cells in page.rows["evasions"] if cells[0] == "evasion"]
    assert heads == [["Forest"], ["Walk"], ["Walk, as shipped"]]


def test_rows_are_evasions_the_control_first_then_what_the_model_bears_best(page: Page) -> None:
    names = [cells[0] for cells in page.rows["evasions"]]
    assert names[:4] == ["evasion", "plain", "decoys", "paced"]


def test_cells_have_recall_counts_and_interval(page: Page) -> None:
    low, high = wilson_interval(1, 2)
    assert page.rows["evasions"][3][1] == f"0.50 1/2, {low:.2f}-{high:.2f}"


def test_markdown_has_the_same_table(results: Results) -> None:
    text = render_markdown(results)
    assert "## Evasions" in text
    assert "| **plain** | 1.00 (2/2, " in text


def test_without_evasions_the_section_says_so() -> None:
    page = Page(render_html(make_results()))
    assert "No arena holds sweeps that mean not to be found." in page.sections["evasions"]
