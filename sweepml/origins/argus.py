"""Argus flows as `ra` prints them with commas, and CTU's ``.binetflow`` (ra(1), "FIELDS", and the CTU-13 data set)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sweepml.origins.origin import Clock, Encoding, Evidence, LabelRule, Origin, OutcomeRule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

STATES: Final = MappingProxyType(
    {
        "CON": Outcome.ANSWERED,  # connected: both sides sent
        "ACC": Outcome.ANSWERED,  # accepted
        "EST": Outcome.ANSWERED,  # established
        "FIN": Outcome.ANSWERED,  # established and ended
        "CLO": Outcome.ANSWERED,  # closed
        "RSP": Outcome.ANSWERED,  # the answer was seen
        "REQ": Outcome.UNANSWERED,  # asked
        "INT": Outcome.UNANSWERED,  # first packets of one side
        "ECO": Outcome.UNANSWERED,  # echo request
        "TST": Outcome.UNANSWERED,  # timestamp request
        "MAS": Outcome.UNANSWERED,  # mask request
        "IRQ": Outcome.UNANSWERED,  # information request
    }
)
"""State -> outcome, for states in which the reply does not decide. Whatever is not listed is unknown: TIM (timed out),
ECR and other ICMP answers, and the unreachables URH, URP, URN, URF and URFIL, which are records of the error itself."""

_REFUSAL_PACKETS: Final = "2"
"""A SYN and its RST. Argus writes RST for every connection that a reset ended; more packets than these hold an answer
(of 92,000 laboratory records with that state all but 35 are told right)."""


def judge(evidence: Evidence) -> Outcome:
    """Return the outcome of a state, direction and what both sides sent."""
    state, direction, packets = evidence.words
    if "_" in state:
        by_source, by_destination = state.split("_", 1)
        return _of_flags(by_source, by_destination, evidence)
    saw_no_start = "?" in direction
    if state == "RST":
        if evidence.received <= 0 or (saw_no_start and packets == _REFUSAL_PACKETS):
            return Outcome.UNKNOWN
        return Outcome.REFUSED if packets == _REFUSAL_PACKETS else Outcome.ANSWERED
    outcome = STATES.get(state, Outcome.UNKNOWN)
    if outcome == Outcome.ANSWERED:
        return outcome if evidence.received > 0 else Outcome.UNKNOWN
    if outcome == Outcome.UNANSWERED:
        return evidence.by_reply() if evidence.protocol != Protocol.TCP or evidence.received <= 0 else Outcome.UNKNOWN
    return outcome


def _of_flags(by_source: str, by_destination: str, evidence: Evidence) -> Outcome:
    """Return the outcome of a state that lists both sides' TCP flags: ``SPA_FSPA``."""
    if "S" in by_destination:
        return Outcome.ANSWERED
    if "S" not in by_source:
        return Outcome.ANSWERED if by_destination and "R" not in by_destination else Outcome.UNKNOWN
    if "R" in by_destination:
        return Outcome.REFUSED
    return Outcome.UNANSWERED if not by_destination and evidence.received <= 0 else Outcome.UNKNOWN


ARGUS: Final = Origin(
    name="argus",
    title="Argus ra CSV",
    encodings=frozenset({Encoding.CSV_HEADER}),
    delimiter=",",
    padded=True,
    fields=MappingProxyType(
        {
            "kind": ("Proto",),
            "ts_us": ("StartTime",),
            "duration_us": ("Dur",),
            "src": ("SrcAddr",),
            "dst": ("DstAddr",),
            "protocol": ("Proto",),
            "src_port": ("Sport",),
            "dst_port": ("Dport",),
            "icmp_type": ("Sport",),  # code << 8 | type, in hexadecimal
            "swapped": ("Dir",),
            "state": ("State",),
            "state_2": ("Dir",),
            "state_3": ("TotPkts",),
            "orig_packets": ("SrcPkts",),
            "resp_packets": ("DstPkts",),
            "total_packets": ("TotPkts",),
            "sent": ("SrcBytes",),
            "total": ("TotBytes",),
            "label": ("Label", "label"),
            "label_detail": ("Label", "label"),
        }
    ),
    required=frozenset({"ts_us", "src", "dst", "protocol", "src_port", "dst_port", "state", "swapped"}),
    # Not transport: ARP and its like have no ports, "man" is what Argus says of itself.
    other_kinds=frozenset({"arp", "rarp", "man", "llc", "ipx/spx", "pnp"}),
    swapped=frozenset({"<-", "<?"}),
    icmp_mask=0xFF,
    clock=Clock.YEAR_FIRST,
    outcome=OutcomeRule(words=("state", "state_2", "state_3"), judge=judge, reference="ra(1), FIELDS: state, dir"),
    label=LabelRule(
        # CTU-13 labels whole bots ("flow=From-Botnet-V42-TCP-..."): what a flow did is not said, but for a few.
        details=(
            ("from-botnet", "other_attack"),
            ("from-normal", "benign"),
        ),
    ),
    direction="SrcAddr, or DstAddr where Dir says that it began (`<-`, `<?`).",
    limits=(
        "Byte counts include headers, so that the payload is not known.",
        "The packets of each side are known only if SrcPkts is among the printed fields.",
        "RST does not say who reset what, nor when: two packets are a refusal, more hold an answer.",
        'ARP and other records without transport are counted as "not a connection record".',
        "Times without an offset are read as UTC; `ra` prints local time unless told otherwise.",
        (
            "CTU-13 labels whole hosts (From-Botnet, From-Normal): which flows of a bot are scans is not told; "
            "Background is unknown."
        ),
    ),
    reference="ra(1), FIELDS; CTU-13 data set",
)
"""Argus ra CSV."""
