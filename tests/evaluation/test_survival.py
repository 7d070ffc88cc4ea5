"""Kaplan-Meier, by hand."""

import math

import numpy as np
import pytest

from sweepml.errors import InputError
from sweepml.evaluation.intervals import Z95
from sweepml.evaluation.survival import kaplan_meier


def test_a_missed_episode_leaves_the_count_where_it_ends() -> None:
    curve = kaplan_meier([2, 4, 4, 9], [True, True, False, False])
    assert curve.at.tolist() == [0, 2, 4, 9]
    # 3 of 4 pass 2; of the 3 still there, 2 pass 4; nobody is detected at 9
    assert curve.undetected == pytest.approx([1, 3 / 4, 3 / 4 * 2 / 3, 1 / 2])
    assert (curve.at_risk.tolist(), curve.events.tolist(), curve.censored.tolist()) == (
        [4, 4, 3, 1],
        [0, 1, 1, 0],
        [0, 0, 1, 1],
    )


def test_without_misses_it_is_the_share_not_yet_detected() -> None:
    delays = [3.0, 1.0, 2.0, 2.0, 8.0]
    curve = kaplan_meier(delays, [True] * 5)
    assert curve.undetected == pytest.approx([np.mean([delay > at for delay in delays]) for at in curve.at])


def test_interval_is_greenwoods_on_the_log_log_scale() -> None:
    curve = kaplan_meier([2, 4, 4, 9], [True, True, False, False])
    spread = math.sqrt(1 / (4 * 3)) / abs(math.log(3 / 4))
    assert curve.low[1] == pytest.approx((3 / 4) ** math.exp(Z95 * spread))
    assert curve.high[1] == pytest.approx((3 / 4) ** math.exp(-Z95 * spread))
    # after the second step Greenwood's sum has two terms
    spread = math.sqrt(1 / (4 * 3) + 1 / (3 * 2)) / abs(math.log(1 / 2))
    assert curve.low[2] == pytest.approx(0.5 ** math.exp(Z95 * spread))


def test_ends_that_the_scale_does_not_define_are_filled() -> None:
    curve = kaplan_meier([1, 2, 3], [True, True, True])
    assert (curve.low[0], curve.high[0]) == (1, 1)
    assert (curve.low[-1], curve.high[-1]) == (0, curve.high[-2])


def test_median_is_the_first_step_at_one_half() -> None:
    delays = np.arange(1, 41)
    median = kaplan_meier(delays, [True] * 40).median
    assert median.value == 20
    # 95 % of a sample's median of 40 lies within about sqrt(40) = 6 ranks of it
    assert 12 <= median.low < 20 < median.high <= 28


def test_median_is_not_reached_where_most_are_missed() -> None:
    median = kaplan_meier([1, 5, 5, 5, 5], [True, False, False, False, False]).median
    assert math.isnan(median.value)
    assert math.isnan(median.high)


def test_everything_missed_stays_undetected() -> None:
    curve = kaplan_meier([1, 2], [False, False])
    assert curve.undetected.tolist() == [1, 1, 1]
    assert curve.censored.tolist() == [0, 1, 1]


def test_everything_detected_at_once_begins_at_nothing() -> None:
    curve = kaplan_meier([0, 0], [True, True])
    assert (curve.at.tolist(), curve.undetected.tolist(), curve.median.value) == ([0], [0], 0)


def test_no_episodes_have_no_steps_and_no_median() -> None:
    curve = kaplan_meier([], [])
    assert len(curve) == 0
    assert math.isnan(curve.median.value)


@pytest.mark.parametrize(
    ("value", "is_detected", "message"),
    [
        ([1, 2], [True], "one value and one flag"),
        ([-1], [True], "expected finite values from 0 on, got -1.0"),
        ([math.nan], [False], "expected finite values"),
    ],
)
def test_what_is_no_time_is_refused(value: list[float], is_detected: list[bool], message: str) -> None:
    with pytest.raises(InputError, match=message):
        kaplan_meier(value, is_detected)
