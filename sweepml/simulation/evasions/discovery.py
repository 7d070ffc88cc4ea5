"""Discovery: a list of hosts that are known to answer on the port, so that nothing ever fails."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.simulation.evasions.base import Evasion, Plan, Stage, largest_group

_FEWEST: Final = 10
"""A list of fewer hosts is no sweep that others would have to find."""


class Discovery(Evasion):
    """Only hosts that the log shows answering on one port, in random order: the port that most of them have."""

    name: ClassVar[str] = "discovery"
    title: ClassVar[str] = "target list from discovery"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return known targets at the plan's pace, as many as there are of both."""
        hosts, service = stage.live_services()
        listed = largest_group(service, hosts, _FEWEST)
        chosen = rng.permutation(listed)[: len(plan)]
        kept = plan.take(slice(0, len(chosen)))
        targets = hosts.take(chosen)
        return replace(
            kept,
            dst=targets,
            service=service[chosen],
            outcome=stage.answers(targets, service[chosen], rng),
            note=f"{len(chosen)} hosts that answer",
        )
