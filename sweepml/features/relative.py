"""Relative standing: a source among all sources of its window, which carries over from one network to another."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView
from sweepml.graph.grouping import sort_by, starts_of_runs

MIN_SOURCES: Final = 5
"""Among fewer sources a rank says nothing. Chosen, not tuned."""


def relative(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``relative``; definitions in `sweepml.schema.catalogue`."""
    columns: dict[str, NDArray[np.generic]] = {}
    sources = view.source_count
    few = sources < MIN_SOURCES
    for name, values in (
        ("dst_count", view.destinations.count),
        ("failed_dst_count", view.failed_dst_count),
        ("top_port_dst_count", view.ports.top_dst_count),
    ):
        order = sort_by(view.stack.cell, values)
        ordered = values.take(order)
        rank = _smaller(view, order, ordered) / np.maximum(sources - 1, 1)
        columns[f"{name}_rank_ratio"] = np.where(few, np.nan, rank)
        if name == "dst_count":
            columns[f"{name}_median_ratio"] = np.where(few, np.nan, values / _median(view, ordered))
    return columns


def _smaller(view: WindowView, order: NDArray[np.int64], ordered: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return how many sources of the same window have a smaller value, per row."""
    cell = view.stack.cell
    starts = starts_of_runs(cell, ordered)  # rows are sorted by window already
    run = np.zeros(len(order), np.int64)
    run[starts[1:]] = 1
    first_equal = starts.take(np.cumsum(run))
    smaller = np.empty(len(order), np.int64)
    smaller[order] = first_equal - view.stack.row_indptr.take(cell)
    return smaller


def _median(view: WindowView, ordered: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the median of each row's window, of values sorted within windows."""
    first, sources = view.stack.row_indptr.take(view.stack.cell), view.source_count
    median: NDArray[np.float64] = (ordered.take(first + (sources - 1) // 2) + ordered.take(first + sources // 2)) / 2
    return median
