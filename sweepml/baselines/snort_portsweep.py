"""Snort 3's port_scan inspector, its portsweep alerts, at the three levels that Snort ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.trajectory import Trajectory, TrajectoryWriter
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES, Outcome


@dataclass(frozen=True, slots=True)
class SweepLimits:
    """What Snort compares its counters with.

    Attributes
    ----------
    scans
        Connections that make a filtered sweep; 0 knows no filtered sweeps.
    rejects
        Refusals that make an unfiltered sweep.
    nets
        Changes of address that either needs.
    ports
        Most changes of port that either bears.
    """

    scans: int
    rejects: int
    nets: int
    ports: int


@dataclass(slots=True)
class _Tracker:
    """Snort's counters of one source and protocol in one window."""

    state: int
    since_us: int
    last_s: int
    scans: int = 0
    rejects: int = 0
    nets: int = 0
    ports: int = 0
    last_address: int = -1
    last_port: int = 0
    best: float = 0.0


@dataclass(frozen=True, slots=True)
class SnortPortsweep(Rule):
    """Refusals, or connections, over changing addresses and few ports, per source, protocol and window.

    Parameters
    ----------
    threshold
        Multiple of Snort's limits for refusals, connections and changes of address; 1 as shipped. The limit for
        changes of port is not scaled.

    Notes
    -----
    As shipped: a counter per source and protocol (TCP, UDP, ICMP); windows tumble, each begins with the first record
    after the one before it is over, and lasts so many whole seconds *after* that record's second; all counters then
    start at zero. Of each new connection the address and the port are compared with those of the connection before it,
    so that a client that goes to and fro between two servers makes as many changes of address as connections. A
    refusal (reset, ICMP unreachable) counts apart; a connection that is established is taken off the connections again,
    but its changes of address and port stay. *Portsweep* is enough refusals, *filtered portsweep* enough connections
    that were not established, either with enough changes of address and not too many of port. One alert a window.

    Own choices: filtered and unfiltered sweeps of all three protocols are one rule. A refused or blocked record refuses
    at its start, and an answered one is established before the next record of its source. TCP and UDP records of
    unknown outcome are left out, since Snort would have seen what came of them.

    What a connection log cannot show: Snort sees packets, and so retries within one record, resets after an answer (a
    SYN scan of open ports is answered here and half-open there), protocols other than these (IP protocol sweeps), and
    refusals of connections that it did not see begin. What Snort 3.11.1 said of the laboratory capture is compared in
    docs/rules.md.

    The statistic is the smaller of changes of address and the larger of refusals and connections, each divided by its
    limit, while the changes of port are within theirs.

    References
    ----------
    Snort 3 Reference, inspector `port_scan`; limits of `default_low_port_scan`, `default_med_port_scan` and
    `default_hi_port_scan` in `snort_defaults.lua`.
    """

    window_s: ClassVar[int]
    limits: ClassVar[Mapping[int, SweepLimits]]

    threshold: float = 1.0

    @property
    def horizon_s(self) -> int:
        """Length of a window in seconds."""
        return self.window_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the counters grew, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        is_icmp = has_protocol(contacts, Protocol.ICMP, Protocol.ICMP6)
        known = has_protocol(contacts, Protocol.TCP, Protocol.UDP) & (contacts.outcome != Outcome.UNKNOWN)
        contacts, is_icmp = contacts.take(known | is_icmp).by_identity(), is_icmp[known | is_icmp]
        protocol = np.where(is_icmp, int(Protocol.ICMP), contacts.service >> 16)
        refused = np.isin(contacts.outcome, FAILURES) & (contacts.outcome != Outcome.UNANSWERED)
        # An echo reply establishes nothing in Snort: only TCP and UDP connections are taken off again.
        established = (contacts.outcome == Outcome.ANSWERED) & ~is_icmp
        columns = (
            contacts.source.astype(np.int64) << 8 | protocol,
            contacts.ts_us,
            contacts.destination,
            np.where(is_icmp, 0, contacts.service & 0xFFFF),
            refused,
            established,
        )
        writer = TrajectoryWriter()
        trackers: dict[int, _Tracker] = {}
        for key, ts_us, address, port, is_refused, is_established in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            one = trackers.get(key)
            second = ts_us // US_PER_S
            if one is None or second > one.last_s:
                one = trackers[key] = _Tracker(writer.new_state(), ts_us, second + self.window_s)
            one.scans += 1
            one.rejects += is_refused
            if address != one.last_address:
                one.nets += 1
                one.last_address = address
            if port != one.last_port:
                one.ports += 1
                one.last_port = port
            value = _statistic(one, self.limits[key & 0xFF])
            if value > one.best:
                one.best = value
                writer.rise(one.state, key >> 8, ts_us, one.since_us, value)
            one.scans -= is_established
        return writer.trajectory()


def _statistic(one: _Tracker, limits: SweepLimits) -> float:
    """Return the counters as a multiple of their limits; 0 beyond the limit of port changes."""
    if one.ports > limits.ports:
        return 0.0
    seen = one.rejects / limits.rejects
    if limits.scans:
        seen = max(seen, one.scans / limits.scans)
    return min(seen, one.nets / limits.nets)


def _levels(tcp: SweepLimits, udp: SweepLimits, icmp: SweepLimits) -> Mapping[int, SweepLimits]:
    return MappingProxyType({int(Protocol.TCP): tcp, int(Protocol.UDP): udp, int(Protocol.ICMP): icmp})


@dataclass(frozen=True, slots=True)
class SnortPortsweepLow(SnortPortsweep):
    """Portsweep at Snort's low level: 5 refusals over 5 changes of address and at most 15 of port in 60 s."""

    name: ClassVar[str] = "snort_portsweep_low"
    title: ClassVar[str] = "Snort portsweep, low"
    window_s: ClassVar[int] = 60
    limits: ClassVar[Mapping[int, SweepLimits]] = _levels(
        tcp=SweepLimits(scans=0, rejects=5, nets=5, ports=15),
        udp=SweepLimits(scans=0, rejects=5, nets=5, ports=15),
        icmp=SweepLimits(scans=0, rejects=5, nets=5, ports=5),
    )


@dataclass(frozen=True, slots=True)
class SnortPortsweepMedium(SnortPortsweep):
    """Portsweep at Snort's medium level: 7 refusals, or 30 connections, in 90 s."""

    name: ClassVar[str] = "snort_portsweep_medium"
    title: ClassVar[str] = "Snort portsweep, medium"
    window_s: ClassVar[int] = 90
    limits: ClassVar[Mapping[int, SweepLimits]] = _levels(
        tcp=SweepLimits(scans=30, rejects=7, nets=7, ports=10),
        udp=SweepLimits(scans=30, rejects=5, nets=5, ports=20),
        icmp=SweepLimits(scans=20, rejects=5, nets=5, ports=5),
    )


@dataclass(frozen=True, slots=True)
class SnortPortsweepHigh(SnortPortsweep):
    """Portsweep at Snort's high level: 3 refusals, or 30 connections, in 600 s."""

    name: ClassVar[str] = "snort_portsweep_high"
    title: ClassVar[str] = "Snort portsweep, high"
    window_s: ClassVar[int] = 600
    limits: ClassVar[Mapping[int, SweepLimits]] = _levels(
        tcp=SweepLimits(scans=30, rejects=3, nets=3, ports=10),
        udp=SweepLimits(scans=30, rejects=3, nets=3, ports=10),
        icmp=SweepLimits(scans=10, rejects=3, nets=3, ports=5),
    )
