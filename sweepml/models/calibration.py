"""Calibration: raw scores -> probabilities, by a sigmoid that ONNX computes exactly as we do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sweepml.errors import InputError


@dataclass(frozen=True, slots=True)
class PlattCalibration:
    """``probability = sigmoid(slope x raw + intercept)``, both float32.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines", eq. 1. A sigmoid, not isotonic
    regression: the steps of the latter turn rounding in the last bit into another probability.
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, raw: NDArray[np.float32], labels: NDArray[np.int8], weights: NDArray[np.float64]) -> PlattCalibration:
        """Fit on scores that the model gave to rows that it was not fitted on.

        Parameters
        ----------
        raw
            float32, shape (n,).
        labels
            int8, shape (n,); rows other than 0 and 1 are left out.
        weights
            float64, shape (n,): what each row counts for, so that one long sweep is not a thousand votes.

        Raises
        ------
        InputError
            If rows of one class are missing.
        """
        known = labels >= 0
        if len(np.unique(labels[known])) < 2:
            raise InputError(
                f"calibration needs validation rows with and without a sweep, got {int((labels == 1).sum())} "
                f"with and {int((labels == 0).sum())} without: add labelled captures, or cut time elsewhere"
            )
        model = LogisticRegression(C=1.0).fit(
            raw[known, None].astype(np.float64), labels[known], sample_weight=weights[known]
        )
        # A falling calibration would turn the score around; it can only come of a model that learnt nothing.
        slope = max(float(model.coef_[0, 0]), 1e-3)
        return cls(float(np.float32(slope)), float(np.float32(model.intercept_[0])))

    def apply(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities, float32, shape (n,)."""
        z = raw.astype(np.float64) * self.slope + self.intercept
        return np.asarray(expit(z), np.float32)
