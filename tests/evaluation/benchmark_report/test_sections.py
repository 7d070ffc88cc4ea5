"""What the sections say: numbers as in the tables, and who is compared with whom."""

import pandas as pd
import pytest

from sweepml.evaluation.benchmark_report.evidence import MOST_ALERTS
from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_tables import PROBES
from tests.evaluation.benchmark_report.handmade_results import (
    CRAWLER,
    MODEL,
    Page,
    make_results,
    make_tables,
    probe_row,
)


@pytest.fixture(scope="module")
def results() -> Results:
    return make_results()


@pytest.fixture(scope="module")
def page(results: Results) -> Page:
    return Page(render_html(results))


def row(page: Page, anchor: str, first: str, nth: int = 0) -> list[str]:
    """Return the nth row of a section whose first cell begins so."""
    return [cells for cells in page.rows[anchor] if cells[0].startswith(first)][nth]


def test_measurement_is_described_with_its_fingerprints(page: Page) -> None:
    text = page.sections["measured"]
    for wanted in ("sweepml benchmark", "0123abc", "sweepml 0.1.0", "f" * 64, "One laboratory is no proof."):
        assert wanted in text


def test_exposure_that_cannot_show_the_budget_is_a_caveat(page: Page) -> None:
    # three sources for a day: 2.996 false alerts remain possible, 2.996 / 3 * 1000 of them
    assert (
        "3 source-days cannot show that the alert budget of 10 is kept; without a single false alert, 999"
        in (page.sections["measured"])
    )


def test_headline_has_the_numbers_of_the_summary(results: Results, page: Page) -> None:
    (summary,) = results.rows("summary", "tools", MODEL).itertuples()
    cells = row(page, "headline", "Forest")
    assert cells[1:4] == [
        "1/2",
        f"0.50 {summary.recall_low:.2f}-{summary.recall_high:.2f}",
        f"1.00 {summary.precision_low:.2f}-1.00",
    ]
    assert cells[4] == "0"


def test_headline_puts_models_first_and_leaves_the_shipped_rule_aside(page: Page) -> None:
    names = [cells[0] for cells in page.rows["headline"]]
    assert names[:3] == ["contestant", "Forest", "Walk"]
    assert names[3:5] == ["contestant", "Walk, as shipped"]


def test_rule_that_is_ahead_is_said_so_with_the_episodes_that_it_alone_catches(page: Page) -> None:
    text = page.sections["headline"]
    assert "than 0 of 1 tuned rules" in text
    assert "Walk is ahead of the model. It misses 0 that the model catches, and alone catches 1: lab/E2." in text


def test_matrix_holds_one_column_an_arena_of_transfer(page: Page) -> None:
    assert row(page, "transfer", "contestant") == ["contestant", "lab to lab2"]
    assert row(page, "transfer", "Walk")[1].startswith("1.00 2/2, ")
    assert row(page, "transfer", "Walk", nth=1)[1].endswith(" 1")


def test_strata_say_how_many_episodes_they_rest_on(page: Page) -> None:
    assert ["contestant", "internal (n=2)"] in page.rows["strata"]


def test_windows_are_judged_after_episodes(page: Page) -> None:
    assert row(page, "windows", "Forest", nth=1) == ["Forest", "60 s", "4", "1,000", "0.75", "0.50", "0.62", "0.001"]
    anchors = list(page.sections)
    assert anchors.index("headline") < anchors.index("windows")


def test_contestants_stand_with_their_thresholds_and_notes(page: Page) -> None:
    assert row(page, "measured", "Walk, as shipped")[1:] == ["rule", "as shipped", "0.5", "a note"]


def test_false_alerts_are_counted_by_role(page: Page) -> None:
    assert row(page, "roles", "crawler") == ["crawler", "1", "0", "1 1 of 1"]


def test_controls_count_every_alert_as_false(page: Page) -> None:
    walk = [cells for cells in page.rows["roles"] if cells[:2] == ["Quiet", "Walk"]]
    assert [cells[2:5] for cells in walk] == [["1", "1", "1"]]


@pytest.mark.parametrize(
    ("is_chance", "words"), [(True, "Every probe scores at chance"), (False, "1 of 1 probes score")]
)
def test_probes_have_a_verdict(is_chance: bool, words: str) -> None:
    tables = make_tables() | {"probes": PROBES.make([probe_row("ports", is_chance=is_chance)])}
    page = Page(render_html(make_results(tables)))
    assert words in page.sections["probes"]
    assert row(page, "probes", "Laboratory")[2] == "0.25 0.10-0.40"


def test_allowlist_names_the_sweeps_that_it_would_hide(page: Page) -> None:
    assert row(page, "allowlist", "10.0.0.1") == ["10.0.0.1", "old hosts", "2027-01-01"]
    hidden = [cells for cells in page.rows["allowlist"] if cells[1] == "Forest"]
    assert [cells[2:5] for cells in hidden] == [["1", "0", "lab/E1"]]


def test_missed_episode_stands_with_its_facts_and_who_missed_it(page: Page) -> None:
    cells = row(page, "missed", "lab/E2")
    assert cells[1] == "Forest"
    # eleven new targets in eleven seconds after the first
    assert cells[2:] == ["sweep", "unknown", "internal", "tcp/22 (12)", "1", "12", "1", "0.00", "11"]


def test_false_alert_stands_with_its_evidence(page: Page) -> None:
    cells = row(page, "false-alerts", CRAWLER)
    assert cells[0] == f"{CRAWLER} lab"
    assert cells[1:4] == ["crawler", "background", "1970-01-01 00:01:54 since 1970-01-01 00:01:40"]
    assert cells[5:12] == ["tcp/80 (15)", "15", "15", "0", "0", "0", "0"]


def test_false_alerts_beyond_what_a_page_bears_are_counted() -> None:
    tables = make_tables()
    alerts = tables["alerts"]
    one = alerts[~alerts.is_true & (alerts.arena == "tools")]
    many = pd.concat([one] * (MOST_ALERTS + 3), ignore_index=True)
    page = Page(render_html(make_results(tables | {"alerts": many})))
    assert len([cells for cells in page.rows["false-alerts"] if cells[0].startswith(CRAWLER)]) == MOST_ALERTS
    assert "3 more of lower score are in the table alerts.parquet." in page.sections["false-alerts"]


def test_without_a_model_there_is_no_verdict(page: Page) -> None:
    alone = Page(render_html(make_results(make_tables(model=False))))
    assert "There is no model at the alert budget to compare with." in alone.sections["headline"]
    assert list(alone.sections) == list(page.sections)


def test_plots_with_many_contestants_say_whom_they_leave_out() -> None:
    page = Page(render_html(make_results(make_tables(more_rules=8))))
    text = page.sections["precision-recall"]
    # the model, and five rules by recall, false alerts, average precision and id
    assert "Left out to keep the plot legible: Copy 5, Copy 6, Copy 7, Walk." in text
    assert len([cells for cells in page.rows["headline"] if cells[0].startswith("Copy")]) == 2 * 8
