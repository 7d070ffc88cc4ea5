"""NetFlow and IPFIX as `nfdump -o csv` prints them (nfdump(1), "Output formats")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, Origin, OutcomeRule, Pairing

NFDUMP: Final = Origin(
    name="nfdump",
    title="nfdump CSV",
    encodings=frozenset({Encoding.CSV_HEADER}),
    delimiter=",",
    padded=True,
    clock=Clock.YEAR_FIRST,
    fields=MappingProxyType(
        {
            # nfdump 1.6, then 1.7
            "ts_us": ("ts", "firstSeen"),
            "end_us": ("te", "lastSeen"),
            "duration_us": ("td", "duration"),
            "src": ("sa", "srcAddr"),
            "dst": ("da", "dstAddr"),
            "protocol": ("pr", "proto"),
            "src_port": ("sp", "srcPort"),
            "dst_port": ("dp", "dstPort"),
            "icmp_type": ("dp", "dstPort"),  # type << 8 | code, or type.code
            "tcp_flags": ("flg", "flags"),
            "orig_bytes": ("ibyt", "bytes"),
            "orig_packets": ("ipkt", "packets"),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "src_port", "dst_port", "orig_packets", "orig_bytes"}),
    icmp_shift=8,
    icmp_mask=0xFF,
    pairing=Pairing(),
    outcome=OutcomeRule(words=(), reference="nfdump(1), Output formats: flg"),
    direction=(
        "Records of both directions are paired; who started a connection is told from TCP flags, ICMP types and ports."
    ),
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "NetFlow 5 exporters may give whole seconds; the order within one second is that of the file.",
        "Times are read as UTC; nfdump prints the local time of the machine.",
        'The summary that nfdump prints at the end is counted as "wrong field count".',
        "Sampling is not told in CSV.",
    ),
    reference="nfdump(1), Output formats",
)
"""nfdump CSV."""
