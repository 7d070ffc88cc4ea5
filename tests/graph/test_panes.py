"""Panes: which record is in which window, whatever way it took through the levels."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.graph.connection_graph import ConnectionGraph
from sweepml.graph.panes import ClosedWindow, PaneStream
from sweepml.graph.windows import WindowSpec
from tests.oracle import oracle
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import Case, assert_same_graph, cases, new_hosts, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
CUTS = st.lists(st.integers(0, 60), max_size=8)


def _closed(case: Case, cuts: list[int]) -> tuple[list[ClosedWindow], PaneStream]:
    stream = PaneStream([WindowSpec(*window) for window in case.windows], new_hosts())
    edges = [0, *sorted(min(cut, len(case.records)) for cut in cuts), len(case.records)]
    windows = []
    for first, last in pairwise(edges):
        windows += stream.push(to_connections(case.records[first:last], stream.hosts))
    return windows + stream.flush(), stream


@EXAMPLES
@given(cases())
def test_windows_hold_as_many_connections_as_the_oracle_says(case: Case) -> None:
    windows, _ = _closed(case, [])
    got = {(w.spec.length_s, w.end_us, w.as_of_us): ConnectionGraph.merge(w.panes).connection_count for w in windows}
    expected: Counter = Counter()
    for row in oracle.stream(case.records, case.windows).rows:
        expected[row.length_s, row.end_us, row.as_of_us] += int(row.values["connection_count"])
    assert got == expected


@EXAMPLES
@given(cases())
def test_no_contact_outside_its_window(case: Case) -> None:
    windows, _ = _closed(case, [])
    for window in windows:
        edges = ConnectionGraph.merge(window.panes).edges
        assert (edges.first_us >= window.start_us).all()
        assert (edges.last_us < window.end_us).all()


@EXAMPLES
@given(cases(), CUTS)
def test_chunks_change_no_graph(case: Case, cuts: list[int]) -> None:
    whole, cut = _closed(case, [])[0], _closed(case, cuts)[0]
    assert [(w.spec, w.end_us, w.as_of_us) for w in whole] == [(w.spec, w.end_us, w.as_of_us) for w in cut]
    for a, b in zip(whole, cut, strict=True):
        assert_same_graph(ConnectionGraph.merge(a.panes), ConnectionGraph.merge(b.panes))


@EXAMPLES
@given(cases())
def test_no_window_is_closed_twice(case: Case) -> None:
    windows, stream = _closed(case, [])
    keys = [(window.spec, window.end_us) for window in windows]
    assert stream.counts.restarts or len(set(keys)) == len(keys)


@EXAMPLES
@given(cases())
def test_every_closed_window_holds_a_contact(case: Case) -> None:
    assert all(window.edge_count for window in _closed(case, [])[0])


def test_panes_that_no_window_needs_are_dropped() -> None:
    stream = PaneStream([WindowSpec(60, 10), WindowSpec(600, 100)], new_hosts())
    for i in range(0, 36_000, 7):
        stream.push(to_connections([Record(i * US, "10.0.0.1", "10.0.0.2")], stream.hosts))
    assert sum(len(level.panes) for level in stream._levels) < 40


def test_window_closes_with_the_record_that_reaches_its_end() -> None:
    stream = PaneStream([WindowSpec(60, 60)], new_hosts())
    at = [to_connections([Record(ts, "10.0.0.1", "10.0.0.2")], stream.hosts) for ts in (0, 60 * US - 1, 60 * US)]
    assert [len(stream.push(connections)) for connections in at] == [0, 0, 1]
