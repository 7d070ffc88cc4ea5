"""Aggregation into a flow log: sums stay, records are fewer, and none tells of what lies in another interval."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.graph.delivery import delivered_us
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome
from sweepml.simulation.aggregation import aggregate, with_aggregation
from tests.evaluation.handmade import Contact, episode, to_capture, to_connections
from tests.oracle.oracle import US
from tests.oracle.traffic import new_hosts, random_records
from tests.oracle.traffic import to_connections as of_records

COUNTS = ("orig_bytes", "resp_bytes", "orig_packets", "resp_packets")


def some(seed: int, *, known: bool = True) -> Connections:
    records = of_records(random_records(np.random.default_rng(seed), 300, 400 * US), new_hosts())
    if not known:
        return records
    return replace(records, **{name: np.maximum(getattr(records, name), 0) for name in (*COUNTS, "duration_us")})


Key = tuple[int, int, int, int, int]


def keys(records: Connections, interval_s: int) -> list[Key]:
    columns = (delivered_us(records.ts_us, interval_s), records.source, records.identity, records.destination)
    return list(zip(*(column.tolist() for column in (*columns, records.service)), strict=True))


@settings(max_examples=25)
@given(st.integers(0, 1 << 31), st.sampled_from([1, 60, 600]))
def test_sums_of_counters_stay(seed: int, interval_s: int) -> None:
    before = some(seed)
    after = aggregate(before, interval_s)
    for name in COUNTS:
        assert getattr(after, name).sum() == getattr(before, name).sum()


@settings(max_examples=25)
@given(st.integers(0, 1 << 31), st.sampled_from([1, 60, 600]))
def test_there_is_one_record_for_each_key_and_interval(seed: int, interval_s: int) -> None:
    before = some(seed, known=False)
    groups: defaultdict[Key, list[int]] = defaultdict(list)
    for row, key in enumerate(keys(before, interval_s)):
        groups[key].append(row)
    after = aggregate(before, interval_s)
    found = keys(after, interval_s)
    assert sorted(found) == sorted(groups)
    for row, key in enumerate(found):
        own = before.take(np.array(groups[key]))
        assert after.ts_us[row] == own.ts_us.min()
        assert after.outcome[row] == min(own.outcome)
        for name in COUNTS:
            values = getattr(own, name)
            assert getattr(after, name)[row] == (MISSING if (values == MISSING).any() else values.sum())


def test_record_lasts_from_the_first_start_to_the_last_end() -> None:
    records, _ = to_connections([Contact(at, "10.0.0.1", "10.0.0.2") for at in (3, 10, 20)])
    records = replace(records, duration_us=np.array([30, 1, 2], np.int64) * US_PER_S)
    after = aggregate(records, 60)
    assert (after.ts_us.tolist(), after.duration_us.tolist()) == ([3 * US_PER_S], [30 * US_PER_S])


def test_label_of_a_sweep_wins() -> None:
    records, _ = to_connections(
        [Contact(at, "10.0.0.1", "10.0.0.2", label=label) for at, label in ((1, 0), (2, 2), (3, 1))]
    )
    assert aggregate(records, 60).label.tolist() == [SWEEP_LABEL]


def test_answer_wins_over_failures() -> None:
    outcomes = (Outcome.UNANSWERED, Outcome.ANSWERED, Outcome.REFUSED)
    records, _ = to_connections([Contact(1 + i, "10.0.0.1", "10.0.0.2", one) for i, one in enumerate(outcomes)])
    assert aggregate(records, 60).outcome.tolist() == [Outcome.ANSWERED]


def test_records_come_in_order_of_delivery() -> None:
    after = aggregate(some(4), 60)
    assert (np.diff(delivered_us(after.ts_us, 60)) >= 0).all()


def test_truth_of_a_capture_stays_under_another_name() -> None:
    capture = to_capture("a", [Contact(1, "10.0.0.1", "10.0.0.2")], [episode("E1", "10.0.0.1", 0, 9)])
    shown = with_aggregation(capture, 60)
    assert (shown.name, shown.episodes, shown.hosts) == ("a~60s", capture.episodes, capture.hosts)


def test_no_connections_make_no_records() -> None:
    assert len(aggregate(some(1).take(slice(0, 0)), 60)) == 0


def test_interval_must_last() -> None:
    with pytest.raises(ConfigError, match="a positive number of seconds, got 0"):
        aggregate(some(1), 0)
