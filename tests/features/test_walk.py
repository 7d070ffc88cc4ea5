"""The random walk over first contacts."""

import math

import pytest

from tests.oracle.oracle import ANSWERED, BLOCKED, REFUSED, UNANSWERED, UNKNOWN, US, Record
from tests.oracle.traffic import window_values

SRC = "192.168.0.1"
STEP = math.log(4)


def _of(outcomes: list[int]) -> dict[str, float]:
    """Return the features of a source that contacts a new destination every second."""
    return window_values([Record(i * US, SRC, f"10.0.0.{i + 1}", outcome=o) for i, o in enumerate(outcomes)])[SRC]


@pytest.mark.parametrize("outcome", [REFUSED, BLOCKED, UNANSWERED])
def test_every_failure_is_a_step_up(outcome: int) -> None:
    got = _of([outcome] * 4)
    assert got["walk_nats"] == got["walk_max_nats"] == pytest.approx(4 * STEP)
    assert got["first_failed_ratio"] == 1


def test_answers_lead_below_zero_and_the_maximum_stays_there() -> None:
    got = _of([ANSWERED] * 4)
    assert got["walk_nats"] == pytest.approx(-4 * STEP)
    assert got["walk_max_nats"] == got["first_failed_ratio"] == 0


def test_maximum_remembers_where_the_walk_was() -> None:
    got = _of([ANSWERED, REFUSED, REFUSED, REFUSED, ANSWERED])
    assert got["walk_nats"] == pytest.approx(STEP)
    assert got["walk_max_nats"] == pytest.approx(2 * STEP)
    assert got["first_failed_ratio"] == pytest.approx(0.6)


def test_unknown_outcomes_take_no_step() -> None:
    got = _of([UNKNOWN] * 3)
    assert got["walk_nats"] == got["walk_max_nats"] == 0
    assert math.isnan(got["first_failed_ratio"])


def test_only_the_first_connection_to_a_destination_counts() -> None:
    later = [Record(2, SRC, "10.0.0.1", port=22, outcome=ANSWERED), Record(3, SRC, "10.0.0.1", outcome=ANSWERED)]
    got = window_values([*later, Record(1, SRC, "10.0.0.1", port=445, outcome=REFUSED)])[SRC]
    assert got["walk_nats"] == pytest.approx(STEP)
    assert got["first_failed_ratio"] == 1


def test_first_connection_stays_first_when_its_outcome_is_unknown() -> None:
    records = [Record(1, SRC, "10.0.0.1", outcome=UNKNOWN), Record(2, SRC, "10.0.0.1", outcome=REFUSED)]
    assert window_values(records)[SRC]["walk_nats"] == 0


def test_best_of_several_connections_at_once_is_the_first() -> None:
    records = [Record(7, SRC, "10.0.0.1", port=port, outcome=o) for port, o in ((1, UNANSWERED), (2, ANSWERED))]
    assert window_values(records)[SRC]["walk_nats"] == pytest.approx(-STEP)


def test_walks_of_two_sources_do_not_meet() -> None:
    records = [Record(0, "192.168.0.1", "10.0.0.1", outcome=REFUSED), Record(0, "192.168.0.2", "10.0.0.1")]
    got = window_values(records)
    assert got["192.168.0.1"]["walk_max_nats"] == pytest.approx(STEP)
    assert got["192.168.0.2"]["walk_max_nats"] == 0
