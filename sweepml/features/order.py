"""Order and shape: how the destinations lie in address space, and in which order they were contacted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.grouping import count_between
from sweepml.graph.hosts import HostTable


def order(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``order``; definitions in `sweepml.schema.catalogue`."""
    destinations, visits = view.destinations, view.visits
    bounds, starts = destinations.bounds, destinations.row_starts
    host_bits = _host_bits(view.hosts, destinations.rank.take(starts), destinations.rank.take(bounds[1:] - 1))

    high, low = _differences(view.hosts, destinations.rank)
    adjacent = (low == 1) & (high == 0)

    high, low = _differences(view.hosts, visits.rank)
    sequential = (low == 1) & (high == 0)
    ascending = np.zeros(len(low), bool)
    np.greater(visits.rank[1:], visits.rank[:-1], out=ascending[1:])
    # Equal modulo 2**128 and of the same sign is equal.
    repeated = np.zeros(len(low), bool)
    repeated[1:] = (low[1:] == low[:-1]) & (high[1:] == high[:-1]) & (ascending[1:] == ascending[:-1])

    # What leads into a row's first entry is no step, hence nothing that the second could repeat.
    for mask in (adjacent, sequential, ascending, repeated):
        mask[starts] = False
    repeated[np.minimum(starts + 1, len(repeated) - 1)] = False

    steps = destinations.count - 1
    return {
        "cidr_host_bits": host_bits,
        "cidr_fill_ratio": np.minimum(view.dst_count * np.exp2(-host_bits), 1.0),
        "adjacent_dst_ratio": ratio(count_between(bounds, adjacent), steps),
        "sequential_step_ratio": ratio(count_between(bounds, sequential), steps),
        "ascending_step_ratio": ratio(count_between(bounds, ascending), steps),
        "repeated_step_ratio": ratio(count_between(bounds, repeated), np.maximum(steps - 1, 0)),
    }


def _differences(hosts: HostTable, rank: NDArray[np.int32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return each address minus the one before it modulo 2**128, as upper and lower 64 bits; 0 for the first."""
    high, low = hosts.high_by_rank.take(rank), hosts.low_by_rank.take(rank)
    by_high, by_low = np.zeros_like(high), np.zeros_like(low)
    np.subtract(low[1:], low[:-1], out=by_low[1:])
    np.subtract(high[1:], high[:-1], out=by_high[1:])
    by_high[1:] -= low[1:] < low[:-1]  # the borrow
    return by_high, by_low


def _host_bits(hosts: HostTable, lowest: NDArray[np.int32], highest: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how many low bits it takes to tell two addresses, given by rank, apart."""
    high = hosts.high_by_rank.take(lowest) ^ hosts.high_by_rank.take(highest)
    low = hosts.low_by_rank.take(lowest) ^ hosts.low_by_rank.take(highest)
    return np.where(high != 0, 64 + _bit_length(high), _bit_length(low))


def _bit_length(value: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the bit length of each value, in halves, since a float64 holds 53 bits exactly."""
    upper, lower = value >> np.uint64(32), value & np.uint64(0xFFFFFFFF)
    lengths = np.frexp(np.where(upper != 0, upper, lower).astype(np.float64))[1]
    return lengths + np.where(upper != 0, 32, 0)
