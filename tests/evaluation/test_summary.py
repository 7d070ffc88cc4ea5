"""Base rates, against the formula worked out by hand; the rest of the summary is tested with its table."""

import math

import pytest

from sweepml.evaluation.summary import precision_at_base_rate


def test_precision_falls_with_the_base_rate() -> None:
    # one false alert in a thousand source-days: 0.0009995 of them have at least one
    assert precision_at_base_rate(1.0, 1.0, 1e-2) == pytest.approx(0.01 / (0.01 + 0.99 * 0.0009995), rel=1e-6)
    assert precision_at_base_rate(1.0, 1.0, 1e-4) == pytest.approx(0.0001 / (0.0001 + 0.9999 * 0.0009995), rel=1e-6)


def test_many_false_alerts_reach_every_source_day_and_no_more() -> None:
    assert precision_at_base_rate(1.0, 1e9, 1e-2) == pytest.approx(0.01)


def test_no_false_alert_is_always_right_and_nothing_raised_says_nothing() -> None:
    assert precision_at_base_rate(0.3, 0.0, 1e-4) == 1
    assert math.isnan(precision_at_base_rate(0.0, 0.0, 1e-4))
