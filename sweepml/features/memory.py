"""Memory: how much of what a source contacts was known before the window began."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView
from sweepml.graph.memory import ALIVE, EDGE, MIN_SPAN_S, SERVICE
from sweepml.graph.windows import US_PER_S


def memory(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``memory``; definitions in `sweepml.schema.catalogue`."""
    known_from_s, context = view.edges.known_from_s, view.stack.context
    if known_from_s is None or context is None:
        return {}
    span_us = view.start_us - context.memory_begin_us.take(view.stack.cell)
    cold = span_us < np.maximum(MIN_SPAN_S * US_PER_S, view.length_us)
    # Known from a whole second on that is not after the window's begin.
    begin_s = np.maximum(view.start_us // US_PER_S, 0).take(view.row)
    was_known = known_from_s <= begin_s

    def unless_cold(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.where(cold, np.nan, values)

    failed = view.known & ~view.answered & ~was_known[ALIVE]
    return {
        "new_edge_ratio": unless_cold(view.per_row(~was_known[EDGE]) / view.edge_count),
        "new_service_ratio": unless_cold(view.per_row(~was_known[SERVICE]) / view.edge_count),
        "alive_service_ratio": unless_cold(view.per_row(was_known[ALIVE]) / view.edge_count),
        "failed_not_alive_count": unless_cold(view.estimate(view.per_row(failed))),
    }
