"""nfstream's flows as CSV (nfstream documentation, "Flow features")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Evidence, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that the SYN and RST packets of both sides and their packet counts give."""
    if evidence.protocol != Protocol.TCP:
        return evidence.by_reply()
    asked, replied, reset = (int(word) if word.isdecimal() else -1 for word in evidence.words)
    if replied > 0:
        return Outcome.ANSWERED
    if evidence.received == 0:
        return evidence.by_reply() if asked else Outcome.UNKNOWN  # without flags, a silent peer is still silent
    if reset > 0:
        return Outcome.REFUSED if asked > 0 else Outcome.UNKNOWN
    # No SYN and no RST came back: the middle of a connection, if nfstream counted flags at all.
    return Outcome.ANSWERED if reset == 0 and evidence.received > 0 else Outcome.UNKNOWN


NFSTREAM: Final = Origin(
    name="nfstream",
    title="nfstream CSV",
    encodings=frozenset({Encoding.CSV_HEADER, Encoding.PARQUET}),
    delimiter=",",
    time_unit_us=1e3,
    duration_unit_us=1e3,
    fields=MappingProxyType(
        {
            "ts_us": ("bidirectional_first_seen_ms",),
            "duration_us": ("bidirectional_duration_ms",),
            "src": ("src_ip",),
            "dst": ("dst_ip",),
            "protocol": ("protocol",),
            "dst_port": ("dst_port",),
            "state": ("src2dst_syn_packets",),
            "state_2": ("dst2src_syn_packets",),
            "state_3": ("dst2src_rst_packets",),
            "orig_packets": ("src2dst_packets",),
            "resp_packets": ("dst2src_packets",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "orig_packets", "resp_packets"}),
    outcome=OutcomeRule(
        words=("state", "state_2", "state_3"),
        judge=judge,
        reference="nfstream documentation, post-mortem statistical flow features",
    ),
    direction=(
        "The sender of the first packet of the flow. After a timeout that may be a server's late packet: 1 to 3 % of "
        "the laboratory's TCP and UDP flows are turned round that way."
    ),
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        "Without statistical analysis there are no TCP flags, and an answered TCP flow is unknown.",
    ),
    reference="nfstream documentation, flow core features",
)
"""nfstream CSV."""
