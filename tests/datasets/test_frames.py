"""Frames are counted whatever the file's kind, byte order and link type, and damage is noticed."""

import io
import struct

import pytest

from sweepml.datasets.frames import count_frames

IPV4, ARP = b"\x08\x00", b"\x08\x06"
MACS = bytes(12)


def ethernet(kind: bytes) -> bytes:
    return MACS + kind + bytes(20)


def pcap(frames: list[bytes], link: int = 1, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(order + "IIII", 1, 2, len(one), len(one)) + one for one in frames)


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def pcapng(frames: list[bytes], link: int = 1, order: str = "<") -> bytes:
    """Return a file with each frame in an enhanced, a simple and an obsolete packet block."""
    section = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(order, 1, struct.pack(order + "HHI", link, 0, 65535))
    statistics = block(order, 5, bytes(12))
    packets = b"".join(
        block(order, 6, struct.pack(order + "IIIII", 0, 1, 2, len(one), len(one)) + one)
        + block(order, 3, struct.pack(order + "I", len(one)) + one)
        + block(order, 2, struct.pack(order + "HHIIII", 0, 0, 1, 2, len(one), len(one)) + one)
        for one in frames
    )
    return section + interface + statistics + packets


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_pcap_in_any_byte_order_and_resolution(order: str, magic: int) -> None:
    frames = [ethernet(ARP), ethernet(IPV4), ethernet(ARP), ethernet(b"\x86\xdd")]
    counts = count_frames(io.BytesIO(pcap(frames, order=order, magic=magic)))
    assert (counts.frames, counts.other, counts.first_other) == (4, {"ARP": 2}, {"ARP": 1})
    assert counts.damage is None


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_in_any_byte_order_and_packet_block(order: str) -> None:
    one = pcapng([ethernet(IPV4), ethernet(ARP)], order=order)
    counts = count_frames(io.BytesIO(one + one))  # two sections
    assert (counts.frames, counts.other, counts.first_other) == (12, {"ARP": 6}, {"ARP": 4})
    assert counts.damage is None


@pytest.mark.parametrize(
    ("link", "frame", "carried"),
    [
        (1, ethernet(b"\x81\x00\x00\x07" + IPV4), None),
        (1, ethernet(b"\x88\xa8\x00\x07\x81\x00\x00\x08" + ARP), "ARP"),
        (1, ethernet(b"\x00\x26"), "IEEE 802.3"),
        (1, ethernet(b"\x99\x99"), "ethertype 0x9999"),
        (113, bytes(14) + IPV4, None),
        (113, bytes(14) + ARP, "ARP"),
        (276, b"\x86\xdd" + bytes(18), None),
        (101, b"\x45" + bytes(19), None),
        (101, b"\x60" + bytes(39), None),
        (101, b"\x00", "no IP header"),
        (0, b"\x02\x00\x00\x00", None),
        (0, b"\x00\x00\x00\x1e", None),
        (0, b"\x07\x00\x00\x00", "another family"),
        (105, bytes(30), "link type 105"),
        (1, b"", "IEEE 802.3"),
    ],
)
def test_what_a_frame_carries_by_link_type(link: int, frame: bytes, carried: str | None) -> None:
    counts = count_frames(io.BytesIO(pcap([frame], link)))
    assert dict(counts.other) == ({carried: 1} if carried else {})


@pytest.mark.parametrize("whole", [pcap([ethernet(IPV4)] * 3), pcapng([ethernet(IPV4)] * 2)])
def test_every_cut_but_one_between_records_is_noticed(whole: bytes) -> None:
    known = count_frames(io.BytesIO(whole)).frames
    clean = 0
    for size in range(len(whole)):
        counts = count_frames(io.BytesIO(whole[:size]))
        assert counts.frames < known or size == len(whole)
        clean += counts.damage is None
    # A file may end after any of its records or blocks.
    assert clean <= known + 3


def test_absurd_sizes_do_not_fill_the_memory() -> None:
    head = pcap([])
    huge = struct.pack("<IIII", 1, 2, 0xFFFFFFF0, 0xFFFFFFF0)
    assert count_frames(io.BytesIO(head + huge)).damage == "a frame of 4294967280 bytes"
    blocks = pcapng([]) + struct.pack("<II", 99, 0xFFFFFFF0)
    assert count_frames(io.BytesIO(blocks)).damage == "a block of 4294967272 bytes"
    contradiction = pcapng([]) + block("<", 6, struct.pack("<IIIII", 7, 1, 2, 0, 0))
    assert count_frames(io.BytesIO(contradiction)).damage == "a block contradicts itself"


def test_other_files_are_no_captures() -> None:
    assert count_frames(io.BytesIO(b"GIF89a")).damage == "it does not begin like a packet capture"
