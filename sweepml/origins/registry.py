"""The log formats that are known, and how to tell which one a file is in."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Final

from sweepml.errors import ConfigError, FormatError, did_you_mean
from sweepml.origins.layout import TsvLayout
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.report import shorten
from sweepml.origins.zeek import ZEEK_CONN

ORIGINS: Final = MappingProxyType({origin.name: origin for origin in (ZEEK_CONN,)})
"""Name -> log format."""

AUTO: Final = "auto"
"""Stands for whichever format the content is in."""

BOM: Final = b"\xef\xbb\xbf"
"""UTF-8 byte order mark, which some Windows tools put first."""

_MAGIC = {
    b"\x1f\x8b": "gzip data",
    b"\xd4\xc3\xb2\xa1": "a pcap capture",
    b"\xa1\xb2\xc3\xd4": "a pcap capture",
    b"\x0a\x0d\x0d\x0a": "a pcapng capture",
    b"PAR1": "a Parquet file",
}


def find_origin(name: str) -> Origin:
    """Return a log format by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    try:
        return ORIGINS[name]
    except KeyError:
        hint = did_you_mean(name, [AUTO, *ORIGINS])
        raise ConfigError(f"unknown log format {name!r}: {hint}") from None


def detect(head: bytes, origin: str = AUTO) -> tuple[Origin, Encoding]:
    """Tell the log format and layout from the first bytes of a log.

    Parameters
    ----------
    head
        The first bytes, uncompressed; the last line may be cut.
    origin
        Name of a format to consider only that one.

    Raises
    ------
    FormatError
        If it is in no known format, or is empty. Says what the first line looks like.
    ConfigError
        If the name is unknown.
    """
    candidates = tuple(ORIGINS.values()) if origin == AUTO else (find_origin(origin),)
    if not head.strip():
        raise FormatError("the log is empty: expected " + _titles(candidates))
    lines = [line.rstrip(b"\r") for line in head.removeprefix(BOM).split(b"\n")]
    lines = [line for line in lines if line.strip()]
    for candidate in candidates:
        for encoding, accepts in _ACCEPTS.items():
            if encoding in candidate.encodings and accepts(candidate, lines):
                return candidate, encoding
    raise FormatError(f"expected {_titles(candidates)}, got {_describe(head, lines, candidates[0])}")


def _titles(candidates: tuple[Origin, ...]) -> str:
    return " or ".join(f"{o.title} ({', '.join(e for e in Encoding if e in o.encodings)})" for o in candidates)


def _has_fields_line(origin: Origin, lines: list[bytes]) -> bool:
    layout = TsvLayout.start(origin)
    for line in lines:
        if not line.startswith(b"#"):
            break
        layout = layout.with_comment(line.decode("utf-8", "replace"))
    return layout.is_usable


def _has_header_line(origin: Origin, lines: list[bytes]) -> bool:
    for line in lines:
        if not line.startswith(b"#"):
            names = line.decode("utf-8", "replace").split(origin.delimiter)
            return TsvLayout.start(origin).with_names(names).is_usable
    return False


def _has_objects(origin: Origin, lines: list[bytes]) -> bool:
    # Any line counts, not only the first: shippers mix the records of several logs in one file.
    return any(not origin.lacks(frozenset(_json_keys(line))) for line in lines if line.startswith(b"{"))


def _json_keys(line: bytes) -> list[str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return list(record) if isinstance(record, dict) else []


_ACCEPTS = {
    Encoding.TSV_FIELDS: _has_fields_line,
    Encoding.JSON_LINES: _has_objects,
    Encoding.TSV_HEADER: _has_header_line,
}


def _describe(head: bytes, lines: list[bytes], origin: Origin) -> str:
    """Say in words what the log begins with."""
    for magic, words in _MAGIC.items():
        if head.startswith(magic):
            return words
    first = next((line for line in lines if line.startswith(b"#fields")), lines[0] if lines else head)
    if b"\0" in first:
        return f"binary data beginning with {shorten(first, 40)}"
    names: list[str] = []
    what = f"a first line '{shorten(first)}'"
    if first.startswith(b"{"):
        names = _json_keys(first)
        what = f"JSON with the keys {', '.join(names[:12])}" if names else f"broken JSON '{shorten(first)}'"
    elif first.startswith(b"#fields"):
        names = first.decode("utf-8", "replace").split(origin.delimiter)[1:]
        what = f"a log with the fields {', '.join(names[:12])}"
    lacking = origin.lacks(frozenset(names)) if names else ()
    if lacking:
        what += ", which lacks " + ", ".join(origin.fields[name][0] for name in lacking)
    return what
