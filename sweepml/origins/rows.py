"""One line at a time: the definition of which rows are accepted and what they become.

The readers have faster ways for blocks in which all is well; whatever those cannot take comes here, so that
a bulk reader and a stream accept the same rows and give the same values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from sweepml.errors import InputError
from sweepml.origins.layout import TsvLayout
from sweepml.origins.origin import COUNT_INPUTS, Encoding, Origin, icmp_outcome
from sweepml.origins.report import ReadReport, RejectReason, RowError
from sweepml.origins.values import canonical_address, count, number_us, time_us
from sweepml.schema.connection import MISSING, PROTOCOL_BY_NAME, UNKNOWN_PROTOCOL, Protocol


class Row(NamedTuple):
    """One connection, with the fields of `CONNECTION_COLUMNS`."""

    ts_us: int
    src: str
    dst: str
    protocol: int
    dst_port: int
    outcome: int
    duration_us: int
    orig_bytes: int
    resp_bytes: int
    orig_packets: int
    resp_packets: int
    label: str


class ValueParser:
    """Reads the values of one format.

    Parameters
    ----------
    origin
        The log format.
    unset
        Texts that mean "no value" in this log.
    lacking
        Optional columns that this log does not have.
    """

    def __init__(self, origin: Origin, unset: frozenset[str], lacking: tuple[str, ...] = ()) -> None:
        self.origin = origin
        self.unset = unset
        self._unset_value = {
            name: MISSING if name in lacking else origin.unset_value(name) for name in ("duration_us", *COUNT_INPUTS)
        }

    def is_unset(self, value: object) -> bool:
        """Whether a value says that there is none."""
        return value is None or (type(value) is str and value in self.unset)

    def duration(self, value: object) -> int:
        """Return a duration in microseconds."""
        if self.is_unset(value):
            return self._unset_value["duration_us"]
        try:
            return number_us(value, self.origin.time_unit_us)
        except ValueError:
            raise RowError(RejectReason.NUMBER) from None

    def count(self, name: str, value: object) -> int:
        """Return a count of bytes or packets."""
        if self.is_unset(value):
            return self._unset_value[name]
        try:
            return count(value)
        except ValueError:
            raise RowError(RejectReason.NUMBER) from None

    def port(self, value: object) -> int:
        """Return a port, or an ICMP type."""
        try:
            port = count(value)
        except ValueError:
            port = MISSING
        if not 0 <= port <= 0xFFFF:
            raise RowError(RejectReason.PORT)
        return port

    def address(self, value: object) -> str:
        """Return an address in canonical form."""
        if type(value) is not str:
            raise RowError(RejectReason.ADDRESS)
        try:
            return canonical_address(value)
        except InputError:
            raise RowError(RejectReason.ADDRESS) from None

    def time(self, value: object) -> int:
        """Return a start in microseconds since 1970 UTC."""
        try:
            return time_us(value, self.origin.time_unit_us)
        except ValueError:
            raise RowError(RejectReason.TIME) from None

    def protocol(self, value: object) -> int:
        """Return an IANA number; names that are not known become `UNKNOWN_PROTOCOL`."""
        if type(value) is str and value.lower() in PROTOCOL_BY_NAME:
            return PROTOCOL_BY_NAME[value.lower()]
        try:
            number = count(value)
        except ValueError:
            return UNKNOWN_PROTOCOL
        return number if number <= UNKNOWN_PROTOCOL else UNKNOWN_PROTOCOL

    def state(self, value: object) -> int:
        """Return the outcome of a state."""
        return int(self.origin.outcome.of_state(value if type(value) is str else ""))

    def kind(self, label: object, detail: object) -> str:
        """Return the kind of a record's label."""
        return self.origin.label.kind(label if type(label) is str else "", detail if type(detail) is str else "")

    def row(self, values: Mapping[str, object]) -> Row:
        """Return the connection that a record describes.

        Raises
        ------
        RowError
            If a value cannot be used.
        """
        get = values.get
        ts_us = self.time(get("ts_us"))
        src, dst = self.address(get("src")), self.address(get("dst"))
        protocol = self.protocol(get("protocol"))
        if protocol == Protocol.ICMP and ":" in dst:
            protocol = int(Protocol.ICMP6)  # logs write "icmp" for both; ICMP itself does not run over IPv6
        is_icmp = protocol in (Protocol.ICMP, Protocol.ICMP6)
        port = self.port(get("icmp_type") if is_icmp and "icmp_type" in values else get("dst_port"))
        duration_us = self.duration(get("duration_us"))
        counts = [self.count(name, get(name)) for name in COUNT_INPUTS]
        if is_icmp and self.origin.outcome.icmp_by_reply:
            outcome = int(icmp_outcome(counts[2], counts[3]))
        else:
            outcome = self.state(get("state"))
        kind = self.kind(get("label"), get("label_detail"))
        return Row(
            ts_us,
            src,
            dst,
            protocol,
            port,
            outcome,
            duration_us,
            counts[0],
            counts[1],
            counts[2],
            counts[3],
            kind,
        )


