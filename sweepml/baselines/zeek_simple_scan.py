"""Zeek's simple-scan package: many failed (host, port) pairs of one source, on at most five ports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import idle_states
from sweepml.baselines.sources import is_local
from sweepml.baselines.trajectory import Trajectory, TrajectoryWriter
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostKind, HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES, Outcome

MAX_SCAN_PORTS: Final = 5
"""Up to so many ports it is an address scan."""
MAX_SCAN_VICTIMS: Final = 5
"""Beyond that, up to so many victims it is a port scan."""


class ScanKind(Enum):
    """What simple-scan calls what it found."""

    ADDRESS_SCAN = "Address_Scan"
    PORT_SCAN = "Port_Scan"
    RANDOM_SCAN = "Random_Scan"


def classify(victim_count: int, port_count: int) -> ScanKind:
    """Return what simple-scan calls attempts on so many victims and ports.

    Examples
    --------
    >>> classify(victim_count=20, port_count=5), classify(victim_count=5, port_count=6)
    (<ScanKind.ADDRESS_SCAN: 'Address_Scan'>, <ScanKind.PORT_SCAN: 'Port_Scan'>)
    """
    if port_count <= MAX_SCAN_PORTS:
        return ScanKind.ADDRESS_SCAN
    return ScanKind.PORT_SCAN if victim_count <= MAX_SCAN_VICTIMS else ScanKind.RANDOM_SCAN


@dataclass(slots=True)
class _Attempts:
    """What is remembered of one source between two resets."""

    since_us: int
    pairs: set[tuple[int, int]] = field(default_factory=set)
    victims: set[int] = field(default_factory=set)
    per_port: Counter[int] = field(default_factory=Counter)
    most_on_one_port: int = 0
    dark: set[int] = field(default_factory=set)
    best: float = 0.0
    may_sweep: bool = True
    """False from the sixth port on: ports are never forgotten, so that no later class is a sweep either."""

    def add(self, victim: int, port: int, *, is_dark: bool) -> None:
        """Count an attempt."""
        if (victim, port) in self.pairs:
            return
        self.pairs.add((victim, port))
        self.victims.add(victim)
        self.per_port[port] += 1
        self.most_on_one_port = max(self.most_on_one_port, self.per_port[port])
        if is_dark:
            self.dark.add(victim)
        self.may_sweep = classify(len(self.victims), len(self.per_port)) is ScanKind.ADDRESS_SCAN


@dataclass(frozen=True, slots=True)
class ZeekSimpleScan(Rule):
    """Distinct failed (destination, port) pairs per source; only sweeps are alerts.

    Parameters
    ----------
    threshold
        Multiple of the limit that holds for the source; 1 as shipped.
    remote_pairs, remote_on_one_port
        Pairs in all, or on one port, that a source outside of the site is allowed.
    local_pairs, local_pairs_dark
        Pairs that a source of the site is allowed, and after `dark_hosts` dark hits.
    dark_hosts
        Distinct dark addresses from which on the lower limit holds.
    idle_s
        Seconds after a source's last failed attempt in which it is remembered.
    suppress_s
        Seconds for which a notice silences further ones of its source (`Notice::default_suppression_interval`).

    Notes
    -----
    As shipped: TCP only; at most five ports make an Address_Scan, otherwise at most five victims a Port_Scan, else it
    is a Random_Scan. Only the first is a sweep, and only it raises an alert here.

    Own choices: *local* is what the host table calls internal, and every named identity. *Dark* is an unanswered or
    blocked attempt at an internal address that had, until then, neither answered, refused nor contacted anybody:
    Zeek asks the site's configuration which addresses are in use, a log cannot.

    What a connection log cannot show: Zeek also counts half-open attempts (see `ZeekScan`).

    The statistic is the larger of pairs and pairs on one port, each divided by its limit. It is not followed beyond the
    fifth port, from which on no threshold would give an Address_Scan.

    References
    ----------
    Zeek package `ncsa/bro-simple-scan`, its README and options.
    """

    name: ClassVar[str] = "zeek_simple_scan"
    title: ClassVar[str] = "Zeek simple-scan"

    threshold: float = 1.0
    remote_pairs: int = 25
    remote_on_one_port: int = 20
    local_pairs: int = 250
    local_pairs_dark: int = 100
    dark_hosts: int = 3
    idle_s: float = 900.0
    suppress_s: float = 3600.0

    @property
    def quiet_s(self) -> float:
        """Seconds of silence about a source after a notice."""
        return self.suppress_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the pairs grew, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        counts = np.isin(contacts.outcome, FAILURES) & has_protocol(contacts, Protocol.TCP)
        dark, local = _is_dark(contacts, hosts)[counts], is_local(contacts, hosts)[counts]
        attempts = contacts.take(counts).by_identity()
        state = idle_states(attempts.ts_us, round(self.idle_s * US_PER_S), attempts.source)
        writer = TrajectoryWriter()
        remembered: dict[int, _Attempts] = {}
        columns = (state, attempts.source, attempts.ts_us, attempts.destination, attempts.service & 0xFFFF, dark, local)
        for number, source, ts_us, victim, port, is_dark, local_source in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            seen = remembered.get(number)
            if seen is None:
                seen = remembered[number] = _Attempts(ts_us)
            if not seen.may_sweep:
                continue
            seen.add(victim, port, is_dark=is_dark)
            value = self._statistic(seen, is_local=local_source)
            if seen.may_sweep and value > seen.best:
                seen.best = value
                writer.rise(number, source, ts_us, seen.since_us, value)
        return writer.trajectory()

    def _statistic(self, seen: _Attempts, *, is_local: bool) -> float:
        """Return the pairs as a multiple of the limit that holds."""
        if is_local:
            limit = self.local_pairs_dark if len(seen.dark) >= self.dark_hosts else self.local_pairs
            return len(seen.pairs) / limit
        return max(len(seen.pairs) / self.remote_pairs, seen.most_on_one_port / self.remote_on_one_port)


def _is_dark(contacts: Connections, hosts: HostTable) -> NDArray[np.bool_]:
    """Return which rows are unheard attempts at internal addresses that showed no life in an earlier row."""
    row = np.arange(len(contacts))
    first_life = np.full(len(hosts), len(contacts))
    np.minimum.at(first_life, contacts.source, row)
    lives = np.isin(contacts.outcome, (Outcome.ANSWERED, Outcome.REFUSED))
    np.minimum.at(first_life, contacts.destination[lives], row[lives])
    unheard = np.isin(contacts.outcome, (Outcome.UNANSWERED, Outcome.BLOCKED))
    internal = hosts.kind[contacts.destination] == HostKind.INTERNAL
    return unheard & internal & (first_life[contacts.destination] > row)
