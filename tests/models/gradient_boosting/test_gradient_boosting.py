"""Gradient boosting beyond the contract: its parameters, constraints and trees."""

from functools import cache
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from sweepml.errors import ConfigError
from sweepml.models.base import TrainingRows
from sweepml.models.gradient_boosting.detector import GradientBoosting
from sweepml.models.gradient_boosting.trees import trees_of
from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES
from sweepml.schema.manifest import INPUT_NAME
from tests.contract.planted import planted_rows

ROWS = planted_rows(300)


@cache
def fitted() -> GradientBoosting:
    return GradientBoosting(n_bags=2, max_iter=8, learning_rate=0.3).fit(ROWS, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_bags": 0},
        {"max_iter": 0},
        {"learning_rate": 0.0},
        {"learning_rate": -0.1},
        {"learning_rate": float("nan")},
        {"max_leaf_nodes": 1},
        {"min_samples_leaf": 0},
        {"l2_regularization": -1.0},
        {"max_features": 0.0},
        {"max_features": 1.5},
        {"n_bags": "3"},
        {"n_bags": True},
    ],
    ids=str,
)
def test_a_bad_parameter_is_refused_before_any_data(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigError, match=rf"gradient_boosting: {name} must be a number (at least|above)"):
        GradientBoosting(**wrong)


def test_seeds_differ() -> None:
    other = GradientBoosting(n_bags=2, max_iter=8, learning_rate=0.3).fit(ROWS, 1)
    assert (other.score(ROWS.values) != fitted().score(ROWS.values)).any()


def test_more_destinations_never_lower_the_score() -> None:
    assert any(spec.monotone for spec in CATALOGUE)
    for column, spec in enumerate(CATALOGUE):
        if spec.monotone:
            values = np.repeat(ROWS.values[:40], 20, axis=0)
            values[:, column] = np.tile(np.linspace(0, 1000, 20, dtype=np.float32), 40)
            rise = np.diff(fitted().score(values).reshape(40, 20), axis=1) * spec.monotone
            assert (rise >= -1e-6).all(), spec.name


def test_without_constraints_a_score_may_fall() -> None:
    labels = np.where(ROWS.labels >= 0, 1 - ROWS.labels, -1).astype(np.int8)  # sweeps have *fewer* destinations
    rows = TrainingRows(ROWS.values, labels, ROWS.weights)
    free = GradientBoosting(n_bags=1, max_iter=8, monotone=False).fit(rows, 0)
    assert free.score(ROWS.values)[labels == 1].mean() > free.score(ROWS.values)[labels == 0].mean()


def test_a_column_without_any_value_is_never_split_on() -> None:
    values = ROWS.values.copy()
    column = FEATURE_NAMES.index("dst_count")
    values[:, column] = np.nan
    model = GradientBoosting(n_bags=1, max_iter=8).fit(TrainingRows(values, ROWS.labels, ROWS.weights), 0)
    assert model.feature_weights()[column] == 0


def test_a_fit_that_fails_leaves_the_former_one() -> None:
    model = GradientBoosting(n_bags=2, max_iter=8, learning_rate=0.3).fit(ROWS, 0)
    before = model.score(ROWS.values)
    with pytest.raises(ConfigError, match="gradient_boosting: "):
        model.fit(TrainingRows(ROWS.values, ROWS.labels, ROWS.weights * np.nan), 0)
    np.testing.assert_array_equal(model.score(ROWS.values), before)


def test_trees_sum_to_the_mean_of_the_bags() -> None:
    session = ort.InferenceSession(trees_of(fitted().fits_, fitted().bins_).to_onnx().SerializeToString())
    (raw,) = session.run(None, {INPUT_NAME: ROWS.values})
    numbers = fitted().bins_.numbers(ROWS.values)
    bags = np.mean([fit.decision_function(numbers) for fit in fitted().fits_], axis=0)
    np.testing.assert_allclose(raw[:, 0], bags, atol=1e-6)


def test_a_threshold_asks_the_same_of_a_float32_in_both_precisions() -> None:
    trees = trees_of(fitted().fits_, fitted().bins_)
    exact = np.concatenate([p.nodes for fit in fitted().fits_ for (p,) in fit._predictors])
    split = ~trees.is_leaf
    near, feature = trees.threshold[split], trees.feature[split]
    assert len(near) > 40
    for x in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        numbers = fitted().bins_.numbers(np.repeat(x[:, None], len(FEATURE_NAMES), axis=1))
        asked = numbers[np.arange(len(x)), feature] <= exact["num_threshold"][split]
        np.testing.assert_array_equal(x <= near, asked)


def test_trees_that_never_split_weigh_all_features_alike() -> None:
    rows = TrainingRows(np.ones_like(ROWS.values), ROWS.labels, ROWS.weights)
    model = GradientBoosting(n_bags=1, max_iter=2).fit(rows, 0)
    np.testing.assert_allclose(model.feature_weights(), 1 / len(FEATURE_NAMES))
    assert len(np.unique(model.score(ROWS.values))) == 1
