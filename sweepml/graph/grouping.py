"""Grouping by several integer columns with one vectorised sort, and counting in the groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

_Any = TypeVar("_Any", bound=np.generic)
_Integer = TypeVar("_Integer", np.uint8, np.uint32, np.int64)

_KEY_BITS: Final = 63
"""Bits of a non-negative int64, into which columns of any integer type go without being converted first."""

_TABLE_FACTOR: Final = 32
"""A column is renumbered through a table while its largest value is below so many times its length; beyond that the
table falls out of the cache and costs more than it saves (measured: break-even between 20 and 60)."""


_COUNTER_FACTOR: Final = 16
"""Groups are numbered by their packed columns while a table of counters is at most so many times as long as the rows;
beyond that sorting them costs less (measured: break-even between 16 and 30)."""


def sort_by(*columns: NDArray[np.integer], stable: bool = False) -> NDArray[np.int64]:
    """Return an order that sorts rows by the columns, the first most significant.

    Parameters
    ----------
    columns
        Non-negative integers, each of shape (n,), n below 2**32.
    stable
        Rows that agree in all columns keep their order; otherwise they come in no particular one.

    Notes
    -----
    numpy sorts one integer with vector instructions, five to twenty times faster than it sorts several columns, so the
    columns are packed into one. It sorts values three times faster than it sorts indices, so the row number is packed
    in as well where there is room; a column that takes the room is renumbered.
    """
    count = len(columns[0])
    if count < 2:
        return np.arange(count)
    index_bits = (count - 1).bit_length()
    packed: list[NDArray[np.integer]] = list(columns)
    widths = _squeeze(packed, _KEY_BITS - index_bits, exactly=False)
    if sum(widths) + index_bits <= _KEY_BITS:
        key = _pack([*packed, np.arange(count)], [*widths, index_bits])
        key.sort()
        key &= (1 << index_bits) - 1
        return key
    widths = _squeeze(packed, _KEY_BITS, exactly=True)
    if sum(widths) <= _KEY_BITS:
        key = _pack(packed, widths)
        order = np.argsort(key)
        return _settle_ties(key.take(order), order) if stable else order
    return np.lexsort(packed[::-1])


def _settle_ties(key: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order by a sorted key with the rows of equal keys in their own order."""
    new = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    if new.all():
        return order
    settled = np.cumsum(new) << 32 | order
    settled.sort()
    return settled & 0xFFFFFFFF


