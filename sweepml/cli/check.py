"""`sweepml check`: what is in these logs, what was left out and why, and what a detector would lack."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from sweepml.cli.readers import check_format, expand, open_reader
from sweepml.cli.rejects import rejects_text, sample_lines, summary_instead_of_warnings
from sweepml.cli.text import amount, table
from sweepml.errors import InputError, SweepmlError
from sweepml.graph.hosts import HostTable
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport
from sweepml.runtime.alerts import rfc3339
from sweepml.runtime.survey import LogSurvey
from sweepml.schema.connection import protocol_label
from sweepml.schema.outcome import Outcome

_BATCH_ROWS: Final = 1 << 15
"""Rows of a batch; larger than for scoring, since nobody waits for the first one. Chosen, not tuned."""

_MAX_HOSTS: Final = 1 << 17
"""Addresses held before they are forgotten, about 40 MB. Chosen, not tuned."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What `sweepml check` was asked to do.

    Parameters
    ----------
    inputs
        Files, folders, patterns; ``-`` is standard input.
    log_format
        Name of the format, or ``auto``.
    as_json
        Print JSON instead of text.
    """

    inputs: tuple[str, ...]
    log_format: str = AUTO
    as_json: bool = False


@dataclass(slots=True)
class Findings:
    """What reading one file gave.

    Attributes
    ----------
    report
        What was read and left out.
    survey
        Counts over the connections.
    failure
        Why the file could not be read, or not to its end; None if it could.
    """

    report: ReadReport
    survey: LogSurvey = field(default_factory=lambda: LogSurvey(HostTable()))
    failure: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the file was read to its end and gave connections."""
        return self.failure is None and self.survey.rows > 0


def run(options: CheckOptions) -> int:
    """Read logs and print what they hold; return the exit status.

    Raises
    ------
    SweepmlError
        If an input names no file; or, after all has been printed, if a file could not be used.
    """
    check_format(options.log_format)
    paths = [path for text in options.inputs for path in expand(text)]
    found = []
    with summary_instead_of_warnings(enabled=True):
        for path in paths:
            findings = check_file(path, options.log_format)
            found.append(findings)
            if not options.as_json:
                print(describe(findings), end="\n\n" if len(found) < len(paths) else "\n")
    if options.as_json:
        print(json.dumps({"files": [as_dict(one) for one in found]}, indent=2, allow_nan=False))
    unusable = [one for one in found if not one.is_usable]
    if unusable:
        raise InputError(_complaint(unusable, len(found)))
    return 0


def check_file(path: str, log_format: str = AUTO) -> Findings:
    """Read one file; what makes it unusable becomes `Findings.failure`."""
    hosts = HostTable()
    findings = Findings(ReadReport(path), LogSurvey(hosts))
    try:
        reader = open_reader(path, hosts, log_format, _BATCH_ROWS)
        try:
            for connections in reader:
                findings.survey.add(connections)
                if len(hosts) > _MAX_HOSTS:
                    hosts.compact(np.zeros(len(hosts), bool))
        finally:
            findings.report = reader.report
    except SweepmlError as error:
        findings.failure = " ".join(str(error).split())
    return findings


def describe(findings: Findings) -> str:
    """Return findings as aligned text."""
    report, survey = findings.report, findings.survey
    rows = [("format", f"{report.origin} ({report.encoding})" if report.origin else "unknown")]
    if findings.failure is not None:
        rows.append(("unusable", findings.failure))
    if survey.rows:
        rows += [
            ("rows", f"{survey.rows:,}"),
            ("rejected", rejects_text([report])),
            ("time", _span(report)),
            ("sources", f"{survey.source_count:,}" + _identified(survey)),
            ("destinations", f"{survey.destination_count:,}"),
            ("protocols", _shares({protocol_label(n): count for n, count in _by_count(survey.protocols)}, survey.rows)),
            ("outcomes", _shares(_outcomes(survey), survey.rows)),
        ]
        if report.sampling > 1:
            rows.append(("sampling", f"one packet in {report.sampling:,}: small sweeps leave few traces, or none"))
        if report.initiator_rules:
            rows.append(("direction", "paired; decided by " + _shares(_rules(report), survey.rows)))
        rows += [("assumed", sentence) for sentence in report.assumptions]
        rows += [("missing", sentence) for sentence in survey.lacks]
    elif report.rejects:
        rows.append(("rejected", rejects_text([report])))
    return "\n".join([report.path, *table(rows, "  "), *sample_lines([report])])


def as_dict(findings: Findings) -> dict[str, Any]:
    """Return findings as plain values for JSON."""
    report, survey = findings.report, findings.survey
    return {
        "path": report.path,
        "failure": findings.failure,
        "format": report.origin or None,
        "encoding": report.encoding or None,
        "rows": survey.rows,
        "rejects": dict(sorted(report.rejects.items())),
        "examples": {reason: [asdict(one) for one in kept] for reason, kept in sorted(report.examples.items())},
        "first": _moment(report.first_us),
        "last": _moment(report.last_us),
        "source_count": survey.source_count,
        "destination_count": survey.destination_count,
        "identified": survey.identified,
        "protocols": {protocol_label(number): count for number, count in _by_count(survey.protocols)},
        "outcomes": _outcomes(survey),
        "sampling": report.sampling,
        "initiator_rules": _rules(report),
        "assumptions": list(report.assumptions),
        "missing_columns": list(survey.missing_columns),
        "lacks": list(survey.lacks),
    }


def _complaint(unusable: list[Findings], count: int) -> str:
    first = unusable[0]
    reason = first.failure or f"{first.report.path}: holds no connections"
    if first.failure is None and first.report.rejected:
        reason = f"{first.report.path}: none of {amount(first.report.rejected, 'line')} could be read"
    if count == 1:
        return reason
    return f"{len(unusable)} of {amount(count, 'file')} cannot be used; the first: {reason}"


def _by_count(counts: dict[int, int]) -> list[tuple[int, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _outcomes(survey: LogSurvey) -> dict[str, int]:
    return {outcome.label: int(survey.outcomes[outcome]) for outcome in Outcome}


def _rules(report: ReadReport) -> dict[str, int]:
    return {rule: count for rule, count in report.initiator_rules.items() if count}


def _shares(counts: dict[str, int], whole: int) -> str:
    return ", ".join(f"{name} {count:,} ({count / whole:.1%})" for name, count in counts.items() if count)


def _identified(survey: LogSurvey) -> str:
    return f" ({survey.identified:,} connections name an identity)" if survey.identified else ""


def _moment(time_us: int | None) -> str | None:
    return None if time_us is None else rfc3339(_EPOCH + timedelta(microseconds=time_us))


def _span(report: ReadReport) -> str:
    first_us, last_us = report.first_us or 0, report.last_us or 0
    return f"{_moment(first_us)} to {_moment(last_us)} ({(last_us - first_us) / 1e6:,.0f} s)"
