"""Who started a connection, judged from records that each tell of one direction only."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sweepml.origins.exchange import ACK, FIN, PSH, RST, SYN, Exchange
from sweepml.schema.connection import MISSING, Protocol

WELL_KNOWN_PORTS: Final = 1024
"""Ports below are the system ports of RFC 6335."""

EPHEMERAL_PORTS: Final = 32768
"""Ports from here on are what clients get: Linux begins here, Windows and BSD at 49152 (RFC 6335's dynamic ports)."""

_COMMON_RATIO: Final = 4
"""A port or an endpoint so many times as common as the other is the server's. Chosen, not tuned."""

_ENDPOINTS: Final = 1 << 16
"""Endpoints remembered per generation, of which there are two; about 30 MB. Chosen, not tuned."""

_Endpoint = tuple[int, str, int]
"""Protocol, address, port."""


class Rule(StrEnum):
    """What decided who started a connection, in order of precedence."""

    EXPLICIT = "explicit direction"
    """A record said so."""
    TCP_FLAGS = "tcp flags"
    """One side sent a SYN without ACK, or answered like one who was asked."""
    ICMP_TYPE = "icmp type"
    """One message is the question, the other its answer."""
    FIRST_SEEN = "first seen"
    """One side was seen earlier, or is the only one that was seen."""
    PORTS = "ports"
    """One port is a server's: well known, below the clients' range, or shared by many connections."""
    RECORD_ORDER = "record order"
    """Nothing told: the sender of the record that stands first."""


class Initiators:
    """Judges connections by the rules, and keeps count of which rule decided.

    Attributes
    ----------
    rules
        Rule -> number of connections that it decided.
    """

    def __init__(self) -> None:
        self.rules: dict[str, int] = {str(rule): 0 for rule in Rule}
        self._seen = Popularity()

    def opened(self, exchange: Exchange) -> None:
        """Remember the endpoints of a new connection."""
        for host, port in zip(exchange.hosts, exchange.ports, strict=True):
            if port != MISSING:
                self._seen.add((exchange.protocol, host, port))

    def side_of(self, exchange: Exchange) -> int:
        """Return the side that started a connection, and count the rule."""
        side, rule = self._judge(exchange)
        self.rules[rule] += 1
        return side

    def _judge(self, exchange: Exchange) -> tuple[int, Rule]:
        if exchange.explicit_side is not None:
            return exchange.explicit_side, Rule.EXPLICIT
        if exchange.is_icmp and exchange.icmp_type != MISSING:
            return 0, Rule.ICMP_TYPE  # side 0 is the one who asks
        side = _by_tcp_flags(exchange) if exchange.protocol == Protocol.TCP else None
        if side is not None:
            return side, Rule.TCP_FLAGS
        if None in exchange.sides:
            # What comes from a server's port to a client's is half of a connection whose other half was not seen.
            if _is_from_server(exchange, exchange.first_side):
                return 1 - exchange.first_side, Rule.PORTS
            return exchange.first_side, Rule.FIRST_SEEN
        return self._by_time_and_ports(exchange)

    def _by_time_and_ports(self, exchange: Exchange) -> tuple[int, Rule]:
        if exchange.protocol == Protocol.TCP and not _saw_start(exchange):
            # In the middle of a connection either side may speak first.
            client = _by_port_ranges(exchange)
            if client is not None:
                return client, Rule.PORTS
        first, second = exchange.sides
        assert first is not None and second is not None  # noqa: PT018 (the caller looked)
        if first.start_us != second.start_us:
            return int(second.start_us < first.start_us), Rule.FIRST_SEEN
        client = _by_port_ranges(exchange)
        client = client if client is not None else self._seen.less_common(exchange)
        if client is None and exchange.ports[0] != exchange.ports[1]:
            client = int(exchange.ports[0] < exchange.ports[1])
        return (client, Rule.PORTS) if client is not None else (exchange.first_side, Rule.RECORD_ORDER)


class Popularity:
    """How common endpoints and ports were of late, in bounded memory: it forgets the older half when it is full."""

    def __init__(self) -> None:
        self._generations = (_Generation(), _Generation())

    def add(self, endpoint: _Endpoint) -> None:
        """Count a connection's endpoint."""
        recent, _ = self._generations
        if len(recent.connections) >= _ENDPOINTS:
            recent = _Generation()
            self._generations = (recent, self._generations[0])
        recent.add(endpoint)

    def less_common(self, exchange: Exchange) -> int | None:
        """Return the side whose port is far less common, the client's; None if there is no such difference.

        A port on which many hosts were seen is a service; it counts before an endpoint with many connections, because
        a scanner may send all its probes from one port.
        """
        ends = [(exchange.protocol, *end) for end in zip(exchange.hosts, exchange.ports, strict=True)]
        hosts = [sum(one.hosts.get((protocol, port), 0) for one in self._generations) for protocol, _, port in ends]
        connections = [sum(one.connections.get(end, 0) for one in self._generations) for end in ends]
        for counts in (hosts, connections):
            if max(counts) >= _COMMON_RATIO * max(min(counts), 1):
                return int(counts[1] < counts[0])
        return None


class _Generation:
    """Endpoint -> its connections, and (protocol, port) -> hosts on which it was seen."""

    __slots__ = ("connections", "hosts")

    def __init__(self) -> None:
        self.connections: dict[_Endpoint, int] = {}
        self.hosts: dict[tuple[int, int], int] = {}

    def add(self, endpoint: _Endpoint) -> None:
        known = self.connections.get(endpoint, 0)
        self.connections[endpoint] = known + 1
        if not known:
            protocol, _, port = endpoint
            self.hosts[protocol, port] = self.hosts.get((protocol, port), 0) + 1


def _by_tcp_flags(exchange: Exchange) -> int | None:
    """Return the side that began, by its flags; None where they do not tell.

    The flags of a whole direction are or-ed: in a connection that came about both sides have SYN and ACK.
    """
    sides = exchange.sides
    opens = [side is not None and side.has(SYN) and side.lacks(ACK) for side in sides]
    if opens[0] != opens[1]:
        return int(opens[1])
    for i, side in enumerate(sides):
        other = sides[1 - i]
        if side is None:
            continue
        if other is None:
            # A single packet with SYN and ACK is an answer; its question took another way.
            if side.has(SYN | ACK) and side.lacks(PSH | FIN | RST) and side.packets == 1:
                return 1 - i
            continue
        rejects = side.has(RST) and side.lacks(SYN | PSH | FIN)
        # RST with ACK answers a packet without ACK: SYN, FIN, no flag at all.
        if rejects and (other.has(SYN) or (side.has(ACK) and other.lacks(ACK | RST))):
            return 1 - i
    return None


def _saw_start(exchange: Exchange) -> bool:
    """Whether both sides sent their SYN. Of a SYN alone with ACK, nobody knows which SYN is missing."""
    return all(side is not None and side.has(SYN) for side in exchange.sides)


def _by_port_ranges(exchange: Exchange) -> int | None:
    """Return the side that has the client's port, by the ranges of ports; None if both are in the same range."""
    if MISSING in exchange.ports:
        return None
    for limit in (WELL_KNOWN_PORTS, EPHEMERAL_PORTS):
        is_below = [port < limit for port in exchange.ports]
        if is_below[0] != is_below[1]:
            return int(is_below[0])
    return None


def _is_from_server(exchange: Exchange, side: int) -> bool:
    own, other = exchange.ports[side], exchange.ports[1 - side]
    return MISSING != own < WELL_KNOWN_PORTS and other >= EPHEMERAL_PORTS
