"""Alerts as OCSF Detection Findings (https://schema.ocsf.io/1.5.0/classes/detection_finding)."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sweepml.runtime.alerts import Alert, AlertState, Attack
from sweepml.runtime.evidence import Direction
from sweepml.runtime.text import headline

OCSF_VERSION: Final = "1.5.0"
CATEGORY_UID: Final = 2
CLASS_UID: Final = 2004

_ACTIVITIES: Final = {
    AlertState.OPEN: (1, "Create"),
    AlertState.UPDATE: (2, "Update"),
    AlertState.CLOSE: (3, "Close"),
}
_STATUSES: Final = {
    AlertState.OPEN: (1, "New"),
    AlertState.UPDATE: (2, "In Progress"),
    AlertState.CLOSE: (4, "Resolved"),
}
_SEVERITIES: Final = {
    # Who sweeps inside is inside already, and looks for the next victim. Chosen, not tuned.
    Direction.INTERNAL: (4, "High"),
    Direction.MIXED: (4, "High"),
    Direction.PUBLIC: (3, "Medium"),
}
_LEARNING: Final = (4, "Learning (ML/DL)")
"""Type of an analytic that was learned."""

_TACTICS: Final = {
    "T1046": ("TA0007", "Discovery"),
    "T1595.001": ("TA0043", "Reconnaissance"),
}


def to_ocsf(alert: Alert) -> dict[str, Any]:
    """Return an alert as an OCSF event.

    Times are milliseconds since 1970 UTC, as OCSF has them; ``unmapped.sweepml`` holds the whole alert with
    exact times.
    """
    activity_id, activity = _ACTIVITIES[alert.state]
    status_id, status = _STATUSES[alert.state]
    severity_id, severity = _SEVERITIES[alert.direction]
    return {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": CATEGORY_UID,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": CLASS_UID * 100 + activity_id,
        "type_name": f"Detection Finding: {activity}",
        "time": epoch_ms(alert.detected_at),
        "start_time": epoch_ms(alert.first_contact),
        "end_time": epoch_ms(alert.last_contact),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "is_alert": True,
        "confidence_score": round(100 * alert.score),
        "message": headline(alert),
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "sweepml", "vendor_name": "sweepml", "version": _version()},
        },
        "finding_info": _finding_info(alert),
        "evidences": _evidences(alert),
        "observables": [_observable(alert.source)],
        "unmapped": {"sweepml": alert.to_record()},
    }


def epoch_ms(moment: datetime) -> int:
    """Return milliseconds since 1970 UTC, rounded down.

    >>> epoch_ms(datetime(1970, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC))
    1999
    """
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def _finding_info(alert: Alert) -> dict[str, Any]:
    type_id, kind = _LEARNING
    return {
        "uid": alert.dedup_key,
        "title": f"Port sweep by {alert.source}",
        "desc": headline(alert),
        "types": [f"port sweep, {alert.direction}"],
        "first_seen_time": epoch_ms(alert.first_contact),
        "last_seen_time": epoch_ms(alert.last_contact),
        "analytic": {"uid": alert.bundle_id, "name": "sweepml", "type_id": type_id, "type": kind},
        "attacks": [_attack(attack) for attack in alert.attack],
    }


def _attack(attack: Attack) -> dict[str, Any]:
    tactic_uid, tactic = _TACTICS[attack.id]
    technique_uid, _, sub = attack.id.partition(".")
    technique, _, sub_technique = attack.name.partition(": ")
    found: dict[str, Any] = {
        "tactic": {"uid": tactic_uid, "name": tactic},
        "technique": {"uid": technique_uid, "name": technique},
    }
    if sub:
        found["sub_technique"] = {"uid": attack.id, "name": sub_technique}
    return found


def _evidences(alert: Alert) -> list[dict[str, Any]]:
    """Return the source with each target of the sample."""
    source = _endpoint(alert.source)
    return [{"src_endpoint": source, "dst_endpoint": _endpoint(target)} for target in alert.targets_sample]


def _endpoint(host: str) -> dict[str, Any]:
    return {"ip": host} if _is_address(host) else {"name": host}


def _observable(source: str) -> dict[str, Any]:
    if _is_address(source):
        return {"name": "evidences.src_endpoint.ip", "type_id": 2, "type": "IP Address", "value": source}
    return {"name": "evidences.src_endpoint.name", "type_id": 99, "type": "Other", "value": source}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@cache
def _version() -> str:
    # Imported on use: it brings the email and zip packages, a fifth of the time that the agent takes to start.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sweepml")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
