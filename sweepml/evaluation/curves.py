"""What a detector would do at other thresholds: episodes caught and false alerts as the threshold falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sweepml.baselines.base import Rule
from sweepml.datasets.capture import Capture
from sweepml.evaluation.alerts import Judgement, JudgementRules, judge_alerts
from sweepml.evaluation.episodes import DEFAULT_RULES
from sweepml.evaluation.ranking import findings_of
from sweepml.schema.alert import AlertRow

MAX_POINTS: Final = 60
"""Thresholds of a curve: enough for a plot. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One threshold.

    Attributes
    ----------
    threshold
        In the detector's own unit; an alert's score reaches it.
    caught
        Episodes with an alert about them.
    true_findings, false_findings
        As `findings_of` counts them.
    """

    threshold: float
    caught: int
    true_findings: int
    false_findings: int

    @property
    def precision(self) -> float:
        """Share of the findings that are right; NaN where nothing is raised."""
        findings = self.true_findings + self.false_findings
        return self.true_findings / findings if findings else float("nan")


def curve_of_alerts(
    captures: Sequence[Capture], alerts: Iterable[AlertRow], rules: JudgementRules = DEFAULT_RULES
) -> list[CurvePoint]:
    """Return the curve of a detector each of whose alerts would stand at any threshold up to its score.

    Parameters
    ----------
    captures
        With their truth.
    alerts
        At the lowest threshold of interest: all rows of a model above some score, say, or what a foreign tool raised.
    rules
        As in `judge_alerts`.

    Returns
    -------
    list of CurvePoint
        By falling threshold, at most `MAX_POINTS`: the lowest score of all, and others spread evenly over the findings'
        scores by rank.

    Raises
    ------
    InputError
        As `judge_alerts`.
    """
    judged = sorted(judge_alerts(captures, alerts, rules), key=lambda one: -one.alert.score)
    scores = np.array([-one.alert.score for one in judged])
    levels = _spread([finding.score for finding in findings_of(judged, rules.close_after_s)])
    return [
        _point(level, judged[: int(np.searchsorted(scores, -level, "right"))], rules.close_after_s) for level in levels
    ]


def curve_of_rule(captures: Sequence[Capture], rule: Rule, rules: JudgementRules = DEFAULT_RULES) -> list[CurvePoint]:
    """Return the curve of a rule, which raises other alerts at each threshold: later ones where it is higher.

    Parameters
    ----------
    captures
        With their truth.
    rule
        At any threshold.
    rules
        As in `judge_alerts`.

    Returns
    -------
    list of CurvePoint
        By falling threshold, at most `MAX_POINTS`: of the distinct peaks of its trajectories, spread evenly. Empty
        where its statistic never rises.

    Notes
    -----
    Cost: the rule runs once a capture, then one judgement a threshold.
    """
    trajectories = [rule.trajectory(capture.connections, capture.hosts) for capture in captures]
    points = []
    for level in _spread([level for trajectory in trajectories for level in trajectory.levels.tolist()]):
        tuned = rule.with_threshold(level)
        alerts = [
            alert
            for capture, trajectory in zip(captures, trajectories, strict=True)
            for alert in tuned.alerts_of(trajectory, capture.hosts, capture.name)
        ]
        points.append(_point(level, judge_alerts(captures, alerts, rules), rules.close_after_s))
    return points


def _spread(scores: Iterable[float]) -> list[float]:
    """Return at most `MAX_POINTS` distinct scores, falling, evenly spaced by rank, both ends among them."""
    distinct = sorted(set(scores), reverse=True)
    if len(distinct) <= MAX_POINTS:
        return distinct
    return [distinct[place] for place in np.linspace(0, len(distinct) - 1, MAX_POINTS).round().astype(int).tolist()]


def _point(level: float, judged: Sequence[Judgement], close_after_s: float) -> CurvePoint:
    findings = findings_of(judged, close_after_s)
    right = sum(finding.is_true for finding in findings)
    caught = {(one.alert.capture, sweep.episode_id) for one in judged for sweep in one.sweeps}
    return CurvePoint(level, len(caught), right, len(findings) - right)
