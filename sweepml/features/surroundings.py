"""Surroundings: the sources of a window without one of them, by lookup.

A milestone's graph holds its own source only. What its row says of others is looked up in tables of the last closed
window, which all milestones until the next closing share, so that a milestone costs its own source's edges and not
those of all. What the source itself did in the closed window is taken out: the trailing window says it better.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.neighbours import NodeSums
from sweepml.features.tally import Places, Tally
from sweepml.graph.connection_graph import ConnectionGraph, GraphStack
from sweepml.graph.grouping import count_between, group_starts, ranges, sort_by, starts_of_runs, sum_between
from sweepml.graph.stack_context import Surroundings
from sweepml.schema.outcome import ANSWERED_BIT, KNOWN_BITS

_LOW_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What sources are compared by; int64, shape (sources,)."""

    dst_count: NDArray[np.int64]
    failed_dst_count: NDArray[np.int64]
    top_port_dst_count: NDArray[np.int64]


class SurroundingsTables:
    """A closed window's graph, ready to be looked up.

    Parameters
    ----------
    graph
        Graph with at least one source; whoever looks things up uses the same codes.

    Attributes
    ----------
    destinations
        By host code: sources that contacted it, that had an answer, that know an outcome.
    services
        By edge: sources that have it.
    ports
        By service code: sources that use it, and their edges on it.
    counts
        Per source of the graph.
    """

    def __init__(self, graph: ConnectionGraph) -> None:
        edges, rows = graph.edges, len(graph.sources)
        self.sources = graph.sources
        self.edges = edges
        self.bounds = np.append(group_starts(edges.row, rows), len(edges))

        row, destination, answered, known = _by_destination(edges.destination, edges.row, edges.flags)
        bounds = np.append(starts_of_runs(destination), len(destination))
        self.destinations = Tally(
            destination.take(bounds[:-1]).astype(np.int64),
            np.diff(bounds),
            count_between(bounds, answered),
            count_between(bounds, known),
        )
        key, count = np.unique(edge_key(edges.service, edges.destination), return_counts=True)
        self.services = Tally(key, count)

        starts = starts_of_runs(edges.row, edges.service)
        on_port = np.diff(starts, append=len(edges))
        order = sort_by(edges.service.take(starts))
        port = edges.service.take(starts).take(order)
        bounds = np.append(starts_of_runs(port), len(port))
        self.ports = Tally(
            port.take(bounds[:-1]).astype(np.int64), np.diff(bounds), sum_between(bounds, on_port.take(order))
        )
        self.counts = SourceCounts(
            np.bincount(row, minlength=rows),
            np.bincount(row[known & ~answered], minlength=rows),
            np.maximum.reduceat(on_port, starts_of_runs(edges.row.take(starts))),
        )

    @cached_property
    def node_sums(self) -> NodeSums:
        """What was done at each destination and on each service; for models that read edges."""
        key = edge_key(self.edges.service, self.edges.destination)
        (sources,) = self.services.at(self.services.find(key))
        return NodeSums(self.edges, sources == 1)


