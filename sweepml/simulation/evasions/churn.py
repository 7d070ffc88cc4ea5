"""Identity churn: the source has another address every few targets, with and without a name that stays."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.simulation.evasions.base import Evasion, Plan, Stage

_TARGETS: Final = (4, 8, 16, 32)
"""Targets of one address, campaign after campaign: from fewer than any row is judged at."""


class AddressChurn(Evasion):
    """A container that is restarted again and again: a new address each time, and no record names who it is.

    Each address is a part of one episode, which is caught when one of them is.
    """

    name: ClassVar[str] = "address_churn"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the same probes, each few of them from another address."""
        each = _TARGETS[number % len(_TARGETS)]
        sender = np.arange(len(plan)) // each
        senders = stage.new_senders(int(sender[-1]) + 1, rng)
        return replace(plan, sender=sender, senders=senders, note=f"{each} targets an address")


class IdentityKept(AddressChurn):
    """The counterpart: the addresses change as often, and every record names the same workload as its source."""

    name: ClassVar[str] = "identity_kept"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return what `AddressChurn` does, under one name."""
        churned = super().apply(plan, stage, number, rng)
        return replace(churned, identity=f"workload-{rng.integers(1 << 32):08x}")
