"""What several feature families need of a stack of window graphs, computed once."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.company import Company
from sweepml.graph.connection_graph import OUTCOME_BITS, SWEEP_BIT, GraphStack
from sweepml.graph.grouping import count_between, sort_by, sort_within, starts_of_runs, sum_between
from sweepml.graph.hosts import HostTable
from sweepml.schema.outcome import ANSWERED_BIT, KNOWN_BITS


class WindowView:
    """A stack of window graphs, seen row by row (a row is a source in a window).

    Parameters
    ----------
    stack
        One graph per window.
    hosts
        The table that gave the stack its codes.
    start_us, length_us
        int64, shape (windows,): when each window begins and how long it is.
    """

    def __init__(
        self,
        stack: GraphStack,
        hosts: HostTable,
        start_us: NDArray[np.int64],
        length_us: NDArray[np.int64],
    ) -> None:
        self.stack = stack
        self.hosts = hosts
        self.edges = stack.edges
        self.row = stack.edges.row
        self.rows = len(stack.sources)
        self.start_us = start_us[stack.cell]
        """int64, shape (rows,)."""
        self.length_us = length_us[stack.cell]
        """int64, shape (rows,)."""

    def per_row(self, edge_mask: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Count the edges of each row that a mask picks."""
        return count_between(self.stack.edge_indptr, edge_mask)

    def estimate(self, count: NDArray[np.integer], row: NDArray[np.int32] | None = None) -> NDArray[np.integer]:
        """Return how many edges or destinations those counted stand for: more where a row holds a sample only.

        Parameters
        ----------
        count
            Edges or destinations that the graph holds, shape (n,).
        row
            Row to which each count belongs, shape (n,); by default the counts are one per row.

        Returns
        -------
        ndarray, shape (n,)
            Whole numbers, so that no sum of them depends on its order.
        """
        scale = self.stack.sample_scale
        if scale is None:
            return count
        return np.rint(count * (scale if row is None else scale.take(row))).astype(np.int64)

    @cached_property
    def dst_count(self) -> NDArray[np.integer]:
        """Destinations per row."""
        return self.estimate(self.destinations.count)

    @cached_property
    def top_port_dst_count(self) -> NDArray[np.integer]:
        """Most destinations on one port, per row."""
        return self.estimate(self.ports.top_dst_count)

    @cached_property
    def edge_starts(self) -> NDArray[np.int64]:
        """Where each row's edges begin; no row is empty."""
        return self.stack.edge_indptr[:-1]

    @cached_property
    def edge_count(self) -> NDArray[np.int64]:
        """Edges per row, as the graph holds them."""
        return np.diff(self.stack.edge_indptr)

    @cached_property
    def source_count(self) -> NDArray[np.int64]:
        """Sources in each row's window, its own among them."""
        return np.diff(self.stack.row_indptr).take(self.stack.cell)

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """Per edge: some connection was answered."""
        answered: NDArray[np.bool_] = (self.edges.flags & ANSWERED_BIT) != 0
        return answered

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Per edge: some connection has a known outcome."""
        known: NDArray[np.bool_] = (self.edges.flags & KNOWN_BITS) != 0
        return known

    @cached_property
    def known_count(self) -> NDArray[np.int32]:
        """Known edges per row."""
        return self.per_row(self.known)

    @cached_property
    def ports(self) -> PortGroups:
        """Edges grouped by (row, port), in which order they are stored."""
        return PortGroups(self)

    @cached_property
    def destinations(self) -> DestinationGroups:
        """Edges grouped by (row, destination)."""
        return DestinationGroups(self)

    @cached_property
    def failed_dst_count(self) -> NDArray[np.integer]:
        """Destinations with a known edge of which no edge was answered, per row."""
        destinations = self.destinations
        return self.estimate(count_between(destinations.bounds, destinations.known & ~destinations.answered))

    @cached_property
    def company(self) -> Company:
        """What all sources of each row's window did."""
        return Company(self)

    @cached_property
    def visits(self) -> Visits:
        """Destinations in the order of their first contacts."""
        return Visits(self)

    @cached_property
    def contacts(self) -> FirstContacts:
        """Edges in the order of their first contacts."""
        return FirstContacts(self)


