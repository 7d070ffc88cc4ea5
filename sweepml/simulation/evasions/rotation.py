"""Port rotation: another port for each target, against rules that count by port."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.schema.connection import Protocol, pack_service
from sweepml.simulation.evasions.base import Evasion, Plan, Stage

_COUNTS: Final = (10, 50)
"""Ports of a list, fewest and most."""
_COMMON: Final = 10_000
"""Ports are drawn below this: registered services, most of them."""


class PortRotation(Evasion):
    """Targets are probed on the ports of a list in turn; each target once."""

    name: ClassVar[str] = "port_rotation"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the same targets on other ports, with what those answer."""
        count = int(rng.integers(_COUNTS[0], _COUNTS[1] + 1))
        ports = rng.choice(np.arange(1, _COMMON), count, replace=False)
        service = np.uint32(pack_service(Protocol.TCP, 0)) | ports[np.arange(len(plan)) % count].astype(np.uint32)
        answers = stage.answers(plan.dst, service, rng)
        return replace(plan, service=service, outcome=answers, note=f"{count} ports in turn")
