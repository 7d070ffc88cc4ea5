"""Cilium Hubble's flows as JSON (Hubble flow API, message Flow; `hubble observe -o json`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from sweepml.origins.exchange import SENT_BY_DST, SENT_BY_SRC
from sweepml.origins.origin import Encoding, Origin, OutcomeRule, Pairing

_FLAG_LETTERS: Final = MappingProxyType(
    {"FIN": "F", "SYN": "S", "RST": "R", "PSH": "P", "ACK": "A", "URG": "U", "ECE": "E", "CWR": "C"}
)
_PROTOCOLS: Final = MappingProxyType({"TCP": "tcp", "UDP": "udp", "SCTP": "sctp", "ICMPv4": "icmp", "ICMPv6": "icmp6"})


def unfold(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the packet that an event tells of; nothing for what the proxy saw (layer 7) and for what is no packet."""
    flow = record.get("flow") or record
    if flow.get("Type") == "L7" or flow.get("l7"):
        return
    for name, layer in (flow.get("l4") or {}).items():
        if name not in _PROTOCOLS:
            continue
        flags = layer.get("flags")
        yield {
            "time": flow.get("time") or record.get("time"),
            "src": flow["IP"]["source"],
            "dst": flow["IP"]["destination"],
            "protocol": _PROTOCOLS[name],
            "src_port": layer.get("source_port"),
            "dst_port": layer.get("destination_port"),
            "icmp_type": layer.get("type", 0) if name.startswith("ICMP") else None,
            "flags": None if flags is None else "".join(_FLAG_LETTERS.get(one, "") for one, on in flags.items() if on),
            "verdict": flow.get("verdict"),
            "is_reply": flow.get("is_reply"),
            "pod": _pod(flow.get("source") or {}),
            "packets": 1,
        }


def _pod(endpoint: Mapping[str, Any]) -> str:
    """Return namespace and name of the pod that is an endpoint, empty for what is none."""
    name = endpoint.get("pod_name") or ""
    return f"{endpoint.get('namespace', '')}/{name}" if name else ""


HUBBLE: Final = Origin(
    name="hubble",
    title="Cilium Hubble JSON",
    encodings=frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT}),
    unfold=unfold,
    fields=MappingProxyType(
        {
            "ts_us": ("time",),
            "src": ("src",),
            "dst": ("dst",),
            "protocol": ("protocol",),
            "src_port": ("src_port",),
            "dst_port": ("dst_port",),
            "icmp_type": ("icmp_type",),
            "tcp_flags": ("flags",),
            "blocked": ("verdict",),
            "direction": ("is_reply",),
            "identity": ("pod",),
            "orig_packets": ("packets",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol"}),
    blocked=frozenset({"DROPPED"}),
    directions=MappingProxyType({"false": SENT_BY_SRC, "true": SENT_BY_DST}),
    pairing=Pairing(),
    outcome=OutcomeRule(words=(), reference="Hubble flow API, enum Verdict"),
    direction=(
        "The sender of the event's packet, or its receiver where is_reply is true; its pod (namespace/name) is the "
        "identity."
    ),
    limits=(
        (
            "There are no bytes, and one packet per event: with monitor aggregation only packets with SYN, FIN or RST"
            " and one per interval are events."
        ),
        'Events of the proxy (layer 7) are counted as "not a connection record".',
        (
            "Verdicts ERROR, AUDIT, REDIRECTED, TRACED and TRANSLATED do not say that a packet was dropped: the "
            "replies decide."
        ),
    ),
    reference="Hubble flow API, message Flow",
)
"""Cilium Hubble JSON."""
