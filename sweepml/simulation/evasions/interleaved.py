"""Success interleaving: live services are contacted before every probe that fails, against the random walk."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.errors import ConfigError
from sweepml.graph.windows import US_PER_S
from sweepml.schema.outcome import FAILURES
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.evasions.base import Evasion, Plan, Stage

_ROUNDING: Final = 1e-9
"""Equal steps are equal, though two logarithms may differ in the last digit."""


class Interleaved(Evasion):
    """Before each probe that fails come first contacts with hosts that answer, enough to take the walk back.

    A walk counts first contacts only, so that every live host serves once: the sweep ends when the attacker has no more
    of them. He knows in advance which probes fail, which makes this the best that he can do.
    """

    name: ClassVar[str] = "interleaved"

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the probes, each failing one behind its successes.

        Raises
        ------
        ConfigError
            If no host answers, or no probe fails.
        """
        walk = stage.limits.walk
        each = math.ceil(walk.failure_step / walk.success_step - _ROUNDING)
        hosts, service = stage.live_services()
        _, first = np.unique(hosts.hash64, return_index=True)
        fresh = first[~np.isin(hosts.hash64[first], plan.dst.hash64)]
        fails = np.flatnonzero(np.isin(plan.outcome, FAILURES))[: len(fresh) // each]
        if not len(fails):
            raise ConfigError(
                f"successes cannot be interleaved: {len(fresh)} hosts of the background answer, and {each} are needed "
                "before each probe that fails; take a background with more services"
            )
        cover = rng.permutation(fresh)[: len(fails) * each]
        kept = plan.take(slice(0, int(fails[-1]) + 1))
        # Between the probe before and the one that fails; the first has nothing before it.
        gap_us = np.diff(kept.offset_us, prepend=kept.offset_us[:1] - US_PER_S)[fails]
        share = np.arange(each, 0, -1) / (each + 1)
        at_us = (kept.offset_us[fails][:, None] - gap_us[:, None] * share).astype(np.int64).ravel()
        targets = hosts.take(cover)
        return replace(
            kept,
            offset_us=np.concatenate([kept.offset_us, at_us]) - min(0, int(at_us.min())),
            dst=Addresses.concat([kept.dst, targets]),
            service=np.concatenate([kept.service, service[cover]]),
            outcome=np.concatenate([kept.outcome, stage.answers(targets, service[cover], rng)]),
            sender=np.concatenate([kept.sender, np.zeros(len(cover), np.int64)]),
            note=f"{len(fails)} failures, {each} first contacts with live hosts before each",
        )
