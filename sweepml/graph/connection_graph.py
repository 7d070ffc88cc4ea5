"""The connection graph: one row per distinct edge, mergeable in any order.

A `GraphStack` holds many graphs end to end, so that one sort serves them all; a `ConnectionGraph` is one slice of
it. Every column is an integer that merges by sum, minimum, maximum or bitwise or, hence merging is exact,
associative and commutative, and a stream computes what a batch computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL, Connections
from sweepml.graph.grouping import Runs, group_starts, picker, sort_by, starts_of_runs, sum_between

if TYPE_CHECKING:
    from sweepml.graph.stack_context import StackContext

SWEEP_BIT: Final = 1 << 5
OTHER_ATTACK_BIT: Final = 1 << 6
_LABEL_BITS = np.zeros(4, np.uint8)
_LABEL_BITS[SWEEP_LABEL] = SWEEP_BIT
_LABEL_BITS[OTHER_ATTACK_LABEL] = OTHER_ATTACK_BIT

OUTCOME_BITS: Final = 3
"""Low bits of `Edges.first_key` that hold the outcome of the first contact."""

_BLOCK_ROWS: Final = 1 << 20
"""Connections whose volume is summed at once."""
TOTALS: Final = (
    "bytes_known",
    "orig_bytes",
    "resp_bytes",
    "empty",
    "dialogue",
    "packets_known",
    "packets",
    "duration_known",
    "duration_us",
)
"""Per-source sums over connections, the columns of `ConnectionGraph.totals`. Volume is kept per source, not per
edge: no feature asks for an edge's bytes, and summing them there would double the cost of the kernel."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Columns of one row per edge, sorted by (row, service, destination); every array has shape (edges,).

    Attributes
    ----------
    row
        int32, index of the edge's source in the source table beside it.
    service
        uint32, ``protocol << 16 | port``.
    destination
        int32, host code.
    connections
        int64, how many connections.
    flags
        uint8, bit i is set if a connection had `Outcome` i; `SWEEP_BIT` and `OTHER_ATTACK_BIT` carry labels.
    first_key
        int64, ``start of the first connection in us << 3 | its Outcome``: a minimum keeps both together.
    last_us
        int64, start of the last connection.
    known_from_s
        uint32, shape (3, edges), or None where there is no memory: since when the edge, its service, and its service
        as one that answers, were known when the contacts arrived, see `sweepml.graph.memory`.
    """

    row: NDArray[np.int32]
    service: NDArray[np.uint32]
    destination: NDArray[np.int32]
    connections: NDArray[np.int64]
    flags: NDArray[np.uint8]
    first_key: NDArray[np.int64]
    last_us: NDArray[np.int64]
    known_from_s: NDArray[np.uint32] | None = None

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Edges:
        """Return the edges that an index, mask or slice picks."""
        pick = picker(index)
        return Edges(
            **{name: pick(getattr(self, name)) for name in _EDGE_COLUMNS},
            known_from_s=None if self.known_from_s is None else pick(self.known_from_s),
        )

    @property
    def first_us(self) -> NDArray[np.int64]:
        """Start of each edge's first connection, int64 microseconds since 1970 UTC."""
        return self.first_key >> OUTCOME_BITS

    @property
    def first_outcome(self) -> NDArray[np.uint8]:
        """`Outcome` of each edge's first connection; of several at the same microsecond, the best."""
        return (self.first_key & ((1 << OUTCOME_BITS) - 1)).astype(np.uint8)


_EDGE_COLUMNS: Final = tuple(column.name for column in fields(Edges) if column.name != "known_from_s")


