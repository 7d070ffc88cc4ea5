"""Alerts that another tool raised, read from the log that it wrote."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sweepml.datasets.foreign_formats import FOREIGN_FORMATS, AlertFields, ForeignFormat
from sweepml.errors import FormatError, InputError
from sweepml.origins.files import LineSplitter, LogFile
from sweepml.origins.report import ReadReport, RejectReason, RowError
from sweepml.schema.alert import AlertRow

_BLOCK_BYTES: Final = 1 << 20
"""Read at a time. Chosen, not tuned."""
_UNSET: Final = ("-", "(empty)")
"""What Zeek's text logs write for no value."""


@dataclass(frozen=True, slots=True)
class ForeignAlerts:
    """Alerts about sweeps, and what else was in the file.

    Attributes
    ----------
    alerts
        In the order of the file.
    title
        Format of the file.
    skipped
        Reason -> records that are no alerts about sweeps.
    report
        What could not be read.
    """

    alerts: tuple[AlertRow, ...]
    title: str
    skipped: dict[str, int]
    report: ReadReport


def read_foreign_alerts(path: str | os.PathLike[str], capture: str = "") -> ForeignAlerts:
    """Read the alerts of another tool, whose format is told from the content (`FOREIGN_FORMATS`).

    Parameters
    ----------
    path
        Zeek's notice.log (text or JSON), Suricata's eve.json, Snort 3's alert_json, Slips' alerts.json, OCSF findings
        such as sweepml's own, or JSON lines with ``source`` and ``detected``. Plain or gzip.
    capture
        Name of the capture that the tool was run on, where the lines do not say.

    Returns
    -------
    ForeignAlerts
        Evidence starts at the detection where a line does not say when, and the score is 1 where it has none. Lines
        that cannot be read are counted by reason and logged once.

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read, or a line names no capture and none was given.
    FormatError
        If no line is in a format that is known.
    """
    report = ReadReport(os.fspath(path))
    skipped: Counter[str] = Counter()
    alerts: list[AlertRow] = []
    known: ForeignFormat | None = None
    header: list[str] = []
    for line, raw, record in _records(report, header):
        known = known or _format_of(record)
        if known is None or not known.recognises(record):
            report.reject(RejectReason.OTHER_RECORD, line, raw)
            continue
        try:
            fields = known.parse(record)
        except RowError as error:
            report.reject(error.reason, line, raw)
            continue
        if isinstance(fields, str):
            skipped[fields] += 1
            continue
        if fields.since_us is not None and fields.since_us > fields.detected_us:
            report.reject(RejectReason.TIME, line, raw)
            continue
        alerts.append(_alert(fields, known, capture, f"{report.path}, line {line}"))
        report.accept(1, alerts[-1].since_us, alerts[-1].detected_us)
    known = known or _format_of(dict.fromkeys(header))  # a log with a header and no lines: nothing was raised
    if known is None:
        titles = ", ".join(one.title for one in FOREIGN_FORMATS)
        raise FormatError(f"{report.path}: holds no alerts in a format that is known: {titles}")
    report.origin = known.name
    report.log()
    return ForeignAlerts(tuple(alerts), known.title, dict(sorted(skipped.items())), report)


def _format_of(record: Mapping[str, Any]) -> ForeignFormat | None:
    return next((one for one in FOREIGN_FORMATS if one.recognises(record)), None)


def _alert(fields: AlertFields, known: ForeignFormat, capture: str, place: str) -> AlertRow:
    name = fields.capture or capture
    if not name:
        raise InputError(f"{place}: names no capture; say which capture the tool was run on")
    return AlertRow(
        capture=name,
        source=fields.source,
        detected_us=fields.detected_us,
        since_us=fields.detected_us if fields.since_us is None else fields.since_us,
        score=fields.score,
        horizon_s=fields.horizon_s,
        detector=fields.detector or known.name,
    )


def _records(report: ReadReport, header: list[str]) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Yield number, bytes and values of every record; lines that are none are rejected, names go into the header."""
    for line, raw in enumerate(_lines(report.path), 1):
        try:
            text = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            report.reject(RejectReason.UTF8, line, raw)
            continue
        if text.startswith("#"):
            if text.startswith("#fields\t"):
                header[:] = text.split("\t")[1:]
        elif text.lstrip().startswith("{"):
            try:
                record = json.loads(text)
            except (ValueError, RecursionError):
                report.reject(RejectReason.JSON, line, raw)
                continue
            yield line, raw, record
        elif header and text:
            values = text.split("\t")
            if len(values) != len(header):
                report.reject(RejectReason.FIELD_COUNT, line, raw)
                continue
            yield line, raw, {name: value for name, value in zip(header, values, strict=True) if value not in _UNSET}
        elif text.strip():
            report.reject(RejectReason.OTHER_RECORD, line, raw)


def _lines(path: str) -> Iterator[bytes]:
    log, splitter = LogFile(path), LineSplitter()
    try:
        while chunk := log.read(_BLOCK_BYTES):
            yield from splitter.feed(chunk).splitlines(keepends=True)
        yield from splitter.flush().splitlines(keepends=True)
    finally:
        log.close()
    if log.damage is not None:
        raise InputError(f"{path}: {log.damage}")
