"""Packet captures, made byte by byte."""

from __future__ import annotations

import struct

CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
IPV4, ARP = b"\x08\x00", b"\x08\x06"
"""Ethernet types."""
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


def ipv4(src: bytes, dst: bytes, protocol: int, payload: bytes) -> bytes:
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, src, dst)
    return bytes(12) + IPV4 + header + payload


def tcp(src: bytes, dst: bytes, ports: tuple[int, int], flags: int, payload: bytes = b"") -> bytes:
    return ipv4(src, dst, 6, struct.pack(">HHIIBBHHH", *ports, 1, 1, 0x50, flags, 100, 0, 0) + payload)


def udp(src: bytes, dst: bytes, ports: tuple[int, int], payload: bytes = b"x") -> bytes:
    return ipv4(src, dst, 17, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload)


def icmp(src: bytes, dst: bytes, kind: int, payload: bytes = b"12345678") -> bytes:
    return ipv4(src, dst, 1, struct.pack(">BBHI", kind, 0, 0, 1) + payload)
