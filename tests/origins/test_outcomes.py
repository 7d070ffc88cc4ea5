"""What each format's words mean, value by value; what a format cannot know is unknown."""

import pytest

from sweepml.origins.argus import ARGUS, STATES
from sweepml.origins.cicflowmeter import CICFLOWMETER
from sweepml.origins.ecs import ECS
from sweepml.origins.nf_dataset import NF_DATASET
from sweepml.origins.nfstream import NFSTREAM
from sweepml.origins.ocsf import OCSF
from sweepml.origins.origin import Evidence, Origin
from sweepml.origins.registry import ORIGINS
from sweepml.origins.suricata import SURICATA
from sweepml.origins.ton_iot import TON_IOT
from sweepml.origins.unsw_nb15 import UNSW_NB15
from sweepml.origins.zeek import CONN_STATES
from sweepml.schema.outcome import Outcome

TCP, UDP, ICMP = 6, 17, 1
A, R, B, N, U = Outcome.ANSWERED, Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED, Outcome.UNKNOWN
BOTH, ONE_WAY, NOT_SAID = (1, 1), (1, 0), (-1, -1)


def judged(origin: Origin, protocol: int, words: tuple[str, ...], spoke: tuple[int, int]) -> Outcome:
    return origin.outcome.of(Evidence(protocol, words, *spoke))


@pytest.mark.parametrize(
    ("protocol", "state", "by_source", "by_destination", "spoke", "outcome"),
    [
        (TCP, "new", "02", "00", ONE_WAY, N),  # a SYN
        (TCP, "new", "02", "00", BOTH, R),  # a SYN, and an ICMP error
        (TCP, "closed", "02", "14", BOTH, R),  # a SYN and its reset
        (TCP, "closed", "06", "12", BOTH, A),  # a half-open scan
        (TCP, "closed", "1b", "1b", BOTH, A),
        (TCP, "closed", "1e", "1a", BOTH, A),
        (TCP, "closed", "1a", "1e", BOTH, A),
        (TCP, "established", "1a", "1a", BOTH, A),
        (TCP, "established", "1a", "12", BOTH, A),
        (TCP, "bypassed", "1a", "12", BOTH, A),
        (TCP, "new", "00", "00", ONE_WAY, U),  # a probe without a SYN
        (TCP, "new", "00", "00", BOTH, U),
        (TCP, "new", "", "", ONE_WAY, U),
        (TCP, "new", "xy", "zz", ONE_WAY, U),
        (TCP, "established", "18", "18", BOTH, A),  # seen from its middle
        (TCP, "closed", "02", "00", BOTH, U),
        (TCP, "", "", "", NOT_SAID, U),
        (UDP, "new", "", "", ONE_WAY, N),
        (UDP, "new", "", "", BOTH, R),  # an ICMP error
        (UDP, "new", "", "", NOT_SAID, U),
        (UDP, "established", "", "", BOTH, A),
        (UDP, "bypassed", "", "", BOTH, A),
        (UDP, "closed", "", "", BOTH, U),
        (UDP, "", "", "", BOTH, U),
        (ICMP, "new", "", "", ONE_WAY, N),
        (ICMP, "new", "", "", BOTH, A),
        (ICMP, "established", "", "", BOTH, A),
    ],
)
def test_suricata(
    protocol: int, state: str, by_source: str, by_destination: str, spoke: tuple[int, int], outcome: Outcome
) -> None:
    assert judged(SURICATA, protocol, (state, by_source, by_destination), spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "state", "direction", "packets", "spoke", "outcome"),
    [
        (TCP, "CON", "->", "9", BOTH, A),
        (TCP, "CON", "?>", "1", ONE_WAY, U),
        (UDP, "CON", "<->", "2", BOTH, A),
        (TCP, "ACC", "->", "9", BOTH, A),
        (TCP, "EST", "->", "9", BOTH, A),
        (TCP, "FIN", "->", "9", BOTH, A),
        (TCP, "FIN", "<?>", "9", BOTH, A),
        (TCP, "CLO", "->", "9", BOTH, A),
        (UDP, "RSP", "<-", "1", BOTH, A),
        (UDP, "RSP", "<-", "1", (0, -1), U),
        (TCP, "REQ", "->", "1", ONE_WAY, N),
        (TCP, "REQ", "->", "2", BOTH, U),
        (UDP, "REQ", "->", "4", ONE_WAY, N),
        (TCP, "INT", "->", "1", ONE_WAY, N),
        (UDP, "INT", "->", "1", ONE_WAY, N),
        (UDP, "INT", "->", "1", NOT_SAID, U),
        (TCP, "RST", "->", "2", BOTH, R),
        (TCP, "RST", "->", "3", BOTH, A),
        (TCP, "RST", "->", "8", BOTH, A),
        (TCP, "RST", "<?>", "2", BOTH, U),
        (TCP, "RST", "->", "1", ONE_WAY, U),
        (TCP, "TIM", "->", "9", BOTH, U),
        (ICMP, "ECO", "<->", "2", BOTH, A),
        (ICMP, "ECO", "->", "1", ONE_WAY, N),
        (ICMP, "TST", "->", "1", ONE_WAY, N),
        (ICMP, "MAS", "->", "1", ONE_WAY, N),
        (ICMP, "IRQ", "->", "1", ONE_WAY, N),
        (ICMP, "ECR", "->", "1", ONE_WAY, U),
        (ICMP, "URP", "->", "1", ONE_WAY, U),
        (ICMP, "URH", "->", "1", ONE_WAY, U),
        (ICMP, "URN", "->", "1", ONE_WAY, U),
        (ICMP, "URF", "->", "1", ONE_WAY, U),
        (ICMP, "URFIL", "->", "1", ONE_WAY, U),
        (TCP, "S_", "->", "1", ONE_WAY, N),
        (TCP, "S_RA", "->", "2", BOTH, R),
        (TCP, "S_SA", "->", "2", BOTH, A),
        (TCP, "SR_SA", "->", "3", BOTH, A),
        (TCP, "FSPA_FSPA", "->", "9", BOTH, A),
        (TCP, "SRPA_FSRPA", "->", "9", BOTH, A),
        (TCP, "S_", "->", "3", BOTH, U),
        (TCP, "FA_FA", "<?>", "9", BOTH, A),
        (TCP, "A_R", "<?>", "2", BOTH, U),
        (TCP, "_SA", "<?", "2", BOTH, A),
        (TCP, "_RA", "<?", "2", BOTH, U),
        (TCP, "", "", "", NOT_SAID, U),
    ],
)
def test_argus(
    protocol: int, state: str, direction: str, packets: str, spoke: tuple[int, int], outcome: Outcome
) -> None:
    assert judged(ARGUS, protocol, (state, direction, packets), spoke) == outcome


