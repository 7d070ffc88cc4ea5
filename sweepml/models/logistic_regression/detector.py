"""Logistic regression on scaled features, missing ones imputed by their median and marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import onnx
from numpy.typing import NDArray

from sweepml.models.base import Detector, TrainingRows, check_values
from sweepml.models.linear import LinearStage
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.params import ABOVE_ZERO, check_numbers
from sweepml.models.scaling import UNBOUNDED
from sweepml.schema.manifest import INPUT_NAME


@dataclass
class LogisticRegressionDetector(Detector):
    """One weight a feature, and one for its absence.

    Parameters
    ----------
    strength
        Inverse of the squared penalty on the weights, above 0: scikit-learn's C.

    Notes
    -----
    Scores are log-odds. A feature's contribution is what it adds to them, if it adds anything.
    """

    name: ClassVar[str] = "logistic_regression"
    supervised: ClassVar[bool] = True

    strength: float = 0.01
    stage_: LinearStage | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_numbers(self, {"strength": (ABOVE_ZERO, np.inf)})

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit on the labelled rows; nothing is drawn, since the solution is unique.

        Raises
        ------
        InputError
            If rows of one class are missing.
        """
        check_values(rows.values)
        known = rows.labelled("logistic regression")
        self.stage_ = LinearStage.fit(known.values, known.labels, known.weights, UNBOUNDED, self.strength)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log-odds, float32, shape (n,)."""
        check_values(values)
        return self._stage().apply(values)

    def contributions(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what each feature adds to the log-odds, 0 where it takes away, float32, shape (n, features)."""
        check_values(values)
        return np.maximum(self._stage().terms(values), 0.0).astype(np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        """Return imputation, scaling and weighted sum as one graph."""
        graph = GraphBuilder()
        log_odds, terms = self._stage().nodes(graph, INPUT_NAME)
        contribution = graph.node("Max", terms, graph.constant(np.array(0.0)))
        return graph.model(log_odds, graph.to_float32(contribution))

    def feature_weights(self) -> NDArray[np.float64]:
        """Return each feature's share of all absolute weights, shape (features,)."""
        size = np.abs(self._stage().weight) + np.abs(self._stage().gap)
        total = size.sum()
        return size / total if total > 0 else np.full(len(size), 1 / len(size))

    def _stage(self) -> LinearStage:
        if self.stage_ is None:
            raise self.not_fitted()
        return self.stage_
