"""The UNSW-NB15 data set's CSV files, with and without their names (UNSW-NB15 data set, "NUSW-NB15_features.csv")."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, Evidence, LabelRule, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

COLUMNS: Final = (
    "srcip sport dstip dsport proto state dur sbytes dbytes sttl dttl sloss dloss service Sload Dload Spkts Dpkts swin "
    "dwin stcpb dtcpb smeansz dmeansz trans_depth res_bdy_len Sjit Djit Stime Ltime Sintpkt Dintpkt tcprtt synack "
    "ackdat is_sm_ips_ports ct_state_ttl ct_flw_http_mthd is_ftp_login ct_ftp_cmd ct_srv_src ct_srv_dst ct_dst_ltm "
    "ct_src_ltm ct_src_dport_ltm ct_dst_sport_ltm ct_dst_src_ltm attack_cat Label"
)
"""Names of the 49 columns, which most of the published files do not have."""

ANSWERED_STATES: Final = frozenset({"CON", "ACC", "FIN", "CLO"})
"""Argus's words for an exchange of both sides, see `sweepml.origins.argus`."""


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome that the state, the time to the SYN-ACK and the packets of both sides give."""
    state, synack_s = evidence.words
    if evidence.protocol != Protocol.TCP:
        return Outcome.UNKNOWN if state.startswith("UR") or state == "ECR" else evidence.by_reply()
    if evidence.received <= 0:
        return evidence.by_reply()
    if synack_s.strip("0.") or state in ANSWERED_STATES:
        return Outcome.ANSWERED
    return Outcome.REFUSED if state == "RST" else Outcome.UNKNOWN


UNSW_NB15: Final = Origin(
    name="unsw_nb15",
    title="UNSW-NB15 CSV",
    encodings=frozenset({Encoding.CSV_HEADER, Encoding.CSV_BARE}),
    delimiter=",",
    padded=True,
    bare=(tuple(COLUMNS.split()),),
    fields=MappingProxyType(
        {
            "ts_us": ("Stime", "stime"),
            "duration_us": ("dur", "Dur"),
            "src": ("srcip",),
            "dst": ("dstip",),
            "protocol": ("proto",),
            "dst_port": ("dsport",),
            "state": ("state",),
            "state_2": ("synack",),
            "orig_packets": ("Spkts", "spkts"),
            "resp_packets": ("Dpkts", "dpkts"),
            "label": ("Label", "label"),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "state", "orig_packets", "resp_packets"}),
    outcome=OutcomeRule(
        words=("state", "state_2"),
        judge=judge,
        reference="UNSW-NB15 data set, features file: state, synack",
    ),
    label=LabelRule(labels=MappingProxyType({"0": "benign", "1": "other_attack"})),
    direction="srcip, as Argus saw it.",
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "ICMP types are not told: every ICMP record is taken for an echo request.",
        "Times are whole seconds.",
        "Reconnaissance mixes sweeps with vertical scans: every attack is other_attack.",
        "The training and testing sets have neither addresses nor times and are in no known format.",
    ),
    reference="UNSW-NB15 data set, features file",
)
"""UNSW-NB15 CSV."""
