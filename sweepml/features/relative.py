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
    dst_count = view.destinations.count
    few = view.source_count < MIN_SOURCES
    columns: dict[str, NDArray[np.generic]] = {
        "dst_count_median_ratio": np.where(few, np.nan, dst_count / _median(view, dst_count))
    }
    for name, values in (
        ("dst_count", dst_count),
        ("failed_dst_count", view.failed_dst_count),
        ("top_port_dst_count", view.ports.top_dst_count),
    ):
        others = np.maximum(view.source_count - 1, 1)
        columns[f"{name}_rank_ratio"] = np.where(few, np.nan, _smaller(view, values) / others)
    return columns


def _smaller(view: WindowView, values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return how many sources of the same window have a smaller value, per row."""
    cell = view.stack.cell
    order = sort_by(cell, values)
    starts = starts_of_runs(cell, values.take(order))  # rows are sorted by window already
    run = np.zeros(len(order), np.int64)
    run[starts[1:]] = 1
    first_equal = starts.take(np.cumsum(run))
    smaller = np.empty(len(order), np.int64)
    smaller[order] = first_equal - view.stack.row_indptr.take(cell)
    return smaller


def _median(view: WindowView, values: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the median of the values of each row's window."""
    cell, indptr = view.stack.cell, view.stack.row_indptr
    ordered = values.take(sort_by(cell, values))
    first, count = indptr.take(cell), view.source_count
    median: NDArray[np.float64] = (ordered.take(first + (count - 1) // 2) + ordered.take(first + count // 2)) / 2
    return median
