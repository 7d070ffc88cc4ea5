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
    reference="Google Cloud VPC documentation, About VPC Flow Logs records",
)
"""GCP VPC flow logs. A flow inside one project is reported by both ends; pairing makes one connection of the two."""
