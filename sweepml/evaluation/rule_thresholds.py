"""A rule's threshold from an alert budget, found by going down through its trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sweepml.baselines.base import Rule
from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.alerts import JudgementRules, judge_alerts, merge_alerts
from sweepml.evaluation.episodes import DEFAULT_RULES
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.schema.alert import AlertRow


@dataclass(frozen=True, slots=True)
class TunedRule:
    """A rule at the lowest threshold that keeps an alert budget, and what it gave there.

    Attributes
    ----------
    rule
        The rule at that threshold.
    false_alerts
        Counted at the threshold, after merging those of one source that follow closely.
    allowed
        What the budget allows in this exposure; a real number.
    alerts
        All alerts at the threshold.
    """

    rule: Rule
    false_alerts: int
    allowed: float
    alerts: tuple[AlertRow, ...]


def tune_rule(
    rule: Rule, captures: Sequence[Capture], budget: AlertBudget, judgement: JudgementRules = DEFAULT_RULES
) -> TunedRule:
    """Return a rule at the lowest threshold that keeps the alert budget on some captures.

    Parameters
    ----------
    rule
        At any threshold.
    captures
        With their truth; those to be tested on must be others.
    budget
        What is bearable: of it, `per_day_per_1000` and `close_after_s`. Its floor and shares are about probabilities
        and horizons, which rules do not have.
    judgement
        When an alert is about an episode; alerts are merged as the budget says.

    Returns
    -------
    TunedRule
        A pure function of the arguments.

    Raises
    ------
    InputError
        If the statistic rises nowhere, so that there is nothing to choose from.
    ConfigError
        If the captures watch no source for any time.

    Notes
    -----
    As in `choose_thresholds`: going down from the largest statistic, the first threshold at which more false alerts
    stand than the budget allows is the one to stay above. Thresholds lie midway between successive peaks of states,
    the lowest half-way to zero. Cost: the rule runs once a capture; then one judgement of its alerts for each level
    down to the chosen one.
    """
    exposure = Exposure.of(captures)
    if not exposure.source_days > 0:
        raise ConfigError("the captures watch no source for any time: no alert rate can be measured")
    allowed = exposure.allowed(budget.per_day_per_1000)
    trajectories = [rule.trajectory(capture.connections, capture.hosts) for capture in captures]
    levels = np.unique(np.concatenate([trajectory.levels for trajectory in trajectories]))
    if not len(levels):
        raise InputError(f"rule {rule.name}: its statistic never rises on these captures, there is nothing to tune")
    # Above every peak nothing is raised at all, which keeps any budget.
    chosen = TunedRule(rule.with_threshold(2 * float(levels[-1])), 0, allowed, ())
    for upper, lower in pairwise([*levels[::-1].tolist(), 0.0]):
        tuned = rule.with_threshold((upper + lower) / 2)
        alerts = tuple(
            alert
            for capture, trajectory in zip(captures, trajectories, strict=True)
            for alert in tuned.alerts_of(trajectory, capture.hosts, capture.name)
        )
        false = [one.alert for one in judge_alerts(captures, alerts, judgement) if not one.sweeps]
        count = len(merge_alerts(false, budget.close_after_s))
        if count > allowed:
            break
        chosen = TunedRule(tuned, count, allowed, alerts)
    return chosen