def test_argus_states_are_all_tried() -> None:
    tried = {mark.args[1][i][1] for mark in test_argus.pytestmark for i in range(len(mark.args[1]))}
    assert set(STATES) <= tried


@pytest.mark.parametrize(
    ("protocol", "asked", "replied", "reset", "spoke", "outcome"),
    [
        (TCP, "1", "1", "0", BOTH, A),
        (TCP, "1", "1", "1", BOTH, A),
        (TCP, "1", "0", "1", BOTH, R),
        (TCP, "1", "0", "0", ONE_WAY, N),
        (TCP, "0", "0", "0", ONE_WAY, U),  # a probe without a SYN
        (TCP, "0", "0", "1", BOTH, U),
        (TCP, "0", "0", "0", BOTH, A),  # the middle of a connection
        (TCP, "", "", "", ONE_WAY, N),  # without statistics
        (TCP, "", "", "", BOTH, U),
        (UDP, "0", "0", "0", BOTH, A),
        (UDP, "0", "0", "0", ONE_WAY, N),
        (ICMP, "0", "0", "0", ONE_WAY, N),
        (ICMP, "0", "0", "0", BOTH, A),
    ],
)
def test_nfstream(
    protocol: int, asked: str, replied: str, reset: str, spoke: tuple[int, int], outcome: Outcome
) -> None:
    assert judged(NFSTREAM, protocol, (asked, replied, reset), spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "activity", "disposition", "action", "spoke", "outcome"),
    [
        (TCP, "6", "", "", ONE_WAY, N),  # traffic
        (TCP, "6", "", "", BOTH, U),
        (TCP, "6", "", "", NOT_SAID, U),
        (TCP, "1", "", "", BOTH, A),  # open
        (TCP, "1", "", "", NOT_SAID, U),
        (TCP, "2", "", "", BOTH, A),  # close
        (TCP, "3", "", "", BOTH, U),  # reset
        (TCP, "4", "", "", NOT_SAID, N),  # fail
        (TCP, "5", "", "", NOT_SAID, R),  # refuse
        (TCP, "7", "", "", NOT_SAID, U),  # listen
        (TCP, "0", "", "", NOT_SAID, U),
        (TCP, "99", "", "", NOT_SAID, U),
        (UDP, "6", "", "", BOTH, A),
        (TCP, "6", "1", "1", BOTH, U),  # allowed
        (TCP, "6", "2", "", ONE_WAY, B),
        (TCP, "6", "6", "", ONE_WAY, B),
        (TCP, "6", "14", "", ONE_WAY, B),
        (TCP, "6", "", "2", ONE_WAY, B),
    ],
)
def test_ocsf(
    protocol: int, activity: str, disposition: str, action: str, spoke: tuple[int, int], outcome: Outcome
) -> None:
    assert judged(OCSF, protocol, (activity, disposition, action), spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "words", "spoke", "outcome"),
    [
        (TCP, ("connection", "network_flow", "success", "1"), BOTH, A),
        (TCP, ("connection", "network_flow", "failure", "1"), BOTH, R),
        (TCP, ("connection", "network_flow", "unknown", "1"), BOTH, U),
        (TCP, ("connection", "network_flow", "", "1"), BOTH, U),
        (TCP, ("connection", "network_flow", "", "4"), BOTH, A),
        (TCP, ("connection", "network_flow", "", ""), BOTH, U),
        (TCP, ("connection", "network_flow", "failure", ""), ONE_WAY, N),
        (TCP, ("connection", "", "", ""), NOT_SAID, U),
        (UDP, ("connection", "network_flow", "", "1"), BOTH, A),
        (UDP, ("connection", "network_flow", "", ""), ONE_WAY, N),
        (TCP, ("denied", "", "", ""), NOT_SAID, B),
        *((TCP, ("connection", word, "", ""), ONE_WAY, B) for word in ("deny", "Denied", "drop", "dropped", "block")),
        *((TCP, ("connection", word, "", ""), ONE_WAY, B) for word in ("blocked", "reject", "rejected")),
    ],
)
def test_ecs(protocol: int, words: tuple[str, ...], spoke: tuple[int, int], outcome: Outcome) -> None:
    """Words are event.type, event.action, event.outcome and destination.packets."""
    assert judged(ECS, protocol, words, spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "state", "synack", "spoke", "outcome"),
    [
        (TCP, "FIN", "0.0003", BOTH, A),
        (TCP, "FIN", "0", BOTH, A),
        (TCP, "CON", "0", BOTH, A),
        (TCP, "ACC", "0", BOTH, A),
        (TCP, "CLO", "0", BOTH, A),
        (TCP, "RST", "0.0003", BOTH, A),
        (TCP, "RST", "0.0", BOTH, R),
        (TCP, "RST", "0", ONE_WAY, N),
        (TCP, "INT", "0", ONE_WAY, N),
        (TCP, "REQ", "0", ONE_WAY, N),
        (TCP, "REQ", "0", BOTH, U),
        (TCP, "no", "0", BOTH, U),
        (TCP, "", "", NOT_SAID, U),
        (UDP, "CON", "0", BOTH, A),
        (UDP, "INT", "0", ONE_WAY, N),
        (ICMP, "ECO", "0", BOTH, A),
        (ICMP, "ECO", "0", ONE_WAY, N),
        (ICMP, "ECR", "0", ONE_WAY, U),
        (ICMP, "TST", "0", ONE_WAY, N),
        (ICMP, "TXD", "0", ONE_WAY, N),
        (ICMP, "MAS", "0", ONE_WAY, N),
        (ICMP, "URN", "0", ONE_WAY, U),
        (ICMP, "URH", "0", ONE_WAY, U),
        (ICMP, "PAR", "0", ONE_WAY, N),
    ],
)
def test_unsw_nb15(protocol: int, state: str, synack: str, spoke: tuple[int, int], outcome: Outcome) -> None:
    assert judged(UNSW_NB15, protocol, (state, synack), spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "resets", "forward", "backward", "spoke", "outcome"),
    [
        (TCP, "0", "2", "0", ONE_WAY, N),
        (TCP, "1", "1", "1", BOTH, R),
        (TCP, "0", "1", "1", BOTH, U),
        (TCP, "", "1", "1", BOTH, U),
        (TCP, "1", "2", "1", BOTH, U),
        (TCP, "0", "5", "4", BOTH, A),
        (TCP, "1", "5", "4", BOTH, A),
        (UDP, "0", "1", "1", BOTH, A),
        (UDP, "0", "1", "0", ONE_WAY, N),
        (ICMP, "0", "1", "0", ONE_WAY, N),
    ],
)
def test_cicflowmeter(
    protocol: int, resets: str, forward: str, backward: str, spoke: tuple[int, int], outcome: Outcome
) -> None:
    assert judged(CICFLOWMETER, protocol, (resets, forward, backward), spoke) == outcome


