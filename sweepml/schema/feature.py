"""What a feature is: name, unit, range, definition, reference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One column of the feature matrix.

    Parameters
    ----------
    name
        Column name; carries its unit as a suffix. Never reused for another definition.
    family
        The module of `sweepml.features` that computes it.
    unit
        Unit of the value; ``1`` for a ratio.
    low, high
        Inclusive range; None where there is no bound.
    definition
        One sentence from which an independent implementation can be written.
    missing
        When the value is NaN, or None if it never is.
    monotone
        +1 where more of it can only make a sweep more likely (used as a training constraint), else 0.
    reference
        Paper and equation, or "own definition".
    """

    name: str
    family: str
    unit: str
    low: float | None
    high: float | None
    definition: str
    missing: str | None = None
    monotone: int = 0
    reference: str = "own definition"


def schema_hash(specs: Sequence[FeatureSpec]) -> str:
    """Return the hash that ties a bundle to the features that it was trained on.

    Order, names, units and definitions count; `monotone` does not, since it changes training and not the values.

    Returns
    -------
    str
        16 hexadecimal digits of a SHA-256.
    """
    rows = [{k: v for k, v in asdict(spec).items() if k != "monotone"} for spec in specs]
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
