"""Pacing: one target fewer in a rule's window than it fires at."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np

from sweepml.simulation.evasions.base import CountLimit, Evasion, Limits, Plan, Stage, steady

_FEWEST: Final = 5
"""Below so many targets nobody speaks of a sweep: rules that fire earlier and never forget cannot be evaded so."""
_ENOUGH: Final = 20
"""Targets of a campaign that is slow, at least where the log is long enough. Chosen, not tuned."""
_JITTER: Final = 0.1
"""Probes are late by up to this share of a gap (`steady`), which brings two of them closer."""
_MARGIN: Final = 1.05
"""How much slower than need be: some windows are a second longer than they say."""
_SPAN_SHARE: Final = 0.9
"""A campaign takes at most so much of the log."""


class Paced(Evasion):
    """Each campaign stays below one rule: spread over its windows, or stopped short of its count.

    A rule with a window sees one target less than its count in any of them, wherever it begins. One that only forgets
    whoever is idle for long sees one target less in all.
    """

    name: ClassVar[str] = "paced"

    def campaigns(self, limits: Limits) -> int:
        """Return one for each rule that can be evaded so."""
        return len(paced_below(limits))

    def span_s(self, limits: Limits) -> float:
        """Return what the slowest campaign takes."""
        return max(gap_s(limit) * _ENOUGH for limit in paced_below(limits) if limit.window_s) / _SPAN_SHARE

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return fewer targets, or slower ones."""
        limit = paced_below(stage.limits)[number]
        note = f"below {limit.rule}: {limit.count - 1} targets"
        if not limit.window_s:
            return replace(plan.take(slice(0, limit.count - 1)), note=f"{note} in all")
        wanted = min(max(2 * limit.count, _ENOUGH), len(plan))
        fitting = int(stage.portrait.span_s * _SPAN_SHARE / gap_s(limit))
        kept = plan.take(slice(0, max(min(wanted, fitting), _FEWEST)))
        offset_us = steady(len(kept), gap_s(limit), rng, _JITTER)
        return replace(kept, offset_us=offset_us, note=f"{note} in {limit.window_s:g} s")


def paced_below(limits: Limits) -> tuple[CountLimit, ...]:
    """Return the rules that pacing can evade, campaign after campaign."""
    return tuple(limit for limit in limits.counts if limit.window_s or limit.count > _FEWEST)


def gap_s(limit: CountLimit) -> float:
    """Return the seconds between targets at which no window, wherever it begins, holds the rule's count.

    The first and the last of `count` targets are ``count - 1`` gaps apart, less the jitter of the first.
    """
    return _MARGIN * limit.window_s / (limit.count - 1 - _JITTER)
