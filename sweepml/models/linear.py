"""A weighted sum of scaled columns and of which of them are missing, fitted as a logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import FeatureScaling

_MAX_ITER: Final = 1000
"""Of the solver; scikit-learn warns where it is not enough. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class LinearStage:
    """Log-odds of a sweep: ``intercept + sum_j weight_j z_j + gap_j [column j is missing]``.

    Attributes
    ----------
    scaling
        From columns to z; a missing one becomes its median.
    weight, gap
        float64, shape (columns,).
    intercept
        Log-odds of a row whose columns are all at their median.
    """

    scaling: FeatureScaling
    weight: NDArray[np.float64]
    gap: NDArray[np.float64]
    intercept: float

    @classmethod
    def fit(
        cls,
        values: NDArray[np.float32],
        labels: NDArray[np.int8],
        weights: NDArray[np.float64],
        is_log: NDArray[np.bool_],
        strength: float,
    ) -> LinearStage:
        """Fit by maximum likelihood with a squared penalty.

        Parameters
        ----------
        values
            float32, shape (n, columns), NaN where missing.
        labels
            int8, shape (n,): 1 or 0, both of which occur.
        weights
            float64, shape (n,).
        is_log
            bool, shape (columns,): see `FeatureScaling`.
        strength
            Inverse of the penalty, above 0.
        """
        scaling = FeatureScaling.fit(values, weights, is_log)
        z, known = scaling.apply(values)
        model = LogisticRegression(C=strength, max_iter=_MAX_ITER)
        model.fit(np.hstack([z, 1.0 - known]), labels, sample_weight=weights)
        weight, gap = np.split(model.coef_[0].astype(np.float64), 2)
        return cls(scaling, weight, gap, float(model.intercept_[0]))

    def terms(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each column adds to the log-odds, float64, shape (n, columns)."""
        z, known = self.scaling.apply(values)
        return z * self.weight + (1.0 - known) * self.gap

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-odds, float32, shape (n,)."""
        return (self.terms(values).sum(axis=1) + self.intercept).astype(np.float32)

    def nodes(self, graph: GraphBuilder, values: str) -> tuple[str, str]:
        """Add the same to a graph.

        Returns
        -------
        log_odds, terms : str
            Names of a float32 (n, 1) and of a float64 (n, columns).
        """
        z, known = self.scaling.nodes(graph, values)
        missing = graph.node("Sub", graph.constant(np.array(1.0)), known)
        weighted = graph.node("Mul", z, graph.constant(self.weight[None, :]))
        gaps = graph.node("Mul", missing, graph.constant(self.gap[None, :]))
        terms = graph.node("Add", weighted, gaps)
        log_odds = graph.node("Add", graph.row_sum(terms), graph.constant(np.array(self.intercept)))
        return graph.to_float32(log_odds), terms
