"""The checks themselves: a constant detector and broken ones must fail where they should, and only there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sweepml.errors import BundleError, InputError, NotFittedError
from sweepml.models import registry
from sweepml.models.base import OPSET, RAW_SCORE_NAME, Detector, TrainingRows, check_values
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import CONTRIBUTION_NAME, INPUT_NAME
from tests.contract import checks
from tests.contract.planted import SWEEP_FEATURES


@dataclass
class Linear(Detector):
    """Scores by one weight per feature: small, and right in everything that the contract asks."""

    name: ClassVar[str] = "linear"
    supervised: ClassVar[bool] = True

    weight: float = 0.01
    weights_: NDArray[np.float32] | None = field(default=None, init=False)

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        check_values(rows.values)
        if len(np.unique(rows.labels[rows.labels >= 0])) < 2:
            raise InputError("linear needs rows with and without a sweep")
        self.weights_ = np.zeros(len(FEATURE_NAMES), np.float32)
        self.weights_[[FEATURE_NAMES.index(name) for name in SWEEP_FEATURES]] = self.weight
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        check_values(values)
        return (self._inputs(values) * self._fitted()).sum(axis=1, dtype=np.float64).astype(np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        return self._graph(self._fitted())

    def feature_weights(self) -> NDArray[np.float64]:
        return self._fitted().astype(np.float64) / self._fitted().sum()

    def _inputs(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(np.nan_to_num(values, nan=0.0), 0.0, 100.0)

    def _fitted(self) -> NDArray[np.float32]:
        if self.weights_ is None:
            raise NotFittedError(f"{self.name} is not fitted; call fit first")
        return self.weights_

    def _graph(self, weights: NDArray[np.float32]) -> onnx.ModelProto:
        constants = {
            "weights": weights[:, None],
            "low": np.array(0, np.float32),
            "high": np.array(100, np.float32),
        }
        graph = helper.make_graph(
            [
                helper.make_node("IsNaN", [INPUT_NAME], ["missing"]),
                helper.make_node("Where", ["missing", "low", INPUT_NAME], ["known"]),
                helper.make_node("Clip", ["known", "low", "high"], ["clipped"]),
                helper.make_node("MatMul", ["clipped", "weights"], [RAW_SCORE_NAME]),
            ],
            "linear",
            [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["rows", len(FEATURE_NAMES)])],
            [helper.make_tensor_value_info(RAW_SCORE_NAME, TensorProto.FLOAT, ["rows", 1])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


@dataclass
class Constant(Linear):
    """Knows nothing."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        self._fitted()
        check_values(values)
        return np.zeros(len(values), np.float32)


@dataclass
class Disagreeing(Linear):
    """Exports another model than it scores with."""

    def to_onnx(self) -> onnx.ModelProto:
        return self._graph(self._fitted() * np.float32(1.01))


@dataclass
class MissingIsHigh(Linear):
    """Takes a missing value for zero when it scores, and for the largest when it is served."""

    def to_onnx(self) -> onnx.ModelProto:
        model = super().to_onnx()
        model.graph.node[1].input[1] = "high"
        return model


@dataclass
class FixedBatch(Linear):
    """Exports a graph for one row at a time."""

    def to_onnx(self) -> onnx.ModelProto:
        model = super().to_onnx()
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = 1
        return model


@dataclass
class Impure(Linear):
    """Adapts to what it scores."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = super().score(values)
        self.weights_ = self._fitted() * np.float32(1.001)
        return scores


@dataclass
class Overwriting(Linear):
    """Fills missing values in the caller's array."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = super().score(values)
        values[np.isnan(values)] = 0
        return scores


@dataclass
class OverwritingFit(Linear):
    """As `Overwriting`, in fit."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        super().fit(rows, seed)
        rows.values[np.isnan(rows.values)] = 0
        return self


@dataclass
class BatchScaling(Linear):
    """Scales by the batch that it happens to see."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = super().score(values)
        return scores / max(float(scores.max()), 1e-9) if len(scores) else scores


@dataclass
class Smoothing(Linear):
    """Lets a row's neighbours in the batch have a say."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = super().score(values)
        return scores + np.float32(0.1) * np.roll(scores, 1)


@dataclass
class Unseeded(Linear):
    """Fits with whatever the generator gives."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        super().fit(rows, seed)
        self.weights_ = self._fitted() * np.float32(np.random.default_rng().uniform(1, 2))
        return self


@dataclass
class Meddling(Linear):
    """Seeds the generator that all share."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        np.random.seed(seed)  # noqa: NPY002
        return super().fit(rows, seed)


@dataclass
class Falling(Linear):
    """Higher is more benign."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return -super().score(values)


@dataclass
class Careless(Linear):
    """Takes anything."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.nan_to_num(np.atleast_2d(values)).sum(axis=1).astype(np.float32)


@dataclass
class NeverFitted(Linear):
    """Scores before it was fitted."""

    def _fitted(self) -> NDArray[np.float32]:
        return np.full(len(FEATURE_NAMES), 0.01, np.float32) if self.weights_ is None else self.weights_


@dataclass
class Double(Linear):
    """Scores in float64."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return super().score(values).astype(np.float64)


