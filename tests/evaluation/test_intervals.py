"""Intervals, against tables and other libraries."""

import numpy as np
import pytest
from scipy import stats

from sweepml.errors import ConfigError
from sweepml.evaluation.intervals import (
    RESAMPLES,
    cluster_interval,
    poisson_upper,
    rate_interval,
    resamples,
    wilson_interval,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (1, 10), (36, 47), (10, 10)])
def test_wilson_agrees_with_scipy(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_poisson_upper_is_exact(count: int) -> None:
    assert stats.poisson.cdf(count, poisson_upper(count)) == pytest.approx(0.05)


def test_rule_of_three() -> None:
    assert poisson_upper(0) == pytest.approx(3, abs=0.005)


def test_cluster_interval_holds_the_share_and_repeats() -> None:
    hits, totals = np.array([1, 2, 0, 0, 1]), np.array([1, 2, 3, 1, 1])
    low, high = cluster_interval(hits, totals, seed=1)
    assert 0 <= low < 0.5 < high <= 1
    assert cluster_interval(hits, totals, seed=1) == (low, high)


def test_one_large_cluster_widens_the_interval() -> None:
    even = cluster_interval(np.array([1, 0] * 20), np.ones(40, int), seed=0)
    lumpy = cluster_interval(np.array([1] * 20 + [0]), np.array([1] * 20 + [20]), seed=0)
    assert lumpy[1] - lumpy[0] > even[1] - even[0]


@pytest.mark.parametrize(("hits", "expected"), [([0, 0, 0], (0, 3)), ([2, 1, 1], (3, 3))])
def test_unanimous_clusters_fall_back_to_wilson(hits: list[int], expected: tuple[int, int]) -> None:
    assert cluster_interval(np.array(hits), np.array([2, 1, 1]), seed=0) == wilson_interval(*expected)


def test_no_clusters_say_nothing() -> None:
    assert cluster_interval(np.empty(0, int), np.empty(0, int), seed=0) == (0.0, 1.0)


def test_empty_cluster_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one observation"):
        cluster_interval(np.array([0]), np.array([0]), seed=0)


def test_rate_interval_holds_the_rate_and_repeats() -> None:
    counts, days = np.array([3, 0, 1, 0, 0, 2]), np.array([1.0, 2.0, 1.0, 0.5, 1.0, 0.5])
    low, high = rate_interval(counts, days, seed=1)
    assert 0 <= low < 1 < high
    assert rate_interval(counts, days, seed=1) == (low, high)


def test_rate_of_equal_clusters_is_certain() -> None:
    assert rate_interval([2, 2, 2], [1.0, 1.0, 1.0], seed=0) == (2, 2)


def test_rate_of_nothing_counted_is_bounded_by_poisson() -> None:
    assert rate_interval([0, 0], [1.0, 3.0], seed=0) == (0, poisson_upper(0) / 4)


def test_rate_without_exposure_is_unknown() -> None:
    assert np.isnan(rate_interval([1], [0.0], seed=0)).all()


def test_a_cluster_without_exposure_still_counts() -> None:
    assert rate_interval([0, 5], [1.0, 0.0], seed=0)[1] >= 5


@pytest.mark.parametrize("count", [1, 7, 100_000])
def test_resamples_are_all_there_and_draw_from_every_cluster(count: int) -> None:
    parts = list(resamples(count, seed=0))
    assert sum(len(part) for part in parts) == RESAMPLES
    assert {part.shape[1] for part in parts} == {count}
    assert (min(part.min() for part in parts), max(part.max() for part in parts)) == (0, count - 1)
