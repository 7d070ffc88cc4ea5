"""NEMEA's haddrscan: 50 hosts with SYN-only flows on one port, until five minutes pass without one."""

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
class NemeaHaddrscan(Rule):
    """Distinct destinations of SYN-only flows per source and destination port.

    Parameters
    ----------
    threshold
        Distinct destinations.
    idle_s
        Seconds without such a flow after which the counter is dropped.

    Notes
    -----
    As shipped: TCP only; one counter per source and port, one alert per counter, no window: a sweep that sends a probe
    every four minutes is counted for as long as it goes on.

    Own choice: a refused, blocked or unanswered connection is one whose flow from the source holds SYNs alone. NEMEA
    reads one-directional flows, in which a refusal is part of the other direction, so that all three look the same.

    What a connection log cannot show: a SYN scan of open ports sends a reset too, so that its flow is not SYN-only
    and counts neither in NEMEA nor here; a flow cut by the exporter's timeouts counts once here.

    The statistic is the number of destinations.

    References
    ----------
    NEMEA detectors, module `haddrscan_detector`, its README.
    """

    name: ClassVar[str] = "nemea_haddrscan"
    title: ClassVar[str] = "NEMEA haddrscan"

    threshold: float = 50.0
    idle_s: float = 300.0

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the destinations grew, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        failed = np.isin(contacts.outcome, FAILURES) & has_protocol(contacts, Protocol.TCP)
        contacts = contacts.take(failed).by_identity()
        idle_us = round(self.idle_s * US_PER_S)
        return count_destinations(contacts, idle_states(contacts.ts_us, idle_us, contacts.source, contacts.service))
