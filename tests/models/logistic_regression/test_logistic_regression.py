"""Logistic regression beyond the contract: what a score is made of."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from sweepml.errors import ConfigError
from sweepml.models.base import TrainingRows
from sweepml.models.logistic_regression.detector import LogisticRegressionDetector
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.contract.planted import planted_rows

ROWS = planted_rows(600)


def test_contributions_and_intercept_make_the_score_where_nothing_takes_away() -> None:
    model = LogisticRegressionDetector(strength=1.0).fit(ROWS, 0)
    assert model.stage_ is not None
    terms = model.stage_.terms(ROWS.values)
    np.testing.assert_allclose(model.score(ROWS.values), terms.sum(axis=1) + model.stage_.intercept, rtol=1e-5)
    np.testing.assert_allclose(model.contributions(ROWS.values), np.maximum(terms, 0), rtol=1e-5)


def test_the_strongest_contributions_are_what_tells_the_classes_apart() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=ROWS.values.shape).astype(np.float32)
    telling = [FEATURE_NAMES.index(name) for name in ("dst_count", "top_port_dst_count", "edge_count")]
    values[np.ix_(ROWS.labels == 1, telling)] *= 20
    model = LogisticRegressionDetector().fit(replace(ROWS, values=values), 0)
    sweeps = model.contributions(values[ROWS.labels == 1]).mean(axis=0)
    assert set(np.argsort(-sweeps)[:3]) == set(telling)


def test_a_missing_value_can_itself_be_evidence() -> None:
    values = np.ones_like(ROWS.values)
    column = FEATURE_NAMES.index("answered_ratio")
    values[ROWS.labels == 1, column] = np.nan
    model = LogisticRegressionDetector(strength=1.0).fit(TrainingRows(values, ROWS.labels, ROWS.weights), 0)
    probability = expit(model.score(values))
    assert probability[ROWS.labels == 1].min() > 0.9
    assert probability[ROWS.labels == 0].max() < 0.1


def test_a_strength_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="logistic_regression: strength must be a number above 0, got 0"):
        LogisticRegressionDetector(strength=0.0)
