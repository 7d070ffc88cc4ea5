"""How single values are written in logs. Both readers accept exactly what these functions accept.

Times are read as the nearest double and multiplied: ``round(float(text) * unit)``. For up to six decimals
this is exact below 2**32 seconds: the double is off by at most 0.24 us there and the product by at most
0.25 us, together less than half a microsecond. Text and JSON of one instant therefore agree, however many
decimals they have, and all readers can use the floating-point parser that they find.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sweepml.graph.hosts import pack_address
from sweepml.origins.origin import Clock

LIMIT_US: Final = (1 << 32) * 1e6
"""Times and durations end here, in 2106: later ones are not exact, and milliseconds for seconds stand out."""

MAX_COUNT: Final = (1 << 63) - 1

_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"(-?[0-9]+)(?:\.0*)?")
_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,16})")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_YEAR_FIRST = re.compile(
    r"(\d{4})([-/])(\d\d)\2(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
_DAY_FIRST = re.compile(
    r"(\d\d?)/(\d\d?)/(\d{4}) (\d\d?):(\d\d)(?::(\d\d))?(?:\.(\d{1,9}))?(?: ([AaPp])[Mm])?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAPPED_PREFIX = b"\0" * 10 + b"\xff\xff"


def number_us(value: object, unit_us: float = 1e6) -> int:
    """Return microseconds of a number of units: text, int or float.

    Raises
    ------
    ValueError
        If it is no number, negative, or at least `LIMIT_US`.
    """
    if type(value) is str:
        text = value.strip(" ")
        if not _REAL.fullmatch(text):
            raise ValueError("expected a decimal number")
        product = float(text) * unit_us
    elif type(value) is int or type(value) is float:
        try:
            product = float(value) * unit_us
        except OverflowError:
            raise ValueError("out of range") from None
    else:
        raise ValueError("expected a number")
    if not 0 <= product < LIMIT_US:  # also refuses NaN
        raise ValueError("out of range")
    return round(product)


def timestamp_us(text: str) -> int:
    """Return microseconds since 1970 UTC of an RFC 3339 time; digits beyond microseconds are cut off.

    Raises
    ------
    ValueError
        If the text is no such time, lacks its offset, or is before 1970 or after `LIMIT_US`.

    >>> timestamp_us("2020-04-30T00:06:39.82437Z")
    1588205199824370
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("expected epoch seconds or an RFC 3339 time with its offset")
    return clock_us(text, Clock.YEAR_FIRST)


def clock_us(text: str, clock: Clock) -> int:
    """Return microseconds since 1970 UTC of a written time; digits beyond microseconds are cut off.

    Raises
    ------
    ValueError
        If the text is not written as the clock demands, is no time, or is before 1970 or after `LIMIT_US`.

    >>> clock_us("2026/11/24 07:23:36.618586", Clock.YEAR_FIRST)
    1795505016618586
    >>> clock_us("07/04/2017 01:59 PM", Clock.DAY_FIRST) == clock_us("2017-04-07 13:59:00", Clock.YEAR_FIRST)
    True
    """
    if clock == Clock.RFC3339:
        return timestamp_us(text)
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None or clock == Clock.YEAR_FIRST:
        if match is None:
            raise ValueError("expected a time such as 2020-04-30 00:06:39.824370")
        year, _, month, day, hour, minute, second, fraction, offset = match.groups()
    else:
        match = _DAY_FIRST.fullmatch(text)
        if match is None:
            raise ValueError("expected a time such as 30/04/2020 12:06:39 AM")
        day, month, year, hour, minute, second, fraction, half = match.groups()
        offset = ""
        if half is not None:
            if not 1 <= int(hour) <= 12:
                raise ValueError("hour out of range")
            hour = str(int(hour) % 12 + (12 if half in "Pp" else 0))
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    us = (moment - _EPOCH) // timedelta(microseconds=1) + int(((fraction or "") + "000000")[:6])
    us -= _offset_us(offset or "Z")
    if not 0 <= us < LIMIT_US:
        raise ValueError("out of range")
    return us


def has_offset(text: str) -> bool:
    """Whether a written time says how far its clock is from UTC."""
    text = text.rstrip(" ")
    return text[-1:] in ("Z", "z") or "+" in text[10:] or "-" in text[10:]


