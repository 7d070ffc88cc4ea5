"""Packet captures become connections with initiators, outcomes and ICMP types."""

import gzip
from collections import defaultdict
from pathlib import Path

import pytest

from sweepml.datasets import packets
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError, MissingExtraError
from sweepml.schema.outcome import Outcome
from tests.datasets.captures import ARP, CLIENT, SERVER, ethernet, icmp, pcap, tcp, udp

pytest.importorskip("nfstream", reason="nfstream is not installed: pip install 'sweepml[pcap]'")


def rows_of(path: Path, frames: list[bytes]) -> list[tuple[object, ...]]:
    """Return (src, dst, protocol, port, outcome, payload of the source) of a capture with these frames."""
    path.write_bytes(pcap(frames))
    columns = ("src", "dst", "protocol", "dst_port", "outcome", "orig_bytes")
    found = [tuple(row[name] for name in columns) for row in read_connections(path).read_all().to_pylist()]
    return sorted(found)


def test_directions_and_outcomes(tmp_path: Path) -> None:
    frames = [
        tcp(CLIENT, SERVER, (40000, 22), 0x02),
        tcp(SERVER, CLIENT, (22, 40000), 0x12),
        tcp(CLIENT, SERVER, (40000, 22), 0x18, b"hello"),
        tcp(CLIENT, SERVER, (40001, 23), 0x02),
        tcp(SERVER, CLIENT, (23, 40001), 0x14),
        tcp(CLIENT, SERVER, (40002, 25), 0x02),
        udp(CLIENT, SERVER, (40003, 53)),
        udp(SERVER, CLIENT, (53, 40003), b"yes"),
        udp(CLIENT, SERVER, (40004, 161), b"12"),
    ]
    assert rows_of(tmp_path / "f", frames) == [
        ("10.0.0.1", "10.0.0.2", 6, 22, Outcome.ANSWERED, 5),
        ("10.0.0.1", "10.0.0.2", 6, 23, Outcome.REFUSED, 0),
        ("10.0.0.1", "10.0.0.2", 6, 25, Outcome.UNANSWERED, 0),
        ("10.0.0.1", "10.0.0.2", 17, 53, Outcome.ANSWERED, 1),
        ("10.0.0.1", "10.0.0.2", 17, 161, Outcome.UNANSWERED, 2),
    ]


def test_a_capture_that_begins_with_the_answer(tmp_path: Path) -> None:
    frames = [tcp(SERVER, CLIENT, (22, 40000), 0x12), tcp(CLIENT, SERVER, (40000, 22), 0x10)]
    assert rows_of(tmp_path / "f", frames) == [("10.0.0.1", "10.0.0.2", 6, 22, Outcome.ANSWERED, 0)]


def test_icmp_messages_between_two_hosts_are_told_apart(tmp_path: Path) -> None:
    frames = [
        icmp(CLIENT, SERVER, 8),
        icmp(SERVER, CLIENT, 0),
        icmp(SERVER, CLIENT, 3, bytes(28)),
        icmp(CLIENT, SERVER, 13),
    ]
    assert rows_of(tmp_path / "f", frames) == [
        ("10.0.0.1", "10.0.0.2", 1, 8, Outcome.ANSWERED, 8),
        ("10.0.0.1", "10.0.0.2", 1, 13, Outcome.UNANSWERED, 8),
        ("10.0.0.2", "10.0.0.1", 1, 3, Outcome.UNKNOWN, 28),
    ]


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (icmp(CLIENT, SERVER, 8)[14:], (8, 8)),
        (b"\x46" + icmp(CLIENT, SERVER, 8)[15:34] + bytes(4) + b"\x0d" + bytes(7), (13, 4)),
        (b"\x60\0\0\0\0\x0a\x3a\x40" + bytes(32) + b"\x80" + bytes(9), (128, 2)),
        (b"\x60\0\0\0\0\x10\x00\x40" + bytes(32) + b"\x3a\x00" + bytes(6) + b"\x83" + bytes(7), (131, 0)),
        (icmp(CLIENT, SERVER, 8)[14:20] + b"\0\x05" + icmp(CLIENT, SERVER, 8)[22:], None),  # a later fragment
        (icmp(CLIENT, SERVER, 8)[14:34], None),  # cut
        (b"\x60\0\0\0\0\x0a\x3a\x40" + bytes(32), None),
        (b"\x60\0\0\0\0\x0a\x11\x40" + bytes(42), None),  # UDP
        (b"", None),
    ],
)
def test_icmp_types_are_found_behind_options_and_extension_headers(
    packet: bytes, expected: tuple[int, int] | None
) -> None:
    assert packets.icmp_message(packet) == expected


