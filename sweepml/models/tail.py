"""Tail probabilities: how rarely normal traffic is so odd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.models.onnx_graph import GraphBuilder

LEVELS: Final = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Tail probabilities at which the curve has a knot."""

_LEAST_BEYOND: Final = 10
"""Rows that must lie beyond a knot: the quantile of fewer is an accident. Chosen, not tuned."""

_STEEPEST: Final = 20.0
"""Largest slope beyond the last knot, in nats per unit. Chosen, not tuned: normal rows that happen to end abruptly are
no proof that nothing lies beyond."""

_DECIMALS: Final = 9
"""Knots that agree so far are one: the slope between nearer ones may be beyond any float."""


@dataclass(frozen=True, slots=True)
class TailCalibration:
    """``nats = -log P(statistic of a normal row >= x)``: quantiles of held-out rows, beyond them an exponential tail.

    Linear between knots and beyond the last; 0 below the first.

    Attributes
    ----------
    knot, slope, width
        float64, shape (knots,), knots rising: ``nats = sum_k slope_k min(max(x - knot_k, 0), width_k)``, the last width
        being infinite.

    References
    ----------
    Hill 1975, "A simple general approach to inference about the tail of a distribution": the last slope is one over the
    mean excess. The statistic is the logarithm of an error, whose own tail then falls as a power.
    """

    knot: NDArray[np.float64]
    slope: NDArray[np.float64]
    width: NDArray[np.float64]

    @classmethod
    def fit(cls, x: NDArray[np.float64], share: NDArray[np.float64]) -> TailCalibration:
        """Fit on rows that pass for normal and were not fitted on.

        Parameters
        ----------
        x
            float64, shape (n,), n at least 1.
        share
            float64, shape (n,), positive: how much each row counts.
        """
        levels = [level for level in LEVELS if level == 1.0 or level * len(x) >= _LEAST_BEYOND]
        at = np.quantile(x, 1.0 - np.array(levels), weights=share, method="inverted_cdf").round(_DECIMALS)
        # Of equal quantiles the last: so many rows at least are as odd as that.
        knot, first = np.unique(at[::-1], return_index=True)
        nats = -np.log(np.array(levels)[::-1][first])
        beyond = x > knot[-1]
        excess = float(np.average(x[beyond] - knot[-1], weights=share[beyond])) if beyond.any() else 0.0
        last = 1.0 / max(excess, 1.0 / _STEEPEST)
        return cls(knot, np.append(np.diff(nats) / np.diff(knot), last), np.append(np.diff(knot), np.inf))

    def apply(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return nats, float32, shape (n,), of float64, shape (n,)."""
        return (np.clip(x[:, None] - self.knot, 0.0, self.width) * self.slope).sum(axis=1).astype(np.float32)

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the same to a graph; `x` names a float64 (n, 1), the result a float32 (n, 1)."""
        above = graph.node("Sub", x, graph.constant(self.knot[None, :]))
        ramp = graph.node("Max", above, graph.constant(np.array(0.0)))
        ramp = graph.node("Min", ramp, graph.constant(self.width[None, :]))
        return graph.to_float32(graph.row_sum(graph.node("Mul", ramp, graph.constant(self.slope[None, :]))))
