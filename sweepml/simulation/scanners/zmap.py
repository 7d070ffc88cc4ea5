"""ZMap: a walk through a multiplicative group, one probe an address, at a constant rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.simulation.permutations import multiplicative_order
from sweepml.simulation.scanners.base import Assignment, Pairs, Scanner, Schedule, constant_rate


class Zmap(Scanner):
    """One port a run: the first of those that it is given (Durumeric, Wustrow and Halderman 2013)."""

    name = "zmap"
    rates_hz = (10.0, 5000.0)

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return targets in the order of the group."""
        size = len(assignment.targets)
        place = multiplicative_order(size, min(assignment.count, size), int(rng.integers(1 << 63)))
        return Pairs(assignment.targets.take(place), np.full(len(place), assignment.services[0]))

    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return one probe a pair at a constant rate."""
        return Schedule(constant_rate(len(outcome), rate_hz, rng), np.arange(len(outcome)))
