"""Streams: how records are cut into chunks must not matter, time must."""

import time
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features import stream as stream_module
from sweepml.features.kernel import FeatureRows
from sweepml.graph import panes
from sweepml.graph.connections import Connections
from sweepml.graph.panes import RESTART_AFTER
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle import oracle
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import Case, assert_rows_match, assert_same_rows, cases, stream_rows, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)
MINUTE = ((60, 60),)


@EXAMPLES
@given(cases(), CUTS)
def test_chunks_change_no_bit(case: Case, cuts: list[int]) -> None:
    whole, _ = stream_rows(case)
    cut, _ = stream_rows(case, cuts)
    assert_same_rows(whole, cut)


@EXAMPLES
@given(cases(), CUTS)
def test_chunks_change_no_count(case: Case, cuts: list[int]) -> None:
    _, whole = stream_rows(case)
    _, cut = stream_rows(case, cuts)
    assert whole.counts == cut.counts
    assert whole.clock_us == cut.clock_us


@EXAMPLES
@given(cases(max_rows=30))
def test_record_by_record_equals_whole(case: Case) -> None:
    whole, _ = stream_rows(case)
    one_by_one, _ = stream_rows(case, range(len(case.records)))
    assert_same_rows(whole, one_by_one)


@EXAMPLES
@given(cases(), CUTS, st.integers(1, 20))
def test_folding_a_burst_changes_no_bit(case: Case, cuts: list[int], pending: int) -> None:
    whole, _ = stream_rows(case)
    with mock.patch.object(panes, "_PENDING_ROWS", pending):
        folded, _ = stream_rows(case, cuts)
    assert_same_rows(whole, folded)


@EXAMPLES
@given(cases(), st.integers(1, 30))
def test_size_of_a_batch_of_windows_changes_no_bit(case: Case, edges: int) -> None:
    whole, _ = stream_rows(case)
    with mock.patch.object(stream_module, "_EDGES_PER_BATCH", edges):
        batched, _ = stream_rows(case)
    assert_same_rows(whole, batched)


@EXAMPLES
@given(cases(), st.integers(1, 6))
def test_gate_keeps_rows_with_enough_destinations(case: Case, min_dst_count: int) -> None:
    every, _ = stream_rows(case)
    gated, _ = stream_rows(case, min_dst_count=min_dst_count)
    assert_same_rows(every.take(every.values[:, FEATURE_NAMES.index("dst_count")] >= min_dst_count), gated)


@EXAMPLES
@given(cases())
def test_rows_come_in_order_of_their_end(case: Case) -> None:
    rows, stream = stream_rows(case)
    if not stream.counts.restarts:
        in_order = rows.as_of_us[:-1] <= rows.as_of_us[1:]
        assert in_order.all()


@EXAMPLES
@given(st.integers(0, 2**32 - 1), CUTS, st.integers(RESTART_AFTER - 2, RESTART_AFTER + 2))
def test_restart_of_the_clock_does_not_depend_on_chunks(seed: int, cuts: list[int], late: int) -> None:
    case = _wrong_clock(np.random.default_rng(seed), late)
    whole, stream = stream_rows(case)
    cut, stream_2 = stream_rows(case, cuts)
    assert_same_rows(whole, cut)
    assert stream.counts == stream_2.counts


@settings(max_examples=100, deadline=None)  # a thousand records each: a fifth of the examples cost as much
@given(st.integers(0, 2**32 - 1), st.integers(RESTART_AFTER - 2, RESTART_AFTER + 2))
def test_restart_of_the_clock_equals_oracle(seed: int, late: int) -> None:
    case = _wrong_clock(np.random.default_rng(seed), late)
    rows, stream = stream_rows(case)
    expected = oracle.stream(case.records, case.windows)
    assert_rows_match(rows, stream.hosts, expected.rows)
    assert (stream.counts.late, stream.counts.restarts) == (expected.late, expected.restarts)


