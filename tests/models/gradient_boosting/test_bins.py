"""Bins: equal weight, nothing between two values lost, and the same question as on the values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sweepml.models.gradient_boosting.bins import Bins

COLUMNS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.just(2)),
    elements=st.one_of(st.just(np.float32(np.nan)), st.floats(width=32, allow_nan=False, allow_infinity=False)),
)


@given(COLUMNS)
def test_few_distinct_values_keep_their_order_and_difference(values: NDArray[np.float32]) -> None:
    numbers = Bins.fit(values, np.ones(len(values))).numbers(values)
    assert numbers.dtype == np.float32
    for column, number in zip(values.T, numbers.T, strict=True):
        known = ~np.isnan(column)
        np.testing.assert_array_equal(np.isnan(number), ~known)
        _, rank = np.unique(column[known], return_inverse=True)
        np.testing.assert_array_equal(number[known], rank)


@given(COLUMNS, st.floats(width=32, allow_nan=False))
def test_a_split_of_numbers_is_a_split_of_values(values: NDArray[np.float32], x: float) -> None:
    bins = Bins.fit(values, np.ones(len(values)))
    for feature, edges in enumerate(bins.edges):
        for place in range(len(edges)):
            number = np.array([place + 0.5])
            threshold = bins.thresholds(np.array([feature]), number)[0]
            here = bins.numbers(np.full((1, 2), x, np.float32))[0, feature]
            assert (here <= number[0]) == (np.float64(np.float32(x)) <= threshold)


def test_a_split_on_missing_values_stays_infinite() -> None:
    bins = Bins.fit(np.ones((3, 1), np.float32), np.ones(3))
    assert bins.thresholds(np.array([0]), np.array([np.inf])).tolist() == [np.inf]


def test_many_values_make_255_bins_of_equal_weight() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 2, (20_000, 1)).astype(np.float32)
    weights = rng.uniform(0.1, 3, len(values))
    numbers = Bins.fit(values, weights).numbers(values)[:, 0].astype(int)
    share = np.bincount(numbers, weights) / weights.sum()
    assert len(share) == 255
    assert np.abs(share - 1 / 255).max() < 0.001


def test_heavy_values_have_a_bin_of_their_own() -> None:
    values = np.concatenate([np.zeros(5000), np.arange(1, 1001)]).astype(np.float32)[:, None]
    bins = Bins.fit(values, np.ones(len(values)))
    numbers = bins.numbers(values)[:, 0]
    assert set(numbers[:5000]) == {0.0}
    assert (numbers[5000:] > 0).all()
    assert len(bins.edges[0]) < 255


def test_a_column_without_values_has_one_bin() -> None:
    bins = Bins.fit(np.full((4, 1), np.nan, np.float32), np.ones(4))
    assert len(bins.edges[0]) == 0
    assert bins.numbers(np.array([[7.0]], np.float32)).tolist() == [[0.0]]