class PortGroups:
    """The ports of each row. Every per-port array has shape (ports of all rows,)."""

    def __init__(self, view: WindowView) -> None:
        starts = starts_of_runs(view.row, view.edges.service)
        self.row = view.row[starts]
        self.starts = starts
        self.dst_count = np.diff(starts, append=len(view.row))
        row_starts = starts_of_runs(self.row)
        self.bounds = np.append(row_starts, len(starts))
        """Ports of row r are ``bounds[r]:bounds[r + 1]``."""
        self.count = np.diff(self.bounds)
        """Ports per row."""
        self.top_dst_count = np.maximum.reduceat(self.dst_count, row_starts)
        """Most destinations on one port, per row, as the graph holds them."""
        is_top = np.flatnonzero(self.dst_count == self.top_dst_count.take(self.row))
        self.top = is_top[starts_of_runs(self.row[is_top])]
        """Index of each row's top port; of equals the lowest."""


class DestinationGroups:
    """The destinations of each row, in address order. Every per-destination array has shape (their number,)."""

    def __init__(self, view: WindowView) -> None:
        edges = view.edges
        rank = view.hosts.rank.take(edges.destination)
        order = sort_by(view.row, rank)
        row, rank = view.row, rank.take(order)  # edges are sorted by row already
        starts = starts_of_runs(row, rank)
        self.row = row[starts]
        self.rank = rank[starts]
        self.host = edges.destination.take(order[starts])
        bounds = np.append(starts, len(row))
        self.port_count = np.diff(bounds)
        self.connections = sum_between(bounds, edges.connections.take(order))
        flags = edges.flags.take(order)
        self.first_key = edges.first_key.take(order)
        """int64: start of the first connection and its outcome, see `Edges`."""
        if len(starts) < len(row):
            flags = np.bitwise_or.reduceat(flags, starts)
            self.first_key = np.minimum.reduceat(self.first_key, starts)
        self.answered = (flags & ANSWERED_BIT) != 0
        self.known = (flags & KNOWN_BITS) != 0
        self.in_sweep = (flags & SWEEP_BIT) != 0
        self.row_starts = starts_of_runs(self.row)
        self.bounds = np.append(self.row_starts, len(starts))
        """Destinations of row r are ``bounds[r]:bounds[r + 1]``."""
        self.count = np.diff(self.bounds)
        """Destinations per row, as the graph holds them."""


class Visits:
    """The destinations of each row in the order of their first contacts, by address where two came at once.

    Row r has them where `DestinationGroups` has its destinations. Every array has shape (destinations of all rows,).
    """

    def __init__(self, view: WindowView) -> None:
        destinations = view.destinations
        offset_us = (destinations.first_key >> OUTCOME_BITS) - view.start_us.take(destinations.row)
        # Destinations are in address order already.
        order = sort_by(destinations.row, offset_us, stable=True)
        self.rank = destinations.rank.take(order)
        """int32: place in the order of addresses."""
        self.outcome = destinations.first_key.take(order) & ((1 << OUTCOME_BITS) - 1)
        """int64: `Outcome` of the first connection; of several at the same microsecond, the best."""


class FirstContacts:
    """Edges of each row by their first contact; row r has them where its edges are, since no row is empty."""

    def __init__(self, view: WindowView) -> None:
        # Offsets into the window need fewer bits than times, so that the sort key fits 64.
        self.offset_us = sort_within(view.row, view.edges.first_us - view.start_us.take(view.row))
        self.row = view.row


_FIXED_POINT: Final = 2.0**20
_TABLE_SIZE: Final = 1 << 12


def _count_log_count(count: NDArray[np.integer]) -> NDArray[np.int64]:
    weighted: NDArray[np.float64] = count * np.log2(np.maximum(count, 1)) * _FIXED_POINT
    return np.rint(weighted).astype(np.int64)


_COUNT_LOG_COUNT: Final = _count_log_count(np.arange(_TABLE_SIZE))


def entropy_bits(
    count: NDArray[np.int64], bounds: NDArray[np.int64], total: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the entropy of the counts in ``bounds[i]:bounds[i + 1]``, whose sum is ``total[i]``, in bits.

    It is log2(n) - sum(c log2 c) / n, which needs no division per element. Each term is rounded to a multiple of
    2**-20 first, so that the sum is exact and depends neither on the order of the terms nor on what else is summed.
    """
    # Almost all counts are small, and a table is five times faster than a logarithm.
    terms = _COUNT_LOG_COUNT.take(count, mode="clip")
    large = np.flatnonzero(count >= _TABLE_SIZE)
    terms[large] = _count_log_count(count[large])
    weighted = sum_between(bounds, terms) / _FIXED_POINT
    entropy: NDArray[np.float64] = np.maximum(np.log2(total) - weighted / total, 0.0)
    return entropy


def ratio(part: NDArray[np.integer], whole: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return part / whole as float64, NaN where the whole is zero."""
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out
