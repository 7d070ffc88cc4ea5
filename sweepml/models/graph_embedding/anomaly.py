"""How far a row's features and messages lie from those of normal rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.models.onnx_graph import GraphBuilder

_SHRINK: Final = 0.1
"""Weight of the diagonal in the covariance, as in Ledoit, Wolf 2004: that of many columns over few rows cannot be
inverted otherwise. Chosen, not tuned."""

_LEAST_VARIANCE: Final = 1e-4
"""Of a column that normal rows leave constant: the first digit that differs is no alarm. Chosen, not tuned."""

_FLOOR: Final = 1e-9
"""Added to a distance before its logarithm is taken."""


@dataclass(frozen=True, slots=True)
class NormalCloud:
    """Mahalanobis distance from normal rows.

    Attributes
    ----------
    center
        float64, shape (columns,).
    whitening
        float64, shape (columns, columns): the distance is the length of ``(x - center) @ whitening``.
    """

    center: NDArray[np.float64]
    whitening: NDArray[np.float64]

    @classmethod
    def fit(cls, x: NDArray[np.float64], share: NDArray[np.float64]) -> NormalCloud:
        """Fit to normal rows, float64 (n, columns), each counting for its share, summing to 1."""
        center = share @ x
        off = x - center
        covariance = (off * share[:, None]).T @ off
        variance = np.maximum(np.diag(covariance), _LEAST_VARIANCE)
        covariance = (1 - _SHRINK) * covariance + np.diag(_SHRINK * variance)
        covariance[np.diag_indices_from(covariance)] = variance
        value, vector = np.linalg.eigh(covariance)
        return cls(center, vector / np.sqrt(np.maximum(value, _SHRINK * _LEAST_VARIANCE)))

    def statistic(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the mean squared whitened column, float64, shape (n,)."""
        white = (x - self.center) @ self.whitening
        return np.log((white**2).mean(axis=1) + _FLOOR)

    def parts(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much each column has to do with the distance, not negative, float64, shape (n, columns)."""
        off = x - self.center
        return np.abs(off * (off @ self.whitening @ self.whitening.T))

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the statistic to a graph; `x` names a float64 (n, columns), the result a float64 (n, 1)."""
        off = graph.node("Sub", x, graph.constant(self.center[None, :]))
        white = graph.node("MatMul", off, graph.constant(self.whitening))
        squared = graph.row_sum(graph.node("Mul", white, white))
        mean = graph.node("Div", squared, graph.constant(np.array(float(len(self.center)))))
        return graph.node("Log", graph.node("Add", mean, graph.constant(np.array(_FLOOR))))
