"""Two results side by side, built from tables of a day that can be counted by hand."""

import json
import math
from typing import Any

import pytest

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.comparison import (
    TOLERANCES,
    Direction,
    Tolerance,
    Verdict,
    compare,
    render_comparison,
    results_of,
)
from sweepml.evaluation.judged_tables import judged_tables
from sweepml.schema.alert import AlertRow
from tests.evaluation.small_arena import ALERTS, CRAWLER, OUTER, SWEEPER, USER, raised, small_arena

SWEEP_ALERTS = ALERTS[1:3]


def results(alerts: list[AlertRow], contestant: str = "rule") -> dict[str, Any]:
    """Return the results of some alerts, as they come back from a file."""
    return json.loads(json.dumps(results_of(judged_tables(small_arena(), contestant, alerts)), allow_nan=False))


def test_results_hold_what_is_compared() -> None:
    (entry,) = results(ALERTS)["entries"]
    assert (entry["arena"], entry["contestant"]) == ("lab", "rule")
    assert entry["scenarios"] == {"day/E1": True, "day/E2": False}
    assert entry["false_sources"] == [f"day/{CRAWLER}"]
    assert (entry["figures"]["precision"], entry["figures"]["median_delay_s"]) == (0.5, 50)


def test_the_same_results_differ_in_nothing() -> None:
    found = compare(results(ALERTS), results(ALERTS))
    assert not found.is_worse
    assert found.entries[0].is_same
    assert render_comparison(found) == "not worse: 1 compared, all within tolerance or better"


def test_a_lost_sweep_is_worse_and_named() -> None:
    found = compare(results(SWEEP_ALERTS), results([]))
    (entry,) = found.entries
    assert found.is_worse
    assert entry.newly_missed == ("day/E1",)
    # nothing raised has no precision, which is not worse by itself; its recall is, and the medians that it lost
    assert {one.figure for one in entry.worse} == {"recall", "average_precision", "median_delay_s", "median_targets"}
    text = render_comparison(found)
    assert "rule in lab" in text
    assert "newly missed (1): day/E1" in text
    assert text.endswith("worse: 4 figures beyond tolerance, 0 contestants no longer judged")


def test_a_new_false_source_is_worse_and_named() -> None:
    (entry,) = compare(results(SWEEP_ALERTS), results([*SWEEP_ALERTS, raised(USER, 9, 8)])).entries
    assert entry.new_false_sources == (f"day/{USER}",)
    assert {"precision", "false_rate"} <= {one.figure for one in entry.worse}


def test_gains_are_no_reason_to_fail() -> None:
    found = compare(results(ALERTS), results([*SWEEP_ALERTS, raised(OUTER, 2005, 2000)]))
    (entry,) = found.entries
    assert not found.is_worse
    assert (entry.newly_caught, entry.quiet_sources) == (("day/E2",), (f"day/{CRAWLER}",))
    assert {one.figure: one.verdict for one in entry.changes}["recall"] is Verdict.BETTER


def test_direction_of_a_figure_decides_what_is_worse() -> None:
    later = [raised(SWEEPER, 1150, 1000)]
    changes = {one.figure: one for one in compare(results(SWEEP_ALERTS), results(later)).entries[0].changes}
    assert (changes["median_delay_s"].base, changes["median_delay_s"].head) == (50, 150)
    assert changes["median_delay_s"].verdict is Verdict.WORSE
    assert changes["recall"].verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("tolerance", "base", "head", "verdict"),
    [
        (Tolerance(Direction.HIGHER, absolute=0.1), 0.5, 0.5, Verdict.SAME),
        (Tolerance(Direction.HIGHER, absolute=0.1), 0.9, 0.8, Verdict.WITHIN),  # 0.09999... and 0.1 alike
        (Tolerance(Direction.HIGHER, absolute=0.1), 0.9, 0.79, Verdict.WORSE),
        (Tolerance(Direction.HIGHER, absolute=0.1), 0.5, 0.7, Verdict.BETTER),
        (Tolerance(Direction.LOWER, relative=0.1), 100.0, 110.0, Verdict.WITHIN),
        (Tolerance(Direction.LOWER, relative=0.1), 100.0, 111.0, Verdict.WORSE),
        (Tolerance(Direction.LOWER, relative=0.1), 0.0, 1.0, Verdict.WORSE),
        (Tolerance(Direction.LOWER, absolute=1.0, relative=0.1), 2.0, 3.0, Verdict.WITHIN),
        (Tolerance(Direction.LOWER, loss_is_worse=True), 2.0, math.nan, Verdict.WORSE),
        (Tolerance(Direction.LOWER, loss_is_worse=True), math.nan, 2.0, Verdict.BETTER),
        (Tolerance(Direction.LOWER), 2.0, math.nan, Verdict.WITHIN),
        (Tolerance(Direction.LOWER, loss_is_worse=True), math.nan, math.nan, Verdict.SAME),
    ],
)
def test_a_change_is_judged_by_its_tolerance(tolerance: Tolerance, base: float, head: float, verdict: Verdict) -> None:
    assert tolerance.judge(base, head) is verdict


def test_recall_is_over_the_scenarios_that_both_have() -> None:
    base, head = results([]), results(SWEEP_ALERTS)
    del head["entries"][0]["scenarios"]["day/E2"]  # dropping a hard one is no gain
    head["entries"][0]["scenarios"]["day/E9"] = False
    (entry,) = compare(base, head).entries
    recall = entry.changes[0]
    assert (recall.figure, recall.base, recall.head) == ("recall", 0, 1)
    assert (entry.scenarios_gone, entry.scenarios_new) == (("day/E2",), ("day/E9",))


def test_what_is_no_longer_judged_is_worse_and_what_is_new_is_not() -> None:
    found = compare(results(ALERTS, "old"), results(ALERTS, "new"))
    assert (found.lacking, found.added, found.is_worse) == ((("lab", "old"),), (("lab", "new"),), True)
    text = render_comparison(found)
    assert "no longer judged: old in lab" in text
    assert "newly judged: new in lab" in text
    empty = {**results(ALERTS), "entries": []}
    assert not compare(empty, results(ALERTS)).is_worse


def test_only_figures_with_a_tolerance_are_compared() -> None:
    found = compare(results(SWEEP_ALERTS), results([]), {"precision": TOLERANCES["precision"]})
    assert not found.is_worse
    with pytest.raises(ConfigError, match="no figure 'recal'; did you mean recall"):
        compare(results([]), results([]), {"recal": Tolerance(Direction.HIGHER)})


def test_results_of_another_layout_are_refused() -> None:
    with pytest.raises(InputError, match="base: expected results of format 1, got None"):
        compare({}, results([]))


def test_results_need_three_tables() -> None:
    with pytest.raises(InputError, match="absent: alerts"):
        results_of({name: frame for name, frame in judged_tables(small_arena(), "r", []).items() if name != "alerts"})


def test_negative_tolerances_are_refused() -> None:
    with pytest.raises(ConfigError, match="must not be negative"):
        Tolerance(Direction.HIGHER, absolute=-0.1)