@dataclass
class AtLeastOneRow(Linear):
    """Has never seen an empty batch."""

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return super().score(values if len(values) else np.zeros((1, len(FEATURE_NAMES)), np.float32))


@dataclass
class Standardising(Linear):
    """Divides by the standard deviation of each column, zero or not."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        super().fit(rows, seed)
        with np.errstate(all="ignore"):
            self.weights_ = self._fitted() / np.nan_to_num(rows.values).std(axis=0)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(all="ignore"):
            return super().score(values)


@dataclass
class Forgetful(Linear):
    """Does not say with what it was made."""

    def params(self) -> dict[str, Any]:
        return {}


@dataclass
class AnyClass(Linear):
    """Fits on one class as if nothing were wrong."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        labels = np.arange(len(rows.labels), dtype=np.int8) % 2
        return super().fit(TrainingRows(rows.values, labels, rows.weights), seed)


@dataclass
class Peeking(Linear):
    """Learns from rows without a label."""

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        super().fit(rows, seed)
        self.weights_ = self._fitted() * np.float32(1 + np.nansum(rows.values[rows.labels < 0]) / 1e6)
        return self


@dataclass
class Boastful(Linear):
    """Feature weights that are no shares."""

    def feature_weights(self) -> NDArray[np.float64]:
        return super().feature_weights() * 2


@dataclass
class Accusing(Linear):
    """Serves other contributions than it names."""

    def contributions(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.abs(self._inputs(values) * self._fitted())

    def to_onnx(self) -> onnx.ModelProto:
        model = super().to_onnx()
        model.graph.node.append(helper.make_node("Identity", ["clipped"], [CONTRIBUTION_NAME]))
        model.graph.output.append(
            helper.make_tensor_value_info(CONTRIBUTION_NAME, TensorProto.FLOAT, ["rows", len(FEATURE_NAMES)])
        )
        return model


@dataclass
class Slow(Linear):
    """Sums a million terms for each row, and carries them along."""

    def _graph(self, weights: NDArray[np.float32]) -> onnx.ModelProto:
        model = super()._graph(weights)
        idle = np.zeros((len(FEATURE_NAMES), 30_000), np.float32)
        model.graph.initializer.append(numpy_helper.from_array(idle, "idle"))
        model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "last"))
        model.graph.node[-1].output[0] = "score"
        model.graph.node.extend(
            [
                helper.make_node("MatMul", ["clipped", "idle"], ["idled"]),
                helper.make_node("ReduceSum", ["idled", "last"], ["nothing"]),
                helper.make_node("Add", ["score", "nothing"], [RAW_SCORE_NAME]),
            ]
        )
        return model


def cases() -> list[Any]:
    pairs: list[tuple[Detector, Callable[[Detector], None]]] = [
        (Constant(), checks.check_sweeps_score_higher),
        (Constant(), checks.check_onnx_agrees),
        (Disagreeing(), checks.check_onnx_agrees),
        (MissingIsHigh(), checks.check_onnx_agrees),
        (FixedBatch(), checks.check_onnx_shapes),
        (Impure(), checks.check_scoring_is_pure),
        (Overwriting(), checks.check_scoring_is_pure),
        (OverwritingFit(), checks.check_fitting_leaves_its_input_alone),
        (BatchScaling(), checks.check_batch_size_does_not_matter),
        (Smoothing(), checks.check_row_order_does_not_matter),
        (Unseeded(), checks.check_same_seed_same_scores),
        (Meddling(), checks.check_the_process_generators_are_left_alone),
        (Falling(), checks.check_sweeps_score_higher),
        (Careless(), checks.check_other_inputs_are_refused),
        (NeverFitted(), checks.check_unfitted_is_refused),
        (Double(), checks.check_scores_are_finite_float32),
        (AtLeastOneRow(), checks.check_no_rows_and_one_row),
        (Standardising(), checks.check_constant_columns_can_be_fitted),
        (Forgetful(weight=0.02), checks.check_params_make_the_same_model),
        (AnyClass(), checks.check_one_class_is_refused),
        (Peeking(), checks.check_unlabelled_rows_do_not_matter),
        (Boastful(), checks.check_feature_weights_are_shares),
        (Accusing(), checks.check_contributions_are_served),
        (Disagreeing(), checks.check_bundle_opens_and_scores_alike),
        (Disagreeing(), checks.check_reordered_features_are_refused_by_name),
        (Slow(), checks.check_budgets),
        (Slow(), checks.check_memory),
    ]
    return [pytest.param(*pair, id=f"{type(pair[0]).__name__}-{pair[1].__name__}") for pair in pairs]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MODELS", {"linear": lambda: Linear})


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_a_sound_detector_passes(check: Callable[[Detector], None]) -> None:
    check(Linear(weight=0.02))


@pytest.mark.parametrize(("broken", "check"), cases())
def test_a_broken_detector_fails(broken: Detector, check: Callable[[Detector], None]) -> None:
    # pytest.raises inside a check fails with its own class, which is no AssertionError.
    # A bundle that disagrees with its model is not even written.
    with pytest.raises((AssertionError, BundleError, pytest.fail.Exception)):
        check(broken)


def test_every_check_is_tested_against_a_broken_detector() -> None:
    assert {case.values[1] for case in cases()} == set(checks.CHECKS)
