"""Outcomes: what came of the contacts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.grouping import count_between
from sweepml.schema.outcome import KNOWN_BITS, Outcome


def outcomes(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``outcomes``; definitions in `sweepml.schema.catalogue`."""
    destinations, ports = view.destinations, view.ports
    columns: dict[str, NDArray[np.generic]] = {}
    # Outcomes are numbered by precedence, so that an edge's own is its lowest bit.
    bits = view.edges.flags & KNOWN_BITS
    best_bit = bits & (~bits + np.uint8(1))
    for outcome in (Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED, Outcome.BLOCKED):
        count = view.per_row(best_bit == 1 << outcome)
        columns[f"{outcome.label}_ratio"] = ratio(count, view.known_count)

    known_dst_count = view.estimate(count_between(destinations.bounds, destinations.known))
    columns["failed_dst_count"] = view.failed_dst_count
    columns["failed_dst_ratio"] = ratio(view.failed_dst_count, known_dst_count)

    on_top_port = np.zeros(len(ports.row), bool)
    on_top_port[ports.top] = True
    edge_on_top = np.repeat(on_top_port, ports.dst_count) & view.known
    columns["top_port_failed_ratio"] = ratio(view.per_row(edge_on_top & ~view.answered), view.per_row(edge_on_top))
    return columns