@pytest.mark.parametrize(
    ("protocol", "flags", "spoke", "outcome"),
    [
        (TCP, "0", ONE_WAY, N),
        (TCP, "20", BOTH, R),
        (TCP, "18", BOTH, A),
        (TCP, "27", BOTH, A),
        (TCP, "22", BOTH, A),
        (TCP, "16", BOTH, U),
        (TCP, "", BOTH, U),
        (UDP, "0", BOTH, A),
        (ICMP, "0", ONE_WAY, N),
    ],
)
def test_nf_dataset(protocol: int, flags: str, spoke: tuple[int, int], outcome: Outcome) -> None:
    assert judged(NF_DATASET, protocol, (flags,), spoke) == outcome


@pytest.mark.parametrize(("state", "outcome"), CONN_STATES.items())
def test_ton_iot_has_the_states_of_zeek(state: str, outcome: Outcome) -> None:
    assert judged(TON_IOT, TCP, (state,), NOT_SAID) == outcome
    assert judged(TON_IOT, ICMP, (state,), BOTH) == A


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=list(ORIGINS))
@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_what_is_not_said_is_unknown(origin: Origin, protocol: int) -> None:
    if origin.pairing is None:
        assert judged(origin, protocol, ("",) * len(origin.outcome.words), NOT_SAID) == U


