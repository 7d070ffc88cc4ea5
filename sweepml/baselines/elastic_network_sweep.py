"""Elastic's "Potential Network Sweep Detected": 100 hosts over nine ports together within nine minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from sweepml.baselines.base import Rule, contacts_in_order, has_protocol
from sweepml.baselines.counting import count_destinations_at
from sweepml.baselines.sources import is_private
from sweepml.baselines.trajectory import Trajectory
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol

PORTS: Final = (21, 22, 23, 25, 139, 445, 3389, 5985, 5986)


@dataclass(frozen=True, slots=True)
class ElasticNetworkSweep(Rule):
    """Distinct destinations per private source over remote-access ports, seen by a scheduled search.

    Parameters
    ----------
    threshold
        Distinct destinations.
    window_s
        Seconds that a search looks back (``from: now-9m``).
    every_s
        Seconds between searches (``interval: 5m``).

    Raises
    ------
    ConfigError
        If a parameter is not positive.

    Notes
    -----
    As shipped: a threshold rule over the ports 21, 22, 23, 25, 139, 445, 3389, 5985 and 5986 taken together; only
    sources in 10/8, 172.16/12 and 192.168/16; answered connections count like failed ones.

    Own choices: searches run at whole multiples of the interval since the epoch, and what a search finds is known when
    it runs. Elastic does not alert again on events of an earlier alert; here every search that finds the source does,
    and whoever reads alerts merges them. TCP and UDP count alike.

    What a connection log cannot show: Elastic indexes a flow when it is reported, often at its end, and late ones miss
    their search.

    The statistic is the number of destinations.

    References
    ----------
    Elastic prebuilt rules, "Potential Network Sweep Detected", version for 8.x.
    """

    name: ClassVar[str] = "elastic_network_sweep"
    title: ClassVar[str] = "Elastic network sweep"

    threshold: float = 100.0
    window_s: int = 540
    every_s: int = 300

    @property
    def horizon_s(self) -> int:
        """Seconds that a search looks back."""
        return self.window_s

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return what each search found, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts)
        keep = has_protocol(contacts, Protocol.TCP, Protocol.UDP) & np.isin(contacts.service & 0xFFFF, PORTS)
        contacts = contacts.take(keep & is_private(contacts, hosts)).by_identity()
        window_us, every_us = self.window_s * US_PER_S, self.every_s * US_PER_S
        # A search at t sees [t - window, t), so that a row is seen by the searches in (ts, ts + window].
        first = contacts.ts_us // every_us + 1
        searches = (contacts.ts_us + window_us) // every_us - first + 1
        row = np.repeat(np.arange(len(contacts)), searches)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(searches) - searches, searches)
        seen = contacts.take(row)
        return count_destinations_at(seen, (first[row] + nth) * every_us, seen.source)
