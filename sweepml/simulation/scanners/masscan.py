"""masscan: a keyed shuffle over all (address, port) pairs at once, at a constant rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.simulation.permutations import feistel_order
from sweepml.simulation.scanners.base import Assignment, Pairs, Scanner, Schedule, constant_rate, products


class Masscan(Scanner):
    """Stateless: every pair once, no second try. Its default is 100 packets a second."""

    name = "masscan"
    rates_hz = (1.0, 5000.0)

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return pairs in shuffled order."""
        size = len(assignment.targets) * len(assignment.services)
        return products(assignment, feistel_order(size, min(assignment.count, size), int(rng.integers(1 << 63))))

    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return one probe a pair at a constant rate."""
        return Schedule(constant_rate(len(outcome), rate_hz, rng), np.arange(len(outcome)))
