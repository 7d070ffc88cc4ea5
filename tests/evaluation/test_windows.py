"""Window-level figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.windows import WindowScores, average_precision, evaluate_windows

Y = np.array([1, 1, 0, 0, -1, 1, 0], np.int8)
SCORES = np.array([0.9, 0.2, 0.8, 0.1, 0.95, 0.7, 0.3], np.float32)
HORIZON_S = np.array([60, 60, 60, 60, 60, 600, 600])


def test_counts_are_those_counted_by_hand() -> None:
    report = evaluate_windows(Y, SCORES, SCORES >= 0.5, HORIZON_S)
    overall = report.overall
    assert (overall.true_positives, overall.false_positives) == (2, 1)
    assert (overall.false_negatives, overall.true_negatives) == (1, 2)
    assert (overall.precision, overall.recall) == (2 / 3, 2 / 3)
    assert overall.false_positive_ratio == 1 / 3
    assert report.unlabelled == 1


def test_horizons_are_judged_apart() -> None:
    by_horizon = evaluate_windows(Y, SCORES, SCORES >= 0.5, HORIZON_S).by_horizon
    assert list(by_horizon) == [60, 600]
    assert (by_horizon[60].recall, by_horizon[600].recall) == (0.5, 1.0)
    assert by_horizon[600].average_precision == 1.0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_average_precision_agrees_with_sklearn(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([row[0] for row in rows])
    scores = np.array([row[1] for row in rows], np.float32) / np.float32(5)
    if positive.any():
        assert average_precision(positive, scores) == pytest.approx(average_precision_score(positive, scores))
    else:
        assert math.isnan(average_precision(positive, scores))


def test_horizon_without_labels_has_no_figures() -> None:
    report = evaluate_windows(np.array([-1]), np.array([0.5]), np.array([True]), np.array([60]))
    assert math.isnan(report.by_horizon[60].precision)
    assert math.isnan(report.overall.recall)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    scores = SCORES.copy()
    scores[4] = bad  # in an unlabelled row, and still a broken model
    with pytest.raises(InputError, match="row 4"):
        evaluate_windows(Y, scores, SCORES >= 0.5, HORIZON_S)


def test_strange_labels_are_refused() -> None:
    with pytest.raises(InputError, match=r"labels 1, 0 or -1, got \[-2, 2\]"):
        evaluate_windows(Y * 2, SCORES, SCORES >= 0.5, HORIZON_S)


def test_lengths_must_agree() -> None:
    with pytest.raises(InputError, match="lengths"):
        evaluate_windows(Y[:3], SCORES, SCORES >= 0.5, HORIZON_S)


def test_precision_at_a_prior_is_bayes() -> None:
    scores = WindowScores(90, 10, 10, 990, 0.9)
    assert scores.precision_at(0.001) == pytest.approx(0.0009 / (0.0009 + 0.999 * 0.01))
    balanced = WindowScores(90, 10, 10, 90, 0.9)
    assert balanced.precision_at(0.5) == pytest.approx(balanced.precision)


def test_precision_without_positive_verdicts_is_unknown() -> None:
    assert math.isnan(WindowScores(0, 0, 5, 5, 0.5).precision_at(0.1))


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_prior_must_be_a_share(prior: float) -> None:
    with pytest.raises(ConfigError, match="prior"):
        WindowScores(1, 1, 1, 1, 1.0).precision_at(prior)
