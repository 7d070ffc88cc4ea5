"""A trained autoencoder: from features to how badly each is reconstructed, and how rare that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.models.dense import Perceptron
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import FeatureScaling
from sweepml.models.tail import TailCalibration

_FLOOR: Final = 1e-9
"""Added to an error before its logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """The error of a row, feature by feature.

    Attributes
    ----------
    scaling
        From features to z, and to which of them are known.
    network
        From (z, known) to z again.
    usual
        float64, shape (features,), positive: the mean squared error of each feature on normal rows. Errors are counted
        in it, so that a feature that nobody can predict is no alarm.
    """

    scaling: FeatureScaling
    network: Perceptron
    usual: NDArray[np.float64]

    def squared_errors(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each feature's squared error in z, 0 where it is missing, and which are known; (n, features) each."""
        z, known = self.scaling.apply(values)
        made = self.network.apply(np.hstack([z, known]))
        return (z - made) ** 2 * known, known

    def feature_errors(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return each feature's part in the error of its row, float64, shape (n, features)."""
        squared, known = self.squared_errors(values)
        return squared / self.usual / np.maximum(known.sum(axis=1, keepdims=True), 1.0)

    def statistic(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logarithm of the error of each row, the mean over its known features; float64, shape (n,)."""
        return np.log(self.feature_errors(values).sum(axis=1) + _FLOOR)

    def nodes(self, graph: GraphBuilder, values: str, tail: TailCalibration) -> tuple[str, str]:
        """Add the error and its tail probability to a graph.

        Returns
        -------
        nats, feature_errors : str
            Names of a float32 (n, 1) and a float32 (n, features).
        """
        z, known = self.scaling.nodes(graph, values)
        made = self.network.nodes(graph, graph.node("Concat", z, known, axis=1))
        miss = graph.node("Sub", z, made)
        squared = graph.node("Mul", graph.node("Mul", miss, miss), known)
        in_usual = graph.node("Div", squared, graph.constant(self.usual[None, :]))
        count = graph.node("Max", graph.row_sum(known), graph.constant(np.array(1.0)))
        errors = graph.node("Div", in_usual, count)
        total = graph.node("Add", graph.row_sum(errors), graph.constant(np.array(_FLOOR)))
        return tail.nodes(graph, graph.node("Log", total)), graph.to_float32(errors)
