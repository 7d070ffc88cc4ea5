"""Discovery: a list of hosts that are known to answer on the port, so that nothing ever fails."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.errors import ConfigError
from sweepml.simulation.evasions.base import Evasion, Plan, Stage

_FEWEST: Final = 20
"""A list of fewer hosts is no sweep that others would have to find."""
_SERVICES: Final = 5
"""Services that are swept for in turn, so that not all depends on the web. Chosen, not tuned."""


class Discovery(Evasion):
    """Only hosts that the log shows answering on one port, in random order: one of the ports that most of them have."""

    name: ClassVar[str] = "discovery"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return known targets at the plan's pace, as many as there are of both.

        Raises
        ------
        ConfigError
            If the log shows too few hosts with any one service.
        """
        hosts, service = stage.live_services()  # each service of a host once
        common, counts = np.unique(service, return_counts=True)
        usual = common[np.argsort(-counts, kind="stable")][: min(_SERVICES, np.count_nonzero(counts >= _FEWEST))]
        if not len(usual):
            raise ConfigError(
                f"the background shows {counts.max(initial=0)} hosts with one service that answers, and {_FEWEST} are "
                "needed; take a longer one"
            )
        listed = np.flatnonzero(service == usual[number % len(usual)])
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
