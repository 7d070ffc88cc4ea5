"""Connect loops: a script or a bot in a container that opens connections, a few at a time, and waits for each."""

from __future__ import annotations

import heapq
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.schema.outcome import Outcome
from sweepml.simulation.scanners.base import Assignment, Pairs, Scanner, Schedule

_TIMEOUTS_S: Final = (1.0, 2.0, 3.0, 5.0, 10.0)
"""What scripts commonly wait for a connection. Chosen, not tuned."""


class ConnectLoop(Scanner):
    """Asynchronous connects, at most `concurrency` at once, so that silent targets slow it down.

    Targets in order or shuffled, every port of one target before the next target. A slow one sleeps between connections
    for a time that it varies by half.
    """

    name = "connect_loop"
    rates_hz = (1 / 7200, 100.0)
    concurrency: ClassVar[tuple[int, int]] = (1, 128)

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return the range in order or shuffled, port after port of each target."""
        services = assignment.services
        hosts = np.arange(len(assignment.targets))
        if rng.random() < 0.5:
            hosts = rng.permutation(hosts)
        hosts = hosts[: -(-assignment.count // len(services))]
        index = np.repeat(hosts, len(services))[: assignment.count]
        return Pairs(assignment.targets.take(index), np.tile(services, len(hosts))[: assignment.count])

    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return starts that wait for a free worker and for the pause between connections."""
        low, high = self.concurrency
        workers = int(np.exp(rng.uniform(np.log(low), np.log(high))))
        timeout_s = float(rng.choice(_TIMEOUTS_S))
        # An answered connection stays open for a banner or a login attempt, a refused one costs a round trip.
        busy_s = np.where(outcome == Outcome.ANSWERED, rng.exponential(0.15, len(outcome)), 0.002)
        busy_s = np.where(outcome == Outcome.UNANSWERED, timeout_s, busy_s)
        gap_s = rng.uniform(0.5, 1.5, len(outcome)) / rate_hz
        return Schedule(_with_workers(gap_s, busy_s, workers), np.arange(len(outcome)))


def _with_workers(gap_s: NDArray[np.float64], busy_s: NDArray[np.float64], workers: int) -> NDArray[np.float64]:
    """Return start times of jobs in order: a gap after the one before, and not before a worker is free."""
    free = [0.0] * workers
    starts, now = [], 0.0
    for gap, busy in zip(gap_s.tolist(), busy_s.tolist(), strict=True):
        now = max(now, free[0])
        starts.append(now)
        heapq.heapreplace(free, now + busy)
        now += gap
    return np.array(starts)
