"""Timing: when the first contacts were made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView
from sweepml.graph.grouping import starts_of_runs
from sweepml.graph.windows import US_PER_S

SLOTS = 60
"""Parts of a window in which activity is counted: seconds of a minute, minutes of an hour. Chosen, not tuned."""

_SLOT_BIT = np.uint64(1) << np.arange(SLOTS, dtype=np.uint64)

_REVISIT_US = 10 * US_PER_S
"""TCP retries come 1, 3 and 7 s after the first attempt (RFC 6298 doubling); what comes later is a new visit."""

_GAP_UNIT_BITS = 6
"""Gaps are squared in units of 64 us, so that the squares of a window of up to a day sum exactly in int64."""


def timing(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``timing``; definitions in `sweepml.schema.catalogue`."""
    edges, contacts = view.edges, view.contacts
    length_us = view.length_us
    length_s = length_us / US_PER_S
    starts = view.edge_starts  # contacts are sorted by row too, so that rows begin at the same places
    ends = starts + view.edge_count - 1
    span_us = contacts.offset_us[ends] - contacts.offset_us[starts]
    edge_length_us = length_us.take(view.row)
    first_slot = _slot(contacts.offset_us, edge_length_us)
    last_slot = _slot(edges.last_us - view.start_us.take(view.row), edge_length_us)
    return {
        "window_length_s": length_s,
        "first_contact_rate_hz": view.estimate(view.edge_count) / length_s,
        "first_contact_span_ratio": span_us / length_us,
        "gap_burstiness": _burstiness(contacts.offset_us, starts, view.edge_count),
        "revisited_ratio": view.per_row(edges.last_us - edges.first_us > _REVISIT_US) / view.edge_count,
        "active_slot_ratio": _active_slots(first_slot, last_slot, starts) / SLOTS,
        "peak_slot_ratio": _peak_slot(first_slot, view.row) / view.edge_count,
    }


def _slot(offset_us: NDArray[np.int64], length_us: NDArray[np.int64]) -> NDArray[np.uint8]:
    # Floats divide faster than integers, and the floor is the same: a quotient below 60 that is no whole number is at
    # least 1 / length away from one, and rounding errs by less than 2**-47.
    return (offset_us * float(SLOTS) / length_us).astype(np.uint8)


def _burstiness(
    offset_us: NDArray[np.int64], starts: NDArray[np.int64], edge_count: NDArray[np.int64]
) -> NDArray[np.float64]:
    ticks = offset_us >> _GAP_UNIT_BITS
    gap = np.diff(ticks, prepend=ticks[:1])
    gap[starts] = 0
    total = ticks[starts + edge_count - 1] - ticks[starts]
    squares = np.add.reduceat(gap * gap, starts)
    gaps = edge_count - 1
    # s / m = sqrt(n sum(g^2) / sum(g)^2 - 1). Both sums are exact integers, hence nothing cancels before the division.
    variation = np.zeros(len(starts))
    np.divide(gaps * squares.astype(np.float64), total.astype(np.float64) ** 2, out=variation, where=total > 0)
    variation = np.sqrt(np.maximum(variation - 1.0, 0.0))
    burstiness = np.where(total > 0, (variation - 1.0) / (variation + 1.0), 0.0)
    burstiness[edge_count < 3] = np.nan
    return burstiness


def _active_slots(
    first_slot: NDArray[np.uint8], last_slot: NDArray[np.uint8], starts: NDArray[np.int64]
) -> NDArray[np.uint8]:
    # A slot is a bit of a uint64. First and last contacts are in different orders, but both by row.
    first = np.bitwise_or.reduceat(_SLOT_BIT.take(first_slot), starts)
    last = np.bitwise_or.reduceat(_SLOT_BIT.take(last_slot), starts)
    return np.bitwise_count(first | last)


def _peak_slot(slot: NDArray[np.uint8], row: NDArray[np.int32]) -> NDArray[np.int64]:
    starts = starts_of_runs(row, slot)
    counts = np.diff(starts, append=len(row))
    return np.maximum.reduceat(counts, starts_of_runs(row[starts]))
