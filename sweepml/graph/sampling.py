"""Bounded graphs: the edges of a source that has too many, and the sources of a window that has too many, by sample.

A source that goes through a /8 makes sixteen million edges, none of which tells more than the first twenty thousand.
Below a limit k graphs are exact. Beyond it a source keeps the k edges with the smallest hash of (destination,
service): a uniform sample of the distinct edges, whatever their order and number of connections. It merges: the k
smallest of a union are among the k smallest of the parts, and an edge that is kept in the end was kept everywhere, so
that what is known of it is exact and merging stays associative and commutative. Sums over a source's connections
(`GraphStack.totals`) are exact in any case.

With h the k-th smallest hash as a fraction of all hashes, (k - 1) / h estimates without bias how many distinct edges
there were, with a relative standard error of 1 / sqrt(k - 2): 0.7 % for k = 20,000.

Sources are left out in the same way, by the hash of their address or name.

References
----------
.. [1] Bar-Yossef, Jayram, Kumar, Sivakumar and Trevisan, "Counting distinct elements in a data stream", RANDOM 2002.
.. [2] Beyer, Haas, Reinwald, Sismanis and Gemulla, "On synopses for distinct-value estimation under multiset
   operations", SIGMOD 2007, eq. 4 (the unbiased estimator) and section 5.1 (unions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.connection_graph import ConnectionGraph, Edges, GraphStack
from sweepml.graph.grouping import group_starts
from sweepml.graph.hosts import HostTable, mix_bits

DEFAULT_MAX_EDGES: Final = 20_000
"""Edges of a source in a pane or window: a third of a /16, and an error of 0.7 % beyond. Chosen, not tuned."""

DEFAULT_MAX_SOURCES: Final = 1_000_000
"""Sources of a pane or window, 100 bytes each without their edges. Chosen, not tuned."""

_FEWEST_EDGES: Final = 3
"""The estimate's variance is finite from here on."""

_HASHES: Final = 2.0**64

_BARELY_MORE: Final = float(np.nextafter(1.0, 2.0))
"""An estimate may fall below the edges that are there; the row is none the less a sample."""


@dataclass(frozen=True, slots=True)
class GraphLimits:
    """How large a graph may become.

    Parameters
    ----------
    edges_per_source
        A source with fewer edges in a graph is exact; k in the module's words.
    sources
        Sources in a graph.

    Raises
    ------
    ConfigError
        If a value is too small.
    """

    edges_per_source: int = DEFAULT_MAX_EDGES
    sources: int = DEFAULT_MAX_SOURCES

    def __post_init__(self) -> None:
        if self.edges_per_source < _FEWEST_EDGES:
            raise ConfigError(f"max_edges_per_source must be at least {_FEWEST_EDGES}, got {self.edges_per_source}")
        if self.sources < 1:
            raise ConfigError(f"max_sources_per_pane must be at least 1, got {self.sources}")


DEFAULT_LIMITS: Final = GraphLimits()


