"""Binary flow files are read through nfdump, with its milliseconds, and what it complains about is said."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sweepml.datasets import nfcapd
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError
from sweepml.schema.outcome import Outcome
from tests.datasets.captures import CLIENT, SERVER, icmp, pcap, tcp, udp

MAGIC = b"\x0c\xa5\x01\x00"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed (package nfdump)")


@needs("nfpcapd")
def test_directions_are_paired(tmp_path: Path) -> None:
    frames = [
        tcp(CLIENT, SERVER, (40000, 22), 0x02),
        tcp(SERVER, CLIENT, (22, 40000), 0x12),
        tcp(CLIENT, SERVER, (40001, 23), 0x02),
        tcp(SERVER, CLIENT, (23, 40001), 0x14),
        udp(CLIENT, SERVER, (40002, 161)),
        icmp(CLIENT, SERVER, 8),
        icmp(SERVER, CLIENT, 0),
    ]
    (tmp_path / "f.pcap").write_bytes(pcap(frames))
    folder = tmp_path / "flows"
    folder.mkdir()
    subprocess.run(["nfpcapd", "-r", tmp_path / "f.pcap", "-l", folder], check=True, capture_output=True)
    (path,) = folder.glob("nfcapd.*")
    reader = read_connections(path)
    rows = reader.read_all().to_pylist()
    assert sorted((row["src"], row["protocol"], row["dst_port"], row["outcome"]) for row in rows) == [
        ("10.0.0.1", 1, 8, Outcome.ANSWERED),
        ("10.0.0.1", 6, 22, Outcome.ANSWERED),
        ("10.0.0.1", 6, 23, Outcome.REFUSED),
        ("10.0.0.1", 17, 161, Outcome.UNANSWERED),
    ]
    assert reader.report.origin == "nfdump"
    assert reader.report.rejects == {}


@needs("nfdump")
def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(MAGIC)
    with pytest.raises(InputError, match="f: nfdump cannot read it: "):
        read_connections(path).read_all()


def test_a_missing_nfdump_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(MAGIC)
    monkeypatch.setattr(nfcapd.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="which only nfdump can read, and that is not installed"):
        read_connections(path)


@pytest.mark.real
@needs("nfdump")
def test_a_published_file_is_read_whole_and_with_milliseconds(real_dir: Path) -> None:
    path = real_dir / "nfdump" / "test1.nfdump"
    reader = read_connections(path)
    rows = reader.read_all().to_pylist()
    assert sum(row["orig_packets"] + row["resp_packets"] for row in rows) == 4652  # as nfdump's own summary says
    assert reader.report.rejects == {}
    of_service = [row["src"] for row in rows if row["dst_port"] == 902]
    assert len(of_service) > 2000
    assert set(of_service) == {"147.32.80.119"}  # the client, never the server that refuses it
    assert any(row["ts_us"] % 1_000_000 for row in rows)
