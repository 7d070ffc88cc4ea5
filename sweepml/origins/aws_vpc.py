"""Amazon VPC flow logs, as text of any fields and as Parquet (Amazon VPC User Guide, "Flow log records")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Origin, OutcomeRule, Pairing

DEFAULT_FIELDS: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
"""Fields of version 2, which logs without a header have."""


def _spellings(name: str) -> tuple[str, ...]:
    # Parquet and tables made of it cannot keep hyphens in names.
    return (name, name.replace("-", "_"))


AWS_VPC: Final = Origin(
    name="aws_vpc",
    title="AWS VPC flow log",
    encodings=frozenset({Encoding.CSV_HEADER, Encoding.CSV_BARE, Encoding.PARQUET}),
    delimiter=" ",
    bare=(tuple(DEFAULT_FIELDS.split()),),
    fields=MappingProxyType(
        {
            "kind": _spellings("log-status"),
            "ts_us": ("start",),
            "end_us": ("end",),
            # A packet's own addresses, where the record has them: the others are those of the interface.
            "src": (*_spellings("pkt-srcaddr"), "srcaddr"),
            "dst": (*_spellings("pkt-dstaddr"), "dstaddr"),
            "protocol": ("protocol",),
            "src_port": ("srcport",),
            "dst_port": ("dstport",),
            "tcp_flags": _spellings("tcp-flags"),
            "blocked": ("action",),
            "orig_bytes": ("bytes",),
            "orig_packets": ("packets",),
        }
    ),
    required=frozenset({"ts_us", "end_us", "src", "dst", "protocol", "src_port", "dst_port", "blocked"}),
    kinds=frozenset({"OK", ""}),  # NODATA and SKIPDATA tell of no packets
    blocked=frozenset({"REJECT"}),
    # One record covers up to ten minutes, and there may be another after it.
    pairing=Pairing(timeout_s=1200.0),
    outcome=OutcomeRule(words=(), reference="Amazon VPC User Guide, Flow log records: action, tcp-flags"),
    direction=(
        "Records of both directions are paired; who started a connection is told from TCP flags (from version 3) and "
        "ports."
    ),
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        "Times are those of the aggregation interval, up to ten minutes, not of packets.",
        (
            "ACCEPT says that the rules let packets through, not that anybody answered: that comes from the reply's "
            "record."
        ),
        "`pkt-srcaddr` and `pkt-dstaddr` are preferred where they are logged.",
    ),
    reference="Amazon VPC User Guide, Flow log records",
)
"""AWS VPC flow log."""
