"""Curves over thresholds, counted by hand."""

import math

import pytest

from sweepml.baselines.registry import make_rule
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.curves import MAX_POINTS, CurvePoint, curve_of_alerts, curve_of_rule
from sweepml.evaluation.episodes import evaluate_alerts
from tests.evaluation.small_arena import ALERTS, CRAWLER, OUTER, SWEEPER, day, raised


def test_points_count_what_stands_at_each_score() -> None:
    alerts = [*ALERTS, raised(OUTER, 2005, 2000, 1.0)]
    assert curve_of_alerts([day()], alerts) == [
        CurvePoint(9.0, caught=1, true_findings=1, false_findings=0),
        CurvePoint(7.0, caught=1, true_findings=1, false_findings=1),
        CurvePoint(1.0, caught=2, true_findings=2, false_findings=1),
    ]


def test_merging_is_done_at_each_threshold_anew() -> None:
    alerts = [raised(CRAWLER, at, at, score) for at, score in ((3000, 5.0), (3050, 1.0), (3100, 5.0))]
    points = curve_of_alerts([day()], alerts, JudgementRules(close_after_s=60))
    # at 5 nothing stands between the two outer ones; at 1 the middle one joins them
    assert [(one.threshold, one.false_findings) for one in points] == [(5.0, 2)]
    alerts.append(raised(SWEEPER, 1050, 1000, 1.0))
    points = curve_of_alerts([day()], alerts, JudgementRules(close_after_s=60))
    assert [(one.threshold, one.false_findings) for one in points] == [(5.0, 2), (1.0, 1)]


def test_long_curves_are_thinned_and_keep_both_ends() -> None:
    alerts = [raised(CRAWLER, 3000 + i, 3000, float(i)) for i in range(200)]
    points = curve_of_alerts([day()], alerts, JudgementRules(close_after_s=0))
    levels = [one.threshold for one in points]
    assert len(levels) == MAX_POINTS
    assert (levels[0], levels[-1]) == (199.0, 0.0)
    assert [one.false_findings for one in points] == [200 - round(level) for level in levels]


def test_a_rule_is_judged_by_what_it_would_raise_at_each_threshold() -> None:
    rule = make_rule("slips_horizontal")
    points = curve_of_rule([day()], rule)
    # the silent hosts, and the public ones that refuse: Slips counts what is not established
    assert [one.threshold for one in points] == [20.0, 4.0, 1.0]
    for point in points:
        alerts = rule.with_threshold(point.threshold).alerts(day().connections, day().hosts, "day")
        report = evaluate_alerts([day()], alerts)
        assert (point.caught, point.true_findings, point.false_findings) == (
            len(report.caught),
            report.true_alerts,
            report.false_alerts,
        )


def test_nothing_raised_has_no_points() -> None:
    assert curve_of_alerts([day()], []) == []


def test_precision_of_nothing_is_unknown() -> None:
    assert math.isnan(CurvePoint(1.0, 0, 0, 0).precision)
    assert CurvePoint(1.0, 1, 3, 1).precision == pytest.approx(0.75)
