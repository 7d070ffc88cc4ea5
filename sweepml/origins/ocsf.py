"""OCSF Network Activity (Open Cybersecurity Schema Framework, class_uid 4001)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Evidence, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

ACTIVITIES: Final = MappingProxyType(
    {
        "4": Outcome.UNANSWERED,  # Fail: a timeout, or no route to the host
        "5": Outcome.REFUSED,  # Refuse
    }
)
"""activity_id -> outcome, of those that say what came of an attempt."""

_OPEN_OR_CLOSE: Final = frozenset({"1", "2"})
_BLOCKED: Final = frozenset({"2", "6", "14"})
"""disposition_id: Blocked, Dropped, Rejected."""
_DENIED: Final = "2"
"""action_id: Denied."""


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that disposition, action and activity give, else the packets of both sides."""
    activity, disposition, action = evidence.words
    if disposition in _BLOCKED or action == _DENIED:
        return Outcome.BLOCKED
    if activity in ACTIVITIES:
        return ACTIVITIES[activity]
    if evidence.protocol == Protocol.TCP and evidence.received > 0 and activity not in _OPEN_OR_CLOSE:
        return Outcome.UNKNOWN  # it may be an answer or a reset
    return evidence.by_reply()


OCSF: Final = Origin(
    name="ocsf",
    title="OCSF Network Activity",
    encodings=frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT, Encoding.PARQUET}),
    fields=MappingProxyType(
        {
            "kind": ("class_uid",),
            "ts_us": ("start_time", "time"),
            "duration_us": ("duration",),
            "src": ("src_endpoint.ip",),
            "dst": ("dst_endpoint.ip",),
            "protocol": ("connection_info.protocol_num", "connection_info.protocol_name"),
            "dst_port": ("dst_endpoint.port",),
            "state": ("activity_id",),
            "state_2": ("disposition_id",),
            "state_3": ("action_id",),
            "orig_packets": ("traffic.packets_out",),
            "resp_packets": ("traffic.packets_in",),
        }
    ),
    required=frozenset({"kind", "ts_us", "src", "dst", "protocol"}),
    kinds=frozenset({"4001"}),
    family=frozenset({"class_uid", "metadata"}),
    time_unit_us=1e3,
    duration_unit_us=1e3,
    outcome=OutcomeRule(
        words=("state", "state_2", "state_3"),
        judge=judge,
        reference="OCSF schema, Network Activity [4001]: activity_id, disposition_id, action_id",
    ),
    direction="src_endpoint, as the product says.",
    limits=(
        "Whether bytes include headers depends on the product: they are not read.",
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        (
            "Open and Close with packets of both sides are an answer; Traffic of TCP with packets of both sides is "
            "unknown, as it may be a reset."
        ),
    ),
    reference="OCSF schema, Network Activity [4001]",
)
"""OCSF Network Activity."""
