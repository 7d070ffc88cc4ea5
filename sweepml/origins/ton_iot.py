"""The ToN-IoT data set's network CSV files, which are made of Zeek's logs (ToN_IoT datasets, network features)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, LabelRule, Origin, OutcomeRule
from sweepml.origins.zeek import CONN_STATES

TON_IOT: Final = Origin(
    name="ton_iot",
    title="ToN-IoT network CSV",
    encodings=frozenset({Encoding.CSV_HEADER}),
    delimiter=",",
    fields=MappingProxyType(
        {
            "ts_us": ("ts",),
            "duration_us": ("duration",),
            "src": ("src_ip",),
            "dst": ("dst_ip",),
            "protocol": ("proto",),
            "dst_port": ("dst_port",),
            "icmp_type": ("src_port",),  # as in Zeek
            "state": ("conn_state",),
            "orig_bytes": ("src_bytes",),
            "resp_bytes": ("dst_bytes",),
            "orig_packets": ("src_pkts",),
            "resp_packets": ("dst_pkts",),
            "label": ("label",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "icmp_type", "state"}),
    refusal=(
        frozenset({"src_ip", "dst_ip", "conn_state"}),
        "this is ToN-IoT's train-test subset, which has no times, so that its records cannot be put into windows; "
        "the processed network files (Network_dataset_*.csv) have them",
    ),
    outcome=OutcomeRule(CONN_STATES, icmp_by_reply=True, reference="Zeek documentation, conn.log: conn_state"),
    label=LabelRule(labels=MappingProxyType({"0": "benign", "1": "other_attack"})),
    direction="The originator of the connection, as Zeek saw it.",
    limits=(
        'Unset counts are missing, not zero, since the set fills gaps with "-" and 0 alike.',
        "Type scanning mixes sweeps with vertical scans: every attack is other_attack.",
        "The train-test subset has no times and is refused.",
    ),
    reference="ToN_IoT datasets, network features",
)
"""ToN-IoT network CSV."""
