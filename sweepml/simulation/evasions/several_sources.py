"""Several sources: the targets of one campaign are dealt to a few hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from sweepml.simulation.evasions.base import Evasion, Plan, Stage


class SeveralSources(Evasion):
    """Targets go to sources in turn, at the same pace over all.

    The campaign is one episode with a part for each source, a distributed sweep; it is caught when one of its sources
    is.
    """

    sources: ClassVar[int]

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the same probes from more sources."""
        senders = stage.new_senders(self.sources, rng)
        return replace(
            plan,
            sender=np.arange(len(plan)) % self.sources,
            senders=senders,
            note=f"{len(plan) // self.sources} targets a source",
        )


class FourSources(SeveralSources):
    """Four hosts share the targets."""

    name: ClassVar[str] = "sources_4"
    sources: ClassVar[int] = 4


class SixteenSources(SeveralSources):
    """Sixteen hosts share the targets."""

    name: ClassVar[str] = "sources_16"
    sources: ClassVar[int] = 16
