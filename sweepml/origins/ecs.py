"""Elastic Common Schema: network flows of Packetbeat and the like (ECS reference; Packetbeat reference, Flow)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, Evidence, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

_DENIALS: Final = frozenset({"denied", "deny", "blocked", "block", "drop", "dropped", "reject", "rejected"})


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that event.type, event.action, event.outcome and the packets of both sides give."""
    kind, action, outcome, packets = evidence.words
    if kind in _DENIALS or action.lower() in _DENIALS:
        return Outcome.BLOCKED
    if evidence.protocol != Protocol.TCP or evidence.received <= 0:
        return evidence.by_reply()
    if outcome == "failure":
        return Outcome.REFUSED
    # One packet of a TCP peer may be a reset; several are a conversation.
    return Outcome.ANSWERED if outcome == "success" or packets not in ("", "1") else Outcome.UNKNOWN


ECS: Final = Origin(
    name="ecs",
    title="Elastic Common Schema JSON",
    encodings=frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT}),
    fields=MappingProxyType(
        {
            "ts_us": ("event.start", "@timestamp"),
            "duration_us": ("event.duration",),
            "src": ("source.ip",),
            "dst": ("destination.ip",),
            "protocol": ("network.transport", "network.iana_number"),
            "dst_port": ("destination.port",),
            "icmp_type": ("icmp.request.type",),
            "state": ("event.type",),
            "state_2": ("event.action",),
            "state_3": ("event.outcome",),
            "state_4": ("destination.packets",),
            "orig_packets": ("source.packets",),
            "resp_packets": ("destination.packets",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol"}),
    family=frozenset({"@timestamp", "ecs"}),
    clock=Clock.RFC3339,
    time_unit_us=1e3,
    duration_unit_us=1e-3,
    outcome=OutcomeRule(
        words=("state", "state_2", "state_3", "state_4"),
        judge=judge,
        reference="Elastic Common Schema reference, event fields: event.type, event.action, event.outcome",
    ),
    direction="source, as the product says; Packetbeat takes the sender of the first packet.",
    limits=(
        "Whether bytes include headers depends on the product: they are not read.",
        (
            "Of a TCP flow in which the destination sent one packet it is unknown whether that was an answer, unless "
            "event.outcome says so."
        ),
    ),
    reference="Elastic Common Schema reference; Packetbeat reference, Flow fields",
)
"""Elastic Common Schema JSON."""
