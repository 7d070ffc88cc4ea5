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

LIMIT_US: Final = (1 << 32) * 1e6
"""Times and durations end here, in 2106: later ones are not exact, and milliseconds for seconds stand out."""

MAX_COUNT: Final = (1 << 63) - 1

_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"(-?[0-9]+)(?:\.0*)?")
_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,16})")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
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
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("expected epoch seconds or an RFC 3339 time with its offset")
    day, clock, fraction, offset = match.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    us = (moment - _EPOCH) // timedelta(microseconds=1) + int(((fraction or "") + "000000")[:6])
    if not 0 <= us < LIMIT_US:
        raise ValueError("out of range")
    return us


def time_us(value: object, unit_us: float = 1e6) -> int:
    """Return microseconds since 1970 UTC of a number of units, or of an RFC 3339 text.

    Raises
    ------
    ValueError
        As `number_us` and `timestamp_us`.
    """
    if type(value) is str and ":" in value:
        return timestamp_us(value.strip(" "))
    return number_us(value, unit_us)


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
