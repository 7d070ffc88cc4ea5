"""Microsoft Sentinel's "Port Sweep" for Azure Firewall: more than 200 hosts on one port within 30 seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations_at
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol

EXCLUDED_PORTS: Final = (80, 443)


@dataclass(frozen=True, slots=True)
class SentinelPortSweep(Rule):
    """Distinct destinations per source, port and bin of 30 seconds, the web's ports excepted.

    Parameters
    ----------
    threshold
        Distinct destinations; the query asks for more than 200.
    window_s
        Length of a bin in seconds.

    Notes
    -----
    As shipped: bins tumble on whole multiples of 30 s; ports 80 and 443 are left out; answered connections count like
    failed ones; the port alone is the key, so that TCP and UDP on one port count together; sources on either side.

    Own choices: a bin's count is known when the bin is over. The query is scheduled hourly, which is not counted. TCP
    and UDP only, since nothing else has ports. `dcount` estimates; here the count is exact.

    What a connection log cannot show: the query sees what crosses the firewall, not what stays inside a network.

    The statistic is the number of destinations.

    References
    ----------
    Microsoft Sentinel solution "Azure Firewall", analytics rule "Port Sweep".
    """

    name: ClassVar[str] = "sentinel_port_sweep"
    title: ClassVar[str] = "Sentinel port sweep"

    threshold: float = 201.0
    window_s: int = 30

    @property
    def horizon_s(self) -> int:
        """Length of a bin in seconds."""
        return self.window_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return each bin's count, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        port = contacts.service & 0xFFFF
        keep = has_protocol(contacts, Protocol.TCP, Protocol.UDP) & ~np.isin(port, EXCLUDED_PORTS)
        contacts = contacts.take(keep).by_identity()
        bin_us = self.window_s * US_PER_S
        end_us = (contacts.ts_us // bin_us + 1) * bin_us
        return count_destinations_at(contacts, end_us, contacts.source, contacts.service & 0xFFFF)
