"""Slips' horizontal port scan: many hosts with not-established flows on one port within an hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np

from sweepml.baselines.base import by_detection, first_rows
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.grouping import starts_of_runs
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import FAILURES

_PROTOCOLS: Final = (Protocol.TCP, Protocol.UDP)
_FACTORS: Final = (1, 10, 100)
"""Slips alerts again only when the number of hosts has grown by a power of ten: 10, 100, 1,000."""


@dataclass(frozen=True, slots=True)
class SlipsHorizontal:
    """Distinct destinations with not-established flows per source, protocol, port and time window.

    Parameters
    ----------
    min_dst_count
        Distinct destinations at the first alert; the next come at 10 and 100 times as many.
    window_s
        Length of a time window in seconds.

    Raises
    ------
    ConfigError
        If a parameter is not positive.

    Notes
    -----
    As shipped: windows tumble, are an hour long and begin at the capture's first record; TCP and
    UDP only; the counts of a window start at zero; alerts at 10, 100 and 1,000 hosts. Slips' text says that 6
    hosts are enough; its code, and what version 1.1.21 does when run, need 10.

    Own choices: *not established* is a refused, blocked or unanswered connection; `Outcome.UNKNOWN` is not.
    Slips weighs the evidence of many modules into one verdict per source, of which this is one: its evidence
    is taken as the alert. A destination counts once it had a failed connection, even where another succeeded,
    as in Slips. Multicast, broadcast and link-local destinations (`is_contact`) are left out, as Slips leaves
    out broadcast and multicast addresses.

    The score is the number of destinations at the alert: 10, 100 or 1,000. Cost: two sorts of the failed
    connections.

    References
    ----------
    Stratosphere Linux IPS 1.1.21, `modules/network_discovery/horizontal_portscan.py`.
    """

    name: ClassVar[str] = "slips_horizontal"
    title: ClassVar[str] = "Slips horizontal scan"

    min_dst_count: int = 10
    window_s: int = 3600

    def __post_init__(self) -> None:
        if self.min_dst_count < 1 or self.window_s < 1:
            raise ConfigError(
                "min_dst_count and window_s must be at least 1, got "
                f"min_dst_count={self.min_dst_count}, window_s={self.window_s}"
            )

    @property
    def threshold(self) -> float:
        """Distinct destinations at the first alert."""
        return float(self.min_dst_count)

    def with_threshold(self, threshold: float) -> SlipsHorizontal:
        """Return the same rule with another first count, rounded up to a whole number of destinations."""
        return replace(self, min_dst_count=int(np.ceil(threshold)))

    def alerts(self, connections: Connections, hosts: HostTable, capture_name: str) -> list[AlertRow]:
        """Return the alerts on one capture, see `Rule.alerts`."""
        if not len(connections):
            return []
        first_us = connections.ts_us.min()
        keep = is_contact(connections, hosts)
        keep &= np.isin(connections.outcome, FAILURES)
        keep &= np.isin(connections.service >> 16, _PROTOCOLS)
        failed = connections.take(keep)
        failed = failed.take(np.argsort(failed.ts_us, kind="stable"))
        window = (failed.ts_us - first_us) // (self.window_s * US_PER_S)

        # One row per destination and counter: the moment at which it began to count there.
        new = first_rows(failed.destination, failed.service, failed.source, window)
        failed, window = failed.take(new), window[new]
        order = np.lexsort((failed.service, failed.source, window))  # stable: within a counter by time
        failed, window = failed.take(order), window[order]
        starts = starts_of_runs(window, failed.source, failed.service)
        sizes = np.diff(np.append(starts, len(failed)))
        since_us = np.repeat(failed.ts_us[starts], sizes)
        dst_count = np.arange(len(failed)) - np.repeat(starts, sizes) + 1

        rows = np.flatnonzero(np.isin(dst_count, [self.min_dst_count * factor for factor in _FACTORS]))
        raised = [
            AlertRow(
                capture=capture_name,
                source=hosts.name(int(failed.source[row])),
                detected_us=int(failed.ts_us[row]),
                since_us=int(since_us[row]),
                score=float(dst_count[row]),
                horizon_s=self.window_s,
                detector=self.name,
            )
            for row in rows
        ]
        return sorted(raised, key=by_detection)
