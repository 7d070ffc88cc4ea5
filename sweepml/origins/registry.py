"""The log formats that are known, and how to tell which one a file is in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sweepml.errors import ConfigError, FormatError, did_you_mean
from sweepml.origins.argus import ARGUS
from sweepml.origins.aws_vpc import AWS_VPC
from sweepml.origins.azure import AZURE
from sweepml.origins.cicflowmeter import CICFLOWMETER
from sweepml.origins.cidds import CIDDS
from sweepml.origins.documents import DocumentSplitter
from sweepml.origins.ecs import ECS
from sweepml.origins.gcp_vpc import GCP_VPC
from sweepml.origins.hubble import HUBBLE
from sweepml.origins.layout import TextLayout
from sweepml.origins.nf_dataset import NF_DATASET
from sweepml.origins.nfdump import NFDUMP
from sweepml.origins.nfstream import NFSTREAM
from sweepml.origins.ocsf import OCSF
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.parser import first_value, unfolded
from sweepml.origins.report import shorten
from sweepml.origins.rows import ValueParser
from sweepml.origins.suricata import SURICATA
from sweepml.origins.ton_iot import TON_IOT
from sweepml.origins.unsw_nb15 import UNSW_NB15
from sweepml.origins.zeek import ZEEK_CONN

ORIGINS: Final = MappingProxyType(
    {
        origin.name: origin
        for origin in (
            ZEEK_CONN,
            SURICATA,
            ARGUS,
            NFSTREAM,
            NFDUMP,
            AWS_VPC,
            GCP_VPC,
            AZURE,
            HUBBLE,
            OCSF,
            ECS,
            CICFLOWMETER,
            UNSW_NB15,
            CIDDS,
            NF_DATASET,
            TON_IOT,
        )
    }
)
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


def detect(head: bytes, origin: str | Origin = AUTO) -> tuple[Origin, Encoding]:
    """Tell the log format and layout from the first bytes of a log.

    Parameters
    ----------
    head
        The first bytes, uncompressed; the last line may be cut.
    origin
        A format, or the name of one, to consider only that one.

    Raises
    ------
    FormatError
        If it is in no known format, or is empty. Says what the first line looks like.
    ConfigError
        If the name is unknown.
    """
    candidates = _candidates(origin)
    if not head.strip():
        raise FormatError("the log is empty: expected " + _titles(candidates))
    content = _Head(head)
    for candidate in candidates:
        for encoding in Encoding:
            if encoding in candidate.encodings and content.is_in(candidate, encoding):
                return candidate, encoding
    for candidate in candidates:
        if candidate.family and any(candidate.family <= record.keys() for record in content.records):
            return candidate, Encoding.JSON_LINES
    for candidate in candidates:
        if candidate.refusal is not None and candidate.refusal[0] <= content.names(candidate):
            raise FormatError(candidate.refusal[1])
    raise FormatError(f"expected {_titles(candidates)}, got {content.describe(candidates)}")


def detect_columns(record: Mapping[str, Any], origin: str | Origin = AUTO) -> Origin:
    """Tell the log format from the columns of a table.

    Parameters
    ----------
    record
        Column -> anything but None, or a mapping of the same kind where it is a structure.
    origin
        As for `detect`.

    Raises
    ------
    FormatError
        If they are those of no format that is found in tables.
    ConfigError
        If the name is unknown.
    """
    candidates = tuple(one for one in _candidates(origin) if Encoding.PARQUET in one.encodings)
    if not candidates:
        raise FormatError(f"got a Parquet file, and {origin if isinstance(origin, str) else origin.name} is text")
    for candidate in candidates:
        if _has_required(candidate, record):
            return candidate
    for candidate in candidates:
        if candidate.refusal is not None and candidate.refusal[0] <= record.keys():
            raise FormatError(candidate.refusal[1])
    names = list(record)
    shown = ", ".join(names[:12])
    raise FormatError(
        f"expected {_titles(candidates)}, got a Parquet file with the columns {shown}{_lacking(names, candidates)}"
    )


def _candidates(origin: str | Origin) -> tuple[Origin, ...]:
    if isinstance(origin, Origin):
        return (origin,)
    return tuple(ORIGINS.values()) if origin == AUTO else (find_origin(origin),)


def _has_required(origin: Origin, record: Mapping[str, Any]) -> bool:
    return all(first_value(record, origin.fields[name]) is not None for name in origin.required)


def is_document(head: bytes) -> bool:
    """Whether a log begins like one JSON document: with an array, or an object whose first line ends within it."""
    return _DOCUMENT.match(head.removeprefix(BOM)) is not None


def _titles(candidates: tuple[Origin, ...]) -> str:
    if len(candidates) > 1:
        return "a log in a known format (" + ", ".join(origin.name for origin in candidates) + ")"
    (origin,) = candidates
    return f"{origin.title} ({', '.join(e for e in Encoding if e in origin.encodings)})"


_DOCUMENT: Final = re.compile(rb"\s*(?:\[|\{\s*\"records\"\s*:|\{[ \t]*\r?\n)")


class _Head:
    """The first bytes of a log, taken apart."""

    def __init__(self, head: bytes) -> None:
        self._head = head.removeprefix(BOM)
        self._is_document = is_document(head)
        lines = [line.rstrip(b"\r") for line in self._head.split(b"\n")]
        self._lines = [line for line in lines if line.strip()]
        self.records: list[Mapping[str, Any]] = []
        """JSON objects; any line counts, not only the first: shippers mix the records of several logs in one file."""
        if self._is_document:
            splitter = DocumentSplitter()
            self._lines = (splitter.feed(self._head) + splitter.flush()).split(b"\n")
        for line in self._lines:
            if line.startswith(b"{"):
                self.records.append(_json_object(line))

    def is_in(self, origin: Origin, encoding: Encoding) -> bool:
        """Whether the log is in a format and layout."""
        if encoding.is_json:
            if (encoding == Encoding.JSON_DOCUMENT) != self._is_document:
                return False
            return any(self._is_record(origin, record) for record in self.records) or self._has_marks(origin)
        layout = TextLayout.start(origin, encoding)
        if encoding == Encoding.TSV_FIELDS:
            for line in self._lines:
                if not line.startswith(b"#"):
                    break
                layout = layout.with_comment(line.decode("utf-8", "replace"))
            return layout.is_usable
        first = next((line for line in self._lines if not line.startswith(b"#")), b"").decode("utf-8", "replace")
        if encoding in (Encoding.TSV_HEADER, Encoding.CSV_HEADER):
            return layout.with_header(first).is_usable
        return encoding == Encoding.CSV_BARE and _is_bare_row(layout.for_bare(first), first)

    def _has_marks(self, origin: Origin) -> bool:
        begins = self._head.lstrip()[:1] in (b"{", b"[")
        return begins and bool(origin.marks) and all(f'"{mark}"'.encode() in self._head for mark in origin.marks)

    def names(self, origin: Origin) -> frozenset[str]:
        """Return the names in the first line, if it is a header."""
        first = next((line for line in self._lines if not line.startswith(b"#")), b"").decode("utf-8", "replace")
        return frozenset(TextLayout.start(origin, Encoding.CSV_HEADER).with_header(first).names)

    def _is_record(self, origin: Origin, record: Mapping[str, Any]) -> bool:
        if origin.unfold is not None:
            return any(_has_required(origin, flat) for flat in unfolded(origin, record))
        return _has_required(origin, record)

    def describe(self, candidates: tuple[Origin, ...]) -> str:
        """Say in words what the log begins with, and what the format that is closest to it lacks."""
        for magic, words in _MAGIC.items():
            if self._head.startswith(magic):
                return words
        first = next((line for line in self._lines if line.startswith(b"#fields")), (self._lines or [self._head])[0])
        if b"\0" in first:
            return f"binary data beginning with {shorten(first, 40)}"
        names: list[str] = []
        what = f"a first line '{shorten(first)}'"
        if first.startswith(b"{"):
            names = list(_json_object(first))
            what = f"JSON with the keys {', '.join(names[:12])}" if names else f"broken JSON '{shorten(first)}'"
        elif first.startswith(b"#fields"):
            names = first.decode("utf-8", "replace").split("\t")[1:]
            what = f"a log with the fields {', '.join(names[:12])}"
        return what + (_lacking(names, candidates) if names else "")


def _lacking(names: Iterable[str], candidates: tuple[Origin, ...]) -> str:
    """Say what field names lack of the format of which they have the most."""
    known = frozenset(names)
    closest = min(candidates, key=lambda origin: len(origin.lacks(known)) / len(origin.required))
    lacking = closest.lacks(known)
    if not lacking:
        return ""
    text = ", which lacks " + ", ".join(closest.fields[name][0] for name in lacking)
    return text + (f" of {closest.title}" if len(candidates) > 1 else "")


def _is_bare_row(layout: TextLayout, line: str) -> bool:
    """Whether a line is a row without a header: it has the right number of fields, with addresses and a time."""
    if not layout.is_usable:
        return False
    reader = ValueParser(layout.origin, layout.unset)
    try:
        values = layout.values(layout.split(line))
        for name in ("src", "dst"):
            reader.address(values[name])
        reader.time(values["ts_us"])
    except ValueError:
        return False
    return True


def _json_object(line: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
