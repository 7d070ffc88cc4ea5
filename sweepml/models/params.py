"""Constructor parameters are refused before any data is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from sweepml.errors import ConfigError, did_you_mean
from sweepml.models.base import Detector

ABOVE_ZERO: Final = float(np.finfo(float).tiny)
"""As a lower bound: zero itself is refused."""


def check_numbers(model: Detector, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse parameters that are no numbers or out of range.

    Parameters
    ----------
    model
        With its parameters as attributes.
    ranges
        Parameter -> smallest and largest value, both inclusive; `ABOVE_ZERO` and infinity are bounds too.

    Raises
    ------
    ConfigError
        Naming model, parameter, bounds and what came.
    """
    for name, (low, high) in ranges.items():
        value = getattr(model, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            bounds = "above 0" if low == ABOVE_ZERO else f"at least {low:g}"
            bounds += "" if np.isinf(high) else f" and at most {high:g}"
            raise ConfigError(f"{model.name}: {name} must be a number {bounds}, got {value!r}")


def check_choice(model: Detector, name: str, known: Collection[str]) -> None:
    """Refuse a parameter that is none of the known words.

    Raises
    ------
    ConfigError
        With the nearest known word.
    """
    value = getattr(model, name)
    if value not in known:
        raise ConfigError(f"{model.name}: there is no {name}={value!r}; {did_you_mean(str(value), known)}")
