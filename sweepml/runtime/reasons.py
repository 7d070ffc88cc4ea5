"""Reasons: the features that speak loudest for a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.schema.manifest import FeatureUsage

MAX_REASONS: Final = 3

_MAX_DISTANCE: Final = 10.0
"""A value cannot lie further outside than ten widths of its usual range: beyond that a feature with a narrow
range would outweigh all others. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of the judged row, and what is usual for it.

    Attributes
    ----------
    feature, value, unit
        Name, value with six significant digits, and unit as in the catalogue.
    usual
        5th and 95th percentile of benign training rows.
    """

    feature: str
    value: float
    unit: str
    usual: tuple[float, float]


def strongest_reasons(
    values: NDArray[np.float32],
    features: Sequence[FeatureUsage],
    contribution: NDArray[np.float32] | None = None,
    limit: int = MAX_REASONS,
) -> tuple[Reason, ...]:
    """Return the features that speak loudest for a verdict, the strongest first.

    Where the model says how much each feature adds to the score of this row, that is its strength, and a feature that
    adds nothing is no reason. Otherwise it is the feature's weight in the model times how far its value lies outside
    its usual range, in widths of that range; where no value is unusual, the weights alone decide. A missing value is
    never a reason, nor is a feature that the model does not use or of which nothing is known to be usual.

    Parameters
    ----------
    values
        float32, shape (features,).
    features
        In the order of the values.
    contribution
        float32, shape (features,), of a bundle that has them; see `Bundle.contributions`.
    limit
        Largest number of reasons.

    Notes
    -----
    Without contributions this ranks what is odd about the row among what the model looks at; it does not take the
    model apart. Own definition.
    """
    found: list[tuple[float, float, Reason]] = []
    for place, (value, usage) in enumerate(zip(values.tolist(), features, strict=True)):
        low, high = usage.usual_low, usage.usual_high
        if math.isnan(value) or low is None or high is None or not usage.weight > 0:
            continue
        reason = Reason(usage.name, _round(value), usage.unit, (_round(low), _round(high)))
        distance = _distance(value, low, high)
        strength = usage.weight * distance if contribution is None else float(contribution[place])
        found.append((strength, usage.weight, reason))
    strong = [one for one in found if one[0] > 0]
    ranked = sorted(strong or (found if contribution is None else []), key=lambda one: (-one[0], -one[1]))
    return tuple(reason for _, _, reason in ranked[:limit])


def _distance(value: float, low: float, high: float) -> float:
    """Return how far a value lies outside [low, high], in widths of the range, at most `_MAX_DISTANCE`."""
    outside = max(low - value, value - high, 0.0)
    # A range without width has no scale of its own: its value serves, or one unit.
    return min(outside / (high - low or abs(high) or 1.0), _MAX_DISTANCE)


def _round(value: float) -> float:
    return float(f"{value:.6g}")
