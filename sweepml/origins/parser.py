"""Lines into rows: follows headers, settles the unit of time, and counts what it rejects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sweepml.origins.flows import flow_of
from sweepml.origins.layout import TextLayout, lacking_columns
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.pairing import Pairer
from sweepml.origins.report import ReadReport, RejectReason, RowError
from sweepml.origins.rows import Row, ValueParser
from sweepml.origins.values import clock_us, has_offset, likely_unit_us, unit_name


class LineParser:
    """Turns lines into rows.

    Parameters
    ----------
    origin, encoding
        As `detect` found them.
    report
        Takes the rejects, the columns that the log lacks, and what had to be assumed.
    pairer
        Of the log that this one continues, where records of one direction are paired.

    Attributes
    ----------
    layout
        Where the columns stand; None for JSON. Changes when a line says so.
    values
        Reads single values under the present layout.
    pairer
        Holds what is not paired yet; None where each record is a connection.
    """

    def __init__(self, origin: Origin, encoding: Encoding, report: ReadReport, pairer: Pairer | None = None) -> None:
        self.origin = origin
        self.encoding = encoding
        self.report = report
        report.origin, report.encoding = origin.name, str(encoding)
        is_text = not encoding.is_json and encoding != Encoding.PARQUET
        self.layout = TextLayout.start(origin, encoding) if is_text else None
        lacking = () if is_text else lacking_columns(frozenset(origin.fields))
        if not is_text:
            report.lacking = lacking
        self.values = ValueParser(origin, origin.unset, lacking)
        self.pairer = pairer if origin.pairing is not None else None
        if origin.pairing is not None and pairer is None:
            timeout_us = round(origin.pairing.timeout_s * 1e6)
            self.pairer = Pairer(timeout_us, sees_replies=origin.pairing.sees_replies)
        self._header: str | None = None
        self._is_settled = False

    def flush(self) -> list[Row]:
        """Return the connections of records that were still waiting for their other direction."""
        if self.pairer is None:
            return []
        rows = self.pairer.flush()
        self.report.initiator_rules = dict(self.pairer.rules)
        return rows

    def parse_block(self, block: bytes, first_line: int) -> list[Row]:
        """Return the rows of a block of complete lines; `first_line` is the number of its first."""
        rows: list[Row] = []
        for number, raw in enumerate(block.split(b"\n"), first_line):
            line = raw.removesuffix(b"\r")
            if not line or self._is_header(line):
                continue
            try:
                for values in self._records(line):
                    self._add(values, rows, number, raw)
            except RowError as rejected:
                self.report.reject(rejected.reason, number, raw)
        return rows

    def parse_records(self, records: Sequence[Mapping[str, Any]], first_record: int) -> list[Row]:
        """Return the rows of records that are already taken apart, by the names of their fields."""
        rows: list[Row] = []
        for number, record in enumerate(records, first_record):
            self._add(self.inputs_of(record), rows, number, repr(record).encode())
        return rows

    def _add(self, values: Mapping[str, Any], rows: list[Row], number: int, raw: bytes) -> None:
        """Read a record and append it, or count why not."""
        try:
            if not self.origin.required <= values.keys():
                raise RowError(RejectReason.OTHER_RECORD)
            self._settle_by(values)
            if self.pairer is None:
                rows.append(self.values.row(values))
                return
            flow = flow_of(values, self.values)
            self.report.sampling = max(self.report.sampling, flow.sampling)
            rows += self.pairer.push((flow,))
        except RowError as rejected:
            self.report.reject(rejected.reason, number, raw)

    def settle(self, body: bytes) -> None:
        """Find out in which unit the times are, from the first line that tells.

        The faster ways call this with each block before they read it. `values` may change.
        """
        if self._is_settled:
            return
        for values in self._usable(body):
            self._settle_by(values)
            if self._is_settled:
                return

    def first_records(self, body: bytes, limit: int) -> list[Mapping[str, Any]]:
        """Return input -> value of a block's first records, at most so many."""
        return list(islice(self._usable(body), limit))

    def _usable(self, body: bytes) -> Iterator[Mapping[str, Any]]:
        """Yield input -> value of a block's records that have all required inputs, up to a comment; count nothing."""
        start = 0
        while start < len(body):
            stop = body.find(b"\n", start) + 1 or len(body)
            line, start = body[start:stop].rstrip(b"\r\n"), stop
            if not line:
                continue
            if self.layout is not None and line.startswith(b"#"):
                return  # it may change the layout, which is for those who read the lines before it
            try:
                yield from (values for values in self._records(line) if self.origin.required <= values.keys())
            except RowError:
                continue  # the line is counted when it is read

    def reject_rows(self, body: bytes, first_line: int, rows: Sequence[int], reason: RejectReason) -> None:
        """Count rows of a block that a faster way left out; `rows` are ascending numbers of non-empty lines."""
        wanted, row, number, start = iter(rows), -1, first_line - 1, 0
        target = next(wanted, None)
        while target is not None and self.report.has_room(reason):
            stop = body.find(b"\n", start) + 1 or len(body)
            raw, number, start = body[start:stop].removesuffix(b"\n"), number + 1, stop
            if raw.removesuffix(b"\r"):
                row += 1
                if row == target:
                    self.report.reject(reason, number, raw)
                    target = next(wanted, None)
        if target is not None:
            self.report.count_rejects(reason, 1 + sum(1 for _ in wanted))

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

    def inputs_of(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return input -> value of a record by field names; what is null or not there is left out."""
        values: dict[str, Any] = {}
        for name, fields in self.origin.fields.items():
            value = first_value(record, fields)
            if value is not None:
                values[name] = value
        return values

    def _is_header(self, line: bytes) -> bool:
        """Take a comment or a line of column names; False for anything else."""
        if self.layout is None:
            return False
        if line.startswith(b"#"):
            self._change(self.layout.with_comment(line.decode("utf-8", "replace")))
            return True
        if self.encoding in (Encoding.TSV_HEADER, Encoding.CSV_HEADER):
            text = line.decode("utf-8", "replace")
            if self._header is None:
                self._header = text
                self._change(self.layout.with_header(text))
                return True
            return text == self._header  # logs that were joined repeat it
        if self.encoding == Encoding.CSV_BARE and not self.layout.is_usable:
            self._change(self.layout.for_bare(line.decode("utf-8", "replace")))
        return False

    def _change(self, layout: TextLayout) -> None:
        if layout is not self.layout:
            self.layout = layout
            self.values = ValueParser(self.origin, layout.unset, layout.lacking, self.values.time_unit_us)
            self.report.lacking = layout.lacking

    def _settle_by(self, values: Mapping[str, Any]) -> None:
        """Settle the unit of time by a record, unless it is settled or the record's time is none."""
        if self._is_settled:
            return
        value = values.get("ts_us")
        try:
            if type(value) is str and ":" in value:
                clock_us(value.strip(" "), self.origin.clock)
                self._is_settled = True
                if not has_offset(value):
                    self.report.assume("times do not say their offset and are read as UTC")
                return
            unit_us = likely_unit_us(value, self.origin.time_unit_us)
        except (ValueError, OverflowError):
            return  # the record is rejected when it is read
        self._is_settled = True
        if unit_us != self.origin.time_unit_us:
            wrong, right = unit_name(self.origin.time_unit_us), unit_name(unit_us)
            self.report.assume(f"times are read as {right}, because they are out of range as {wrong}")
            self.values = ValueParser(
                self.origin,
                self.values.unset,
                self.report.lacking,
                unit_us,
            )

    def _records(self, line: bytes) -> Iterator[Mapping[str, Any]]:
        """Yield input -> value of each record that a line holds."""
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise RowError(RejectReason.UTF8) from None
        if self.layout is None:
            yield from self._json_records(text)
            return
        if not self.layout.is_usable:
            raise RowError(RejectReason.OTHER_RECORD)
        try:
            values = self.layout.values(self.layout.split(text))
        except ValueError:
            raise RowError(RejectReason.FIELD_COUNT) from None
        yield values

    def _json_records(self, text: str) -> Iterator[Mapping[str, Any]]:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            raise RowError(RejectReason.JSON) from None
        if type(record) is not dict:
            raise RowError(RejectReason.OTHER_RECORD)
        flat = unfolded(self.origin, record)
        if not flat:
            raise RowError(RejectReason.OTHER_RECORD)
        for one in flat:
            yield self.inputs_of(one)


def unfolded(origin: Origin, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the flat records that a JSON object holds; none if it is not built as the format's records are."""
    if origin.unfold is None:
        return [record]
    try:
        return list(origin.unfold(record))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return []


def first_value(record: Mapping[str, Any], fields: tuple[str, ...]) -> Any:
    """Return the first value that is not null of some fields of a record, None if there is none.

    A dot in a name leads into an object, unless the record has a key of just that name; where an array stands in the
    way its first element counts.

    >>> first_value({"a": {"b": [1, 2]}, "c.d": 3}, ("c.x", "a.b")), first_value({"c.d": 3}, ("c.d",))
    (1, 3)
    """
    for field in fields:
        value = _first(record.get(field))
        if value is None and "." in field:
            value = _descend(record, field)
        if value is not None:
            return value
    return None


def _first(value: Any) -> Any:
    if type(value) is list:
        return value[0] if value else None
    return value


def _descend(record: Mapping[str, Any], path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        if type(value) is not dict:
            return None
        value = _first(value.get(part))
    return value
