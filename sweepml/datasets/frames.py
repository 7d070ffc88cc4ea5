"""The frames of a packet capture: how many there are, and how many carry no IP.

nfstream passes over frames without IP in silence. This walks the file's record headers to say what was passed over,
and whether the file ends where it should.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

from sweepml.datasets.sources import PCAP_MAGICS, PCAPNG_MAGIC

_ETHERNET, _SLL, _SLL2 = 1, 113, 276
_RAW: Final = frozenset({12, 14, 101, 228, 229})
_LOOPBACK: Final = frozenset({0, 108})
"""Link types (tcpdump.org, "Link-layer header types")."""

_VLAN_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
_NAMES: Final = {0x0806: "ARP", 0x88CC: "LLDP", 0x8847: "MPLS", 0x8863: "PPPoE", 0x8864: "PPPoE", 0x888E: "EAPOL"}
_IP_TYPES: Final = frozenset({0x0800, 0x86DD})
_IP_FAMILIES: Final = frozenset({2, 10, 24, 28, 30})
"""AF_INET, and AF_INET6 of Linux, NetBSD, FreeBSD and macOS."""

_HEAD_BYTES: Final = 64
"""Read of each frame: enough for link-layer headers with some VLAN tags."""

_MAX_FRAME_BYTES: Final = 1 << 26
"""A larger frame means that the file is damaged; libpcap itself stops at 256 KiB for all common link types."""


class Frame(NamedTuple):
    """The link type of one frame, and its first bytes."""

    link_type: int
    head: bytes


class DamagedCaptureError(Exception):
    """The file does not go on as it should; never leaves `count_frames`."""


@dataclass(slots=True)
class FrameCounts:
    """What a capture holds.

    Attributes
    ----------
    frames
        All of them.
    other
        What frames without IP carry -> number of frames.
    first_other
        What frames without IP carry -> number of the first such frame, counted from 1.
    damage
        Why the file ends early, None while all is well.
    """

    frames: int = 0
    other: Counter[str] = field(default_factory=Counter)
    first_other: dict[str, int] = field(default_factory=dict)
    damage: str | None = None


def count_frames(file: BinaryIO) -> FrameCounts:
    """Walk a pcap or pcapng file from its beginning; about a million frames a second."""
    counts = FrameCounts()
    try:
        for frame in _frames(file):
            counts.frames += 1
            carried = _carried_beside_ip(frame)
            if carried is not None:
                counts.other[carried] += 1
                counts.first_other.setdefault(carried, counts.frames)
    except DamagedCaptureError as damage:
        counts.damage = str(damage)
    return counts


def _frames(file: BinaryIO) -> Iterator[Frame]:
    magic = file.read(4)
    if magic == PCAPNG_MAGIC:
        return _pcapng_frames(file)
    if magic in PCAP_MAGICS:
        return _pcap_frames(file, "<" if magic[-1] == 0xA1 else ">")
    raise DamagedCaptureError("it does not begin like a packet capture")


def _pcap_frames(file: BinaryIO, order: str) -> Iterator[Frame]:
    header = _exactly(file, 20, "file header")
    link_type = struct.unpack(order + "I", header[16:])[0] & 0x0FFFFFFF  # the upper bits tell of checksums
    record = struct.Struct(order + "8xI4x")
    while head := file.read(16):
        (size,) = record.unpack(_whole(head, 16, "record header"))
        yield Frame(link_type, _head_of(file, size, size))


def _pcapng_frames(file: BinaryIO) -> Iterator[Frame]:
    order, links = "<", list[int]()
    head = PCAPNG_MAGIC + _exactly(file, 4, "block header")
    while head:
        _whole(head, 8, "block header")
        if head[:4] == PCAPNG_MAGIC:
            mark = _exactly(file, 4, "section header")
            order, links = "<" if mark == b"\x4d\x3c\x2b\x1a" else ">", []
            size = struct.unpack(order + "I", head[4:])[0] - 12
            _skip(file, size)
        else:
            kind, length = struct.unpack(order + "II", head)
            yield from _block_frames(file, order, kind, length - 8, links)
        head = file.read(8)


def _block_frames(file: BinaryIO, order: str, kind: int, size: int, links: list[int]) -> Iterator[Frame]:
    """Yield the frame of a block, if it has one, and take note of the interfaces that blocks describe."""
    fixed = {1: "H6x", 2: "H10xI4x", 3: "4x", 6: "I8xI4x"}.get(kind)
    if fixed is None:
        _skip(file, size)
        return
    layout = struct.Struct(order + fixed)
    values = layout.unpack(_exactly(file, layout.size, "block"))
    size -= layout.size
    if kind == 1:
        links.append(values[0])
        _skip(file, size)
        return
    interface, captured = values if len(values) == 2 else (0, size - 4)
    if interface >= len(links) or captured > size:
        raise DamagedCaptureError("a block contradicts itself")
    yield Frame(links[interface], _head_of(file, captured, size))


def _carried_beside_ip(frame: Frame) -> str | None:
    """Return what a frame carries, None if that is IP."""
    link, head = frame
    if link in _RAW:
        return None if head[:1] and head[0] >> 4 in (4, 6) else "no IP header"
    if link in _LOOPBACK:
        families = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
        return None if families & _IP_FAMILIES else "another family"
    place = {_ETHERNET: 12, _SLL: 14, _SLL2: 0}.get(link)
    if place is None:
        return f"link type {link}"
    kind = int.from_bytes(head[place : place + 2], "big")
    while kind in _VLAN_TAGS:
        place += 4
        kind = int.from_bytes(head[place : place + 2], "big")
    if kind in _IP_TYPES:
        return None
    return _NAMES.get(kind, f"ethertype 0x{kind:04x}" if kind >= 0x0600 else "IEEE 802.3")


def _head_of(file: BinaryIO, captured: int, size: int) -> bytes:
    """Return the first bytes of a frame and pass over the rest of what stands in the file."""
    if size > _MAX_FRAME_BYTES:
        raise DamagedCaptureError(f"a frame of {size} bytes")
    content = _exactly(file, size, "frame")
    return content[: min(captured, _HEAD_BYTES)]


def _skip(file: BinaryIO, size: int) -> None:
    if not 0 <= size <= _MAX_FRAME_BYTES:
        raise DamagedCaptureError(f"a block of {size} bytes")
    _exactly(file, size, "block")


def _exactly(file: BinaryIO, size: int, what: str) -> bytes:
    return _whole(file.read(size), size, what)


def _whole(content: bytes, size: int, what: str) -> bytes:
    if len(content) < size:
        raise DamagedCaptureError(f"it ends in the middle of a {what}")
    return content
