"""Who is compared with whom, and what is refused."""

from dataclasses import replace

import pytest

from sweepml.errors import InputError
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_tables import CONTESTANTS
from tests.evaluation.benchmark_report.handmade_results import (
    MEASUREMENT,
    MODEL,
    RULE,
    SHIPPED,
    make_results,
    make_tables,
)


def test_only_contestants_at_the_budget_are_compared() -> None:
    results = make_results()
    assert results.compared("tools") == [MODEL, RULE]
    assert results.best_model("tools") == MODEL
    assert results.tuned_rules("tools") == [RULE]


def test_headline_falls_back_to_an_arena_with_episodes() -> None:
    measurement = replace(MEASUREMENT, headline_arenas=("elsewhere", "controls"))
    assert Results(make_tables(), measurement).headline_arenas == ["tools"]


def test_labels_tell_contestants_of_one_title_apart() -> None:
    results = make_results()
    assert (results.label(RULE), results.label(SHIPPED)) == ("Walk", "Walk, as shipped")
    rows = [
        {"contestant": name, "title": "Same", "kind": "model", "operating_point": "budget", "threshold": "", "note": ""}
        for name in ("a", "b")
    ]
    results = make_results({"contestants": CONTESTANTS.make(rows)})
    assert (results.label("a"), results.label("b")) == ("Same (a)", "Same (b)")


@pytest.mark.parametrize("missing", ["contestants", "arenas"])
def test_table_that_names_what_is_not_listed_is_refused(missing: str) -> None:
    tables = make_tables()
    del tables[missing]
    with pytest.raises(InputError, match=f"which table {missing} lacks"):
        make_results(tables)


def test_table_of_another_form_is_refused() -> None:
    tables = make_tables()
    with pytest.raises(InputError, match="table pr: lacks the columns"):
        make_results(tables | {"pr": tables["summary"]})
