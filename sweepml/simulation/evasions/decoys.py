"""Decoys: the same probes with forged sources beside the true one, as Nmap's option -D sends them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.evasions.base import Evasion, Plan, Stage

_COUNTS: Final = (5, 10)
"""Decoys, fewest and most. Chosen, not tuned: Nmap's guide warns of many, since they slow a scan down."""
_LATE_US: Final = 2000
"""A decoy's probe goes out within so many microseconds of the true one."""


class Decoys(Evasion):
    """Every probe goes out from each decoy, too, in random order; to these nothing comes back.

    The true source has to be found. An alert that names a decoy is neither right nor wrong, since what it does is a
    sweep and whom it names has done nothing.

    References
    ----------
    Nmap reference guide, "Firewall/IDS evasion and spoofing", option -D.
    """

    name: ClassVar[str] = "decoys"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the probes, and their copies from decoys."""
        count = int(rng.integers(_COUNTS[0], _COUNTS[1] + 1))
        probes = len(plan)
        row = np.tile(np.arange(probes), count)
        copies = plan.take(row)
        late_us = rng.integers(-_LATE_US, _LATE_US, probes * count)
        return replace(
            plan,
            offset_us=np.concatenate([plan.offset_us, np.maximum(copies.offset_us + late_us, 0)]),
            dst=Addresses.concat([plan.dst, copies.dst]),
            service=np.concatenate([plan.service, copies.service]),
            outcome=np.concatenate([plan.outcome, np.full(probes * count, Outcome.UNANSWERED, np.uint8)]),
            sender=np.concatenate([plan.sender, np.repeat(np.arange(1, count + 1), probes)]),
            senders=Addresses.concat([plan.senders, stage.new_senders(count, rng)]),
            decoys=frozenset(range(1, count + 1)),
            note=f"{count} decoys",
        )
