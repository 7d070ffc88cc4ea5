"""Milestones: which record reaches one, and what stands in its graph, against the definition taken literally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.graph import milestones as milestones_module
from sweepml.graph import panes
from sweepml.graph.milestones import DEFAULT_MILESTONES, MAX_MILESTONES, check_milestones
from sweepml.graph.panes import ClosedWindow, PaneStream
from sweepml.graph.windows import WindowSpec
from tests.oracle.oracle import US, Record, is_contact
from tests.oracle.traffic import Case, assert_same_graph, cases, new_hosts, random_records, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
CUTS = st.lists(st.integers(0, 60), max_size=8)
MILESTONES = st.sampled_from([(2, 4), (3,), (2, 3, 5, 8), (5, 10), (4, 6)])
MINUTE = ((60, 60),)

Told = tuple[str, int, int, tuple[tuple[int, int, str, int], ...]]
"""Source, clock, milestone, and (protocol, port, destination, connections) of every edge in the window."""


def _expected(
    records: Sequence[Record],
    windows: Sequence[tuple[int, int]],
    milestones: Sequence[int],
    held: int = 1 << 40,
    restart_after: int = 1000,
) -> list[Told]:
    length = min(length_s for length_s, _ in windows) * US
    told: list[Told] = []
    late_run, fresh = 0, True
    for record in records:
        if fresh:
            clock, contacts, clocks, disarmed, last_told, fresh = record.ts_us, [], [], set(), {}, False
        clock = max(clock, record.ts_us)
        starts = [(clock // (stride * US) + 1) * stride * US - long * US for long, stride in windows]
        late = record.ts_us < min(starts)
        late_run = late_run + 1 if late else 0
        if late_run == restart_after:
            late_run, fresh = 0, True
        if late or not is_contact(record):
            continue
        contacts.append(record)
        clocks.append(clock)
        floor = clock - length
        if len(contacts) > held:
            floor = max(floor, clocks[-1 - held])
        own = [one for one in contacts if one.src == record.src and one.ts_us > floor]
        before = {one.dst for one in own if one is not record}
        if record.ts_us <= floor or record.dst in before:
            continue
        for milestone in milestones:
            key = record.src, milestone
            if 2 * len(before) < milestone:
                disarmed.discard(key)
            if len(before) + 1 >= milestone and key not in disarmed:
                disarmed.add(key)
                if key not in last_told or clock - last_told[key] >= length:
                    last_told[key] = clock
                    edges = Counter(one.edge for one in own)
                    told.append((record.src, clock, milestone, tuple(sorted((*e, n) for e, n in edges.items()))))
    return told


def _windows(
    records: Sequence[Record], windows: Sequence[tuple[int, int]], milestones: Sequence[int], cuts: Sequence[int] = ()
) -> tuple[list[ClosedWindow], PaneStream]:
    # Records are told apart by what they are: two equal ones are two objects.
    stream = PaneStream([WindowSpec(*window) for window in windows], new_hosts(), milestones)
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    known = []
    for first, last in pairwise(edges):
        known += stream.push(to_connections(records[first:last], stream.hosts))
    return known + stream.flush(), stream


def _told(known: Sequence[ClosedWindow], stream: PaneStream) -> list[Told]:
    told = []
    for window in known:
        if window.milestone:
            (graph,) = window.panes
            (source,) = graph.sources.tolist()
            edges = graph.edges
            told.append(
                (
                    stream.hosts.name(source),
                    window.as_of_us,
                    window.milestone,
                    tuple(
                        sorted(
                            (int(s) >> 16, int(s) & 0xFFFF, stream.hosts.name(int(d)), int(n))
                            for s, d, n in zip(edges.service, edges.destination, edges.connections, strict=True)
                        )
                    ),
                )
            )
    return told


def _distinct(records: Sequence[Record]) -> list[Record]:
    """Return equal records as objects of their own, which the oracle tells apart by identity."""
    return [Record(*(getattr(record, name) for name in Record.__slots__)) for record in records]


@EXAMPLES
@given(cases(max_rows=60), MILESTONES)
def test_milestones_are_those_of_the_definition(case: Case, milestones: tuple[int, ...]) -> None:
    records = _distinct(case.records)
    known, stream = _windows(records, case.windows, milestones)
    assert _told(known, stream) == _expected(records, case.windows, milestones)


@EXAMPLES
@given(cases(max_rows=60), MILESTONES, CUTS)
def test_chunks_change_no_milestone(case: Case, milestones: tuple[int, ...], cuts: list[int]) -> None:
    whole, _ = _windows(case.records, case.windows, milestones)
    cut, _ = _windows(case.records, case.windows, milestones, cuts)
    assert [(w.spec, w.end_us, w.as_of_us, w.milestone) for w in whole] == [
        (w.spec, w.end_us, w.as_of_us, w.milestone) for w in cut
    ]
    for a, b in zip(whole, cut, strict=True):
        if a.milestone:
            assert_same_graph(a.panes[0], b.panes[0])
            assert (a.surroundings is None) == (b.surroundings is None)
            if a.surroundings is not None:
                assert_same_graph(a.surroundings.graph, b.surroundings.graph)


@EXAMPLES
@given(cases(max_rows=40), MILESTONES, st.integers(1, 12), CUTS)
def test_a_flood_shortens_the_window(case: Case, milestones: tuple[int, ...], held: int, cuts: list[int]) -> None:
    records = _distinct(case.records)
    with mock.patch.object(milestones_module, "_HELD_ROWS", held):
        known, stream = _windows(records, case.windows, milestones, cuts)
    assert _told(known, stream) == _expected(records, case.windows, milestones, held)


@EXAMPLES
@given(cases(max_rows=40), MILESTONES, st.integers(1, 6), CUTS)
def test_restart_forgets_what_was_reached(
    case: Case, milestones: tuple[int, ...], restart_after: int, cuts: list[int]
) -> None:
    records = _distinct([*case.records, *case.records])
    with mock.patch.object(panes, "RESTART_AFTER", restart_after):
        known, stream = _windows(records, case.windows, milestones, cuts)
    assert _told(known, stream) == _expected(records, case.windows, milestones, restart_after=restart_after)


@EXAMPLES
@given(cases(max_rows=60), MILESTONES)
def test_order_is_that_in_which_rows_became_known(case: Case, milestones: tuple[int, ...]) -> None:
    known, stream = _windows(case.records, case.windows, milestones)
    if stream.counts.restarts:
        return
    assert [w.as_of_us for w in known] == sorted(w.as_of_us for w in known)
    for a, b in pairwise(known):
        assert not (a.milestone and not b.milestone and a.as_of_us == b.as_of_us == b.end_us)


@EXAMPLES
@given(cases(max_rows=60), MILESTONES)
def test_milestones_change_no_window(case: Case, milestones: tuple[int, ...]) -> None:
    known, _ = _windows(case.records, case.windows, milestones)
    windows = [window for window in known if not window.milestone]
    without, _ = _windows(case.records, case.windows, ())
    assert [(w.spec, w.end_us, w.as_of_us) for w in windows] == [(w.spec, w.end_us, w.as_of_us) for w in without]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), CUTS)
def test_many_records_of_one_source(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    records = _distinct(random_records(rng, 300, int(rng.integers(20, 400))))
    records = [Record(record.ts_us, "10.0.0.1", record.dst) for record in records]
    known, stream = _windows(records, ((60, 10),), (2, 4, 8, 16), [cut * 5 for cut in cuts])
    assert _told(known, stream) == _expected(records, ((60, 10),), (2, 4, 8, 16))


def _sweep(targets: int, *, at_s: float = 0, gap_s: float = 0.1, first: int = 1, src: str = "10.0.0.1") -> list[Record]:
    return [
        Record(round((at_s + i * gap_s) * US), src, f"10.1.{(first + i) // 200}.{(first + i) % 200 + 1}")
        for i in range(targets)
    ]


def _reached(records: Sequence[Record], milestones: Sequence[int] = DEFAULT_MILESTONES) -> list[tuple[int, int]]:
    known, _ = _windows(records, ((60, 10), (600, 100)), milestones)
    return [(window.milestone, window.as_of_us) for window in known if window.milestone]


def test_milestone_is_reached_with_the_fifth_target() -> None:
    assert _reached(_sweep(4)) == []
    assert _reached(_sweep(5)) == [(5, 400_000)]


def test_milestones_double() -> None:
    assert [milestone for milestone, _ in _reached(_sweep(1500, gap_s=0.01))] == list(DEFAULT_MILESTONES)


def test_targets_are_destinations_not_contacts() -> None:
    again = [Record(i * US, "10.0.0.1", f"10.1.0.{i % 4 + 1}", port=i) for i in range(50)]
    assert _reached(again) == []


def test_window_ends_with_the_record_and_is_half_open() -> None:
    records = [
        Record(0, "10.0.0.1", "10.1.0.1"),
        Record(1, "10.0.0.1", "10.1.0.2"),
        Record(60 * US, "10.0.0.1", "10.1.0.3"),
    ]
    known, _ = _windows(records, MINUTE, (2,))
    first = next(window for window in known if window.milestone)
    assert (first.start_us, first.end_us, first.as_of_us, first.spec.length_s) == (2 - 60 * US, 2, 1, 60)
    # At 60 s the contact at 0 has left, the one at 1 us has not.
    known, _ = _windows(records[1:], MINUTE, (2,))
    assert [window.as_of_us for window in known if window.milestone] == [60 * US]
    known, _ = _windows([records[0], records[2]], MINUTE, (2,))
    assert not any(window.milestone for window in known)


def test_slow_source_reaches_nothing() -> None:
    assert _reached(_sweep(100, gap_s=15.0)) == []


def test_source_that_hovers_is_told_once() -> None:
    # A new target every 12.5 s: four and five trailing targets in turn, for an hour.
    assert len(_reached([r for i in range(280) for r in _sweep(1, at_s=12.5 * i, first=i)])) == 1


def test_milestone_is_armed_again_after_a_rest() -> None:
    records = [*_sweep(6), *_sweep(6, at_s=120)]
    assert [milestone for milestone, _ in _reached(records)] == [5, 5]


def test_higher_milestone_is_armed_again_while_a_lower_is_not() -> None:
    busy = [r for i in range(40) for r in _sweep(1, at_s=10.0 * i, first=1000 + i)]  # six targets at any time
    records = sorted([*busy, *_sweep(40, at_s=20.5), *_sweep(40, at_s=250.5)], key=lambda record: record.ts_us)
    assert [milestone for milestone, _ in _reached(records)] == [5, 10, 20, 40, 20, 40]


@EXAMPLES
@given(st.integers(0, 2**32 - 1))
def test_rows_per_source_and_minute_are_bounded(seed: int) -> None:
    records = random_records(np.random.default_rng(seed), 400, 120)
    known, stream = _windows(records, ((60, 10), (600, 100)), (2, 4, 8))
    assert stream.counts.restarts == 0
    last: dict[tuple[str, int], int] = {}
    for source, clock, milestone, _ in _told(known, stream):
        assert clock - last.get((source, milestone), -(10**18)) >= 60 * US
        last[source, milestone] = clock


def test_late_record_is_no_target() -> None:
    records = [*_sweep(4, at_s=121), Record(119 * US, "10.0.0.1", "10.1.0.9")]
    known, stream = _windows(records, MINUTE, (5,))
    assert stream.counts.late == 1
    assert not any(window.milestone for window in known)


def test_out_of_order_record_is_a_target_of_the_clock() -> None:
    records = [*_sweep(4, at_s=100), Record(90 * US, "10.0.0.1", "10.1.0.9")]
    assert _reached(records) == [(5, 100_300_000)]


def test_record_that_is_no_contact_is_no_target() -> None:
    assert _reached([*_sweep(4), Record(5 * US, "10.0.0.1", "224.0.0.251")]) == []


def test_source_is_seen_among_those_of_the_last_closed_window() -> None:
    other = Record(3 * US, "10.0.0.2", "10.9.9.9")
    known, stream = _windows([other, *_sweep(5, at_s=12)], ((60, 10),), (5,))
    (milestone,) = [window for window in known if window.milestone]
    around = milestone.surroundings
    assert around is not None
    assert (around.start_us, around.end_us) == (-50 * US, 10 * US)
    assert [stream.hosts.name(code) for code in around.graph.sources.tolist()] == ["10.0.0.2"]


def test_first_minute_has_no_surroundings() -> None:
    known, _ = _windows(_sweep(5), ((60, 10),), (5,))
    assert [window.surroundings for window in known if window.milestone] == [None]


def test_surroundings_of_long_ago_are_none() -> None:
    known, _ = _windows([Record(0, "10.0.0.2", "10.9.9.9"), *_sweep(5, at_s=500)], ((60, 10),), (5,))
    assert [window.surroundings for window in known if window.milestone] == [None]


def test_memory_does_not_grow() -> None:
    stream = PaneStream([WindowSpec(60, 10)], new_hosts(), (5, 10))
    for i in range(0, 20_000):
        stream.push(to_connections([Record(i * US, "10.0.0.1", f"10.0.0.{i % 8 + 2}")], stream.hosts))
    assert len(stream._tracker._held) < 200


@pytest.mark.parametrize(
    "bad", [(1, 2), (5, 5), (10, 5), (0,), (2.5,), ("5",), (True,), tuple(range(2, MAX_MILESTONES + 3))]
)
def test_bad_milestones_are_refused(bad: tuple) -> None:
    with pytest.raises(ConfigError, match="growing whole numbers"):
        check_milestones(bad)


def test_no_milestones_turn_it_off() -> None:
    assert check_milestones(()) == ()
    assert _reached(_sweep(100), ()) == []
