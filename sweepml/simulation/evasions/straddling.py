"""Straddling: bursts across the edges of clock bins, so that no bin holds more than half of one."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.windows import US_PER_S
from sweepml.simulation.evasions.base import CountLimit, Evasion, Limits, Plan, Stage

_FEWEST: Final = 5
"""Rules that fire at fewer targets leave no burst worth the name."""
_CLOCK_US: Final = 3600 * US_PER_S
"""The edge of an hour is the edge of every bin that divides it, of 1, 5 and 10 minutes, too."""


class Straddling(Evasion):
    """Bursts of twice what a rule's bin lets pass, centred on every second edge of such bins on the clock.

    Every bin so holds the half of one burst, one target below the rule's count. Rules whose bins do not begin on the
    clock, but with the first record say, are evaded where they happen to.
    """

    name: ClassVar[str] = "straddling"

    def span_s(self, limits: Limits) -> float:
        """Return two hours, which hold the edge of an hour with room on both sides."""
        return 2 * _CLOCK_US / US_PER_S

    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return bursts across the edges of one rule's bins, as many as there are targets and edges for."""
        bins = straddled(stage.limits)
        limit = bins[number % len(bins)]
        half = limit.count - 1
        length_us = round(limit.window_s * US_PER_S)
        edges = _every_second_edge(stage, length_us, rng)
        bursts = max(1, min(len(plan) // (2 * half), len(edges)))
        kept = plan.take(slice(0, 2 * half * bursts))
        # A burst may take a third of a bin, so that its half never meets the other edge.
        gap_us = min(float(np.median(np.diff(plan.offset_us))), length_us / 3 / (2 * half))
        place = np.arange(len(kept))
        within = ((place % (2 * half)) - half + 0.5) * gap_us
        at_us = edges[place // (2 * half)] + np.rint(within).astype(np.int64)
        return replace(
            kept,
            offset_us=at_us - at_us[0],
            begin_us=int(at_us[0]),
            note=f"{half} targets in each bin of {limit.window_s:g} s, one below {limit.rule}",
        )


def straddled(limits: Limits) -> tuple[CountLimit, ...]:
    """Return the rules whose bins are straddled, campaign after campaign."""
    return tuple(limit for limit in limits.counts if limit.tumbles and limit.count >= _FEWEST)


def _every_second_edge(stage: Stage, length_us: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return edges of bins from an hour's on; without an hour in the log, from the first bin's on. At least one."""
    begin, end = stage.portrait.begin_us + length_us // 6, stage.portrait.end_us - length_us // 6
    hours = np.arange(-(-begin // _CLOCK_US), end // _CLOCK_US + 1) * _CLOCK_US
    first = int(rng.choice(hours)) if len(hours) else -(-begin // length_us) * length_us
    return np.arange(first, max(end, first + 1), 2 * length_us)
