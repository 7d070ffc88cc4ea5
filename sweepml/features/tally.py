"""Tallies: counts by key, and where the things that rows ask for stand among the keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_LOW_BITS: Final = 32
_ABSENT: Final = (1 << _LOW_BITS) - 1


class Tally:
    """Distinct keys with counts.

    Parameters
    ----------
    key
        int64, ascending and distinct, shape (keys,).
    counts
        Columns of shape (keys,).
    """

    def __init__(self, key: NDArray[np.int64], *counts: NDArray[np.integer]) -> None:
        self._key = key
        self._counts = counts

    def find(self, key: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of each key, -1 where it is not there."""
        if not len(self._key):
            return np.full(len(key), -1)
        place = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where(self._key.take(place) == key, place, -1)

    def at(self, place: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Return the counts at places, 0 at -1."""
        there = np.flatnonzero(place >= 0)
        columns = []
        for counts in self._counts:
            column = np.zeros(len(place), np.int64)
            column[there] = counts.take(place.take(there))
            columns.append(column)
        return tuple(columns)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things that rows ask for stand in the tables; -1 where nobody had them."""

    row: NDArray[np.int64]
    place: NDArray[np.int64]

    @property
    def key(self) -> NDArray[np.int64]:
        """One number for the row and the place."""
        return self.row << _LOW_BITS | (self.place & _ABSENT)
