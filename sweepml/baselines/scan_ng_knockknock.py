"""scan-NG's KnockKnock: a few hosts that do not offer the service that a source knocks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations, idle_states
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES, Outcome

HIGH_PORTS: Final = (80, 443, 861, 8080, 8443)
"""Ports on which anyone may come to the wrong address: 12 hosts."""
MEDIUM_PORTS: Final = (0, 88, 135, 139, 389, 445, 3268, 17500, 52311)
"""Ports on which a local network's own programs look for each other: 5 hosts."""


@dataclass(frozen=True, slots=True)
class ScanNgKnockKnock(Rule):
    """Distinct destinations of failed TCP attempts at services that do not exist, per source and port.

    Parameters
    ----------
    threshold
        Multiple of the port's own limit; 1 as shipped.
    low, medium, high
        Distinct destinations that a port allows: on most ports, on `MEDIUM_PORTS` and on `HIGH_PORTS`.
    idle_s
        Seconds without such an attempt after which a counter is dropped.

    Notes
    -----
    As shipped: an attempt counts only where the service is not known to exist, so that a client of a service that is
    down is no scanner. One counter per source and port, kept for a day; a reported source stays known, whatever the
    port, for as long.

    Own choices: a service is known to exist on a host once a connection to it was answered, whoever made it, earlier in
    the same log. Every source is judged, inside or out.

    What is left out: the package moves its limits with the number of sources that scan a port at the time, and knows
    services from long observation and from lists. The log of a short capture knows few services.

    The statistic is the number of destinations divided by the port's limit.

    References
    ----------
    Zeek package `initconf/scan-NG`, heuristic KnockKnock, its README; the lists of ports as recalled from its
    configuration, not checked against a release.
    """

    name: ClassVar[str] = "scan_ng_knockknock"
    title: ClassVar[str] = "scan-NG KnockKnock"

    threshold: float = 1.0
    low: int = 3
    medium: int = 5
    high: int = 12
    idle_s: float = 86_400.0

    @property
    def quiet_s(self) -> float:
        """Seconds for which a reported source stays known."""
        return self.idle_s

    def limits(self, port: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the distinct destinations that each port allows, shape (n,)."""
        limit = np.full(len(port), self.low)
        limit[np.isin(port, MEDIUM_PORTS)] = self.medium
        limit[np.isin(port, HIGH_PORTS)] = self.high
        return limit

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the destinations grew, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        contacts = contacts.take(has_protocol(contacts, Protocol.TCP))
        failed = np.isin(contacts.outcome, FAILURES) & ~_exists(contacts)
        contacts = contacts.take(failed).by_identity()
        state = idle_states(contacts.ts_us, round(self.idle_s * US_PER_S), contacts.source, contacts.service)
        counted = count_destinations(contacts, state)
        service = np.zeros(len(contacts), np.int64)
        service[state] = contacts.service
        return replace(counted, statistic=counted.statistic / self.limits(service[counted.state] & 0xFFFF))


def _exists(contacts: Connections) -> NDArray[np.bool_]:
    """Return which rows are attempts at a service that answered somebody in an earlier row."""
    key = contacts.destination.astype(np.int64) << 32 | contacts.service
    answered = np.flatnonzero(contacts.outcome == Outcome.ANSWERED)
    known, first = np.unique(key[answered], return_index=True)
    if not len(known):
        return np.zeros(len(contacts), bool)
    place = np.minimum(np.searchsorted(known, key), len(known) - 1)
    return (known[place] == key) & (answered[first][place] < np.arange(len(contacts)))
