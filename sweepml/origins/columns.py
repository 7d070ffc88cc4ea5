"""Whole columns at a time: the checks and conversions that both fast readers share.

Where a value is not what `sweepml.origins.rows` would accept without a second look they return None; the
caller then lets that module judge the rows one by one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL
from sweepml.origins.values import LIMIT_US, timestamp_us
from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome

LABEL_BY_KIND: Final = MappingProxyType(
    {"sweep": SWEEP_LABEL, "vertical_scan": OTHER_ATTACK_LABEL, "other_attack": OTHER_ATTACK_LABEL}
)
"""Kind that a log's label stands for -> `Connections.label`; other kinds are 0."""


def times_us(values: NDArray[np.float64], unit_us: float) -> NDArray[np.int64] | None:
    """Return microseconds, rounded as `number_us` does, or None if a value is out of range."""
    product = values * unit_us
    if not bool(np.all((product >= 0) & (product < LIMIT_US))):  # false for NaN too
        return None
    return np.rint(product).astype(np.int64)


_CLOCK_MIN: Final = len("2020-04-30T00:06:39")
_CLOCK_MAX: Final = _CLOCK_MIN + len(".824370999+00:00")
_DIGITS: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_DAY_US: Final = 86_400 * 10**6


def clocks_us(raw: NDArray[np.uint8], bounds: NDArray[np.integer], *, slashes: bool) -> NDArray[np.int64] | None:
    """Return microseconds since 1970 UTC of times that are written with the year first.

    Parameters
    ----------
    raw
        uint8, their ASCII text, one after the other.
    bounds
        Shape (n + 1,): where each begins and ends in `raw`.
    slashes
        Whether slashes and lacking offsets are allowed (`Clock.YEAR_FIRST`), or not (`Clock.RFC3339`).

    Returns
    -------
    ndarray of int64 or None
        As `clock_us` reads them; None if one needs a second look.
    """
    starts, widths = bounds[:-1], np.diff(bounds)
    ts_us = np.empty(len(starts), np.int64)
    for width in np.unique(widths).tolist():
        if not _CLOCK_MIN <= width <= _CLOCK_MAX:
            return None
        rows = np.flatnonzero(widths == width)
        if len(rows) == len(starts) and raw.size == width * len(rows):
            text = raw.reshape(-1, width)
        else:
            text = raw[starts[rows, None] + np.arange(width)]
        found = _same_width_us(text, slashes=slashes)
        if found is None:
            return None
        ts_us[rows] = found
    return ts_us


def _same_width_us(text: NDArray[np.uint8], *, slashes: bool) -> NDArray[np.int64] | None:
    """Return what `clocks_us` does, of texts with as many characters as each other, shape (n, width)."""
    suffix = text[0, _CLOCK_MIN:].tobytes()
    fraction, offset = _split_suffix(suffix)
    if (offset is None and not slashes) or (suffix[:1] == b"." and not 1 <= fraction <= 9):
        return None
    offset_us = _offset_of(offset) if offset is not None else 0
    if offset_us is None:
        return None
    digits = text[:, np.concatenate([_DIGITS, np.arange(_CLOCK_MIN + 1, _CLOCK_MIN + 1 + fraction)])] - ord("0")
    day_mark = text[:, 4]
    marks = (day_mark == ord("-")) | (day_mark == ord("/")) if slashes else day_mark == ord("-")
    marks &= (text[:, 7] == day_mark) & (text[:, 13] == ord(":")) & (text[:, 16] == ord(":"))
    marks &= (text[:, 10] == ord("T")) | (text[:, 10] == ord(" ")) | (text[:, 10] == ord("t"))
    end = _CLOCK_MIN + (1 + fraction if fraction else 0)
    same = np.all(text[:, end:] == text[0, end:]) and (not fraction or np.all(text[:, _CLOCK_MIN] == ord(".")))
    if not (same and marks.all() and (digits <= 9).all()):
        return None
    year, month, day, hour, minute, second = (
        _number(digits[:, a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
    )
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (hour <= 23) & (minute <= 59) & (second <= 59)
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    if not (valid & (day <= next_first - first) & (year >= 1)).all():
        return None
    seconds = (hour * 60 + minute) * 60 + second
    kept = min(fraction, 6)
    us = _number(digits[:, 14 : 14 + kept]) * 10 ** (6 - kept) if kept else 0
    ts_us: NDArray[np.int64] = (first + day - 1) * _DAY_US + seconds * 10**6 + us - offset_us
    return ts_us if bool(np.all((ts_us >= 0) & (ts_us < LIMIT_US))) else None


def _split_suffix(suffix: bytes) -> tuple[int, bytes | None]:
    """Return how many decimals follow the seconds, and the offset from UTC, None where there is none."""
    fraction = 0
    if suffix.startswith(b"."):
        fraction = len(suffix) - 1 - len(suffix[1:].lstrip(b"0123456789"))
        suffix = suffix[1 + fraction :]
    return fraction, suffix or None


def _offset_of(offset: bytes) -> int | None:
    """Return the microseconds of an offset, None for what is none."""
    try:
        return timestamp_us("2000-01-02T00:00:00Z") - timestamp_us("2000-01-02T00:00:00" + offset.decode("ascii"))
    except ValueError:  # which UnicodeDecodeError is, too
        return None


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the numbers whose decimal digits stand in the rows."""
    number = np.zeros(len(digits), np.int64)
    for place in range(digits.shape[1]):
        number = number * 10 + digits[:, place]
    return number


def ports(values: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return ports unchanged, or None if one is out of range."""
    return values if len(values) == 0 or (values.min() >= 0 and values.max() <= 0xFFFF) else None


def icmp_rows(protocol: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return which rows are ICMP or ICMPv6."""
    return np.flatnonzero((protocol == Protocol.ICMP) | (protocol == Protocol.ICMP6))


def icmp_protocol(protocol: NDArray[np.uint8], is_ipv6: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the protocols of ICMP rows: logs write "icmp" for both, ICMP itself does not run over IPv6."""
    return np.where((protocol == Protocol.ICMP) & is_ipv6, np.uint8(Protocol.ICMP6), protocol)


def filled(known: NDArray[np.int64], otherwise: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `known`, and the other value where it is missing."""
    return np.where(known < 0, otherwise, known)


def remainders(known: NDArray[np.int64], total: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `known`, and where it is missing the rest of the total, as `sweepml.origins.rows.remainder` gives it."""
    return filled(known, np.where((part >= 0) & (total >= part), total - part, MISSING))


def icmp_outcomes(orig_packets: NDArray[np.int64], resp_packets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return what packet counts say of ICMP exchanges, as `Evidence.by_reply` does."""
    asked = (resp_packets == 0) & (orig_packets > 0)
    outcome = np.where(asked, Outcome.UNANSWERED, Outcome.UNKNOWN)
    return np.where(resp_packets > 0, Outcome.ANSWERED, outcome).astype(np.uint8)
