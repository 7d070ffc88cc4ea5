"""Tail probabilities: quantiles inside, an exponential tail outside, never falling."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sweepml.models.tail import TailCalibration


def test_an_exponential_tail_is_found_inside_and_continued_outside() -> None:
    x = np.random.default_rng(0).exponential(0.5, 20_000)
    tail = TailCalibration.fit(x, np.full(len(x), 1 / len(x)))
    at = np.array([0.5, 1.0, 2.0, 8.0])
    np.testing.assert_allclose(tail.apply(at), at / 0.5, rtol=0.1)


@example(np.array([0.0] + [5e-324] * 19))
@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-20, 20)))
def test_nats_never_fall_and_begin_at_zero(x: NDArray[np.float64]) -> None:
    nats = TailCalibration.fit(x, np.full(len(x), 1 / len(x))).apply(np.linspace(-30, 30, 200))
    assert np.isfinite(nats).all()
    assert nats[0] == 0
    assert (np.diff(nats) >= -1e-4).all()


def test_rows_that_count_more_move_the_curve() -> None:
    x, share = np.array([0.0] * 50 + [1.0] * 50), np.array([0.001] * 50 + [0.019] * 50)
    assert TailCalibration.fit(x, share).knot.tolist() == [0.0, 1.0]
    assert TailCalibration.fit(x, share).apply(np.array([1.0]))[0] == pytest.approx(np.log(10), abs=1e-6)
