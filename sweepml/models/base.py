"""What every trainable detector offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnx
from numpy.typing import NDArray

from sweepml.errors import InputError, NotFittedError
from sweepml.schema.catalogue import FEATURE_NAMES

RAW_SCORE_NAME = "raw_score"
"""Output of every model's ONNX graph: float32, shape (n, 1)."""

OPSET = 21
"""Of the default ONNX domain."""

ML_OPSET = 3
"""Of ai.onnx.ml: the last in which a tree ensemble is the plain TreeEnsembleRegressor."""

PLACE: Final = {"sweepml": "place"}
"""Metadata of a constructor parameter that says where to compute, such as a device: it makes no other model."""


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
    group
        int64, shape (n,): rows that tell one story, such as those of one source, and which a model that holds rows
        out must not tear apart. None where nobody knows; each row is then a group of its own.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int8]
    weights: NDArray[np.float64]
    group: NDArray[np.int64] | None = None

    def groups(self) -> NDArray[np.int64]:
        """Return the group of each row, known or not, int64, shape (n,)."""
        return np.arange(len(self.labels), dtype=np.int64) if self.group is None else self.group

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> TrainingRows:
        """Return the rows that an index or mask picks."""
        return TrainingRows(self.values[index], self.labels[index], self.weights[index], self.groups()[index])

    def labelled(self, name: str) -> TrainingRows:
        """Return the rows that have a label.

        Parameters
        ----------
        name
            Of the model that asks, for the message.

        Raises
        ------
        InputError
            If rows of one class are missing.
        """
        if len(np.unique(self.labels[self.labels >= 0])) < 2:
            raise InputError(
                f"{name} needs rows with and without a sweep, got {int((self.labels == 1).sum())} with and "
                f"{int((self.labels == 0).sum())} without: add labelled captures"
            )
        return self.take(self.labels >= 0)


class Detector(ABC):
    """A model that gives each feature vector a raw score.

    The raw score is float32, higher is more suspicious, on a scale of the model's own; calibration makes it a
    probability. Constructor parameters are configuration keys; fitted attributes end in an underscore.
    """

    name: ClassVar[str]
    """Registry name."""
    supervised: ClassVar[bool]
    """Whether `fit` needs rows of both classes, and leaves those without a label out."""
    needs_edges: ClassVar[bool] = False
    """Whether it looks at the edges of a window beside the features."""

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

    def contributions(self, values: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Return how much each feature adds to the score of each row, float32, shape (n, features), not negative.

        None for a model that can only say how much a feature matters on the whole. A model that gives them has
        them as a second output of its graph, ``contribution``, and an alert's reasons are the largest.
        """
        return None

    def params(self) -> dict[str, Any]:
        """Return the constructor parameters that make the model what it is.

        Fitted attributes are none of them, nor are those that say where to compute (`PLACE`).
        """
        own = fields(self)  # type: ignore[arg-type]  # every detector is a dataclass
        return {one.name: getattr(self, one.name) for one in own if one.init and one.metadata != PLACE}

    def not_fitted(self) -> NotFittedError:
        """Return what to raise before `fit`."""
        return NotFittedError(f"{self.name} is not fitted; call fit first")


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
