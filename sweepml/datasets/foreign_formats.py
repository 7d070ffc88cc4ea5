"""How other tools write alerts about scans: one function a format, record in, alert out.

Each function takes a record as a mapping of names to JSON values and returns an `AlertFields`, or a text that says why
the record is no alert about a sweep. What cannot be read raises `RowError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sweepml.errors import InputError
from sweepml.graph.windows import US_PER_S
from sweepml.origins.report import RejectReason, RowError
from sweepml.origins.values import canonical_address, count, time_us

Record = Mapping[str, Any]

NOT_A_SWEEP: Final = "not about a sweep"
"""Why a record is left out that is an alert about something else."""
NO_ALERT: Final = "no alert"
"""Why a record is left out that is none, in a log that also holds others."""
NO_NEWS: Final = "the end of a finding"
"""Why a record is left out that closes what others reported."""


class AlertFields(NamedTuple):
    """What a record says; times in microseconds since 1970 UTC, None where it does not say."""

    source: str
    detected_us: int
    since_us: int | None = None
    score: float = 1.0
    horizon_s: int = 0
    detector: str = ""
    capture: str = ""


@dataclass(frozen=True, slots=True)
class ForeignFormat:
    """One way to write alerts.

    Attributes
    ----------
    name
        `AlertRow.detector` of its alerts, unless they name one.
    title
        For messages.
    recognises
        Whether a record is of this format.
    parse
        See the module.
    """

    name: str
    title: str
    recognises: Callable[[Record], bool]
    parse: Callable[[Record], AlertFields | str]


_SCAN_WORDS: Final = re.compile(r"scan|sweep", re.IGNORECASE)
_VERTICAL_WORDS: Final = re.compile(r"vertical|port_?scan\b", re.IGNORECASE)


def zeek_notice(record: Record) -> AlertFields | str:
    """Read a line of Zeek's notice.log: notes of the Scan module but for those about many ports of one host.

    The evidence starts as long before the notice as its message says: ``scanned at least 25 unique hosts on port
    445/tcp in 0m12s``. The score is the number that the notice counts, where it counts one.

    References
    ----------
    https://docs.zeek.org/en/current/logs/notice.html
    """
    note = str(record.get("note", ""))
    if not note.startswith("Scan::") or _VERTICAL_WORDS.search(note):
        return NOT_A_SWEEP
    detected_us = _time(record.get("ts"))
    took = re.search(r"\bin (\d+)m(\d+)s", str(record.get("msg", "")))
    source = record.get("src", record.get("id.orig_h"))
    return AlertFields(
        _address(source),
        detected_us,
        detected_us - (60 * int(took[1]) + int(took[2])) * US_PER_S if took else None,
        _number(record.get("n", 1)),
    )


def suricata_eve(record: Record) -> AlertFields | str:
    """Read a line of Suricata's eve.json: alerts whose signature or category names a scan or sweep.

    The source is that of the flow where it is given, else of the packet. The score is one divided by the severity,
    of which 1 is the worst.

    References
    ----------
    https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
    """
    if record.get("event_type") != "alert":
        return NO_ALERT
    alert = _part(record, "alert")
    words = f"{alert.get('signature', '')} {alert.get('category', '')}"
    if not _SCAN_WORDS.search(words) or "vertical" in words.lower():
        return NOT_A_SWEEP
    severity = _number(alert.get("severity", 1))
    if not severity > 0:
        raise RowError(RejectReason.NUMBER)
    source = _part(record, "flow").get("src_ip", record.get("src_ip"))
    return AlertFields(_address(source), _time(record.get("timestamp")), score=1 / severity)


SNORT_PORT_SCAN: Final = 122
"""Generator of Snort's port_scan inspector."""
_SNORT_SWEEPS: Final = {3: True, 7: False, 11: True, 15: False, 19: True, 23: False, 25: True, 26: False}
"""Rule of a TCP, IP protocol, UDP or ICMP sweep -> whether a victim's reject raises it; the filtered ones are raised by
the scanner's own packet."""


def snort_json(record: Record) -> AlertFields | str:
    """Read a line of Snort 3's alert_json: sweeps of the port_scan inspector, and other rules that name a scan.

    The fields that it writes by default have a time without a year, which nobody can place: Snort must write
    ``seconds``, or run with ``-y``; and its clock must be on UTC (``-U``).

    References
    ----------
    https://docs.snort.org/start/alert_logging
    """
    generator, sid = _snort_rule(record)
    if generator == SNORT_PORT_SCAN:
        if sid not in _SNORT_SWEEPS:
            return NOT_A_SWEEP
        by_reply = _SNORT_SWEEPS[sid]
    else:
        if not _SCAN_WORDS.search(f"{record.get('msg', '')} {record.get('class', '')}"):
            return NOT_A_SWEEP
        by_reply = False
    if record.get("dir") in ("C2S", "S2C"):
        by_reply = record["dir"] == "S2C"
    end = "dst" if by_reply else "src"
    return AlertFields(_address(record.get(f"{end}_addr", _host(record.get(f"{end}_ap")))), _snort_time(record))


def slips_idmef(record: Record) -> AlertFields | str:
    """Read a line of Slips' alerts.json (IDMEF, or IDEA of older versions): evidence of horizontal scans.

    The time is that of the flow, not of Slips' clock, which matters for files. The score is the confidence.

    References
    ----------
    https://stratospherelinuxips.readthedocs.io/en/develop/exporting.html
    """
    words = str(record.get("Description", ""))
    if not _SCAN_WORDS.search(words) or "vertical" in words.lower():
        return NOT_A_SWEEP
    time = next((record[name] for name in ("StartTime", "EventTime", "DetectTime") if record.get(name)), None)
    sources = record.get("Source")
    first = sources[0] if isinstance(sources, list) and sources and isinstance(sources[0], Mapping) else {}
    address = next((first[name] for name in ("IP", "IP4", "IP6") if first.get(name)), None)
    address = address[0] if isinstance(address, list) else address
    return AlertFields(_address(address), _time(time), score=_number(record.get("Confidence", 1.0)))


