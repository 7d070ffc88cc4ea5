"""The isolation forest beyond the contract: its depths are scikit-learn's, and labels decide what is normal."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from sweepml.errors import ConfigError, InputError
from sweepml.models.base import TrainingRows
from sweepml.models.isolation_forest.detector import IsolationForestDetector
from tests.contract.planted import planted_rows

ROWS = planted_rows(300)


def test_scores_are_those_of_scikit_learn_on_another_scale() -> None:
    model = IsolationForestDetector(n_trees=30, rows_per_tree=64, train_on="all").fit(ROWS, 0)
    drawn = np.random.default_rng(0).choice(len(ROWS.values), 30 * 64, p=np.full(300, 1 / 300))
    theirs = IsolationForest(n_estimators=30, max_samples=64, random_state=0).fit(ROWS.values[drawn])
    expected = np.log2(-theirs.score_samples(ROWS.values))
    # Below: they approximate the harmonic number by a logarithm, which in a leaf of few rows is off by some percent.
    np.testing.assert_allclose(model.score(ROWS.values), expected, atol=0.03)
    assert np.corrcoef(model.score(ROWS.values), expected)[0, 1] > 0.998


@pytest.mark.parametrize("wrong", [{"n_trees": 0}, {"rows_per_tree": 1}, {"n_trees": True}], ids=str)
def test_a_bad_number_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"isolation_forest: \w+ must be a number at least"):
        IsolationForestDetector(**wrong)


def test_an_unknown_choice_of_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"there is no train_on='begnin'; did you mean benign\?"):
        IsolationForestDetector(train_on="begnin")


def test_sweeps_are_not_learned_as_normal() -> None:
    odd = TrainingRows(ROWS.values + np.float32(5), ROWS.labels, ROWS.weights)
    values = np.where(ROWS.labels[:, None] == 1, odd.values, ROWS.values)
    model = IsolationForestDetector(n_trees=20).fit(TrainingRows(values, ROWS.labels, ROWS.weights), 0)
    without = ROWS.take(ROWS.labels == 0)
    np.testing.assert_array_equal(
        model.score(values), IsolationForestDetector(n_trees=20).fit(without, 0).score(values)
    )


def test_without_labels_every_row_is_learned() -> None:
    unknown = TrainingRows(ROWS.values, np.full(300, -1, np.int8), np.zeros(300))
    with pytest.raises(InputError, match=r"needs rows without a sweep, got none.*train_on=all"):
        IsolationForestDetector(n_trees=20).fit(unknown, 0)
    model = IsolationForestDetector(n_trees=20, train_on="all").fit(unknown, 0)
    assert np.ptp(model.score(ROWS.values)) > 0
