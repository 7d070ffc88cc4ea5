"""No evasion: the control, with which every other row is compared."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sweepml.simulation.evasions.base import Evasion, Plan, Stage


class Plain(Evasion):
    """The ordinary sweep as it is."""

    name: ClassVar[str] = "plain"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the plan unchanged."""
        return plan
