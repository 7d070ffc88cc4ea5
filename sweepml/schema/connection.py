"""The canonical connection table: one row per connection, the same columns whatever log it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

MISSING: Final = -1
"""Marks a count, size or duration that the record does not carry. Never confuse it with zero."""


class Protocol(IntEnum):
    """IANA protocol numbers that logs write by name (https://www.iana.org/assignments/protocol-numbers)."""

    ICMP = 1
    TCP = 6
    UDP = 17
    GRE = 47
    ESP = 50
    ICMP6 = 58
    SCTP = 132

    @property
    def label(self) -> str:
        """Lower-case name, as alerts show it."""
        return self.name.lower()


PROTOCOL_BY_NAME: Final[dict[str, int]] = {
    **{p.label: int(p) for p in Protocol},
    "icmpv6": int(Protocol.ICMP6),
    "ipv6-icmp": int(Protocol.ICMP6),
}

UNKNOWN_PROTOCOL: Final = 255
"""IANA "Reserved": a transport that the log names but that has no number here (Zeek's `unknown_transport`)."""


def protocol_label(number: int) -> str:
    """Return the usual lower-case name of a protocol number, or the number itself.

    >>> protocol_label(6), protocol_label(89)
    ('tcp', '89')
    """
    try:
        return Protocol(number).label
    except ValueError:
        return str(number)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the canonical connection table."""

    name: str
    dtype: str
    unit: str
    definition: str


CONNECTION_COLUMNS: Final = (
    Column("ts_us", "int64", "us since 1970 UTC", "start of the connection"),
    Column("src", "string", "address", "who started it, in the canonical text form of RFC 5952 or dotted decimal"),
    Column("dst", "string", "address", "who was contacted, same form"),
    Column("protocol", "uint8", "IANA number", "transport protocol"),
    Column("dst_port", "uint16", "port", "destination port; the ICMP type where the protocol is ICMP"),
    Column("outcome", "uint8", "Outcome", "what came of it"),
    Column("duration_us", "int64", "us", "duration, -1 where the log does not say"),
    Column("orig_bytes", "int64", "bytes", "payload sent by the source, -1 where the log does not say"),
    Column("resp_bytes", "int64", "bytes", "payload sent by the destination, -1 where the log does not say"),
    Column("orig_packets", "int64", "packets", "packets sent by the source, -1 where the log does not say"),
    Column("resp_packets", "int64", "packets", "packets sent by the destination, -1 where the log does not say"),
    Column("label", "string", "kind", "ground truth that the log itself carries, empty where it carries none"),
    Column("identity", "string", "name", "what the record names as the source (pod, process), empty where nothing"),
)
"""Columns in order. Optional ones are filled with `MISSING`, never left out."""


def pack_service(protocol: int, port: int) -> int:
    """Return the service code of (protocol, port): ``protocol << 16 | port``, 24 bits.

    >>> pack_service(6, 445)
    393661
    """
    return protocol << 16 | port


def unpack_service(service: int) -> tuple[int, int]:
    """Return (protocol, port) of a service code.

    >>> unpack_service(393661)
    (6, 445)
    """
    return service >> 16, service & 0xFFFF
