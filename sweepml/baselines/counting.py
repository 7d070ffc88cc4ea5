"""Counting distinct things in states: what most rules do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.grouping import sort_by, starts_of_runs


def first_rows(*keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the first row of every distinct combination of keys, sorted by row number.

    Parameters
    ----------
    keys
        Non-negative integers, each of shape (n,).

    Examples
    --------
    >>> first_rows(np.array([7, 7, 8, 7]), np.array([1, 1, 1, 2]))
    array([0, 2, 3])
    """
    order = sort_by(*keys, stable=True)  # so the first of a run is the earliest
    return np.sort(order[starts_of_runs(*(key[order] for key in keys))])


def idle_states(ts_us: NDArray[np.int64], idle_us: int, *keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return which state each row belongs to, where a key's state is dropped after an idle time; shape (n,).

    Parameters
    ----------
    ts_us
        Times by which the rows are sorted.
    idle_us
        A row that comes later than this after the one before it of the same keys begins a new state.
    keys
        Non-negative integers, each of shape (n,).

    Examples
    --------
    >>> idle_states(np.array([0, 10, 20, 31]), 10, np.array([5, 6, 6, 6])).tolist()
    [0, 1, 1, 2]
    """
    order = sort_by(*keys, stable=True)
    new = np.zeros(len(order), bool)
    new[starts_of_runs(*(key[order] for key in keys))] = True
    new[1:] |= np.diff(ts_us[order]) > idle_us
    state = np.empty(len(order), np.int64)
    state[order] = np.cumsum(new) - 1
    return state


def tumbling_windows(ts_us: NDArray[np.int64], length_us: int, first_us: int) -> NDArray[np.int64]:
    """Return the number of the window [first + k length, first + (k + 1) length) that holds each time."""
    return (ts_us - first_us) // length_us


def count_destinations(contacts: Connections, *keys: NDArray[np.integer]) -> Trajectory:
    """Return how the distinct destinations grew in each state.

    Parameters
    ----------
    contacts
        By time, sources as the rule sees them.
    keys
        Non-negative integers of shape (n,) that together tell states apart; a state has one source.
    """
    rows, state = _distinct(contacts, keys)
    starts = starts_of_runs(state)
    counted = np.arange(len(rows)) - starts[state] + 1
    first_us = contacts.ts_us[rows[starts]]
    return Trajectory(state, contacts.source[rows], contacts.ts_us[rows], first_us[state], counted.astype(np.float64))


def count_destinations_at(contacts: Connections, known_us: NDArray[np.int64], *keys: NDArray[np.integer]) -> Trajectory:
    """Return the distinct destinations in each state, known when a scheduled search looks at it: one row a state.

    Parameters
    ----------
    contacts
        By time, sources as the rule sees them.
    known_us
        int64, shape (n,), when the search that takes in a row runs; tells states apart, too.
    keys
        As in `count_destinations`.
    """
    rows, state = _distinct(contacts, (known_us, *keys))
    starts = starts_of_runs(state)
    sizes = np.diff(np.append(starts, len(rows)))
    first = rows[starts]
    return Trajectory(
        np.arange(len(starts)),
        contacts.source[first],
        known_us[first],
        contacts.ts_us[first],
        sizes.astype(np.float64),
    )


def _distinct(
    contacts: Connections, keys: tuple[NDArray[np.integer], ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of every destination in every state, by state and time, and the rows' states."""
    new = first_rows(*keys, contacts.destination)
    order = sort_by(*(key[new] for key in keys), stable=True)
    rows = new[order]
    starts = starts_of_runs(*(key[rows] for key in keys))
    sizes = np.diff(np.append(starts, len(rows)))
    return rows, np.repeat(np.arange(len(starts)), sizes)
