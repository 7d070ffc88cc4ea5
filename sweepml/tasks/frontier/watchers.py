"""Watchers: contestants that share their work on a capture, so that it is done once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.base import Rule
from sweepml.datasets.capture import Capture
from sweepml.features.edges import RowEdges
from sweepml.features.plan import FeaturePlan
from sweepml.pipeline.rows import labelled_rows
from sweepml.schema.alert import AlertRow
from sweepml.tasks.cross_validation import scored_rows

Judge = Callable[
    [NDArray[np.float32], NDArray[np.int32], RowEdges | None], tuple[NDArray[np.float32], NDArray[np.bool_]]
]
"""Features, horizons and edges of rows in; their scores and verdicts out."""

AlertsByName = dict[str, list[AlertRow]]


class Watcher(Protocol):
    """Some contestants, by name."""

    def alerts(self, capture: Capture, sources: Collection[str] | None = None) -> AlertsByName:
        """Return what each contestant says of a capture: of some sources, or of all."""


@dataclass(frozen=True, slots=True)
class RuleWatcher:
    """A rule at several thresholds; its statistic is followed once.

    Attributes
    ----------
    rules
        Contestant -> rule; they differ in their thresholds only.
    """

    rules: Mapping[str, Rule]

    def alerts(self, capture: Capture, sources: Collection[str] | None = None) -> AlertsByName:
        """Return what the rule says at each threshold, see `Watcher`."""
        trajectory = next(iter(self.rules.values())).trajectory(capture.connections, capture.hosts)
        return {
            name: [
                replace(alert, detector=name)
                for alert in rule.alerts_of(trajectory, capture.hosts, capture.name)
                if sources is None or alert.source in sources
            ]
            for name, rule in self.rules.items()
        }


@dataclass(frozen=True, slots=True)
class RowsWatcher:
    """Detectors of one feature plan; its rows are computed once.

    Attributes
    ----------
    plan
        Windows and gates.
    judges
        Contestant -> what gives its scores and verdicts.
    positive_dst_count
        As in `labelled_rows`.
    """

    plan: FeaturePlan
    judges: Mapping[str, Judge]
    positive_dst_count: int

    def alerts(self, capture: Capture, sources: Collection[str] | None = None) -> AlertsByName:
        """Return one alert for each row above its threshold, see `Watcher`."""
        rows = labelled_rows(capture, self.plan, self.positive_dst_count)
        if sources is not None:
            wanted = np.array([source in sources for _, source in rows.units], bool)
            rows = rows.take(wanted[rows.unit])
        raised = {}
        for name, judge in self.judges.items():
            score, verdicts = judge(rows.features.values, rows.features.length_s, rows.features.edges)
            raised[name] = scored_rows(rows, score).to_alerts(verdicts, name)
        return raised


def rule_watchers(rules: Mapping[str, Rule]) -> list[RuleWatcher]:
    """Return watchers of rules by contestant, one for each kind of rule."""
    by_kind: defaultdict[str, dict[str, Rule]] = defaultdict(dict)
    for name, rule in rules.items():
        by_kind[rule.name][name] = rule
    return [RuleWatcher(some) for some in by_kind.values()]


def rows_watchers(detectors: Iterable[tuple[str, FeaturePlan, Judge]], positive_dst_count: int) -> list[RowsWatcher]:
    """Return watchers of (contestant, plan, judge), one for each plan."""
    by_plan: defaultdict[FeaturePlan, dict[str, Judge]] = defaultdict(dict)
    for name, plan, judge in detectors:
        by_plan[plan][name] = judge
    return [RowsWatcher(plan, judges, positive_dst_count) for plan, judges in by_plan.items()]


def watch(watchers: Iterable[Watcher], capture: Capture, sources: Collection[str] | None = None) -> AlertsByName:
    """Return what every contestant says of a capture: of some sources, or of all."""
    return {name: alerts for watcher in watchers for name, alerts in watcher.alerts(capture, sources).items()}
