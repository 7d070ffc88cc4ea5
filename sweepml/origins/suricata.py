"""Suricata's EVE log, flow events (Suricata User Guide, "Eve JSON Format", event type: flow)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, Evidence, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

_SYN, _RST = 0x02, 0x04
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that flow.state, the TCP flags of both sides and the packets give.

    The flags are those that Suricata's TCP engine took into account, so that an ICMP error counts as a packet of the
    destination without flags. It is told from an answer by the state, which stays "new".
    """
    state, by_source, by_destination = evidence.words
    if evidence.protocol == Protocol.TCP:
        asked, replied = _bits(by_source), _bits(by_destination)
        if replied & _SYN:
            return Outcome.ANSWERED
        if replied & _RST:
            return Outcome.REFUSED
        if asked & _SYN:
            return _of_new(evidence) if state == "new" else Outcome.UNKNOWN
        # Suricata saw the middle of a connection, or a probe without a SYN.
        return Outcome.ANSWERED if state in ("established", "closed") else Outcome.UNKNOWN
    if state == "new":
        return evidence.by_reply() if evidence.is_icmp else _of_new(evidence)
    return Outcome.ANSWERED if state in ("established", "bypassed") else Outcome.UNKNOWN


def _bits(flags: str) -> int:
    """Return the bits of TCP flags, which EVE writes in hexadecimal without a prefix; 0 where there are none."""
    return int(flags, 16) if flags and set(flags) <= _HEX_DIGITS else 0


def _of_new(evidence: Evidence) -> Outcome:
    """Return the outcome of a flow in which no answer was seen, but perhaps an ICMP error."""
    return Outcome.REFUSED if evidence.received > 0 else evidence.by_reply()


SURICATA: Final = Origin(
    name="suricata",
    title="Suricata EVE",
    encodings=frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT}),
    fields=MappingProxyType(
        {
            "kind": ("event_type",),
            "ts_us": ("flow.start",),
            "end_us": ("flow.end",),
            "src": ("src_ip",),
            "dst": ("dest_ip",),
            "protocol": ("proto",),
            "dst_port": ("dest_port",),
            "icmp_type": ("icmp_type",),
            "state": ("flow.state",),
            "state_2": ("tcp.tcp_flags_ts",),
            "state_3": ("tcp.tcp_flags_tc",),
            "orig_packets": ("flow.pkts_toserver",),
            "resp_packets": ("flow.pkts_toclient",),
        }
    ),
    required=frozenset({"kind", "ts_us", "src", "dst", "protocol", "state"}),
    kinds=frozenset({"flow"}),
    family=frozenset({"event_type", "timestamp"}),
    clock=Clock.RFC3339,
    outcome=OutcomeRule(
        words=("state", "state_2", "state_3"),
        judge=judge,
        reference="Suricata User Guide, Eve JSON Format: flow state and TCP flags",
    ),
    direction=(
        "The client of the flow, as Suricata saw it; where it saw only the middle of a connection, the sender of the "
        "first packet."
    ),
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        (
            'Other events than `flow` are counted as "not a connection record"; `netflow` events are among them, '
            "since they tell one direction only."
        ),
        (
            "An ICMP error counts as a packet of the destination; which error it was is not told, and it is taken for"
            " a refusal."
        ),
    ),
    reference="Suricata User Guide, Eve JSON Format, event type: flow",
)
"""Suricata EVE."""
