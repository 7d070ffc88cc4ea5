"""Evidence: what a source did, told from its edges, in the words of an alert."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.plan import MIN_DST_COUNT
from sweepml.graph.connection_graph import ConnectionGraph, Edges, GraphStack
from sweepml.graph.grouping import starts_of_runs
from sweepml.graph.hosts import HostKind, HostTable, pack_address
from sweepml.schema.connection import protocol_label, unpack_service
from sweepml.schema.outcome import FAILURES, Outcome

MAX_PORTS: Final = 20
"""Ports that an alert names. Chosen, not tuned."""

MAX_SAMPLE: Final = 10
"""Targets that an alert names. Chosen, not tuned."""

_BEST_OUTCOME: Final = np.array(
    [min((o for o in Outcome if bits >> o & 1), default=Outcome.UNKNOWN) for bits in range(1 << len(Outcome))],
    np.uint8,
)
"""Outcome bits of an edge -> the best outcome that any of its connections had."""

_IPV4_FIRST: Final = pack_address("0.0.0.0")
_AFTER_IPV4: Final = pack_address("::1:0:0:0")
"""Follows ::ffff:255.255.255.255, under which the highest IPv4 address stands."""


class Direction(StrEnum):
    """Where the targets of a sweep are."""

    INTERNAL = "internal"
    PUBLIC = "public"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class PortCount:
    """A port and how many destinations were contacted on it; the ICMP type where the protocol is ICMP."""

    protocol: str
    port: int
    dst_count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source did.

    Nearly every host also asks a resolver, browses the web and uses a file server. With those among the targets each
    sweep would be mixed, hold addresses that nobody swept, and have begun before it began. Hence counts are
    over everything that the source contacted, but *targets* are the destinations on *swept ports*: the leading port,
    that is the one with most destinations where one that failed counts twice; and every port with at least
    `MIN_DST_COUNT` destinations of which most failed, or at least half were tried on the leading port too. Own
    definition.

    Attributes
    ----------
    ports
        At most `MAX_PORTS`: the leading port, the other swept ports, then those that were only used; both of the latter
        by descending number of destinations, then by protocol and port.
    swept_port_count
        How many of `ports`, from the first on, are swept.
    dst_count, dst_internal_count, dst_public_count
        Distinct destinations, all of them and by where they are.
    target_count
        Distinct targets.
    outcomes
        Label of every `Outcome` -> number of edges whose best outcome it is.
    direction
        Where the targets are: mixed if both sides have as many as a sweep needs (`MIN_DST_COUNT`), or are equal.
    targets_sample
        Up to `MAX_SAMPLE` targets, evenly spaced in address order.
    targets_cidr
        The smallest network that holds all targets, IPv4 before IPv6; a family without targets has none.
    first_contact_us, last_contact_us
        Earliest and latest contact with a target, microseconds since 1970 UTC. Where most contacts on swept ports
        failed, those only: the others may be with servers that the source has always used.
    """

    ports: tuple[PortCount, ...]
    swept_port_count: int
    dst_count: int
    dst_internal_count: int
    dst_public_count: int
    target_count: int
    outcomes: dict[str, int]
    direction: Direction
    targets_sample: tuple[str, ...]
    targets_cidr: tuple[str, ...]
    first_contact_us: int
    last_contact_us: int

    @classmethod
    def of(cls, graph: ConnectionGraph, hosts: HostTable) -> Evidence:
        """Return the evidence in the graph of one source, which has at least one edge.

        Notes
        -----
        Depends on the edges only: neither on host codes nor on connection counts. Cost: two sorts of the destinations.
        """
        edges = graph.edges
        outcome = _best_outcome(edges)
        failed = np.isin(outcome, FAILURES)
        ports = _Ports.of(edges, failed)
        is_sweep = ports.edges_swept
        destinations = _by_address(edges.destination, hosts)
        targets = _by_address(edges.destination[is_sweep], hosts)
        public_count = _public_count(destinations, hosts)
        per_outcome = np.bincount(outcome, minlength=len(Outcome)).tolist()
        timed = is_sweep & failed
        if 2 * np.count_nonzero(timed) <= np.count_nonzero(is_sweep):
            timed = is_sweep
        return cls(
            ports=ports.named(MAX_PORTS),
            swept_port_count=min(int(np.count_nonzero(ports.swept)), MAX_PORTS),
            dst_count=len(destinations),
            dst_internal_count=len(destinations) - public_count,
            dst_public_count=public_count,
            target_count=len(targets),
            outcomes={one.label: per_outcome[one] for one in Outcome},
            direction=_direction(len(targets), _public_count(targets, hosts)),
            targets_sample=tuple(hosts.name(code) for code in _sample(targets.tolist())),
            targets_cidr=_networks(targets.tolist(), hosts),
            first_contact_us=int(edges.first_us[timed].min()),
            last_contact_us=int(edges.last_us[timed].max()),
        )

    @classmethod
    def of_row(cls, stack: GraphStack, stack_row: int, hosts: HostTable) -> Evidence:
        """Return the evidence of one row of a stack."""
        return cls.of(source_graph(stack, stack_row), hosts)


