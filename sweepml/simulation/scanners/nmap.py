"""Nmap's timing templates -T1 to -T5.

Groups, orders and timeouts are those of the Nmap reference guide ("Timing and performance", "--randomize-hosts"); paces
of -T3 to -T5 are those seen in the laboratory captures (data/README.md), where Nmap's congestion control set them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sweepml.simulation.scanners.base import Assignment, Pairs, Scanner, Schedule, unanswered

_GROUP_FIRST, _GROUP_MAX = 64, 1024
"""Hosts that are scanned side by side: few at first, so that results come soon, then up to 1,024."""
_RANDOMIZED_GROUP = 16_384
"""--randomize-hosts shuffles groups of so many hosts."""
_RANDOMIZED_SHARE = 0.4
"""Share of runs with --randomize-hosts; about that of the laboratory's commands."""


class _Nmap(Scanner):
    """Group after group; in a group every host's first port, then every host's second, ports in one shuffled order."""

    retry_after_s: ClassVar[float]
    """A pair that stays silent is probed once more after about this time: the template's first round-trip timeout."""
    serial: ClassVar[bool] = False
    """Whether one probe waits for the one before (-T0 to -T2)."""

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return pairs in groups of hosts, the hosts of a range in order or shuffled."""
        services = rng.permutation(assignment.services)
        hosts = np.arange(len(assignment.targets))
        if rng.random() < _RANDOMIZED_SHARE:
            shuffled = [rng.permutation(part) for part in _cut(hosts, _RANDOMIZED_GROUP, _RANDOMIZED_GROUP)]
            hosts = np.concatenate(shuffled)
        hosts = hosts[: -(-assignment.count // len(services))]
        target, service = [], []
        for group in _cut(hosts, _GROUP_FIRST, _GROUP_MAX):
            target.append(np.tile(group, len(services)))
            service.append(np.repeat(services, len(group)))
        index = np.concatenate(target)[: assignment.count]
        return Pairs(assignment.targets.take(index), np.concatenate(service)[: assignment.count])

    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return evenly paused probes (-T2 and slower) or bursts; silent pairs are tried twice."""
        pair = np.arange(len(outcome))
        again = unanswered(outcome)
        wanted_s = pair / rate_hz
        wanted_s = np.concatenate([wanted_s, wanted_s[again] + self.retry_after_s * (1 + 0.3 * rng.random(len(again)))])
        pair = np.concatenate([pair, again])
        order = np.argsort(wanted_s, kind="stable")
        if self.serial:
            # The pause stands between any two probes, those of a second try too.
            gap_s = (1.0 + 0.02 * rng.random(len(pair))) / rate_hz
            return Schedule(np.cumsum(gap_s) - gap_s[0], pair[order])
        # The congestion window lets bursts through: gaps are uneven around the mean.
        gap_s = rng.gamma(0.5, 2.0, len(pair)) / rate_hz * len(outcome) / len(pair)
        return Schedule(np.cumsum(gap_s) - gap_s[0], pair[order])


class NmapT1(_Nmap):
    """-T1, "sneaky": one probe every 15 s."""

    name = "nmap_t1"
    rates_hz = (1 / 15.5, 1 / 15)
    retry_after_s = 15.0
    serial = True


class NmapT2(_Nmap):
    """-T2, "polite": one probe every 0.4 s."""

    name = "nmap_t2"
    rates_hz = (1 / 0.45, 1 / 0.4)
    retry_after_s = 1.0
    serial = True


class NmapT3(_Nmap):
    """-T3, the default; also the pace of runs that are slowed by --max-rate."""

    name = "nmap_t3"
    rates_hz = (0.05, 200.0)
    retry_after_s = 1.0


class NmapT4(_Nmap):
    """-T4, "aggressive"."""

    name = "nmap_t4"
    rates_hz = (20.0, 1000.0)
    retry_after_s = 0.5


class NmapT5(_Nmap):
    """-T5, "insane"."""

    name = "nmap_t5"
    rates_hz = (200.0, 2000.0)
    retry_after_s = 0.25


def _cut(hosts: NDArray[np.int64], first: int, largest: int) -> list[NDArray[np.int64]]:
    """Cut into groups of `first`, then twice as many each time up to `largest`."""
    parts, start, size = [], 0, first
    while start < len(hosts):
        parts.append(hosts[start : start + size])
        start, size = start + size, min(2 * size, largest)
    return parts