def sort_within(group: NDArray[np.integer], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values sorted inside each group.

    Parameters
    ----------
    group
        Non-negative integers in ascending order, shape (n,).
    values
        Non-negative integers, shape (n,).
    """
    if not len(values):
        return values
    width = int(values.max()).bit_length()
    if int(group[-1]).bit_length() + width > _KEY_BITS:
        return values[np.lexsort((values, group))]
    key = _pack([group, values], [0, width])
    key.sort()
    key &= (1 << width) - 1
    return key


def starts_of_runs(*columns: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where runs of equal rows begin in sorted columns; empty for no rows."""
    count = len(columns[0])
    if not count:
        return np.empty(0, np.int64)
    new = np.zeros(count, bool)
    new[0] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def number_groups(*columns: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
    """Give those rows, and only those, that agree in all columns the same number.

    Parameters
    ----------
    columns
        Non-negative integers, each of shape (n,), n below 2**31.

    Returns
    -------
    number : ndarray of int64, shape (n,)
        In [0, size); not every number need occur.
    size : int
        At most `_COUNTER_FACTOR` times n, or 1: an array of this length counts the groups.
    """
    count = len(columns[0])
    if not count:
        return np.empty(0, np.int64), 1
    packed: list[NDArray[np.integer]] = list(columns)
    room = (_COUNTER_FACTOR * count).bit_length() - 1
    widths = _squeeze(packed, room, exactly=False)
    if sum(widths) <= room:
        return _pack(packed, widths), 1 << sum(widths)
    order = sort_by(*packed)
    starts = starts_of_runs(*(column.take(order) for column in packed))
    new = np.zeros(count, np.int64)
    new[starts[1:]] = 1
    number = np.empty(count, np.int64)
    number[order] = np.cumsum(new)
    return number, len(starts)


def picker(
    index: NDArray[np.integer] | NDArray[np.bool_] | slice,
) -> Callable[[NDArray[_Any]], NDArray[_Any]]:
    """Return a function that picks from the last axis of an array what an index, mask or slice says.

    For several arrays: a mask is turned into an index once, and numpy takes by an index several times faster than it
    indexes.
    """
    if isinstance(index, slice):
        return lambda array: array[..., index]
    if index.dtype == bool:
        index = np.flatnonzero(index)
    return lambda array: array.take(index, axis=-1)


def ranges(begin: NDArray[np.integer], length: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers ``begin[i], ..., begin[i] + length[i] - 1`` of all ranges, one after the other.

    Returns
    -------
    which, number : ndarray of int64, shape (sum of the lengths,)
        The range i to which each number belongs, and the number.
    """
    which = np.repeat(np.arange(len(length)), length)
    return which, np.arange(len(which)) + np.repeat(begin - (np.cumsum(length) - length), length)


class Runs:
    """Runs of a sorted column, of which most need no arithmetic.

    What is reduced here stands in the order of arrival inside each run, mostly: the smallest time is a run's first, the
    largest its last, and the outcomes of most runs are all the same. So the value at a run's end is taken and only the
    runs that it is wrong for are reduced, which is several times faster than reducing all of them.

    Parameters
    ----------
    starts
        int64, ascending, the first 0: where runs begin; at least one.
    length
        Number of elements.
    """

    def __init__(self, starts: NDArray[np.int64], length: int) -> None:
        self.starts = starts
        self.lengths = np.diff(starts, append=length)
        self._lasts = starts + self.lengths - 1
        self._within = np.ones(max(length - 1, 0), bool)
        self._within[starts[1:] - 1] = False

    def minimum(self, values: NDArray[_Integer]) -> NDArray[_Integer]:
        """Return the smallest value of each run, along the last axis."""
        return self._reduced(np.minimum, values, self.starts, values[..., 1:] < values[..., :-1])

    def maximum(self, values: NDArray[_Integer]) -> NDArray[_Integer]:
        """Return the largest value of each run, along the last axis."""
        return self._reduced(np.maximum, values, self._lasts, values[..., 1:] < values[..., :-1])

    def bitwise_or(self, values: NDArray[_Integer]) -> NDArray[_Integer]:
        """Return the bits that are set anywhere in each run, along the last axis."""
        return self._reduced(np.bitwise_or, values, self.starts, values[..., 1:] != values[..., :-1])

    def _reduced(
        self, operation: np.ufunc, values: NDArray[_Integer], place: NDArray[np.int64], wrong: NDArray[np.bool_]
    ) -> NDArray[_Integer]:
        wrong = np.logical_or.reduce(np.atleast_2d(wrong), axis=0) & self._within
        at = np.flatnonzero(wrong)
        if 2 * len(at) > len(self.starts):
            reduced: NDArray[_Integer] = operation.reduceat(values, self.starts, axis=-1)
            return reduced
        reduced = values.take(place, axis=-1)
        if len(at):
            runs = np.searchsorted(self.starts, at, side="right") - 1
            runs = runs[starts_of_runs(runs)]
            lengths = self.lengths.take(runs)
            _, index = ranges(self.starts.take(runs), lengths)
            begins = np.cumsum(lengths) - lengths
            reduced[..., runs] = operation.reduceat(values.take(index, axis=-1), begins, axis=-1)
        return reduced


def group_starts(group: NDArray[np.integer], groups: int) -> NDArray[np.int64]:
    """Return where each of `groups` groups begins in a sorted column of group numbers, shape (groups,)."""
    counts = np.bincount(group, minlength=groups)
    return np.cumsum(counts) - counts


def count_between(bounds: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Count what a mask picks in ``bounds[i]:bounds[i + 1]``, shape (len(bounds) - 1,).

    Differences of one running count: several times faster than reduceat where groups are small.
    """
    running = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, dtype=np.int32, out=running[1:])
    return np.diff(running.take(bounds))


def sum_between(bounds: NDArray[np.int64], values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Sum integers in ``bounds[i]:bounds[i + 1]``, shape (len(bounds) - 1,).

    Exact whenever each group's own sum fits int64: the running sum may wrap around, its differences do not care.
    """
    running = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, dtype=np.int64, out=running[1:])
    return np.diff(running.take(bounds))


def _squeeze(columns: list[NDArray[np.integer]], room: int, *, exactly: bool) -> list[int]:
    """Renumber columns in place, the widest first, until they fit in `room` bits; return their widths.

    `exactly` sorts the values of a column for which a table would be too large; otherwise it is left as it is.
    """
    largest = [int(column.max()) for column in columns]
    widths = [value.bit_length() for value in largest]
    for i in sorted(range(len(columns)), key=lambda i: -widths[i]):
        if sum(widths) <= room:
            break
        if largest[i] < _TABLE_FACTOR * len(columns[i]):
            present = np.zeros(largest[i] + 1, bool)
            present[columns[i]] = True
            values = np.flatnonzero(present)
            number = np.empty(len(present), np.int32)
            number[values] = np.arange(len(values), dtype=np.int32)
            columns[i] = number.take(columns[i])
        elif exactly:
            values, columns[i] = np.unique(columns[i], return_inverse=True)
        else:
            continue
        widths[i] = (len(values) - 1).bit_length()
    return widths


def _pack(columns: list[NDArray[np.integer]], widths: list[int]) -> NDArray[np.int64]:
    """Return one key per row whose order is that of the columns, the first most significant."""
    key = columns[0].astype(np.int64)
    for column, width in zip(columns[1:], widths[1:], strict=True):
        key <<= width
        key |= column
    return key