class GraphSampler:
    """Keeps graphs within limits.

    Parameters
    ----------
    hosts
        The table that gave the graphs their codes; the sample depends on addresses and not on codes.
    limits
        How large graphs may become.

    Notes
    -----
    The hash has no secret: machines must agree on the sample. Who knows it can choose targets so as to be
    counted wrongly beyond the limit, where every count is far beyond any threshold.
    """

    def __init__(self, hosts: HostTable, limits: GraphLimits) -> None:
        self._hosts = hosts
        self._limits = limits

    def merge(self, graphs: Sequence[ConnectionGraph]) -> ConnectionGraph:
        """Return the merge of graphs within the limits, itself within them."""
        graph = ConnectionGraph.merge(graphs)
        if len(graph.edges) <= min(self._limits.edges_per_source, self._limits.sources):
            return graph
        rows = len(graph.sources)
        indptr = np.append(group_starts(graph.edges.row, rows), len(graph.edges))
        kept = self._kept(graph.edges, graph.sources, np.array([0, rows]), indptr)
        return graph if kept is None else _take(graph.edges, graph.sources, graph.totals, *kept)

    def stack(self, stack: GraphStack) -> GraphStack:
        """Return a stack within the limits, with `GraphStack.sample_scale` where a source has as many edges as may be.

        A row's scale is the estimate of its distinct edges divided by the edges that it has. It is 1 where the row has
        fewer edges than the limit, hence is exact, and above 1 at the limit, where nobody can tell.
        """
        kept = self._kept(stack.edges, stack.sources, stack.row_indptr, stack.edge_indptr)
        if kept is not None:
            rows, edges = kept
            graph = _take(stack.edges, stack.sources, stack.totals, rows, edges)
            cell = stack.cell[rows]
            stack = replace(
                stack,
                edges=graph.edges,
                cell=cell,
                sources=graph.sources,
                totals=graph.totals,
                row_indptr=np.searchsorted(cell, np.arange(len(stack) + 1)).astype(np.int64),
                edge_indptr=np.append(group_starts(graph.edges.row, len(cell)), len(graph.edges)).astype(np.int64),
            )
        limit = self._limits.edges_per_source
        full = np.flatnonzero(np.diff(stack.edge_indptr) >= limit)
        if not len(full):
            return stack
        scale = np.ones(len(stack.sources))
        for row in full.tolist():
            own = slice(int(stack.edge_indptr[row]), int(stack.edge_indptr[row + 1]))
            largest = (float(edge_hash(self._hosts, stack.edges, own).max()) + 1) / _HASHES
            scale[row] = max((limit - 1) / largest / limit, _BARELY_MORE)
        return replace(stack, sample_scale=scale)

    def _kept(
        self,
        edges: Edges,
        sources: NDArray[np.int32],
        row_indptr: NDArray[np.int64],
        edge_indptr: NDArray[np.int64],
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
        """Return masks of the rows and edges to keep; None keeps all."""
        limits = self._limits
        crowded = np.flatnonzero(np.diff(row_indptr) > limits.sources)
        full = np.flatnonzero(np.diff(edge_indptr) > limits.edges_per_source)
        if not len(crowded) and not len(full):
            return None
        row_kept = np.ones(len(sources), bool)
        for cell in crowded.tolist():
            own = slice(int(row_indptr[cell]), int(row_indptr[cell + 1]))
            row_kept[own] = _smallest(self._hosts.hash64[sources[own]], limits.sources)
        edge_kept = row_kept.take(edges.row)
        for row in full[row_kept[full]].tolist():
            own = slice(int(edge_indptr[row]), int(edge_indptr[row + 1]))
            edge_kept[own] = _smallest(edge_hash(self._hosts, edges, own), limits.edges_per_source)
        return row_kept, edge_kept


def edge_hash(hosts: HostTable, edges: Edges, index: NDArray[np.integer] | slice) -> NDArray[np.uint64]:
    """Return a hash of the (destination, service) of some edges that does not depend on codes.

    Parameters
    ----------
    hosts
        The table that gave the edges their codes.
    edges, index
        Which edges, and which of them.
    """
    service = edges.service[index].astype(np.uint64)
    return mix_bits(hosts.hash64[edges.destination[index]] ^ mix_bits(service))


def _smallest(values: NDArray[np.uint64], count: int) -> NDArray[np.bool_]:
    """Return a mask of the `count` smallest; two edges of one hash are one in 2**64."""
    kept = np.zeros(len(values), bool)
    kept[np.argpartition(values, count - 1)[:count]] = True
    return kept


def _take(
    edges: Edges,
    sources: NDArray[np.int32],
    totals: NDArray[np.int64],
    rows: NDArray[np.bool_],
    picked: NDArray[np.bool_],
) -> ConnectionGraph:
    edges = edges.take(picked)
    edges = replace(edges, row=(np.cumsum(rows, dtype=np.int32) - np.int32(1)).take(edges.row))
    return ConnectionGraph(edges, sources[rows], totals[rows])