def ocsf_finding(record: Record) -> AlertFields | str:
    """Read an OCSF Detection Finding: sweepml's own with its exact times, another's by what OCSF says.

    References
    ----------
    https://schema.ocsf.io/1.5.0/classes/detection_finding
    """
    own = _part(_part(record, "unmapped"), "sweepml")
    if own:
        if own.get("state") == "close":
            return NO_NEWS
        return AlertFields(
            _name(own.get("source")),
            _time(own.get("detected_at")),
            _time(own.get("first_contact")),
            _number(own.get("score")),
            _whole(own.get("horizon_s", 0)),
        )
    info = _part(record, "finding_info")
    if not _SCAN_WORDS.search(f"{info.get('title', '')} {info.get('desc', '')} {record.get('message', '')}"):
        return NOT_A_SWEEP
    evidences = record.get("evidences")
    first = evidences[0] if isinstance(evidences, list) and evidences and isinstance(evidences[0], Mapping) else {}
    since = info.get("first_seen_time")
    return AlertFields(
        _address(_part(first, "src_endpoint").get("ip")),
        _time(record.get("time"), 1e3),
        None if since is None else _time(since, 1e3),
        _number(record.get("confidence_score", 100)) / 100,
    )


def plain_json(record: Record) -> AlertFields | str:
    """Read a line such as ``{"source": "10.0.0.5", "detected": 1795505040.5}``.

    ``since``, ``score``, ``horizon_s``, ``detector`` and ``capture`` may stand beside. Times are seconds since 1970 UTC
    or RFC 3339 text. The source may be an identity's name.
    """
    since = record.get("since")
    return AlertFields(
        _name(record.get("source")),
        _time(record.get("detected")),
        None if since is None else _time(since),
        _number(record.get("score", 1.0)),
        _whole(record.get("horizon_s", 0)),
        str(record.get("detector", "")),
        str(record.get("capture", "")),
    )


FOREIGN_FORMATS: Final = (
    ForeignFormat("zeek", "Zeek notice.log", lambda r: "note" in r and "ts" in r, zeek_notice),
    ForeignFormat("suricata", "Suricata EVE", lambda r: "event_type" in r and "timestamp" in r, suricata_eve),
    ForeignFormat("sweepml", "OCSF Detection Finding", lambda r: r.get("class_uid") == 2004, ocsf_finding),
    ForeignFormat("slips", "Slips IDMEF", lambda r: "Source" in r and ("Analyzer" in r or "Format" in r), slips_idmef),
    ForeignFormat(
        "snort",
        "Snort 3 alert_json",
        lambda r: ("rule" in r or "sid" in r) and ("timestamp" in r or "seconds" in r),
        snort_json,
    ),
    ForeignFormat(
        "alerts", "JSON lines with source and detected", lambda r: {"source", "detected"} <= r.keys(), plain_json
    ),
)
"""In the order in which they are tried."""


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _address(value: object) -> str:
    if not isinstance(value, str):
        raise RowError(RejectReason.ADDRESS)
    try:
        return canonical_address(value)
    except InputError:
        raise RowError(RejectReason.ADDRESS) from None


def _name(value: object) -> str:
    """Return an address in canonical form, or an identity's name as it is."""
    if not isinstance(value, str) or not value.strip():
        raise RowError(RejectReason.ADDRESS)
    try:
        return canonical_address(value)
    except InputError:
        return value


def _host(value: object) -> str | None:
    """Return the address of ``10.0.0.1:445`` or ``2001:db8::1:445``; ICMP is written with port 0."""
    return value.rpartition(":")[0] if isinstance(value, str) else None


def _time(value: object, unit_us: float = 1e6) -> int:
    if isinstance(value, str):
        # Suricata and Slips write +0100 where RFC 3339 has +01:00; old versions of Slips, 2024/01/31.
        value = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", value.replace("/", "-"))
    try:
        return time_us(value, unit_us)
    except ValueError:
        raise RowError(RejectReason.TIME) from None


def _snort_time(record: Record) -> int:
    text = str(record.get("timestamp", ""))
    match = re.fullmatch(r"(?:(\d\d)/)?(\d\d)/(\d\d)-(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?", text)
    if record.get("seconds") is not None:
        fraction = (match[5] or "0").ljust(6, "0") if match else "0"
        return _time(record["seconds"]) + int(fraction)
    if match is None or match[1] is None:
        raise RowError(RejectReason.TIME)
    year, month, day, clock, fraction = match.groups()
    return _time(f"20{year}-{month}-{day}T{clock}.{fraction or 0}Z")


def _snort_rule(record: Record) -> tuple[int, int]:
    """Return generator and rule, from ``gid`` and ``sid`` or from ``122:3:2``."""
    generator, sid, *_ = [*str(record.get("rule", "")).split(":"), "", ""]
    return _whole(record.get("gid", generator)), _whole(record.get("sid", sid))


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever is none raises
    except (TypeError, ValueError):
        raise RowError(RejectReason.NUMBER) from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise RowError(RejectReason.NUMBER)
    return number


def _whole(value: object) -> int:
    try:
        return count(value)
    except ValueError:
        raise RowError(RejectReason.NUMBER) from None
