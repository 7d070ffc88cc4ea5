"""The NF-*-v3 data sets' CSV files (NetFlow datasets of the University of Queensland, feature list of version 3)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Evidence, LabelRule, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

_SYN, _RST = 0x02, 0x04


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that the server's TCP flags and the packets of both sides give."""
    if evidence.protocol != Protocol.TCP or evidence.received <= 0:
        return evidence.by_reply()
    (flags,) = evidence.words
    bits = int(flags) if flags.isdecimal() else 0
    if bits & _SYN:
        return Outcome.ANSWERED
    return Outcome.REFUSED if bits & _RST else Outcome.UNKNOWN


NF_DATASET: Final = Origin(
    name="nf_dataset",
    title="NF-*-v3 CSV",
    encodings=frozenset({Encoding.CSV_HEADER, Encoding.PARQUET}),
    delimiter=",",
    time_unit_us=1e3,
    duration_unit_us=1e3,
    fields=MappingProxyType(
        {
            "ts_us": ("FLOW_START_MILLISECONDS",),
            "duration_us": ("FLOW_DURATION_MILLISECONDS",),
            "src": ("IPV4_SRC_ADDR",),
            "dst": ("IPV4_DST_ADDR",),
            "protocol": ("PROTOCOL",),
            "dst_port": ("L4_DST_PORT",),
            "icmp_type": ("ICMP_IPV4_TYPE",),
            "state": ("SERVER_TCP_FLAGS",),
            "orig_packets": ("IN_PKTS",),
            "resp_packets": ("OUT_PKTS",),
            "label": ("Label",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "orig_packets", "resp_packets"}),
    refusal=(
        frozenset({"IPV4_SRC_ADDR", "L4_DST_PORT"}),
        "this is version 1 or 2 of an NF data set, which has no times, so that its records cannot be put into windows; "
        "version 3 has FLOW_START_MILLISECONDS",
    ),
    outcome=OutcomeRule(judge=judge, reference="NetFlow v3 data sets, feature list: SERVER_TCP_FLAGS"),
    label=LabelRule(labels=MappingProxyType({"0": "benign", "1": "other_attack"})),
    direction="IPV4_SRC_ADDR, the sender of the first packet that nProbe saw.",
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "Versions 1 and 2 have no times and are refused.",
        "Reconnaissance and scanning mix sweeps with vertical scans: every attack is other_attack.",
        "SERVER_TCP_FLAGS of a long flow may hold a SYN and an RST: the SYN decides.",
    ),
    reference="NetFlow v3 data sets, feature list",
)
"""NF-*-v3 CSV."""