class Others:
    """What the others did in a closed window, for rows of one source each.

    Parameters
    ----------
    tables
        Of the closed window.
    sources
        int32, shape (rows,): source of each row; it need not be in the window, and may occur more than once.

    Attributes
    ----------
    own_edges
        Row and index of the edges that the rows' sources themselves had in the closed window, by row.
    """

    def __init__(self, tables: SurroundingsTables, sources: NDArray[np.int32]) -> None:
        self._tables = tables
        self._place = np.minimum(np.searchsorted(tables.sources, sources), len(tables.sources) - 1)
        self._present = tables.sources.take(self._place) == sources
        self._sources = sources
        self.own_edges = ranges(*self._own_ranges())
        row, index = self.own_edges
        own = tables.edges
        service, destination, flags = own.service.take(index), own.destination.take(index), own.flags.take(index)

        starts = starts_of_runs(row, service)
        self._own_ports = Tally(
            Places(row.take(starts), tables.ports.find(service.take(starts).astype(np.int64))).key,
            np.ones(len(starts), np.int64),
            np.diff(starts, append=len(row)),
        )
        key = Places(row, tables.services.find(edge_key(service, destination))).key
        self._own_services = Tally(np.sort(key), np.ones(len(key), np.int64))
        hosts, rows, answered, known = _by_destination(row, destination, flags)
        self._own_destinations = Tally(
            Places(rows.astype(np.int64), tables.destinations.find(hosts.astype(np.int64))).key,
            np.ones(len(rows), np.int64),
            answered.view(np.uint8),
            known.view(np.uint8),
        )

    @property
    def count(self) -> NDArray[np.int64]:
        """How many others there are, per row."""
        count: NDArray[np.int64] = len(self._tables.sources) - self._present.astype(np.int64)
        return count

    @property
    def in_degree(self) -> NDArray[np.int64]:
        """How many of them contacted the row's source."""
        return self._tables.destinations.at(self._tables.destinations.find(self._sources.astype(np.int64)))[0]

    def of_destinations(self, row: NDArray[np.int64], host: NDArray[np.int32]) -> tuple[NDArray[np.int64], ...]:
        """Return how many of the others contacted hosts, had an answer there, and know an outcome there."""
        return self._without(self._tables.destinations, self._own_destinations, row, host.astype(np.int64))

    def of_edges(self, row: NDArray[np.int64], key: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of the others have edges, given by `edge_key`."""
        return self._without(self._tables.services, self._own_services, row, key)[0]

    def of_ports(self, row: NDArray[np.int64], service: NDArray[np.uint32]) -> tuple[NDArray[np.int64], ...]:
        """Return how many of the others use ports, and how many edges they have there."""
        return self._without(self._tables.ports, self._own_ports, row, service.astype(np.int64))

    def smaller(self, name: str, values: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return how many of the others have less than each row's value of a column of `SourceCounts`."""
        theirs = getattr(self._tables.counts, name)
        own = self._present & (theirs.take(self._place) < values)
        smaller: NDArray[np.int64] = np.searchsorted(np.sort(theirs), values) - own
        return smaller

    def median(self, name: str, values: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the median of a column of `SourceCounts` over the others and each row's own value."""
        theirs = getattr(self._tables.counts, name)
        ordered = np.sort(theirs)
        gone = np.where(self._present, np.searchsorted(ordered, theirs.take(self._place)), len(ordered))
        here = self.smaller(name, values)

        def ranked(rank: NDArray[np.int64]) -> NDArray[np.integer]:
            # The own value stands at `here`, one of the closed window's at `gone` is left out.
            place = rank - (rank > here)
            place += place >= gone
            return np.where(rank == here, values, ordered.take(np.minimum(place, len(ordered) - 1)))

        median: NDArray[np.float64] = (ranked(self.count // 2) + ranked((self.count + 1) // 2)) / 2
        return median

    def _own_ranges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the edges of each row's source begin in the closed window, and how many there are."""
        begin = self._tables.bounds.take(self._place)
        return begin, np.where(self._present, self._tables.bounds.take(self._place + 1) - begin, 0)

    @staticmethod
    def _without(
        everybody: Tally, own: Tally, row: NDArray[np.int64], key: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], ...]:
        places = Places(row, everybody.find(key))
        pairs = zip(everybody.at(places.place), own.at(own.find(places.key)), strict=True)
        return tuple(all_of_them - mine for all_of_them, mine in pairs)


def milestones_in_company(stack: GraphStack) -> list[tuple[SurroundingsTables, NDArray[np.int64]]]:
    """Return each closed window in which milestones of a stack are seen, with the rows of those milestones."""
    context = stack.context
    if context is None:
        return []
    sharing: dict[int, tuple[Surroundings, list[int]]] = {}
    for row in np.flatnonzero(context.milestone.take(stack.cell)).tolist():
        surroundings = context.surroundings[stack.cell[row]]
        if surroundings is not None:
            sharing.setdefault(id(surroundings), (surroundings, []))[1].append(row)
    return [(seen.once(SurroundingsTables), np.array(rows)) for seen, rows in sharing.values()]


def edge_key(service: NDArray[np.uint32], destination: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number for the service and the host of each edge."""
    key: NDArray[np.int64] = service.astype(np.int64) << _LOW_BITS | destination
    return key


def _by_destination(
    first: NDArray[np.integer], second: NDArray[np.integer], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the distinct pairs (second, first), sorted by first, then second, with what is known of each."""
    order = sort_by(first, second)
    first, second = first.take(order), second.take(order)
    starts = starts_of_runs(first, second)
    if len(starts):
        flags = np.bitwise_or.reduceat(flags.take(order), starts)
    return second.take(starts), first.take(starts), (flags & ANSWERED_BIT) != 0, (flags & KNOWN_BITS) != 0
