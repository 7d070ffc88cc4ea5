"""A hash table of 64-bit keys whose operations take whole arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_SMALLEST: Final = 1 << 10

_FREE: Final = np.uint64(0)


class KeyTable:
    """Gives each distinct key the next number, 0, 1, 2, ...

    Notes
    -----
    Open addressing with linear probing, at most half full: a key is found after 1.5 looks on average (Knuth 1998,
    section 6.4). Keys must be well mixed already; their lowest bits say where a key is looked for first. 24 bytes a key
    at most.
    """

    def __init__(self) -> None:
        self._count = 0
        self._resize(_SMALLEST)

    def __len__(self) -> int:
        return self._count

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the number of each key, -1 where it has none; int32, shape (n,)."""
        keys = _occupied(keys)
        number = np.full(len(keys), -1, np.int32)
        waiting = np.arange(len(keys))
        slot = keys & self._mask
        while len(waiting):
            held = self._keys.take(slot)
            hit = held == keys.take(waiting)
            number[waiting[hit]] = self._numbers.take(slot[hit])
            more = ~hit & (held != _FREE)
            waiting, slot = waiting[more], (slot[more] + np.uint64(1)) & self._mask
        return number

    def add(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Add distinct keys that are not there; return their numbers, int32, shape (n,)."""
        numbers = np.arange(self._count, self._count + len(keys), dtype=np.int32)
        if 2 * (self._count + len(keys)) > len(self._keys):
            present = self._keys != _FREE
            held = self._keys[present], self._numbers[present]
            size = len(self._keys)
            while 2 * (self._count + len(keys)) > size:
                size *= 2
            self._resize(size)
            self._place(*held)
        self._place(_occupied(keys), numbers)
        self._count += len(keys)
        return numbers

    def _resize(self, size: int) -> None:
        self._keys = np.zeros(size, np.uint64)
        self._numbers = np.zeros(size, np.int32)
        self._mask = np.uint64(size - 1)

    def _place(self, keys: NDArray[np.uint64], numbers: NDArray[np.int32]) -> None:
        slot = keys & self._mask
        while len(keys):
            free = np.flatnonzero(self._keys.take(slot) == _FREE)
            # Of several keys that want one slot the last wins; the others look further.
            self._keys[slot[free]] = keys[free]
            won = free[self._keys.take(slot[free]) == keys[free]]
            self._numbers[slot[won]] = numbers[won]
            more = np.ones(len(keys), bool)
            more[won] = False
            keys, numbers, slot = keys[more], numbers[more], (slot[more] + np.uint64(1)) & self._mask


def _occupied(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the keys with 0, which marks a free slot, as 1: one more pair in 2**64 that cannot be told apart."""
    return np.maximum(keys, np.uint64(1))