@dataclass(frozen=True, slots=True)
class ConnectionGraph:
    """Who contacted whom in one span of time.

    Attributes
    ----------
    edges
        One row per distinct (source, protocol, port, destination).
    sources
        int32, shape (sources,): sorted codes of the sources; `Edges.row` indexes it.
    totals
        int64, shape (sources, len(TOTALS)): sums over each source's connections.
    """

    edges: Edges
    sources: NDArray[np.int32]
    totals: NDArray[np.int64]

    @classmethod
    def from_connections(cls, connections: Connections) -> ConnectionGraph:
        """Return the graph of a chunk of connections, in whatever order they are; sources are identities if named."""
        return stack_connections(connections, np.zeros(len(connections), np.int32), 1)[0]

    @classmethod
    def merge(cls, graphs: Sequence[ConnectionGraph]) -> ConnectionGraph:
        """Return the graph of all connections of the given graphs, whose codes come from one `HostTable`."""
        return stack_graphs([list(graphs)])[0]

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where a code occurs."""
        mask[self.sources] = True
        mask[self.edges.destination] = True

    def recode(self, mapping: NDArray[np.int32]) -> ConnectionGraph:
        """Return the graph with codes as `HostTable.compact` maps them, which keeps it sorted."""
        edges = replace(self.edges, destination=mapping[self.edges.destination])
        return replace(self, edges=edges, sources=mapping[self.sources])

    @property
    def connection_count(self) -> int:
        """Number of connections in the graph."""
        return int(self.edges.connections.sum())


@dataclass(frozen=True, slots=True)
class GraphStack:
    """Several graphs end to end; graph i is the slice ``stack[i]``.

    Attributes
    ----------
    edges
        Edges of all graphs; `Edges.row` indexes the stacked source table.
    cell, sources
        int32, shape (rows,): number of the graph, and source code, of each row of the stacked source table, sorted by
        (cell, source).
    totals
        int64, shape (rows, len(TOTALS)).
    row_indptr
        int64, shape (cells + 1,): rows of graph i are ``row_indptr[i]:row_indptr[i + 1]``.
    edge_indptr
        int64, shape (rows + 1,): edges of row r are ``edge_indptr[r]:edge_indptr[r + 1]``.
    context
        What the cells are: windows with all sources, or milestones of one. None: windows all of them.
    sample_scale
        float64, shape (rows,): how many distinct edges each edge of a row stands for, 1 where the row is exact (see
        `sweepml.graph.sampling`). None: all are exact. A count of edges or destinations times its row's scale is an
        unbiased estimate; shares need no scale.
    """

    edges: Edges
    cell: NDArray[np.int32]
    sources: NDArray[np.int32]
    totals: NDArray[np.int64]
    row_indptr: NDArray[np.int64]
    edge_indptr: NDArray[np.int64]
    context: StackContext | None = None
    sample_scale: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.row_indptr) - 1

    def __getitem__(self, index: int) -> ConnectionGraph:
        first, last = int(self.row_indptr[index]), int(self.row_indptr[index + 1])
        cut = slice(int(self.edge_indptr[first]), int(self.edge_indptr[last]))
        edges = self.edges.take(cut)
        edges = replace(edges, row=edges.row - np.int32(first))
        return ConnectionGraph(edges, self.sources[first:last], self.totals[first:last])


def stack_connections(connections: Connections, cell: NDArray[np.int32], cells: int) -> GraphStack:
    """Build one graph per cell from a chunk of connections.

    Parameters
    ----------
    connections
        Rows in any order.
    cell
        int32, shape (n,): the graph, in [0, cells), to which each row belongs.
    cells
        Number of graphs.

    Notes
    -----
    An identity is the source where a record names one, see `Connections.identity`.
    """
    connections = connections.by_identity()
    order = sort_by(cell, connections.source, connections.service, connections.destination)
    cell, source = cell.take(order), connections.source.take(order)
    row_starts = starts_of_runs(cell, source)
    ts = connections.ts_us.take(order)
    flags = np.left_shift(np.uint8(1), connections.outcome)
    if connections.label.any():
        flags |= _LABEL_BITS.take(connections.label)
    row = _row_of(row_starts, len(order))
    edges = _reduce(
        Edges(
            row=row,
            service=connections.service.take(order),
            destination=connections.destination.take(order),
            connections=np.ones(len(order), np.int64),
            flags=flags.take(order),
            first_key=ts << OUTCOME_BITS | connections.outcome.take(order),
            last_us=ts,
        )
    )
    row_of_connection = np.empty(len(order), np.int64)
    row_of_connection[order] = row
    totals = _totals(connections, row_of_connection, len(row_starts))
    return _stack(edges, cell[row_starts], source[row_starts], totals, cells)


def stack_graphs(groups: Sequence[Sequence[ConnectionGraph]]) -> GraphStack:
    """Build one graph per group, each the merge of the group's graphs.

    Parameters
    ----------
    groups
        Graphs whose codes come from one `HostTable`. A graph may stand in several groups, a group may be empty. What
        memory says of edges is kept if it says something of all of them.
    """
    graphs = [graph for group in groups for graph in group]
    cell_of_graph = np.repeat(np.arange(len(groups), dtype=np.int32), [len(group) for group in groups])
    if not graphs:
        empty = _EMPTY_EDGES
        none = np.empty(0, np.int32)
        return _stack(empty, none, none, np.empty((0, len(TOTALS)), np.int64), len(groups))

    source_counts = np.array([len(graph.sources) for graph in graphs])
    cell = np.repeat(cell_of_graph, source_counts)
    source = np.concatenate([graph.sources for graph in graphs])
    order = sort_by(cell, source)
    cell, source = cell[order], source[order]
    row_starts = starts_of_runs(cell, source)
    merged_row = np.empty(len(order), np.int32)
    merged_row[order] = _row_of(row_starts, len(order))
    totals = np.concatenate([graph.totals for graph in graphs])
    if len(order):
        totals = np.add.reduceat(totals.take(order, axis=0), row_starts, axis=0)

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(graph.edges, name) for graph in graphs])

    edge_counts = [len(graph.edges) for graph in graphs]
    offsets = np.repeat((np.cumsum(source_counts) - source_counts).astype(np.int32), edge_counts)
    row = merged_row[column("row") + offsets]
    known = [graph.edges.known_from_s for graph in graphs]
    remembered = [one for one in known if one is not None]
    edges = Edges(
        row=row,
        **{name: column(name) for name in _EDGE_COLUMNS if name != "row"},
        known_from_s=np.concatenate(remembered, axis=1) if len(remembered) == len(known) else None,
    )
    edges = _reduce(edges.take(sort_by(row, edges.service, edges.destination)))
    return _stack(edges, cell[row_starts], source[row_starts], totals, len(groups))


_EMPTY_EDGES = Edges(
    np.empty(0, np.int32),
    np.empty(0, np.uint32),
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.uint8),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
)


def _reduce(edges: Edges) -> Edges:
    """Merge the rows of sorted columns that name the same edge."""
    if not len(edges):
        return _EMPTY_EDGES
    starts = starts_of_runs(edges.row, edges.service, edges.destination)
    if len(starts) == len(edges):
        return edges
    runs = Runs(starts, len(edges))
    return Edges(
        edges.row.take(starts),
        edges.service.take(starts),
        edges.destination.take(starts),
        sum_between(np.append(starts, len(edges)), edges.connections),
        runs.bitwise_or(edges.flags),
        runs.minimum(edges.first_key),
        runs.maximum(edges.last_us),
        None if edges.known_from_s is None else runs.minimum(edges.known_from_s),
    )


def _totals(connections: Connections, row: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Sum the columns of `TOTALS` over the connections of each row, in arrival order: gathering them costs more."""
    totals = np.zeros((rows, len(TOTALS)), np.int64)
    for begin in range(0, len(row), _BLOCK_ROWS):
        block = slice(begin, begin + _BLOCK_ROWS)
        _add_totals(connections.take(block), row[block], totals)
    return totals


