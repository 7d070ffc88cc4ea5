"""The section of sampling and delay: the untouched arena beside those that show less or later."""

import pandas as pd
import pytest

from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_report.markdown import render_markdown
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_tables import join_tables
from sweepml.evaluation.judged_tables import judged_tables
from tests.evaluation.benchmark_report.handmade_results import (
    LAB,
    MEASUREMENT,
    MODEL,
    RULE,
    SHIPPED,
    Page,
    alerts_of,
    make_results,
    make_tables,
)


def tables(*arenas: Arena) -> dict[str, pd.DataFrame]:
    """Return tables in which the tuned rule loses what an arena of another name than lab shows."""
    parts = [make_tables()]
    for arena in arenas:
        parts.append({"arenas": arena.table()})
        for contestant in (MODEL, RULE, SHIPPED):
            alerts = alerts_of(contestant, "lab") if contestant == MODEL or arena.name == "lab" else []
            parts.append(judged_tables(arena, contestant, alerts))
    return join_tables(parts)


@pytest.fixture(scope="module")
def results() -> Results:
    return Results(
        tables(
            Arena("aggregated 600 s", [LAB], interval_s=600),
            Arena("sampled 1:1000", [LAB]),
            Arena("sampled 1:10", [LAB]),
            Arena("lab", [LAB]),
        ),
        MEASUREMENT,
    )


@pytest.fixture(scope="module")
def page(results: Results) -> Page:
    return Page(render_html(results))


def test_columns_go_from_as_recorded_to_the_poorest(page: Page) -> None:
    heads = [cells[1:] for cells in page.rows["exporters"] if cells[0] == "contestant"]
    assert heads == [
        ["as recorded", "1:10", "1:1,000"],
        ["as recorded", "600 s"],
        ["as recorded", "600 s"],
    ]


def test_rows_are_models_then_tuned_rules_then_shipped_ones(page: Page) -> None:
    assert [cells[0] for cells in page.rows["exporters"]][1:4] == ["Forest", "Walk", "Walk, as shipped"]


def test_recall_is_that_of_each_arena(page: Page) -> None:
    (walk, *_) = [cells for cells in page.rows["exporters"] if cells[0] == "Walk"]
    assert [cell.split()[0] for cell in walk[1:]] == ["1.00", "0.00", "0.00"]


def test_delay_grows_by_the_wait_for_the_record(page: Page) -> None:
    # One of two episodes, which begins at 10 s, is found at 20 s; the record that tells of it comes at 600 s.
    delays = [cells for cells in page.rows["exporters"] if cells[0] == "Forest"][2]
    assert delays[1:] == ["10", "590"]


def test_time_until_half_are_found_counts_those_that_never_are(page: Page) -> None:
    delays = [cells for cells in page.rows["exporters"] if cells[0] == "Walk"][2]
    assert delays[1:] == ["8", "-"]


def test_both_figures_are_drawn(results: Results) -> None:
    html = render_html(results)
    section = html[html.index('id="exporters"') :]
    assert section[: section.index("</section>")].count("<figure") == 2


def test_markdown_has_the_tables(results: Results) -> None:
    assert "Seconds until half of the episodes are found, with the wait for the record:" in render_markdown(results)


def test_the_untouched_arena_alone_makes_no_section() -> None:
    page = Page(render_html(Results(tables(Arena("lab", [LAB])), MEASUREMENT)))
    assert "No arena shows captures through a sampling or aggregating exporter." in page.sections["exporters"]
    assert "No arena shows captures through" in Page(render_html(make_results())).sections["exporters"]
