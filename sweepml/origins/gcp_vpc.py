"""Google Cloud VPC flow logs as JSON (Google Cloud VPC documentation, "About VPC Flow Logs records")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Origin, OutcomeRule, Pairing


def _payload(name: str) -> tuple[str, ...]:
    # Exports of Cloud Logging wrap the record in an entry.
    return (f"jsonPayload.{name}", name)


GCP_VPC: Final = Origin(
    name="gcp_vpc",
    title="GCP VPC flow log",
    encodings=frozenset({Encoding.JSON_LINES, Encoding.JSON_DOCUMENT}),
    fields=MappingProxyType(
        {
            "ts_us": _payload("start_time"),
            "end_us": _payload("end_time"),
            "src": _payload("connection.src_ip"),
            "dst": _payload("connection.dest_ip"),
            "protocol": _payload("connection.protocol"),
            "src_port": _payload("connection.src_port"),
            "dst_port": _payload("connection.dest_port"),
            "orig_bytes": _payload("bytes_sent"),
            "orig_packets": _payload("packets_sent"),
        }
    ),
    required=frozenset({"ts_us", "end_us", "src", "dst", "protocol"}),
    # One record covers up to 15 minutes, and only a sample of the packets is looked at: no reply proves nothing.
    pairing=Pairing(timeout_s=1800.0, sees_replies=False),
    outcome=OutcomeRule(words=(), reference="Google Cloud VPC documentation, VPC Flow Logs records"),
    direction=(
        "Records of both directions are paired; who started a connection is told from ports: there are no TCP flags."
    ),
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        (
            "Packets are sampled at a rate that the record does not tell: no reply proves nothing, so that nothing is"
            " unanswered or refused."
        ),
        "Both ends of a flow inside a project report it: packets of such a connection are counted twice.",
    ),
    reference="Google Cloud VPC documentation, About VPC Flow Logs records",
)
"""GCP VPC flow log."""
