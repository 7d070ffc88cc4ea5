"""Splunk ESCU's "Internal Horizontal Port Scan": 250 hosts on one port within an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations_at
from sweepml.baselines.sources import is_private
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol


@dataclass(frozen=True, slots=True)
class SplunkHorizontalScan(Rule):
    """Distinct destinations per private source, protocol, port and hour.

    Parameters
    ----------
    threshold
        Distinct destinations.
    window_s
        Length of a bin in seconds.

    Notes
    -----
    As shipped: bins of one hour on the hour; only sources in 10/8, 172.16/12 and 192.168/16; answered connections
    count like failed ones.

    Own choices: a bin's count is known when the bin is over. How long after that the saved search runs is left to
    whoever installs it, and is not counted. TCP and UDP only, since nothing else has ports.

    What a connection log cannot show: the search reads the Network_Traffic data model, in which a firewall may log
    only a part of what passes.

    The statistic is the number of destinations.

    References
    ----------
    Splunk Enterprise Security Content Update, "Internal Horizontal Port Scan".
    """

    name: ClassVar[str] = "splunk_horizontal_scan"
    title: ClassVar[str] = "Splunk horizontal scan"

    threshold: float = 250.0
    window_s: int = 3600

    @property
    def horizon_s(self) -> int:
        """Length of a bin in seconds."""
        return self.window_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return each bin's count, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        keep = has_protocol(contacts, Protocol.TCP, Protocol.UDP) & is_private(contacts, hosts)
        contacts = contacts.take(keep).by_identity()
        bin_us = self.window_s * US_PER_S
        end_us = (contacts.ts_us // bin_us + 1) * bin_us
        return count_destinations_at(contacts, end_us, contacts.source, contacts.service)
