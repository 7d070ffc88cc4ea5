"""scan-NG's AddressScan: 20 hosts with failed attempts, whatever the port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations, idle_states
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES


@dataclass(frozen=True, slots=True)
class ScanNgAddress(Rule):
    """Distinct destinations of failed TCP attempts per source.

    Parameters
    ----------
    threshold
        Distinct destinations.
    idle_s
        Seconds without a failed attempt after which the source's counter is dropped.

    Notes
    -----
    As shipped: one counter per source over all ports, kept until the source has failed nowhere for a day; a source
    that was reported stays known, and is not reported again, while its counter is kept.

    Own choices: every source is judged, inside or out. The package watches a site's border and leaves its own hosts
    and its allowlists out.

    What a connection log cannot show: the package also takes hints from sensors of darknets and from backscatter
    filters that look at flags. Half-open attempts are told as by `ZeekScan`.

    The statistic is the number of destinations.

    References
    ----------
    Zeek package `initconf/scan-NG`, heuristic AddressScan, its README.
    """

    name: ClassVar[str] = "scan_ng_address"
    title: ClassVar[str] = "scan-NG AddressScan"

    threshold: float = 20.0
    idle_s: float = 86_400.0

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the destinations grew, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        failed = np.isin(contacts.outcome, FAILURES) & has_protocol(contacts, Protocol.TCP)
        contacts = contacts.take(failed).by_identity()
        idle_us = round(self.idle_s * US_PER_S)
        return count_destinations(contacts, idle_states(contacts.ts_us, idle_us, contacts.source))
