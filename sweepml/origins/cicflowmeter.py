"""CICFlowMeter's CSV, in which CIC-IDS2017 and its successors are published (CICFlowMeter documentation, features)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, Evidence, LabelRule, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that the RST flag and the packets of both sides give.

    Flags are counted over both directions, and some versions count no more than one; packets decide where they can.
    """
    if evidence.protocol != Protocol.TCP or evidence.received <= 0:
        return evidence.by_reply()
    resets, forward, backward = evidence.words
    if backward != "1":
        return Outcome.ANSWERED
    if forward == "1":  # SYN and RST, or a SYN-ACK that nobody took up
        return Outcome.REFUSED if resets not in ("", "0") else Outcome.UNKNOWN
    return Outcome.UNKNOWN


CICFLOWMETER: Final = Origin(
    name="cicflowmeter",
    title="CICFlowMeter CSV",
    encodings=frozenset({Encoding.CSV_HEADER}),
    delimiter=",",
    padded=True,
    clock=Clock.DAY_FIRST,
    duration_unit_us=1.0,
    fields=MappingProxyType(
        {
            "ts_us": ("Timestamp",),
            "duration_us": ("Flow Duration",),
            "src": ("Src IP", "Source IP"),
            "dst": ("Dst IP", "Destination IP"),
            "protocol": ("Protocol",),
            "dst_port": ("Dst Port", "Destination Port"),
            "state": ("RST Flag Cnt", "RST Flag Count"),
            "state_2": ("Tot Fwd Pkts", "Total Fwd Packets", "Total Fwd Packet"),
            "state_3": ("Tot Bwd Pkts", "Total Backward Packets", "Total Bwd packets"),
            "orig_bytes": ("TotLen Fwd Pkts", "Total Length of Fwd Packets", "Total Length of Fwd Packet"),
            "resp_bytes": ("TotLen Bwd Pkts", "Total Length of Bwd Packets", "Total Length of Bwd Packet"),
            "orig_packets": ("Tot Fwd Pkts", "Total Fwd Packets", "Total Fwd Packet"),
            "resp_packets": ("Tot Bwd Pkts", "Total Backward Packets", "Total Bwd packets"),
            "label": ("Label",),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "orig_packets", "resp_packets"}),
    refusal=(
        frozenset({"Flow Duration", "Label"}),
        "this file leaves out addresses or times, which CICFlowMeter's own output has (of CIC-IDS2017 use "
        "GeneratedLabelledFlows)",
    ),
    outcome=OutcomeRule(
        words=("state", "state_2", "state_3"),
        judge=judge,
        reference="CICFlowMeter documentation, features: RST Flag Count, Total Bwd packets",
    ),
    label=LabelRule(
        labels=MappingProxyType(
            {"benign": "benign", "portscan": "vertical_scan", "needmanuallabel": "", "no label": ""}
        ),
        others="other_attack",
    ),
    direction=(
        "The sender of the first packet of the flow; flows that were cut at a FIN or a timeout may be turned round."
    ),
    limits=(
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        "Some versions count TCP flags of the first packets only; packets decide where they can.",
        (
            "CIC-IDS2017 writes hours of the afternoon as 1 to 5 without AM or PM: read as they stand, they are "
            "twelve hours early."
        ),
        (
            "CIC-IDS2017's PortScan is a vertical scan of one host; scans during Infiltration are labelled so and not"
            " as scans."
        ),
        "Labels of CIC-IDS2017 with a dash in Windows-1252 are no UTF-8: such rows are rejected.",
        "Negative durations occur; such rows are rejected.",
        "Files without addresses or times (MachineLearningCVE, most of CSE-CIC-IDS2018) are refused.",
    ),
    reference="CICFlowMeter documentation, features",
)
"""CICFlowMeter CSV."""
