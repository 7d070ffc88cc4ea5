"""Features on a common scale, missing ones set apart: what everything but trees needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.models.onnx_graph import GraphBuilder
from sweepml.schema.catalogue import CATALOGUE

UNBOUNDED: Final = np.array([spec.high is None for spec in CATALOGUE])
"""Features without a largest value, such as counts and bytes: what matters of them is the order of magnitude."""

LIMIT: Final = 8.0
"""Scaled values are clipped here, so that a value like none in training cannot drown all others. Chosen, not tuned."""

_IQR_OF_NORMAL: Final = 1.349
"""Interquartile range of a normal distribution of standard deviation 1."""

_LEAST_SHARE_OF_SD: Final = 0.3
"""The scale is at least this share of the standard deviation: of a feature that is nearly always the same,
the quartiles say nothing about how far it strays when it does. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class FeatureScaling:
    """``z = clip((x' - center) / scale, -8, 8)``, where x' is ``sign(x) log(1 + |x|)`` of unbounded columns, else x.

    Attributes
    ----------
    is_log
        bool, shape (columns,).
    center, scale
        float64, shape (columns,): median, and interquartile range as a standard deviation, of the known values.

    Notes
    -----
    In float64, here as in ONNX: sums over the result are then the same whatever the batch and whatever the library,
    up to a rounding that float32 scores do not show.
    """

    is_log: NDArray[np.bool_]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(
        cls, values: NDArray[np.float32], weights: NDArray[np.float64], is_log: NDArray[np.bool_]
    ) -> FeatureScaling:
        """Find center and scale of each column; 0 and 1 for a column without any value.

        Parameters
        ----------
        values
            float32, shape (n, columns), NaN where missing.
        weights
            float64, shape (n,), not negative: what each row counts for.
        is_log
            bool, shape (columns,).
        """
        center, scale = np.zeros(values.shape[1]), np.ones(values.shape[1])
        for column in range(values.shape[1]):
            known = ~np.isnan(values[:, column]) & (weights > 0)
            if not known.any():
                continue
            x = _warped(values[known, column], is_log[column])
            low, center[column], high = np.quantile(x, [0.25, 0.5, 0.75], weights=weights[known], method="inverted_cdf")
            mean = np.average(x, weights=weights[known])
            sd = float(np.sqrt(np.average((x - mean) ** 2, weights=weights[known])))
            widest = max((high - low) / _IQR_OF_NORMAL, _LEAST_SHARE_OF_SD * sd)
            scale[column] = widest if widest > 0 else 1.0
        return cls(is_log, center, scale)

    def apply(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale.

        Returns
        -------
        z : ndarray of float64, shape (n, columns)
            Within [-8, 8]; 0, the median, where missing.
        known : ndarray of float64, shape (n, columns)
            1 where there is a value, 0 where it is missing.
        """
        missing = np.isnan(values)
        x = np.clip((_warped(values, self.is_log) - self.center) / self.scale, -LIMIT, LIMIT)
        return np.where(missing, 0.0, x), np.where(missing, 0.0, 1.0)

    def nodes(self, graph: GraphBuilder, values: str) -> tuple[str, str]:
        """Add the same to a graph; return the names of z and known, float64."""
        zero, one = graph.constant(np.array(0.0)), graph.constant(np.array(1.0))
        x = graph.to_float64(values)
        magnitude = graph.node("Log", graph.node("Add", graph.node("Abs", x), one))
        logs = graph.node("Mul", graph.node("Sign", x), magnitude)
        warped = graph.node("Where", graph.constant(self.is_log[None, :]), logs, x)
        centred = graph.node("Sub", warped, graph.constant(self.center[None, :]))
        scaled = graph.node("Div", centred, graph.constant(self.scale[None, :]))
        clipped = graph.node("Clip", scaled, graph.constant(np.array(-LIMIT)), graph.constant(np.array(LIMIT)))
        missing = graph.node("IsNaN", values)
        return graph.node("Where", missing, zero, clipped), graph.node("Where", missing, zero, one)


def _warped(values: NDArray[np.float32], is_log: NDArray[np.bool_]) -> NDArray[np.float64]:
    x = values.astype(np.float64)
    return np.where(is_log, np.sign(x) * np.log(1.0 + np.abs(x)), x)
