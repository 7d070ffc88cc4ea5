"""Company: what all sources of a row's window did, its own source among them.

For the rows of a window it is counted in the window's graph. A milestone's graph holds one source only; its company is
that source and what the others did in the last closed window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.surroundings import Others, SurroundingsTables, edge_key, milestones_in_company
from sweepml.graph.grouping import number_groups, ranges, sort_by, starts_of_runs

if TYPE_CHECKING:
    from sweepml.features.view import WindowView

COMPARED: Final = ("dst_count", "failed_dst_count", "top_port_dst_count")
"""Counts by which sources are ranked."""


class Company:
    """What all sources of each row's window did; whole numbers, so that no order of the rows can matter.

    Parameters
    ----------
    view
        The rows.

    Attributes
    ----------
    source_count
        Per row: sources, its own among them.
    in_degree
        Per row: sources that contacted the row's source.
    dst_sources
        Per destination of `DestinationGroups`: sources that contacted it.
    dst_answered, dst_known
        Per destination: whether any source had an answer there, or knows an outcome.
    edge_sources
        Per edge: sources that have the same edge.
    top_port_sources, top_port_edges
        Per row: sources with an edge on its top port, and their edges on it.
    smaller
        By name of `COMPARED`, per row: sources whose count is smaller.
    dst_count_median
        Per row: median of dst_count over the sources.
    """

    def __init__(self, view: WindowView) -> None:
        self._count_destinations(view)
        self._count_edges(view)
        self._count_ports(view)
        self._compare(view)
        for tables, rows in milestones_in_company(view.stack):
            self._look_up(view, rows, tables)

    def _count_destinations(self, view: WindowView) -> None:
        destinations, cell = view.destinations, view.stack.cell
        # A source is numbered as if somebody had contacted it, to look up how many did.
        number, numbers = number_groups(
            np.concatenate([cell.take(destinations.row), cell]),
            np.concatenate([destinations.rank, view.hosts.rank.take(view.stack.sources)]),
        )
        dst, source = number[: len(destinations.row)], number[len(destinations.row) :]
        # A row names a destination once, so that the number of rows is that of sources.
        sources = np.bincount(dst, minlength=numbers)
        self.dst_sources = sources.take(dst)
        self.in_degree = sources.take(source)
        self.dst_answered = _any(dst, destinations.answered, numbers)
        self.dst_known = _any(dst, destinations.known, numbers)

    def _count_edges(self, view: WindowView) -> None:
        number, numbers = number_groups(view.stack.cell.take(view.row), view.edges.service, view.edges.destination)
        self.edge_sources = np.bincount(number, minlength=numbers).take(number)

    def _count_ports(self, view: WindowView) -> None:
        ports = view.ports
        number, numbers = number_groups(view.stack.cell.take(ports.row), view.edges.service.take(ports.starts))
        top = number.take(ports.top)
        self.top_port_sources = np.bincount(number, minlength=numbers).take(top)
        # bincount sums in float64, exact below 2**53.
        edges = np.bincount(number, view.estimate(ports.dst_count, ports.row), minlength=numbers)
        self.top_port_edges = edges.take(top).astype(np.int64)

    def _compare(self, view: WindowView) -> None:
        self.source_count = view.source_count
        self.smaller: dict[str, NDArray[np.int64]] = {}
        for name in COMPARED:
            values = compared(view, name)
            order = sort_by(view.stack.cell, values)
            ordered = values.take(order)
            self.smaller[name] = _smaller(view, order, ordered)
            if name == "dst_count":
                self.dst_count_median = _median(view, ordered)

    def _look_up(self, view: WindowView, rows: NDArray[np.int64], tables: SurroundingsTables) -> None:
        """Put others of a closed window beside the sources of milestones."""
        others = Others(tables, view.stack.sources.take(rows))
        self.source_count[rows] = others.count + 1
        self.in_degree[rows] = others.in_degree

        destinations = view.destinations
        row, entry = _entries(rows, destinations.bounds)
        contacted, answered, known = others.of_destinations(row, destinations.host.take(entry))
        self.dst_sources[entry] = contacted + 1
        self.dst_answered[entry] |= answered > 0
        self.dst_known[entry] |= known > 0

        row, entry = _entries(rows, view.stack.edge_indptr)
        edges = view.edges
        key = edge_key(edges.service.take(entry), edges.destination.take(entry))
        self.edge_sources[entry] = others.of_edges(row, key) + 1

        ports = view.ports
        top = ports.starts.take(ports.top.take(rows))
        sources, on_port = others.of_ports(np.arange(len(rows)), edges.service.take(top))
        self.top_port_sources[rows] = sources + 1
        self.top_port_edges[rows] = on_port + view.top_port_dst_count.take(rows)

        for name in COMPARED:
            self.smaller[name][rows] = others.smaller(name, compared(view, name).take(rows))
        self.dst_count_median[rows] = others.median("dst_count", view.dst_count.take(rows))


def compared(view: WindowView, name: str) -> NDArray[np.int64]:
    """Return a count of `COMPARED`, per row."""
    values: NDArray[np.int64] = getattr(view, name)
    return values


def _any(number: NDArray[np.int64], mask: NDArray[np.bool_], numbers: int) -> NDArray[np.bool_]:
    """Tell for each element whether the mask picks any element of its number."""
    picked = np.zeros(numbers, bool)
    picked[number[mask]] = True
    return picked.take(number)


def _entries(rows: NDArray[np.int64], bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices in ``bounds[r]:bounds[r + 1]`` of all rows r, behind the place of r among the rows."""
    begin = bounds.take(rows)
    return ranges(begin, bounds.take(rows + 1) - begin)


def _smaller(view: WindowView, order: NDArray[np.int64], ordered: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many sources of the same window have a smaller value, per row."""
    cell = view.stack.cell
    starts = starts_of_runs(cell, ordered)  # rows are sorted by window already
    run = np.zeros(len(order), np.int64)
    run[starts[1:]] = 1
    first_equal = starts.take(np.cumsum(run))
    smaller = np.empty(len(order), np.int64)
    smaller[order] = first_equal - view.stack.row_indptr.take(cell)
    return smaller


def _median(view: WindowView, ordered: NDArray[Any]) -> NDArray[np.float64]:
    """Return the median of each row's window, of values sorted within windows."""
    first, sources = view.stack.row_indptr.take(view.stack.cell), view.source_count
    median: NDArray[np.float64] = (ordered.take(first + (sources - 1) // 2) + ordered.take(first + sources // 2)) / 2
    return median