class LineParser:
    """Turns lines into rows, follows the header, and counts what it rejects.

    Parameters
    ----------
    origin, encoding
        As `detect` found them.
    report
        Takes the rejects, and the columns that the log lacks.

    Attributes
    ----------
    layout
        Where the columns stand; None for JSON. Changes when a line says so.
    values
        Reads single values under the present layout.
    """

    def __init__(self, origin: Origin, encoding: Encoding, report: ReadReport) -> None:
        self.origin = origin
        self.encoding = encoding
        self.report = report
        report.origin, report.encoding = origin.name, str(encoding)
        self.layout = None if encoding == Encoding.JSON_LINES else TsvLayout.start(origin)
        self.values = ValueParser(origin, origin.unset)
        self._header: str | None = None

    def parse_block(self, block: bytes, first_line: int) -> list[Row]:
        """Return the rows of a block of complete lines; `first_line` is the number of its first."""
        rows = []
        for number, raw in enumerate(block.split(b"\n"), first_line):
            line = raw.removesuffix(b"\r")
            if not line or self._is_header(line):
                continue
            try:
                rows.append(self._parse(line))
            except RowError as rejected:
                self.report.reject(rejected.reason, number, raw)
        return rows

    def trim(self, block: bytes) -> tuple[int, bytes, bytes]:
        """Take the header lines at the start of a block and split off the comments at its end.

        Returns
        -------
        lines : int
            Number of lines taken from the start.
        body, tail : bytes
            What is left, and the comment lines that end it; those are still to be parsed.
        """
        if self.layout is None:
            return 0, block, b""
        lines, start = 0, 0
        while start < len(block):
            stop = block.find(b"\n", start) + 1 or len(block)
            line = block[start:stop].rstrip(b"\r\n")
            if line and not self._is_header(line):
                break
            lines, start = lines + 1, stop
        stop = len(block)
        while stop > start:
            line_start = block.rfind(b"\n", start, stop - 1) + 1 or start
            if block[line_start : line_start + 1] != b"#":
                break
            stop = line_start
        return lines, block[start:stop], block[stop:]

    def _is_header(self, line: bytes) -> bool:
        """Take a comment or a line of column names; False for anything else."""
        if self.layout is None:
            return False
        if line.startswith(b"#"):
            self._change(self.layout.with_comment(line.decode("utf-8", "replace")))
            return True
        if self.encoding == Encoding.TSV_HEADER:
            text = line.decode("utf-8", "replace")
            if self._header is None:
                self._header = text
                self._change(self.layout.with_names(text.split(self.layout.delimiter)))
                return True
            return text == self._header  # logs that were joined repeat it
        return False

    def _change(self, layout: TsvLayout) -> None:
        if layout is not self.layout:
            self.layout = layout
            self.values = ValueParser(self.origin, layout.unset, layout.lacking)
            self.report.lacking = layout.lacking

    def _parse(self, line: bytes) -> Row:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise RowError(RejectReason.UTF8) from None
        if self.layout is None:
            return self.values.row(self._json_values(text))
        if not self.layout.is_usable:
            raise RowError(RejectReason.OTHER_RECORD)
        try:
            values = self.layout.values(text.split(self.layout.delimiter))
        except ValueError:
            raise RowError(RejectReason.FIELD_COUNT) from None
        return self.values.row(values)

    def _json_values(self, text: str) -> dict[str, object]:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            raise RowError(RejectReason.JSON) from None
        if type(record) is not dict:
            raise RowError(RejectReason.OTHER_RECORD)
        values: dict[str, object] = {}
        for name, fields in self.origin.fields.items():
            for field in fields:
                value = record.get(field)
                if value is not None:
                    values[name] = value
                    break
        if not self.origin.required <= values.keys():
            raise RowError(RejectReason.OTHER_RECORD)
        return values