@dataclass(frozen=True, slots=True)
class _Ports:
    """The ports of one source, by service; every array has shape (ports,)."""

    service: NDArray[np.uint32]
    dst_count: NDArray[np.int64]
    leading: int
    swept: NDArray[np.bool_]

    @classmethod
    def of(cls, edges: Edges, failed: NDArray[np.bool_]) -> _Ports:
        starts = starts_of_runs(edges.service)  # edges are sorted by service and destination
        dst_count = np.diff(starts, append=len(edges))
        failed_count = np.add.reduceat(failed, starts, dtype=np.int64)
        leading = int(np.argmax(dst_count + failed_count))  # of equals the lowest
        first = int(starts[leading])
        led = edges.destination[first : first + int(dst_count[leading])]
        shared_count = np.add.reduceat(np.isin(edges.destination, led), starts, dtype=np.int64)
        swept = (2 * failed_count > dst_count) | (2 * shared_count >= dst_count)
        swept &= dst_count >= MIN_DST_COUNT
        swept[leading] = True
        return cls(edges.service[starts], dst_count, leading, swept)

    @property
    def edges_swept(self) -> NDArray[np.bool_]:
        """Whether each edge is on a swept port, shape (edges,)."""
        return np.repeat(self.swept, self.dst_count)

    def named(self, limit: int) -> tuple[PortCount, ...]:
        """Return the first ports: the leading one, other swept ones, the rest."""
        is_leading = np.arange(len(self.service)) == self.leading
        order = np.lexsort((self.service, -self.dst_count, ~self.swept, ~is_leading))[:limit]
        return tuple(PortCount(*_port_name(int(self.service[i])), int(self.dst_count[i])) for i in order.tolist())


def new_target_count(graph: ConnectionGraph, since_us: int) -> int:
    """Return how many targets one source contacted after a time for the first time in a graph."""
    edges = graph.edges
    swept = _Ports.of(edges, np.isin(_best_outcome(edges), FAILURES)).edges_swept
    return len(np.unique(edges.destination[swept & (edges.first_us > since_us)]))


def source_graph(stack: GraphStack, stack_row: int) -> ConnectionGraph:
    """Return a copy of one row of a stack as a graph; it does not keep the stack alive."""
    cut = slice(int(stack.edge_indptr[stack_row]), int(stack.edge_indptr[stack_row + 1]))
    edges = stack.edges.take(np.arange(cut.start, cut.stop))  # a copy, which a slice would not be
    edges = replace(edges, row=np.zeros_like(edges.row))
    row = slice(stack_row, stack_row + 1)
    return ConnectionGraph(edges, stack.sources[row].copy(), stack.totals[row].copy())


def smallest_network(first: str, last: str) -> str:
    """Return the smallest network that holds two addresses of one family.

    >>> smallest_network("10.0.0.1", "10.0.0.2"), smallest_network("2001:db8::1", "2001:db8::1")
    ('10.0.0.0/30', '2001:db8::1/128')
    """
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    differing_bits = (int(low) ^ int(high)).bit_length()
    return str(ipaddress.ip_network(f"{low}/{low.max_prefixlen - differing_bits}", strict=False))


def _best_outcome(edges: Edges) -> NDArray[np.uint8]:
    best: NDArray[np.uint8] = _BEST_OUTCOME[edges.flags & (len(_BEST_OUTCOME) - 1)]
    return best


def _by_address(codes: NDArray[np.int32], hosts: HostTable) -> NDArray[np.int32]:
    """Return distinct codes in the order of their addresses."""
    codes = np.unique(codes)
    return codes[np.argsort(hosts.rank[codes])]


def _public_count(codes: NDArray[np.int32], hosts: HostTable) -> int:
    return int(np.count_nonzero(hosts.kind[codes] == HostKind.PUBLIC))


def _direction(targets: int, public: int) -> Direction:
    internal = targets - public
    if min(internal, public) >= MIN_DST_COUNT or internal == public:
        return Direction.MIXED
    return Direction.INTERNAL if internal > public else Direction.PUBLIC


def _port_name(service: int) -> tuple[str, int]:
    protocol, port = unpack_service(service)
    return protocol_label(protocol), port


def _sample(targets: list[int]) -> Iterable[int]:
    if len(targets) <= MAX_SAMPLE:
        return targets
    return (targets[i * (len(targets) - 1) // (MAX_SAMPLE - 1)] for i in range(MAX_SAMPLE))


def _networks(targets: list[int], hosts: HostTable) -> tuple[str, ...]:
    """Return the smallest network of each family, of targets in address order."""

    # In address order IPv4 stands together, as ::ffff:0:0/96, with IPv6 on both sides.
    def packed(code: int) -> bytes:
        return pack_address(hosts.name(code))

    first = bisect_left(targets, _IPV4_FIRST, key=packed)
    stop = bisect_left(targets, _AFTER_IPV4, lo=first, key=packed)
    families = (targets[first:stop], targets[:first] + targets[stop:])
    return tuple(smallest_network(hosts.name(some[0]), hosts.name(some[-1])) for some in families if some)
