"""Connections as the kernel takes them: plain arrays, hosts as codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.grouping import picker
from sweepml.graph.hosts import HostKind, HostTable
from sweepml.schema.connection import Protocol

SWEEP_LABEL = 1
"""Label of a connection that belongs to a labelled sweep."""
OTHER_ATTACK_LABEL = 2
"""Label of a connection that belongs to another labelled attack (a vertical scan, say)."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A chunk of connections in the order in which they arrived; every array has shape (n,).

    Attributes
    ----------
    ts_us
        int64, start in microseconds since 1970 UTC.
    source, destination
        int32, codes of the hosts' addresses in one `HostTable`.
    service
        uint32, ``protocol << 16 | port``.
    outcome
        uint8, `Outcome`.
    duration_us, orig_bytes, resp_bytes, orig_packets, resp_packets
        int64, `MISSING` (-1) where the record does not say.
    label
        uint8, `SWEEP_LABEL` or `OTHER_ATTACK_LABEL` where ground truth says so, else 0. Never a feature.
    identity
        int32, what the record names as the source behind the address (a pod, container, instance or process): a code
        that `HostTable.encode_identity` gave, -1 where it names nothing. All -1 by default. Where it names something,
        that is the source, whatever address it has: one identity with two addresses is one source, and an address that
        goes from one identity to another is two.
    """

    ts_us: NDArray[np.int64]
    source: NDArray[np.int32]
    destination: NDArray[np.int32]
    service: NDArray[np.uint32]
    outcome: NDArray[np.uint8]
    duration_us: NDArray[np.int64]
    orig_bytes: NDArray[np.int64]
    resp_bytes: NDArray[np.int64]
    orig_packets: NDArray[np.int64]
    resp_packets: NDArray[np.int64]
    label: NDArray[np.uint8]
    identity: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def __post_init__(self) -> None:
        if not len(self.identity) and len(self.ts_us):
            object.__setattr__(self, "identity", np.full(len(self.ts_us), -1, np.int32))

    def __len__(self) -> int:
        return len(self.ts_us)

    @classmethod
    def empty(cls) -> Connections:
        """Return no connections."""
        number, code, small = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8)
        return cls(number, code, code, np.empty(0, np.uint32), small, number, number, number, number, number, small)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Connections:
        """Return the rows that an index, mask or slice picks."""
        pick = picker(index)
        return Connections(*(pick(getattr(self, column.name)) for column in fields(self)))

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where a code occurs."""
        mask[self.source] = True
        mask[self.destination] = True
        mask[self.identity[self.identity >= 0]] = True

    def recode(self, mapping: NDArray[np.int32]) -> Connections:
        """Return the rows with codes as `HostTable.compact` maps them."""
        named = self.identity >= 0
        return replace(
            self,
            source=mapping[self.source],
            destination=mapping[self.destination],
            identity=np.where(named, mapping[self.identity], np.int32(-1)) if named.any() else self.identity,
        )

    def by_identity(self) -> Connections:
        """Return the rows with the identity as the source where there is one: as the kernel groups them."""
        named = self.identity >= 0
        if not named.any():
            return self
        return replace(
            self,
            source=np.where(named, self.identity, self.source),
            identity=np.full(len(self), -1, np.int32),
        )

    @classmethod
    def concat(cls, parts: Sequence[Connections]) -> Connections:
        """Return the rows of all parts, in order; at least one part is needed."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(cls)))


_PROBE_TYPES = {Protocol.ICMP: (8, 13, 15, 17), Protocol.ICMP6: (128,)}
"""ICMP types that ask a host for something: echo, timestamp, information and mask requests (RFC 792, 950, 4443).
All others are answers, errors or neighbour discovery: whoever sends them contacts nobody of his own accord."""


def is_contact(connections: Connections, hosts: HostTable) -> NDArray[np.bool_]:
    """Return which rows are one host contacting another, in the sense of a sweep; shape (n,).

    Left out are multicast, broadcast (UDP to an IPv4 address that ends in 255 among it), link-local, loopback and
    neighbour-discovery traffic, ICMP errors and answers, and what a host sends to itself: a host that hears its
    network, or that answers, has no targets. All of this is told by addresses; only a source with an identity may have
    any address, for a process may not know its own.
    """
    destination, service = connections.destination, connections.service
    targets = hosts.kind != HostKind.NOT_A_TARGET
    # A directed broadcast cannot be told without the netmask. A UDP datagram to .255 almost always is one
    # (NetBIOS, discovery); the price is one host in 256 of a UDP sweep.
    subnet_end = hosts.is_ipv4 & (hosts.last_octet == 255)
    source_counts = targets[connections.source] | (connections.identity >= 0)
    keep: NDArray[np.bool_] = targets[destination] & source_counts & (connections.source != destination)
    keep &= ~(subnet_end[destination] & (service >> 16 == Protocol.UDP))
    for protocol, types in _PROBE_TYPES.items():
        rows = np.flatnonzero(service >> 16 == protocol)
        if len(rows):
            keep[rows] &= np.isin(service[rows] & 0xFFFF, types)
    return keep
