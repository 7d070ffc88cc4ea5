"""The combiner: what it weighs, and in which direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from sweepml.models.ensemble.combiner import NonNegativeLogistic


def _scores(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of a good part, a worse one on another scale, and one that is wrong; and labels."""
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % 4 == 0).astype(np.int8)
    good = rng.normal(size=count) + 2.0 * labels
    worse = 100.0 * (rng.normal(size=count) + labels)
    wrong = rng.normal(size=count) - labels
    return np.column_stack([good, worse, wrong]).astype(np.float32), labels


RAW, LABELS = _scores()
WEIGHTS = np.where(LABELS == 1, 3.0, 1.0)
COMBINER = NonNegativeLogistic.fit(RAW, LABELS, WEIGHTS, 1.0)


def test_a_part_that_is_wrong_counts_for_nothing() -> None:
    assert COMBINER.weight[2] == 0.0
    assert (COMBINER.weight[:2] > 0).all()


def test_without_a_wrong_part_it_is_an_ordinary_logistic_regression() -> None:
    combiner = NonNegativeLogistic.fit(RAW[:, :2], LABELS, WEIGHTS, 0.01)
    z, _ = combiner.scaling.apply(RAW[:, :2])
    oracle = LogisticRegression(C=0.01, tol=1e-8).fit(z, LABELS, sample_weight=WEIGHTS)
    np.testing.assert_allclose(combiner.weight, oracle.coef_[0], rtol=1e-3)
    assert combiner.intercept == pytest.approx(oracle.intercept_[0], rel=1e-3)


@given(
    part=st.integers(0, 2),
    row=st.integers(0, len(RAW) - 1),
    more=st.floats(0, 1e6, width=32),
)
def test_more_suspicion_of_a_part_never_lowers_the_score(part: int, row: int, more: float) -> None:
    before = RAW[[row]]
    after = before.copy()
    after[0, part] += np.float32(more)
    assert COMBINER.apply(after)[0] >= COMBINER.apply(before)[0]
