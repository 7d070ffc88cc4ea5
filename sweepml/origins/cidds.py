"""The CIDDS-001 data set's CSV files (CIDDS-001 technical report, "Attributes")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, LabelRule, Origin, OutcomeRule, Pairing

CIDDS: Final = Origin(
    name="cidds",
    title="CIDDS-001 CSV",
    encodings=frozenset({Encoding.CSV_HEADER}),
    delimiter=",",
    padded=True,
    clock=Clock.YEAR_FIRST,
    fields=MappingProxyType(
        {
            "ts_us": ("Date first seen",),
            "duration_us": ("Duration",),
            "src": ("Src IP Addr",),
            "dst": ("Dst IP Addr",),
            "protocol": ("Proto",),
            "src_port": ("Src Pt",),
            "dst_port": ("Dst Pt",),
            "icmp_type": ("Dst Pt",),  # type.code
            "tcp_flags": ("Flags",),
            "orig_packets": ("Packets",),
            "label": ("class",),
            "label_detail": ("attackType",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "src_port", "dst_port", "tcp_flags"}),
    unset=frozenset({"", "-", "---"}),
    icmp_shift=8,
    icmp_mask=0xFF,
    pairing=Pairing(),
    outcome=OutcomeRule(words=(), reference="CIDDS-001 technical report, Attributes: Flags"),
    label=LabelRule(
        details=(
            ("pingscan", "sweep"),
            # nmap over subnets and over all ports of single hosts: the label does not tell one from the other.
            ("portscan", "other_attack"),
            ("bruteforce", "other_attack"),
            ("dos", "other_attack"),
        ),
        labels=MappingProxyType({"normal": "benign"}),
    ),
    direction=(
        "Records of both directions are paired; who started a connection is told from TCP flags, ICMP types and ports."
    ),
    limits=(
        'Public addresses are replaced by names (`10023_47`, `DNS`): such rows are rejected as "bad address".',
        "Byte counts may be rounded (`2.1 M`) and include headers: they are not read.",
        "portScan mixes sweeps with vertical scans and is other_attack; pingScan is a sweep.",
        "Rows of the victims carry the attack's label, too; paired, they are one connection.",
    ),
    reference="CIDDS-001 technical report, Attributes",
)
"""CIDDS-001 CSV."""
