"""Zeek's conn.log, as tab-separated text or JSON (https://docs.zeek.org/en/current/logs/conn.html)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Encoding, LabelRule, Origin, OutcomeRule
from sweepml.schema.outcome import Outcome

CONN_STATES: Final = MappingProxyType(
    {
        "S0": Outcome.UNANSWERED,  # attempt seen, no reply; for UDP: no datagram came back
        "S1": Outcome.ANSWERED,  # established, not ended
        "SF": Outcome.ANSWERED,  # established and ended; for UDP: both sides sent
        "REJ": Outcome.REFUSED,
        "S2": Outcome.ANSWERED,  # established, the source wants to close
        "S3": Outcome.ANSWERED,  # established, the destination wants to close
        "RSTO": Outcome.ANSWERED,  # established, the source aborted
        "RSTR": Outcome.ANSWERED,  # established, the destination aborted
        "RSTOS0": Outcome.UNANSWERED,  # SYN, then RST, from the source; no SYN-ACK seen
        "SH": Outcome.UNANSWERED,  # SYN, then FIN, from the source; no SYN-ACK seen
        # These are views of one side, or of the middle: they say nothing of the attempt.
        "RSTRH": Outcome.UNKNOWN,
        "SHR": Outcome.UNKNOWN,
        "OTH": Outcome.UNKNOWN,
    }
)
"""conn_state -> outcome; all thirteen of Zeek's states."""

LABEL_KINDS: Final = LabelRule(
    # IoT-23 writes "PartOfAHorizontalPortScan", alone or joined to other findings.
    details=(("horizontalportscan", "sweep"),),
    labels=MappingProxyType({"malicious": "other_attack", "benign": "benign"}),
)
"""Labels of the Stratosphere data sets (IoT-23 and others): `label` and `detailed-label`."""


def _spellings(name: str) -> tuple[str, ...]:
    # Elastic and some shippers cannot keep dots in names, and write underscores.
    return (name, name.replace(".", "_"))


ZEEK_CONN: Final = Origin(
    name="zeek",
    title="Zeek conn.log",
    encodings=frozenset({Encoding.TSV_FIELDS, Encoding.TSV_HEADER, Encoding.JSON_LINES}),
    fields=MappingProxyType(
        {
            "ts_us": ("ts",),
            "src": _spellings("id.orig_h"),
            "dst": _spellings("id.resp_h"),
            "protocol": ("proto",),
            "dst_port": _spellings("id.resp_p"),
            "icmp_type": _spellings("id.orig_p"),  # Zeek writes the ICMP code in id.resp_p
            "state": ("conn_state",),
            "duration_us": ("duration",),
            "orig_bytes": ("orig_bytes",),
            "resp_bytes": ("resp_bytes",),
            "orig_packets": ("orig_pkts",),
            "resp_packets": ("resp_pkts",),
            "label": ("label",),
            "label_detail": ("detailed-label", "detailedlabel"),
        }
    ),
    # conn_state tells conn.log from Zeek's other logs, which share the address fields.
    required=frozenset({"ts_us", "src", "dst", "protocol", "dst_port", "icmp_type", "state"}),
    # Zeek gives ICMP the state OTH whatever happens.
    outcome=OutcomeRule(CONN_STATES, icmp_by_reply=True, reference="Zeek documentation, conn.log: conn_state"),
    label=LABEL_KINDS,
    direction="The originator of the connection, as Zeek saw it.",
    limits=(
        "An ICMP error that answers an attempt does not show in conn_state: the attempt is unanswered.",
        (
            "Labels of IoT-23 stand in columns of their own, or inside the last column; they are wrong in places, so "
            "that they must be asked for (use_log_labels)."
        ),
    ),
    reference="Zeek documentation, conn.log",
    unset=frozenset({"", "-", "(empty)"}),
    # Zeek leaves these unset where no second packet, or no payload, was seen.
    zero_if_unset=frozenset({"duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets"}),
)
"""Zeek conn.log."""
