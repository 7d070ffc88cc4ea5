"""Azure network security group and virtual network flow logs (Azure Network Watcher documentation, "Log format")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from sweepml.origins.exchange import SENT_BY_DST, SENT_BY_SRC
from sweepml.origins.origin import Encoding, Origin, OutcomeRule, Pairing

_NSG_FIELDS: Final = {8: "NSG version 1", 13: "NSG version 2"}
_VNET_FIELDS: Final = 13


def unfold(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the flows of both directions that one record of a flow log holds.

    A tuple of a virtual network, or of version 2 of a security group, counts packets of both directions: it becomes a
    flow of each that sent any.
    """
    properties = record.get("properties") or {}
    for rule in properties.get("flows") or ():
        for flow in rule["flows"]:
            for text in flow["flowTuples"]:
                yield from _of_security_group(text.split(","))
    for flow in (record.get("flowRecords") or {}).get("flows") or ():
        for group in flow["flowGroups"]:
            for text in group["flowTuples"]:
                yield from _of_virtual_network(text.split(","))


def _of_security_group(parts: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the flows of a tuple: seconds, addresses, ports, protocol, direction, decision, state and counts."""
    if len(parts) not in _NSG_FIELDS:
        yield {"time": None}
        return
    protocol = {"T": "tcp", "U": "udp"}.get(parts[5], parts[5])
    yield from _both(parts[0] + "000", [*parts[1:5], protocol], parts[7], parts[9:13])


def _of_virtual_network(parts: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the flows of a tuple: milliseconds, addresses, ports, protocol, direction, state, encryption and counts."""
    if len(parts) != _VNET_FIELDS:
        yield {"time": None}
        return
    yield from _both(parts[0], parts[1:6], parts[7], parts[9:13])


def _both(time: str, ends: list[str], decision: str, counts: list[str]) -> Iterator[Mapping[str, Any]]:
    src, dst, src_port, dst_port, protocol = ends
    sent_packets, sent_bytes, received_packets, received_bytes = counts or ["", "", "", ""]
    common = {"time": time, "protocol": protocol, "decision": decision}
    yield common | {
        "src": src,
        "dst": dst,
        "src_port": src_port,
        "dst_port": dst_port,
        "packets": sent_packets,
        "bytes": sent_bytes,
        "started_by": "src",
    }
    if received_packets not in ("", "0"):
        yield common | {
            "src": dst,
            "dst": src,
            "src_port": dst_port,
            "dst_port": src_port,
            "packets": received_packets,
            "bytes": received_bytes,
            "started_by": "dst",
        }


AZURE: Final = Origin(
    name="azure",
    title="Azure NSG or VNet flow log",
    encodings=frozenset({Encoding.JSON_DOCUMENT, Encoding.JSON_LINES}),
    unfold=unfold,
    marks=("flowTuples",),
    fields=MappingProxyType(
        {
            "ts_us": ("time",),
            "src": ("src",),
            "dst": ("dst",),
            "protocol": ("protocol",),
            "src_port": ("src_port",),
            "dst_port": ("dst_port",),
            "blocked": ("decision",),
            "direction": ("started_by",),
            "orig_packets": ("packets",),
            "orig_bytes": ("bytes",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "src_port", "dst_port"}),
    time_unit_us=1e3,
    blocked=frozenset({"D"}),
    directions=MappingProxyType({"src": SENT_BY_SRC, "dst": SENT_BY_DST}),
    # Records of one connection are five minutes apart; the first of them has no counts, and version 1 has none at all,
    # so that it cannot be told whether nobody answered or nobody looked.
    pairing=Pairing(timeout_s=900.0, sees_replies=False),
    outcome=OutcomeRule(words=(), reference="Azure Network Watcher documentation, Log format: flow decision and state"),
    direction="The first address of a tuple, which Azure gives as the one that began.",
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "ICMP is not logged by security groups; in virtual networks its types are not told.",
        "Version 1 of security group logs has no packets: an allowed flow is unknown, a denied one blocked.",
        (
            "In version 2 and in virtual networks packets that came back make an answer, unless the protocol is TCP "
            "and they carry no payload, which may be a reset; without packets back nothing is said."
        ),
    ),
    reference="Azure Network Watcher documentation, NSG flow logs and virtual network flow logs, Log format",
)
"""Azure NSG or VNet flow log."""
