"""Learning from labelled sweeps and rows of which nobody knows."""

from dataclasses import replace

import numpy as np
import pytest

from sweepml.errors import InputError
from sweepml.models.base import TrainingRows
from sweepml.models.logistic_regression.detector import LogisticRegressionDetector
from sweepml.models.positive_unlabelled import fit_positive_unlabelled
from sweepml.pipeline.rows import balanced_weights
from tests.contract.planted import planted_rows

ROWS = planted_rows()
SWEEPS = np.unique(ROWS.groups()[ROWS.labels == 1])


def _few_known(seed: int) -> TrainingRows:
    """Return the rows with the sweeps of a third of their sources labelled, and nothing else."""
    known = np.random.default_rng(seed).permutation(SWEEPS)[: len(SWEEPS) // 3]
    labels = np.where((ROWS.labels == 1) & np.isin(ROWS.groups(), known), 1, -1).astype(np.int8)
    return replace(ROWS, labels=labels)


def _probability_of_hidden_sweeps(rows: TrainingRows, score: np.ndarray) -> float:
    hidden = (ROWS.labels == 1) & (rows.labels != 1)
    return float((score[hidden] > 0).mean())


@pytest.mark.parametrize("seed", range(3))
def test_hidden_sweeps_are_found_more_often_than_if_the_unlabelled_passed_for_none(seed: int) -> None:
    rows = _few_known(seed)
    labelled = (rows.labels == 1).astype(np.int8)
    careless = replace(rows, labels=labelled, weights=balanced_weights(labelled, rows.groups()))
    naive = LogisticRegressionDetector().fit(careless, 0)
    aware = fit_positive_unlabelled(LogisticRegressionDetector, rows, 0)
    found = _probability_of_hidden_sweeps(rows, aware.score(ROWS.values))
    assert found > _probability_of_hidden_sweeps(rows, naive.score(ROWS.values))


def test_weights_of_the_rows_are_not_looked_at() -> None:
    rows = _few_known(0)
    other = replace(rows, weights=np.arange(len(rows.labels), dtype=np.float64))
    one, two = (fit_positive_unlabelled(LogisticRegressionDetector, each, 0) for each in (rows, other))
    np.testing.assert_array_equal(one.score(ROWS.values), two.score(ROWS.values))


def test_sweeps_of_one_source_are_too_few() -> None:
    labels = np.where((ROWS.labels == 1) & (ROWS.groups() == SWEEPS[0]), 1, -1).astype(np.int8)
    with pytest.raises(InputError, match="needs both, and sweeps of at least two groups of sources"):
        fit_positive_unlabelled(LogisticRegressionDetector, replace(ROWS, labels=labels), 0)
