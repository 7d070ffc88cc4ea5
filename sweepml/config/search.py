"""What `sweepml search` can be told: what training can, how often to try, and what may change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sweepml.config.train import TrainConfig


@dataclass
class DimensionConfig:
    """What one parameter may be: one of `choices`, or from `low` to `high`, both inclusive.

    `log` spreads the trials evenly over orders of magnitude, `whole` leaves out what is no whole number.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    choices: list[Any] | None = None


@dataclass
class SearchConfig(TrainConfig):
    """The whole configuration of a hyperparameter search.

    Attributes
    ----------
    n_trials
        In total: a search that was interrupted, or is given a larger number, goes on where it stopped.
    space
        Model -> parameter of its constructor -> what it may be.
    """

    n_trials: int = 20
    space: dict[str, dict[str, DimensionConfig]] = field(default_factory=dict)
