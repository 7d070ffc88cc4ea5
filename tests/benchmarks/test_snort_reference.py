"""The Snort rules beside Snort itself."""

from pathlib import Path

import pytest

from benchmarks.snort_reference import compare, read_alerts
from sweepml.baselines.registry import make_rule
from sweepml.baselines.snort_portsweep import SnortPortsweepLow
from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.errors import InputError
from sweepml.features.plan import FeaturePlan
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import probes
from tests.evaluation.handmade import Contact, to_capture

HEADER = "epoch,sid,message,protocol,packet_src,packet_src_port,packet_dst,packet_dst_port"
SCANNER, VICTIM, PEER = "10.0.0.1", "10.1.0.1", "10.1.0.9"


@pytest.fixture(scope="module")
def lab_train(lab_dir: Path) -> Capture:
    return load_capture(CaptureSource("lab_train", str(lab_dir / "train" / "conn.log.gz")), FeaturePlan())[0]


@pytest.fixture
def reference_dir(real_dir: Path) -> Path:
    folder = real_dir.parent / "reference"
    if not folder.is_dir():
        pytest.skip(f"no alerts of Snort at {folder}")
    return folder


def scanners(tmp_path: Path, *rows: str) -> list[str]:
    path = tmp_path / "snort.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    contacts = [
        *probes(5, port=445),
        Contact(9, SCANNER, PEER, port=22),
        Contact(9, PEER, SCANNER, port=80),
        Contact(9, SCANNER, "10.1.0.8", port=53, protocol=Protocol.UDP),
    ]
    return [alert.scanner for alert in read_alerts(path, to_capture("hand", contacts))]


def test_the_scanner_is_who_contacted_the_other(tmp_path: Path) -> None:
    found = scanners(
        tmp_path,
        f"7,3,TCP portsweep,TCP,{VICTIM},445,{SCANNER},50914",  # the victim's reset
        f"7,7,TCP filtered portsweep,TCP,{SCANNER},50914,{VICTIM},445",
        f"7,19,UDP portsweep,ICMP,10.1.0.8,,{SCANNER},",  # the victim's ICMP error has no ports
        f"7,26,ICMP filtered sweep,ICMP,{SCANNER},,{VICTIM},",
    )
    assert found == [SCANNER] * 4


def test_ports_decide_where_two_hosts_contact_each_other(tmp_path: Path) -> None:
    found = scanners(
        tmp_path,
        f"7,3,TCP portsweep,TCP,{PEER},22,{SCANNER},40000",
        f"7,3,TCP portsweep,TCP,{SCANNER},80,{PEER},40000",
    )
    assert found == [SCANNER, PEER]


def test_port_scans_are_left_out(tmp_path: Path) -> None:
    assert scanners(tmp_path, f"7,1,TCP portscan,TCP,{VICTIM},445,{SCANNER},50914") == []


def test_hosts_that_never_met_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no connection between {VICTIM} and {PEER}"):
        scanners(tmp_path, f"7,3,TCP portsweep,TCP,{VICTIM},445,{PEER},50914")


def test_agreement_counts_sources_and_the_lag_of_their_first_alerts(tmp_path: Path) -> None:
    path = tmp_path / "snort.csv"
    rows = [
        f"3,3,TCP portsweep,TCP,10.1.0.3,445,{SCANNER},5000",
        f"63,3,TCP portsweep,TCP,10.1.0.3,445,{SCANNER},5000",
        "9,3,TCP portsweep,TCP,10.1.0.3,445,10.0.0.2,5000",
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    contacts = [
        *probes(5, outcome=Outcome.REFUSED),  # reported at 4 s
        *probes(3, source="10.0.0.2"),  # never
        *probes(5, source="10.0.0.3", outcome=Outcome.REFUSED),
    ]
    found = compare(SnortPortsweepLow(), path, to_capture("hand", contacts))
    assert (found.both, found.only_snort, found.only_rule) == ((SCANNER,), ("10.0.0.2",), ("10.0.0.3",))
    assert (found.snort_alerts, found.rule_alerts, found.lag_s) == (3, 2, (1, 1, 1))


@pytest.mark.real
@pytest.mark.parametrize(
    ("level", "both", "only_snort", "only_rule"), [("low", 37, 8, 1), ("medium", 41, 4, 0), ("high", 64, 3, 4)]
)
def test_the_rules_report_the_sources_that_snort_reports(
    lab_train: Capture, reference_dir: Path, level: str, both: int, only_snort: int, only_rule: int
) -> None:
    # The differences are explained in docs/rules.md: what the packets show and their log does not.
    path = reference_dir / f"snort3_{level}_lab_train.csv"
    found = compare(make_rule(f"snort_portsweep_{level}"), path, lab_train)
    assert (len(found.both), len(found.only_snort), len(found.only_rule)) == (both, only_snort, only_rule)
    assert found.lag_s[1] == 0
