"""The connection graph is a commutative monoid, exactly."""

from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.graph import connection_graph
from sweepml.graph.connection_graph import (
    SWEEP_BIT,
    TOTALS,
    ConnectionGraph,
    stack_connections,
    stack_graphs,
)
from sweepml.graph.connections import Connections
from sweepml.schema.outcome import Outcome
from tests.oracle.oracle import Record
from tests.oracle.traffic import assert_same_graph, new_hosts, random_records, to_connections, window_records

EXAMPLES = settings(max_examples=500, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
merge = ConnectionGraph.merge


def _connections(seed: int, parts: int) -> list[Connections]:
    """Return parts of one stream of records, some of them empty."""
    rng = np.random.default_rng(seed)
    hosts = new_hosts()
    records = random_records(rng, int(rng.integers(0, 60)), int(rng.choice([1, 60, 3600])))
    cuts = np.sort(rng.integers(0, len(records) + 1, parts - 1)).tolist()
    return [
        to_connections(records[first:last], hosts)
        for first, last in zip([0, *cuts], [*cuts, len(records)], strict=True)
    ]


def _graphs(seed: int, parts: int) -> list[ConnectionGraph]:
    return [ConnectionGraph.from_connections(part) for part in _connections(seed, parts)]


@EXAMPLES
@given(SEEDS)
def test_merge_is_commutative(seed: int) -> None:
    a, b = _graphs(seed, 2)
    assert_same_graph(merge([a, b]), merge([b, a]))


@EXAMPLES
@given(SEEDS)
def test_merge_is_associative(seed: int) -> None:
    a, b, c = _graphs(seed, 3)
    assert_same_graph(merge([merge([a, b]), c]), merge([a, merge([b, c])]))


@EXAMPLES
@given(SEEDS)
def test_empty_graph_is_the_identity(seed: int) -> None:
    (graph,) = _graphs(seed, 1)
    assert_same_graph(merge([graph, merge([])]), graph)


@EXAMPLES
@given(SEEDS)
def test_graph_of_no_connections_is_the_identity(seed: int) -> None:
    (part,) = _connections(seed, 1)
    graph = ConnectionGraph.from_connections(part)
    empty = ConnectionGraph.from_connections(part.take(slice(0, 0)))
    assert_same_graph(merge([empty, graph]), graph)


@EXAMPLES
@given(SEEDS, st.integers(1, 6))
def test_merge_equals_building_at_once(seed: int, parts: int) -> None:
    pieces = _connections(seed, parts)
    merged = merge([ConnectionGraph.from_connections(piece) for piece in pieces])
    assert_same_graph(merged, ConnectionGraph.from_connections(Connections.concat(pieces)))


@EXAMPLES
@given(SEEDS)
def test_order_of_connections_does_not_matter(seed: int) -> None:
    (part,) = _connections(seed, 1)
    shuffled = part.take(np.random.default_rng(seed).permutation(len(part)))
    assert_same_graph(ConnectionGraph.from_connections(part), ConnectionGraph.from_connections(shuffled))


@EXAMPLES
@given(SEEDS, st.integers(1, 6))
def test_stacked_graphs_equal_single_ones(seed: int, cells: int) -> None:
    pieces = _connections(seed, cells)
    cell = np.repeat(np.arange(cells, dtype=np.int32), [len(piece) for piece in pieces])
    mixed = np.random.default_rng(seed).permutation(len(cell))
    stack = stack_connections(Connections.concat(pieces).take(mixed), cell[mixed], cells)
    assert len(stack) == cells
    for i, piece in enumerate(pieces):
        assert_same_graph(stack[i], ConnectionGraph.from_connections(piece))


@EXAMPLES
@given(SEEDS, st.integers(1, 4))
def test_stack_of_groups_equals_merges(seed: int, parts: int) -> None:
    graphs = _graphs(seed, parts)
    groups = [graphs, graphs[:1], [], graphs[1:], graphs[::-1]]
    stack = stack_graphs(groups)
    for i, group in enumerate(groups):
        assert_same_graph(stack[i], merge(group))


@EXAMPLES
@given(SEEDS)
def test_no_connection_is_lost_or_counted_twice(seed: int) -> None:
    pieces = _connections(seed, 3)
    merged = merge([ConnectionGraph.from_connections(piece) for piece in pieces])
    assert merged.connection_count == sum(len(piece) for piece in pieces)


@EXAMPLES
@given(SEEDS)
def test_edges_are_distinct_and_sorted(seed: int) -> None:
    (graph,) = _graphs(seed, 1)
    edges = graph.edges
    keys = list(zip(edges.row.tolist(), edges.service.tolist(), edges.destination.tolist(), strict=True))
    assert keys == sorted(set(keys))


@EXAMPLES
@given(SEEDS)
def test_merging_leaves_its_arguments_alone(seed: int) -> None:
    graphs, copies = _graphs(seed, 2), _graphs(seed, 2)
    merge(graphs)
    for graph, copy in zip(graphs, copies, strict=True):
        assert_same_graph(graph, copy)


@EXAMPLES
@given(window_records())
def test_edges_equal_a_plain_count(records: list[Record]) -> None:
    hosts = new_hosts()
    graph = ConnectionGraph.from_connections(to_connections(records, hosts))
    edges = graph.edges
    got = {}
    for i in range(len(edges)):
        service = int(edges.service[i])
        source = hosts.name(int(graph.sources[edges.row[i]]))
        key = (source, service >> 16, service & 0xFFFF, hosts.name(int(edges.destination[i])))
        got[key] = (
            int(edges.connections[i]),
            int(edges.first_us[i]),
            int(edges.last_us[i]),
            int(edges.flags[i]),
        )
    expected: dict = {}
    for record in records:
        own = [r for r in records if (r.src, r.edge) == (record.src, record.edge)]
        flags = 0
        for r in own:
            flags |= 1 << r.outcome | {0: 0, 1: 1 << 5, 2: 1 << 6}[r.label]
        times = [r.ts_us for r in own]
        expected[(record.src, *record.edge)] = (len(own), min(times), max(times), flags)
    assert got == expected


@EXAMPLES
@given(window_records())
def test_totals_equal_plain_sums(records: list[Record]) -> None:
    hosts = new_hosts()
    graph = ConnectionGraph.from_connections(to_connections(records, hosts))
    for i, code in enumerate(graph.sources.tolist()):
        own = [record for record in records if record.src == hosts.name(code)]
        sizes = [(r.orig_bytes, r.resp_bytes) for r in own if None not in (r.orig_bytes, r.resp_bytes)]
        packets = [(r.orig_packets, r.resp_packets) for r in own if None not in (r.orig_packets, r.resp_packets)]
        durations = [r.duration_us for r in own if r.duration_us is not None]
        expected = {
            "bytes_known": len(sizes),
            "orig_bytes": sum(sent for sent, _ in sizes),
            "resp_bytes": sum(received for _, received in sizes),
            "empty": sizes.count((0, 0)),
            "dialogue": sum(bool(sent and received) for sent, received in sizes),
            "packets_known": len(packets),
            "packets": sum(map(sum, packets)),
            "duration_known": len(durations),
            "duration_us": sum(durations),
        }
        assert dict(zip(TOTALS, graph.totals[i].tolist(), strict=True)) == expected


@EXAMPLES
@given(SEEDS, st.integers(1, 30))
def test_size_of_a_block_of_totals_does_not_matter(seed: int, block: int) -> None:
    (part,) = _connections(seed, 1)
    whole = ConnectionGraph.from_connections(part)
    with mock.patch.object(connection_graph, "_BLOCK_ROWS", block):
        assert_same_graph(ConnectionGraph.from_connections(part), whole)


def test_first_contact_of_one_moment_keeps_the_best_outcome() -> None:
    outcomes = (Outcome.UNANSWERED, Outcome.REFUSED, Outcome.UNKNOWN)
    records = [Record(7, "10.0.0.1", "10.0.0.2", outcome=outcome) for outcome in outcomes]
    graph = ConnectionGraph.from_connections(to_connections(records, new_hosts()))
    assert graph.edges.first_outcome.tolist() == [Outcome.REFUSED]


def test_later_contact_does_not_change_the_first_outcome() -> None:
    records = [
        Record(7, "10.0.0.1", "10.0.0.2", outcome=Outcome.UNANSWERED),
        Record(8, "10.0.0.1", "10.0.0.2", outcome=Outcome.ANSWERED),
    ]
    graph = ConnectionGraph.from_connections(to_connections(records, new_hosts()))
    assert (graph.edges.first_outcome.tolist(), graph.edges.first_us.tolist()) == ([Outcome.UNANSWERED], [7])


def test_sweep_label_marks_its_edge_only() -> None:
    records = [Record(0, "10.0.0.1", "10.0.0.2", label=1), Record(0, "10.0.0.1", "10.0.0.3")]
    graph = ConnectionGraph.from_connections(to_connections(records, new_hosts()))
    assert (graph.edges.flags & SWEEP_BIT != 0).tolist() == [True, False]
