"""Two directions of one connection, gathered from records that each tell of one direction only."""

from __future__ import annotations

from typing import Final, NamedTuple

from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

SENT_BY_SRC: Final = 1
"""`Flow.direction`: the record says that its src started the connection."""

SENT_BY_DST: Final = 2
"""`Flow.direction`: the record says that its dst started the connection."""

_LARGEST_HEADERS: Final = {False: 60, True: 80}
"""Is IPv6 -> bytes of a packet that has no payload: IP header and a TCP header with 20 bytes of options, which is what
SYN packets of common systems carry at most."""


class Flow(NamedTuple):
    """One record of one direction of a connection.

    Attributes
    ----------
    ts_us, end_us
        First and last packet, microseconds since 1970 UTC.
    src, dst
        Sender and receiver of these packets, addresses in canonical form.
    protocol
        IANA number.
    src_port, dst_port
        Ports, -1 where the record does not say.
    icmp_type
        Type of an ICMP message, -1 where the record does not say or the protocol is another.
    tcp_flags
        All TCP flags seen in this direction, or-ed; -1 where the record does not say.
    direction
        Who started the connection, if the record says: `SENT_BY_SRC`, `SENT_BY_DST`, else 0.
    blocked
        A device on the way rejected these packets.
    bytes, packets
        Counts of this direction, -1 where the record does not say.
    label
        Kind of the record's own ground truth, empty where it carries none.
    identity
        What the record names as the sender behind `src` (a pod, an instance), empty where it names nothing.
    sampling
        One packet of so many was looked at; 1 is all of them.
    """

    ts_us: int
    end_us: int
    src: str
    dst: str
    protocol: int
    src_port: int = MISSING
    dst_port: int = MISSING
    icmp_type: int = MISSING
    tcp_flags: int = MISSING
    direction: int = 0
    blocked: bool = False
    bytes: int = MISSING
    packets: int = MISSING
    label: str = ""
    identity: str = ""
    sampling: int = 1


class Side:
    """What one host sent in a connection: the sum of its records.

    Attributes
    ----------
    start_us, end_us
        First and last packet, microseconds since 1970 UTC.
    tcp_flags
        All flags seen, -1 if no record gave any.
    passed, blocked
        Whether records tell of packets that were let through, or rejected on the way.
    bytes, packets
        Sums, -1 if a record did not give its count.
    identity
        The first that a record named.
    """

    __slots__ = ("blocked", "bytes", "end_us", "identity", "packets", "passed", "start_us", "tcp_flags")

    def __init__(self, flow: Flow) -> None:
        self.start_us = flow.ts_us
        self.end_us = max(flow.end_us, flow.ts_us)
        self.tcp_flags = flow.tcp_flags
        self.passed = not flow.blocked
        self.blocked = flow.blocked
        self.bytes = flow.bytes
        self.packets = flow.packets
        self.identity = flow.identity

    def add(self, flow: Flow) -> None:
        """Add a further record of this direction."""
        self.start_us = min(self.start_us, flow.ts_us)
        self.end_us = max(self.end_us, flow.end_us, flow.ts_us)
        self.tcp_flags = max(self.tcp_flags, 0) | flow.tcp_flags if flow.tcp_flags != MISSING else self.tcp_flags
        self.passed |= not flow.blocked
        self.blocked |= flow.blocked
        self.bytes = _sum(self.bytes, flow.bytes)
        self.packets = _sum(self.packets, flow.packets)
        self.identity = self.identity or flow.identity

    def has(self, flags: int) -> bool:
        """Whether all these TCP flags were seen."""
        return self.tcp_flags != MISSING and self.tcp_flags & flags == flags

    def lacks(self, flags: int) -> bool:
        """Whether flags are known and none of these was seen."""
        return self.tcp_flags != MISSING and not self.tcp_flags & flags

    def has_payload(self, *, is_ipv6: bool) -> bool:
        """Whether the packets are on average larger than the largest headers, so that some carried payload."""
        return self.packets > 0 and self.bytes > self.packets * _LARGEST_HEADERS[is_ipv6]