def _add_totals(connections: Connections, row: NDArray[np.int64], totals: NDArray[np.int64]) -> None:
    orig, resp, duration = connections.orig_bytes, connections.resp_bytes, connections.duration_us
    packets_orig, packets_resp = connections.orig_packets, connections.resp_packets
    bytes_known = (orig >= 0) & (resp >= 0)
    packets_known = (packets_orig >= 0) & (packets_resp >= 0)
    duration_known = duration >= 0
    per_row: list[NDArray[np.int64]] = []

    def summed(values: NDArray[np.generic]) -> NDArray[np.int64]:
        # bincount sums in float64: exact while a block's sum stays below 2**53, that is 9 PB or 285 years.
        return np.bincount(row, values, len(totals)).astype(np.int64)

    def add(known: NDArray[np.bool_], count: str, **columns: NDArray[np.int64]) -> None:
        all_known = bool(known.all())
        if all_known and not per_row:
            per_row.append(summed(known))
        totals[:, TOTALS.index(count)] += per_row[0] if all_known else summed(known)
        for name, values in columns.items():
            totals[:, TOTALS.index(name)] += summed(values if all_known else values * known)

    add(bytes_known, "bytes_known", orig_bytes=orig, resp_bytes=resp)
    add(packets_known, "packets_known", packets=packets_orig + packets_resp)
    add(duration_known, "duration_known", duration_us=duration)
    totals[:, TOTALS.index("empty")] += summed((orig == 0) & (resp == 0))
    totals[:, TOTALS.index("dialogue")] += summed((orig > 0) & (resp > 0))


def _stack(
    edges: Edges, cell: NDArray[np.int32], source: NDArray[np.int32], totals: NDArray[np.int64], cells: int
) -> GraphStack:
    row_indptr = np.searchsorted(cell, np.arange(cells + 1)).astype(np.int64)
    edge_indptr = np.append(group_starts(edges.row, len(source)), len(edges)).astype(np.int64)
    return GraphStack(edges, cell, source, totals, row_indptr, edge_indptr)


def _row_of(starts: NDArray[np.int64], length: int) -> NDArray[np.int32]:
    """Return the number of the run to which each element belongs; runs begin at `starts`."""
    flag = np.zeros(length, np.int32)
    flag[starts[1:]] = 1
    return np.cumsum(flag, dtype=np.int32)
