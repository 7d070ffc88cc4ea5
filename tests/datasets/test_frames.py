"""Frames are counted whatever the file's kind, byte order and link type, and damage is noticed."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.datasets.frames import count_frames
from tests.datasets.captures import ARP, IPV4, block, ethernet, pcap, pcapng


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


@given(st.sampled_from([pcap([ethernet(IPV4)] * 3), pcapng([ethernet(ARP)] * 2)]), st.data())
def test_mutated_files_end_in_counts_or_damage(whole: bytes, data: st.DataObject) -> None:
    octets = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=6)):
        octets[place] = data.draw(st.integers(0, 255))
    counts = count_frames(io.BytesIO(bytes(octets)))
    assert counts.damage is None or counts.damage
    assert counts.other.total() <= counts.frames <= len(octets) // 16