class Exchange:
    """A connection while records of it may still come: two endpoints, and what each of them sent.

    Parameters
    ----------
    flow
        The first record; its sender is side `side`.
    side
        0 or 1.
    order
        Number of the first record, in order of arrival.

    Attributes
    ----------
    protocol, icmp_type
        As in `Flow`. `icmp_type` is that of the question where the two directions have different ones.
    hosts, ports
        Address and port of each side.
    sides
        What each side sent, None if no record told of it.
    first_side
        Side that the first record told of.
    explicit_side
        Who started the connection according to a record, None if none said.
    label
        The first that a record carried.
    sampling
        Largest sampling of a record.
    """

    __slots__ = (
        "explicit_side",
        "first_side",
        "hosts",
        "icmp_type",
        "label",
        "order",
        "ports",
        "protocol",
        "sampling",
        "sides",
    )

    def __init__(self, flow: Flow, side: int, icmp_type: int, order: int) -> None:
        self.order = order
        self.protocol = flow.protocol
        self.icmp_type = icmp_type
        self.hosts = (flow.src, flow.dst) if side == 0 else (flow.dst, flow.src)
        self.ports = (flow.src_port, flow.dst_port) if side == 0 else (flow.dst_port, flow.src_port)
        self.sides: list[Side | None] = [None, None]
        self.first_side = side
        self.explicit_side: int | None = None
        self.label = ""
        self.sampling = 1

    def add(self, flow: Flow, side: int) -> None:
        """Add a record whose sender is side `side`."""
        present = self.sides[side]
        if present is None:
            self.sides[side] = Side(flow)
        else:
            present.add(flow)
        if self.explicit_side is None and flow.direction:
            self.explicit_side = side if flow.direction == SENT_BY_SRC else 1 - side
        self.label = self.label or flow.label
        self.sampling = max(self.sampling, flow.sampling)

    @property
    def start_us(self) -> int:
        """First packet of either side."""
        return min(side.start_us for side in self.sides if side is not None)

    @property
    def end_us(self) -> int:
        """Last packet of either side that is known."""
        return max(side.end_us for side in self.sides if side is not None)

    @property
    def is_over(self) -> bool:
        """Whether a side has ended the TCP connection."""
        return any(side is not None and (side.has(FIN) or side.has(RST)) for side in self.sides)

    @property
    def is_icmp(self) -> bool:
        """Whether this is ICMP or ICMPv6."""
        return self.protocol in (Protocol.ICMP, Protocol.ICMP6)


def outcome_of(exchange: Exchange, initiator: int, *, sees_replies: bool) -> Outcome:
    """Return what came of a connection.

    Parameters
    ----------
    exchange
        All that is known of it.
    initiator
        Side that started it.
    sees_replies
        Whether a reply would have left a record: only then does its absence mean anything.
    """
    asked, reply = exchange.sides[initiator], exchange.sides[1 - initiator]
    if reply is None or not reply.passed:
        if (reply is not None and reply.blocked) or (asked is not None and asked.blocked):
            return Outcome.BLOCKED
        # Where only one packet in many is looked at, the reply may be among the others.
        if asked is None or not sees_replies or exchange.sampling > 1:
            return Outcome.UNKNOWN
        return _outcome_without_reply(exchange, asked)
    if exchange.protocol == Protocol.TCP:
        return _outcome_of_tcp_reply(asked, reply, is_ipv6=":" in exchange.hosts[0])
    return Outcome.ANSWERED


def _outcome_without_reply(exchange: Exchange, asked: Side) -> Outcome:
    if exchange.is_icmp and exchange.icmp_type not in (MISSING, *ICMP_QUESTIONS[exchange.protocol]):
        return Outcome.UNKNOWN  # an error message: nobody has to answer it
    if exchange.protocol == Protocol.TCP and (asked.has(ACK) or (asked.has(RST) and not asked.has(SYN))):
        return Outcome.UNKNOWN  # whoever acknowledges has seen something that this log has not
    return Outcome.UNANSWERED


def _outcome_of_tcp_reply(asked: Side | None, reply: Side, *, is_ipv6: bool) -> Outcome:
    if reply.tcp_flags == MISSING:
        both = asked is not None and asked.has_payload(is_ipv6=is_ipv6) and reply.has_payload(is_ipv6=is_ipv6)
        return Outcome.ANSWERED if both else Outcome.UNKNOWN
    if reply.has(SYN | ACK):
        return Outcome.ANSWERED
    if reply.has(RST) and reply.lacks(SYN | PSH | FIN):
        # A reset that comes after payload ended a connection, whatever became of it before.
        return Outcome.REFUSED if asked is not None and (asked.has(SYN) or asked.lacks(PSH)) else Outcome.UNKNOWN
    talks = reply.has(ACK | PSH) or reply.has(ACK | FIN)
    both_acknowledge = reply.has(ACK) and asked is not None and asked.has(ACK)
    return Outcome.ANSWERED if talks or both_acknowledge else Outcome.UNKNOWN


ICMP_QUESTIONS: Final = {
    int(Protocol.ICMP): {8: 0, 13: 14, 15: 16, 17: 18},
    int(Protocol.ICMP6): {128: 129},
}
"""Protocol -> type of a question -> type of its answer: echo, timestamp, information, mask (RFC 792, 950, 4443)."""


def _sum(a: int, b: int) -> int:
    return a + b if MISSING not in (a, b) else MISSING