def test_frames_without_ip_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(pcap([udp(CLIENT, SERVER, (1, 2)), ethernet(ARP), ethernet(ARP)]))
    reader = read_connections(path)
    assert reader.read_all().num_rows == 1
    assert reader.report.rejects == {"not IP": 2}
    (example,) = reader.report.examples["not IP"]
    assert (example.line, example.text) == (2, "ARP")


def test_a_compressed_capture_is_read_like_a_plain_one(tmp_path: Path) -> None:
    frames = [udp(CLIENT, SERVER, (1, port)) for port in range(1, 50)]
    plain, packed = tmp_path / "f.pcap", tmp_path / "f.gz"
    plain.write_bytes(pcap(frames))
    packed.write_bytes(gzip.compress(pcap(frames)))
    assert read_connections(packed).read_all().equals(read_connections(plain).read_all())
    assert [batch.num_rows for batch in read_connections(plain, batch_rows=20)] == [20, 20, 9]


def test_a_cut_capture_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(pcap([udp(CLIENT, SERVER, (1, 2)), udp(CLIENT, SERVER, (1, 3))])[:-5])
    batches = iter(read_connections(path))
    assert next(batches).num_rows == 1
    with pytest.raises(InputError, match="is damaged: it ends in the middle of a frame; 1 rows were read before that"):
        next(batches)


def test_a_missing_nfstream_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(pcap([]))
    monkeypatch.setitem(__import__("sys").modules, "nfstream", None)
    with pytest.raises(MissingExtraError, match=r"nfstream, which reads packet captures, is not.*sweepml\[pcap\]"):
        read_connections(path)


def fan_out(path: Path) -> dict[str, dict[str, set[tuple[int, int]]]]:
    """Return source -> destination -> services."""
    found: dict[str, dict[str, set[tuple[int, int]]]] = defaultdict(lambda: defaultdict(set))
    for row in read_connections(path).read_all().to_pylist():
        found[row["src"]][row["dst"]].add((row["protocol"], row["dst_port"]))
    return found


def captures(folder: Path) -> list[Path]:
    return sorted((folder / "pcap").rglob("*.pcap*"))


@pytest.mark.real
def test_every_published_capture_is_read(real_dir: Path) -> None:
    found = captures(real_dir)
    assert len(found) >= 20
    for path in found:
        reader = read_connections(path)
        assert reader.read_all().num_rows > 0, path.name
        assert reader.report.origin == "pcap"


@pytest.mark.real
def test_a_published_icmp_sweep_is_one_source_with_many_destinations(real_dir: Path) -> None:
    (source, targets), *others = fan_out(real_dir / "pcap" / "icmp_sweep.pcap").items()
    assert (source, len(targets), others) == ("192.168.1.109", 18, [])
    assert set().union(*targets.values()) == {(1, 8)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("vertical_synscan.pcapng", 900),
        ("vertical_tcp_0_1000_20190821.pcap", 1000),
        ("vertical_udp_0_1000_20190821.pcap", 1000),
        ("vertical_portscan.pcap", 1000),
    ],
)
def test_a_published_vertical_scan_is_one_destination_with_many_ports(real_dir: Path, name: str, ports: int) -> None:
    many = [
        (source, dst)
        for source, targets in fan_out(real_dir / "pcap" / name).items()
        for dst, services in targets.items()
        if len(services) >= ports
    ]
    assert len(many) == 1


@pytest.mark.real
def test_a_published_arp_sweep_is_said_to_have_no_transport(real_dir: Path) -> None:
    reader = read_connections(real_dir / "pcap" / "arp_sweep.pcap")
    assert reader.read_all().num_rows == 1
    assert reader.report.rejects == {"not IP": 519}