def _offset_us(offset: str) -> int:
    """Return the microseconds of an offset from UTC: ``Z``, ``+01:00`` or ``+0100``."""
    if offset in "Zz":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("offset out of range")
    return (60 * hours + minutes) * (60_000_000 if offset[0] == "+" else -60_000_000)


def time_us(value: object, unit_us: float = 1e6, clock: Clock = Clock.RFC3339) -> int:
    """Return microseconds since 1970 UTC of a number of units, or of a written time.

    Raises
    ------
    ValueError
        As `number_us` and `clock_us`.
    """
    if type(value) is str and ":" in value:
        return clock_us(value.strip(" "), clock)
    return number_us(value, unit_us)


_UNIT_NAMES: Final = {1e6: "seconds", 1e3: "milliseconds", 1.0: "microseconds", 1e-3: "nanoseconds"}
_EARLIEST_US: Final = 7305 * 86_400e6
"""1990: no connection log is older, but traces without a clock start at 1970."""


def unit_name(unit_us: float) -> str:
    """Return what a unit of time is called."""
    return _UNIT_NAMES.get(unit_us, f"units of {unit_us:g} us")


def likely_unit_us(value: object, unit_us: float) -> float:
    """Return the unit in which a time is written, given the one in which it should be.

    The declared unit stands unless the time is out of range in it and would be between 1990 and 2106 in another.

    Raises
    ------
    ValueError
        If the value is no number.

    >>> likely_unit_us(1588205199824, 1e6), likely_unit_us("1588205199", 1e3), likely_unit_us(5, 1e3)
    (1000.0, 1000000.0, 1000.0)
    """
    number = float(value) if type(value) is int or type(value) is float else _number(value)
    if _EARLIEST_US <= number * unit_us < LIMIT_US:
        return unit_us
    fitting = [unit for unit in _UNIT_NAMES if _EARLIEST_US <= number * unit < LIMIT_US]
    return fitting[0] if fitting else unit_us


def _number(value: object) -> float:
    if type(value) is str and _REAL.fullmatch(text := value.strip(" ")):
        return float(text)
    raise ValueError("expected a number")


_FLAG_BITS: Final = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}


def tcp_flag_bits(value: object) -> int:
    """Return TCP flags as bits (RFC 9293, 3.1) from a number, decimal or 0x, or from letters; -1 if it is neither.

    >>> tcp_flag_bits("...AP.SF"), tcp_flag_bits("0x12"), tcp_flag_bits(2), tcp_flag_bits("")
    (27, 18, 2, -1)
    """
    try:
        return count(value) & 0xFF
    except ValueError:
        if type(value) is not str:
            return -1
    letters = value.strip(" ").upper().replace(".", "")
    if (not letters and "." not in value) or not _FLAG_BITS.keys() >= set(letters):
        return -1
    return sum(_FLAG_BITS[letter] for letter in set(letters))


def count(value: object) -> int:
    """Return a whole number between 0 and 2**63 - 1, from text (decimal or 0x), int or whole float.

    Raises
    ------
    ValueError
        If it is none.
    """
    if type(value) is str:
        text = value.strip(" ")
        if match := _INTEGER.fullmatch(text):
            number = int(match[1])
        elif match := _HEX.fullmatch(text):
            number = int(match[1], 16)
        else:
            raise ValueError("expected a whole number")
    elif type(value) is int or (type(value) is float and value.is_integer()):
        number = int(value)
    else:
        raise ValueError("expected a whole number")
    if not 0 <= number <= MAX_COUNT:
        raise ValueError("out of range")
    return number


def canonical_address(text: str) -> str:
    """Return an address as RFC 5952 writes it; IPv4-mapped IPv6, the same host, becomes dotted decimal.

    Raises
    ------
    InputError
        If the text is no address.

    >>> canonical_address("FE80:0:0::1"), canonical_address("::ffff:10.0.0.1")
    ('fe80::1', '10.0.0.1')
    """
    packed = pack_address(text)
    if ":" not in text:
        return text  # inet_pton takes one spelling only
    if packed.startswith(_MAPPED_PREFIX):
        return ".".join(str(octet) for octet in packed[12:])
    return str(ipaddress.IPv6Address(packed))
