"""Slips' horizontal port scan: many hosts with not-established flows on one port within an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations, tumbling_windows
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES


@dataclass(frozen=True, slots=True)
class SlipsHorizontal(Rule):
    """Distinct destinations with not-established flows per source, protocol, port and time window.

    Parameters
    ----------
    threshold
        Distinct destinations at the first alert; the next come at 10 and 100 times as many.
    window_s
        Length of a time window in seconds.

    Notes
    -----
    As shipped: windows tumble, are an hour long and begin at the capture's first record; TCP and UDP only; the counts
    of a window start at zero; alerts at 10, 100 and 1,000 hosts. Slips' text says that 6 hosts are enough; its code,
    and what version 1.1.21 does when run, need 10.

    Own choices: *not established* is a refused, blocked or unanswered connection; `Outcome.UNKNOWN` is not. Slips
    weighs the evidence of many modules into one verdict per source, of which this is one: its evidence is taken as
    the alert. A destination counts once it had a failed connection, even where another succeeded, as in Slips.

    The statistic is the number of destinations.

    References
    ----------
    Stratosphere Linux IPS 1.1.21, `modules/network_discovery/horizontal_portscan.py`.
    """

    name: ClassVar[str] = "slips_horizontal"
    title: ClassVar[str] = "Slips horizontal scan"
    realert_factors: ClassVar[tuple[float, ...]] = (1.0, 10.0, 100.0)

    threshold: float = 10.0
    window_s: int = 3600

    @property
    def horizon_s(self) -> int:
        """Length of a time window in seconds."""
        return self.window_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the destinations grew, see `Rule.trajectory`."""
        first_us = int(connections.ts_us.min()) if len(connections) else 0
        contacts = contacts_in_order(connections, hosts)
        failed = np.isin(contacts.outcome, FAILURES) & has_protocol(contacts, Protocol.TCP, Protocol.UDP)
        contacts = contacts.take(failed).by_identity()
        window = tumbling_windows(contacts.ts_us, self.window_s * US_PER_S, first_us)
        return count_destinations(contacts, window, contacts.source, contacts.service)