LABELS = [
    ("argus", "flow=From-Botnet-V42-TCP-CC6", "other_attack"),
    ("argus", "flow=From-Normal-V42-Stribrek", "benign"),
    ("argus", "flow=Background-UDP-Established", ""),
    ("argus", "flow=To-Botnet-V42-UDP-NTP", ""),
    ("argus", "", ""),
    ("cicflowmeter", "BENIGN", "benign"),
    ("cicflowmeter", "PortScan", "vertical_scan"),
    ("cicflowmeter", "DDoS", "other_attack"),
    ("cicflowmeter", "Infiltration", "other_attack"),
    ("cicflowmeter", "No Label", ""),
    ("cicflowmeter", "NeedManualLabel", ""),
    ("cicflowmeter", "", ""),
    ("unsw_nb15", "0", "benign"),
    ("unsw_nb15", "1", "other_attack"),
    ("nf_dataset", "0", "benign"),
    ("nf_dataset", "1", "other_attack"),
    ("ton_iot", "0", "benign"),
    ("ton_iot", "1", "other_attack"),
]


@pytest.mark.parametrize(("name", "label", "kind"), LABELS)
def test_labels_have_their_kinds(name: str, label: str, kind: str) -> None:
    assert ORIGINS[name].label.kind(label, label) == kind


@pytest.mark.parametrize(
    ("label", "detail", "kind"),
    [
        ("normal", "---", "benign"),
        ("attacker", "portScan", "other_attack"),
        ("victim", "portScan", "other_attack"),
        ("attacker", "pingScan", "sweep"),
        ("attacker", "bruteForce", "other_attack"),
        ("attacker", "dos", "other_attack"),
        ("suspicious", "---", ""),
        ("unknown", "---", ""),
    ],
)
def test_labels_of_cidds_have_their_kinds(label: str, detail: str, kind: str) -> None:
    assert ORIGINS["cidds"].label.kind(label, detail) == kind