def _wrong_clock(rng: np.random.Generator, late: int) -> Case:
    """Return records of which one is a day ahead, followed by `late` and some more that are not."""
    base = 1_700_000_000
    records = [Record((base + i) * US, "10.0.0.1", f"10.0.0.{i}") for i in range(2, 5)]
    records.append(Record((base + 86_400) * US, "10.0.0.1", "10.0.0.9"))
    target = rng.integers(2, 250, late)
    records += [Record((base + 5 + i // 100) * US, "10.0.0.1", f"10.0.0.{target[i]}") for i in range(late)]
    records += [Record((base + 30 + 20 * i) * US, "10.0.0.1", f"10.0.0.{i + 2}") for i in range(rng.integers(0, 8))]
    return Case(tuple(records), ((60, 10), (600, 100)))


@pytest.mark.parametrize(("late", "restarts"), [(RESTART_AFTER - 1, 0), (RESTART_AFTER, 1)])
def test_clock_restarts_after_a_thousand_late_records_in_a_row(late: int, restarts: int) -> None:
    records = [Record(10_000 * US, "10.0.0.1", "10.0.0.2")] + [Record(0, "10.0.0.1", "10.0.0.2")] * late
    _, stream = stream_rows(Case(tuple(records), MINUTE))
    assert (stream.counts.late, stream.counts.restarts) == (late, restarts)


def test_one_record_on_time_keeps_the_clock() -> None:
    late = [Record(0, "10.0.0.1", "10.0.0.2")] * (RESTART_AFTER - 1)
    on_time = [Record(10_000 * US, "10.0.0.1", "10.0.0.2")]
    _, stream = stream_rows(Case((*on_time, *late, *on_time, *late), MINUTE))
    assert stream.counts.restarts == 0


def _ends(rows: FeatureRows) -> list[int]:
    return (rows.end_us // US).tolist()


def test_window_is_half_open() -> None:
    records = (Record(60 * US - 1, "10.0.0.1", "10.0.0.2"), Record(60 * US, "10.0.0.1", "10.0.0.3"))
    rows, _ = stream_rows(Case(records, MINUTE))
    assert _ends(rows) == [60, 120]
    assert rows.values[:, FEATURE_NAMES.index("dst_count")].tolist() == [1, 1]


def test_late_record_joins_every_window_that_is_open() -> None:
    records = (
        Record(55 * US, "10.0.0.1", "10.0.0.2"),
        Record(15 * US, "10.0.0.1", "10.0.0.3"),
        Record(200 * US, "10.0.0.1", "10.0.0.4"),
    )
    rows, stream = stream_rows(Case(records, ((60, 10),)))
    counts = dict(zip(_ends(rows), rows.values[:, FEATURE_NAMES.index("dst_count")].tolist(), strict=True))
    assert counts == {60: 2, 70: 2, 80: 1, 90: 1, 100: 1, 110: 1, 210: 1}
    assert stream.counts.late == 0


def test_record_that_no_open_window_covers_is_counted() -> None:
    records = (Record(120 * US, "10.0.0.1", "10.0.0.2"), Record(119 * US, "10.0.0.1", "10.0.0.3"))
    rows, stream = stream_rows(Case(records, MINUTE))
    assert stream.counts.late == 1
    assert len(rows) == 1


def test_windows_that_the_input_left_open_are_known_at_its_end() -> None:
    rows, _ = stream_rows(Case((Record(61 * US, "10.0.0.1", "10.0.0.2"),), MINUTE))
    assert (_ends(rows), rows.as_of_us.tolist()) == ([120], [61 * US])


def test_closed_window_is_known_at_its_end() -> None:
    records = (Record(1 * US, "10.0.0.1", "10.0.0.2"), Record(500 * US, "10.0.0.1", "10.0.0.2"))
    rows, _ = stream_rows(Case(records, MINUTE))
    assert rows.as_of_us.tolist() == [60 * US, 500 * US]


def test_quiet_time_costs_nothing() -> None:
    year_s = 365 * 86_400
    records = (Record(0, "10.0.0.1", "10.0.0.2"), Record(year_s * US, "10.0.0.1", "10.0.0.3"))
    begin = time.perf_counter()
    rows, _ = stream_rows(Case(records, ((1, 1),)))
    assert time.perf_counter() - begin < 2.0  # a step per second of the year would take minutes
    assert _ends(rows) == [1, year_s + 1]


def test_record_that_is_no_contact_moves_the_clock() -> None:
    records = (Record(1 * US, "10.0.0.1", "10.0.0.2"), Record(70 * US, "10.0.0.1", "224.0.0.251"))
    rows, stream = stream_rows(Case(records, MINUTE))
    assert (_ends(rows), rows.as_of_us.tolist(), stream.counts.not_contacts) == ([60], [60 * US], 1)


def test_flush_of_an_empty_stream_gives_nothing() -> None:
    rows, stream = stream_rows(Case((), MINUTE))
    assert len(rows) == 0
    assert stream.clock_us is None


def test_empty_chunk_changes_nothing() -> None:
    records = tuple(Record(i * US, "10.0.0.1", "10.0.0.2") for i in range(100))
    whole, _ = stream_rows(Case(records, MINUTE))
    cut, _ = stream_rows(Case(records, MINUTE), [50, 50, 50])
    assert_same_rows(whole, cut)


def test_stream_starts_afresh_after_flush() -> None:
    case = Case((Record(1 * US, "10.0.0.1", "10.0.0.2"),), MINUTE)
    first, stream = stream_rows(case)
    again = FeatureRows.concat([stream.push(_connections(case, stream)), stream.flush()])
    assert_same_rows(first, again)


def _connections(case: Case, stream: stream_module.FeatureStream) -> Connections:

    return to_connections(case.records, stream.hosts)
