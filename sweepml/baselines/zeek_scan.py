"""Zeek's misc/scan, address scans: 25 hosts with failed attempts on one port within five minutes."""

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
class ZeekScan(Rule):
    """Distinct destinations of failed TCP attempts per source, port and epoch.

    Parameters
    ----------
    threshold
        Distinct destinations (`addr_scan_threshold`).
    window_s
        Length of an epoch in seconds (`addr_scan_interval`).
    suppress_s
        Seconds for which a notice silences further ones of its source (`Notice::default_suppression_interval`).

    Notes
    -----
    As shipped: epochs tumble and counts start at zero in each; one notice `Scan::Address_Scan` per source, port and
    epoch at 25 hosts, of which the notice framework lets one an hour through per source, whatever the port. TCP only.

    Own choices: epochs begin at the capture's first record, where Zeek's begin when Zeek does. The count is not cut
    off at the threshold plus two, as Zeek's is to save memory, so that alerts can be ranked.

    What a connection log cannot show: Zeek counts a half-open attempt, a SYN that was answered and then reset by its
    source without data, as failed; `conn_state` calls it established (RSTO), so that a SYN scan of open ports counts
    in Zeek and not here. Zeek also reports the responder where only its half of a refusal is seen.

    The statistic is the number of destinations.

    References
    ----------
    Zeek 6.0, `scripts/policy/misc/scan.zeek`, documented as `policy/misc/scan.zeek`; removed in 6.1.
    """

    name: ClassVar[str] = "zeek_scan"
    title: ClassVar[str] = "Zeek misc/scan"

    threshold: float = 25.0
    window_s: int = 300
    suppress_s: float = 3600.0

    @property
    def horizon_s(self) -> int:
        """Length of an epoch in seconds."""
        return self.window_s

    @property
    def quiet_s(self) -> float:
        """Seconds of silence about a source after a notice."""
        return self.suppress_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the destinations grew, see `Rule.trajectory`."""
        first_us = int(connections.ts_us.min()) if len(connections) else 0
        contacts = contacts_in_order(connections, hosts)
        failed = np.isin(contacts.outcome, FAILURES) & has_protocol(contacts, Protocol.TCP)
        contacts = contacts.take(failed).by_identity()
        epoch = tumbling_windows(contacts.ts_us, self.window_s * US_PER_S, first_us)
        return count_destinations(contacts, epoch, contacts.source, contacts.service)
