"""The stages of a fitted graph embedding, in numpy and in ONNX: inputs, and one of two heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sweepml.features.edges import RowEdges
from sweepml.models.dense import Perceptron
from sweepml.models.graph_embedding.anomaly import NormalCloud
from sweepml.models.graph_embedding.embedding import EdgeEmbedding
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import FeatureScaling
from sweepml.models.tail import TailCalibration
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME

_Number = TypeVar("_Number", bound=np.generic)
_FEATURES: Final = len(FEATURE_NAMES)


@dataclass(frozen=True, slots=True)
class HeadInputs:
    """What a head sees of a row: scaled features, which of them are known, and the mean message of its edges.

    Attributes
    ----------
    scaling
        Of the features.
    embedding
        Of the edges; None where no messages are passed.
    """

    scaling: FeatureScaling
    embedding: EdgeEmbedding | None

    def apply(self, values: NDArray[np.float32], edges: RowEdges | None) -> NDArray[np.float64]:
        """Return the columns, float64, shape (n, 2 features + message)."""
        parts = list(self.scaling.apply(values))
        if self.embedding is not None:
            assert edges is not None  # the detector has checked it
            parts.append(self.embedding.apply(edges))
        return np.hstack(parts)

    def nodes(self, graph: GraphBuilder) -> str:
        """Add the same to a graph; return the name of the columns."""
        parts = list(self.scaling.nodes(graph, INPUT_NAME))
        if self.embedding is not None:
            parts.append(self.embedding.nodes(graph, EDGE_INDPTR_NAME, EDGES_NAME))
        return graph.node("Concat", *parts, axis=1)


class Head(Protocol):
    """From the columns of `HeadInputs` to a raw score."""

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return raw scores, float32, shape (n,)."""

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the same to a graph; return the name of a float32 (n, 1)."""

    def weights(self) -> NDArray[np.float64]:
        """Return how much each feature matters, float64, shape (features,), not negative."""


@dataclass(frozen=True, slots=True)
class LabelHead:
    """Log-odds of a sweep.

    Attributes
    ----------
    perceptron
        With one hidden layer.
    """

    perceptron: Perceptron

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return log-odds, float32, shape (n,)."""
        return self.perceptron.apply(x)[:, 0].astype(np.float32)

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the same to a graph."""
        return graph.to_float32(self.perceptron.nodes(graph, x))

    def weights(self) -> NDArray[np.float64]:
        """Return the products of absolute weights along all paths from a feature (Garson 1991)."""
        first, second = self.perceptron.weights
        through = (np.abs(first) @ np.abs(second))[: 2 * _FEATURES, 0]
        summed: NDArray[np.float64] = through[:_FEATURES] + through[_FEATURES:]
        return summed


@dataclass(frozen=True, slots=True)
class AnomalyHead:
    """Nats: minus the logarithm of the probability that a normal row is as far from the others.

    Attributes
    ----------
    cloud
        Of normal rows; it leaves out the columns that say which features are known.
    tail
        From the distance to nats.
    feature_weights
        float64, shape (features,): each feature's part in the distance of the oddest normal rows.
    """

    cloud: NormalCloud
    tail: TailCalibration
    feature_weights: NDArray[np.float64]

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return nats, float32, shape (n,)."""
        return self.tail.apply(self.cloud.statistic(without_marks(x)))

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the same to a graph."""
        kept = without_marks(np.arange(len(self.cloud.center) + _FEATURES)[None, :])[0]
        return self.tail.nodes(graph, self.cloud.nodes(graph, graph.node("Gather", x, graph.constant(kept), axis=1)))

    def weights(self) -> NDArray[np.float64]:
        """Return `feature_weights`."""
        return self.feature_weights


def without_marks(x: NDArray[_Number]) -> NDArray[_Number]:
    """Return the columns of `HeadInputs` but those that say which features are known, along the last axis."""
    return np.delete(x, np.s_[_FEATURES : 2 * _FEATURES], axis=1)
