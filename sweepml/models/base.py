"""What every trainable detector offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import onnx
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.schema.catalogue import FEATURE_NAMES

RAW_SCORE_NAME = "raw_score"
"""Output of every model's ONNX graph: float32, shape (n, 1)."""

OPSET = 21
"""Of the default ONNX domain."""

ML_OPSET = 3
"""Of ai.onnx.ml: the last in which a tree ensemble is the plain TreeEnsembleRegressor."""


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows to fit on; every array's first axis has length n.

    Attributes
    ----------
    values
        float32, shape (n, features), NaN where missing.
    labels
        int8, shape (n,): 1 sweep, 0 none, -1 unlabelled.
    weights
        float64, shape (n,): 0 for unlabelled rows.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int8]
    weights: NDArray[np.float64]


class Detector(ABC):
    """A model that gives each feature vector a raw score.

    The raw score is float32, higher is more suspicious, on a scale of the model's own; calibration makes it a
    probability. Constructor parameters are configuration keys; fitted attributes end in an underscore.
    """

    name: ClassVar[str]
    """Registry name."""
    supervised: ClassVar[bool]
    """Whether `fit` needs rows of both classes."""

    @abstractmethod
    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit and return self; the same rows and seed give the same scores."""

    @abstractmethod
    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the raw scores, shape (n,), of float32 vectors, shape (n, features).

        Raises
        ------
        NotFittedError
            Before `fit`.
        """

    @abstractmethod
    def to_onnx(self) -> onnx.ModelProto:
        """Return a graph from ``features`` (n, features) to ``raw_score`` (n, 1), both float32."""

    @abstractmethod
    def feature_weights(self) -> NDArray[np.float64]:
        """Return how much each feature matters to the fitted model, shape (features,), summing to 1."""

    def params(self) -> dict[str, Any]:
        """Return the constructor parameters; fitted attributes are none."""
        own = fields(self)  # type: ignore[arg-type]  # every detector is a dataclass
        return {one.name: getattr(self, one.name) for one in own if one.init}


def check_values(values: NDArray[np.float32]) -> None:
    """Refuse what is not a feature matrix.

    Raises
    ------
    InputError
        If the dtype or the number of columns is another.
    """
    if values.dtype != np.float32 or values.ndim != 2 or values.shape[1] != len(FEATURE_NAMES):
        raise InputError(
            f"expected float32 features of shape (n, {len(FEATURE_NAMES)}), got {values.dtype} "
            f"{values.shape}; a model served in another precision than it was trained in gives other scores"
        )
