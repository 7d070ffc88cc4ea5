"""What makes one score of several: a logistic regression none of whose weights is below zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from sweepml.errors import InputError
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import FeatureScaling


@dataclass(frozen=True, slots=True)
class NonNegativeLogistic:
    """Log-odds of a sweep: ``intercept + sum_k weight_k z_k``, every weight at least 0.

    Attributes
    ----------
    scaling
        From the parts' raw scores to z: each part has a scale of its own.
    weight
        float64, shape (parts,), not negative: a part that grows more suspicious never lowers the score.
    intercept
        Log-odds of a row that every part finds ordinary.

    References
    ----------
    Wolpert 1992, "Stacked generalization"; Breiman 1996, "Stacked regressions", for weights that are not negative.
    """

    scaling: FeatureScaling
    weight: NDArray[np.float64]
    intercept: float

    @classmethod
    def fit(
        cls, raw: NDArray[np.float32], labels: NDArray[np.int8], weights: NDArray[np.float64], strength: float
    ) -> NonNegativeLogistic:
        """Fit by maximum likelihood with a squared penalty on the weights.

        Parameters
        ----------
        raw
            float32, shape (n, parts): scores of rows that the scoring parts were not fitted on.
        labels
            int8, shape (n,): 1 or 0, both of which occur.
        weights
            float64, shape (n,), not negative.
        strength
            Inverse of the penalty, above 0.

        Raises
        ------
        InputError
            If the solver finds no minimum.
        """
        parts = raw.shape[1]
        scaling = FeatureScaling.fit(raw, weights, np.zeros(parts, bool))
        z, _ = scaling.apply(raw)
        sign = np.where(labels == 1, 1.0, -1.0)
        share = weights / weights.sum()
        penalty = 1.0 / (strength * weights.sum())

        def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            margin = sign * (z @ at[:parts] + at[parts])
            pull = -share * sign * expit(-margin)
            value = float(share @ np.logaddexp(0.0, -margin)) + 0.5 * penalty * float(at[:parts] @ at[:parts])
            return value, np.append(z.T @ pull + penalty * at[:parts], pull.sum())

        bounds = [(0.0, None)] * parts + [(None, None)]
        # Convex: where the search begins decides nothing but how long it takes.
        found = minimize(loss, np.append(np.ones(parts), 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
        if not found.success:
            raise InputError(f"the ensemble's combiner could not be fitted: {found.message}")
        return cls(scaling, found.x[:parts], float(found.x[parts]))

    def terms(self, raw: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each part adds to the log-odds, float64, shape (n, parts)."""
        z, _ = self.scaling.apply(raw)
        return z * self.weight

    def apply(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-odds, float32, shape (n,)."""
        return (self.terms(raw).sum(axis=1) + self.intercept).astype(np.float32)

    def nodes(self, graph: GraphBuilder, raw: str) -> tuple[str, str]:
        """Add the same to a graph; `raw` names a float32 (n, parts).

        Returns
        -------
        log_odds, terms : str
            Names of a float32 (n, 1) and of a float64 (n, parts).
        """
        z, _ = self.scaling.nodes(graph, raw)
        terms = graph.node("Mul", z, graph.constant(self.weight[None, :]))
        log_odds = graph.node("Add", graph.row_sum(terms), graph.constant(np.array(self.intercept)))
        return graph.to_float32(log_odds), terms
