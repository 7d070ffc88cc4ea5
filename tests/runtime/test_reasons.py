"""Reasons: which features are named, and in what order."""

import numpy as np
import pytest

from sweepml.runtime.reasons import Reason, strongest_reasons
from sweepml.schema.manifest import FeatureUsage


def use(name: str, weight: float, low: float | None = 0.0, high: float | None = 10.0) -> FeatureUsage:
    return FeatureUsage(name, "count", low, high, weight)


def named(values: list[float], *features: FeatureUsage) -> list[str]:
    return [one.feature for one in strongest_reasons(np.array(values, np.float32), features)]


def test_reason_carries_value_unit_and_usual_range() -> None:
    (reason,) = strongest_reasons(np.array([20.1], np.float32), [use("a", 1.0)])
    assert reason == Reason("a", 20.1, "count", (0.0, 10.0))


def test_strength_is_weight_times_distance() -> None:
    # a is 1 width outside, b half a width, c two widths below.
    assert named([20, 15, -20], use("a", 0.3), use("b", 0.5), use("c", 0.2)) == ["c", "a", "b"]


def test_distance_is_capped() -> None:
    assert named([1e9, 110], use("a", 0.4), use("b", 0.6)) == ["b", "a"]


def test_distance_is_measured_in_widths_of_the_range() -> None:
    assert named([20, 20], use("wide", 0.5, 0, 16), use("narrow", 0.5, 15, 16)) == ["narrow", "wide"]


def test_usual_values_are_no_reasons_beside_unusual_ones() -> None:
    assert named([5, 11], use("usual", 0.9), use("unusual", 0.1)) == ["unusual"]


def test_weight_decides_where_nothing_is_unusual() -> None:
    assert named([5, 5, 5], use("a", 0.1), use("b", 0.6), use("c", 0.3)) == ["b", "c", "a"]


def test_no_more_than_three() -> None:
    assert len(named([20] * 5, *(use(name, 0.2) for name in "abcde"))) == 3


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        (float("nan"), use("missing", 1.0)),
        (20, use("unused", 0.0)),
        (20, use("nothing known", 1.0, None, None)),
    ],
)
def test_never_a_reason(value: float, usage: FeatureUsage) -> None:
    assert named([value, 5], usage, use("other", 0.1)) == ["other"]


def test_range_without_width_still_ranks() -> None:
    assert named([9, 11], use("a", 0.5, 2, 2), use("b", 0.5)) == ["a", "b"]
    assert named([3], use("zero", 0.5, 0, 0)) == ["zero"]


def explained(values: list[float], contribution: list[float], *features: FeatureUsage) -> list[str]:
    found = strongest_reasons(np.array(values, np.float32), features, np.array(contribution, np.float32))
    return [one.feature for one in found]


def test_what_the_model_says_of_the_row_goes_before_distance_and_weight() -> None:
    assert explained([20, 1e6, 5], [0.5, 0.1, 3.0], use("a", 0.1), use("b", 0.8), use("c", 0.1)) == ["c", "a", "b"]


def test_a_feature_that_adds_nothing_is_no_reason() -> None:
    assert explained([20, 20], [0.0, 1.0], use("a", 0.9), use("b", 0.1)) == ["b"]
    assert explained([20], [0.0], use("a", 0.9)) == []


def test_a_missing_value_is_no_reason_even_if_the_model_minds() -> None:
    assert explained([float("nan"), 5], [9.0, 1.0], use("a", 0.5), use("b", 0.5)) == ["b"]
