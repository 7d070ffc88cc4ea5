"""What a frontier report shows: the tables, how they were made, and who stands where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from sweepml.evaluation.benchmark_report.results import MODEL_KINDS, Measurement, contestant_labels
from sweepml.evaluation.frontier import LEVELS, Surface, caught_share
from sweepml.evaluation.intervals import poisson_upper

TRAINED_ON: Final = "was trained on"
"""How the note of a contestant begins that knows a capture from its training."""
MOST_DRAWN: Final = 5
"""Contestants with a line of their own in one plot; the others share one style."""
_MOST_MODELS: Final = 3
"""Of `MOST_DRAWN`, so that rules are seen, too."""


@dataclass(frozen=True, slots=True)
class FalseAlerts:
    """False alerts of one contestant over all captures without sweeps.

    Attributes
    ----------
    count, sources
        Findings, and sources with at least one.
    source_days
        Time that judged sources were watched.
    """

    count: int
    sources: int
    source_days: float

    @property
    def rate(self) -> float:
        """Per day per 1,000 sources."""
        return self.count * 1000 / self.source_days

    @property
    def rate_high(self) -> float:
        """One-sided 95 % upper bound of the rate, as if false alerts were independent (Poisson)."""
        return poisson_upper(self.count) * 1000 / self.source_days


@dataclass(frozen=True)
class FrontierResults:
    """The tables of a frontier with the look-ups that a report needs.

    Attributes
    ----------
    tables
        ``trials``, ``frontier``, ``false_alerts`` and ``contestants``, see `sweepml.evaluation.frontier`.
    measurement
        How they were made.
    horizon_s
        How long one may wait for an alert.
    source, pace, company
        Of the sweeps, as the configuration has them.
    """

    tables: Mapping[str, pd.DataFrame]
    measurement: Measurement
    horizon_s: float
    source: str
    pace: str
    company: int

    @property
    def shares(self) -> list[float]:
        """Success shares that were tried, ascending."""
        return sorted(self.tables["frontier"].success_share.unique().tolist())

    @property
    def rates(self) -> list[float]:
        """Rates that were tried, ascending."""
        return sorted(self.tables["frontier"].rate_per_hour.unique().tolist())

    @property
    def sizes(self) -> list[int]:
        """Sizes that were asked for, ascending: those of the fastest rate, where the horizon cuts least."""
        frontier = self.tables["frontier"]
        return sorted(frontier["size"][frontier.rate_per_hour == self.rates[-1]].unique().tolist())

    @cached_property
    def ranked(self) -> list[str]:
        """Contestants: models before rules, and among each those that catch most before others."""
        ids = self.tables["contestants"].contestant.tolist()
        caught = {one: caught_share(self.tables["frontier"], one) for one in ids}
        return sorted(ids, key=lambda one: (not self.is_model(one), -caught[one], one))

    @cached_property
    def _facts(self) -> dict[str, dict[str, str]]:
        rows = self.tables["contestants"].to_dict("records")
        return {str(row["contestant"]): {str(name): str(value) for name, value in row.items()} for row in rows}

    @cached_property
    def _labels(self) -> dict[str, str]:
        return contestant_labels(self.tables["contestants"])

    def label(self, contestant: str) -> str:
        """Return what a contestant is called; no two have one label."""
        return self._labels[contestant]

    def fact(self, contestant: str, name: str) -> str:
        """Return a column of table ``contestants``."""
        return self._facts[contestant][name]

    def is_model(self, contestant: str) -> bool:
        """Return whether a contestant was trained."""
        return self.fact(contestant, "kind") in MODEL_KINDS

    def surface(self, contestant: str, success_share: float) -> Surface:
        """Return the cells of a contestant and a success share."""
        return Surface.of(self.tables["frontier"], contestant, success_share)

    def catches(self, contestant: str) -> bool:
        """Return whether any cell is caught at the lowest level."""
        return any(np.isfinite(self.surface(contestant, share).line(LEVELS[0])).any() for share in self.shares)

    def false_alerts(self, contestant: str) -> FalseAlerts:
        """Return what a contestant said of captures without sweeps."""
        rows = self.tables["false_alerts"]
        rows = rows[rows.contestant == contestant]
        return FalseAlerts(int(rows.false_alerts.sum()), int(rows.false_sources.sum()), float(rows.source_days.sum()))

    def is_over_budget(self, contestant: str) -> bool:
        """Return whether a contestant raised more false alerts here than the budget allows."""
        return self.false_alerts(contestant).rate > self.measurement.budget_per_day_per_1000

    @cached_property
    def drawn(self) -> list[str]:
        """Contestants with a line of their own, in the order of their styles: models, then the best rules."""
        models = [one for one in self.ranked if self.is_model(one)][:_MOST_MODELS]
        return (models + self.lines_of_rules)[:MOST_DRAWN]

    @property
    def undistinguished(self) -> list[str]:
        """Rules that catch something and have no line of their own."""
        return [one for one in self.lines_of_rules if one not in self.drawn]

    @cached_property
    def lines_of_rules(self) -> list[str]:
        """One operating point of each rule that catches anything: within the budget before others, then the best.

        It is the better of those that keep the budget here; of a rule that keeps it nowhere the better of all.
        """
        kept: dict[str, str] = {}
        for one in sorted(self._rules, key=self.is_over_budget):  # stable: the better first
            if self.catches(one):
                kept.setdefault(_rule(one), one)
        return list(kept.values())

    @property
    def without_a_catch(self) -> list[str]:
        """Rules that catch nothing, at whatever operating point: each once."""
        caught = {_rule(one) for one in self.lines_of_rules}
        return list({_rule(one): one for one in self._rules if _rule(one) not in caught}.values())

    @property
    def _rules(self) -> list[str]:
        return [one for one in self.ranked if not self.is_model(one)]

    def metrics(self) -> dict[str, float]:
        """Return the figures by which runs are compared, as ``contestant/answered_share/figure``; NaN where none."""
        found: dict[str, float] = {}
        for one in self.ranked:
            name = one.replace("@", "-at-")
            found[f"{name}/false_alerts"] = float(self.false_alerts(one).count)
            found[f"{name}/caught_share"] = caught_share(self.tables["frontier"], one)
            for share in self.shares:
                for level in LEVELS:
                    slowest = self.surface(one, share).slowest(level)
                    key = f"{name}/answered_{share:g}/slowest_at_{level:g}_per_hour"
                    found[key] = float("nan") if slowest is None else slowest
        return found


def _rule(contestant: str) -> str:
    """Return which rule a contestant is, at whatever operating point.

    >>> _rule("zeek_scan@budget")
    'zeek_scan'
    """
    return contestant.partition("@")[0]
