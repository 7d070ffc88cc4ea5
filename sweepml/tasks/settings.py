"""What a training configuration describes, checked before any data are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sweepml.config.train import AlertsConfig, ModelConfig
from sweepml.errors import ConfigError
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.models.base import Detector
from sweepml.models.registry import make_model


def alert_budget(config: AlertsConfig) -> AlertBudget:
    """Return the alert budget that a configuration describes.

    Raises
    ------
    ConfigError
        If it is negative.
    """
    return AlertBudget(config.budget_per_day_per_1000, close_after_s=config.close_after_s, floor=config.threshold_floor)


def judgement_rules(config: AlertsConfig) -> JudgementRules:
    """Return when an alert is about an episode, and which alerts are one: the same for everybody."""
    return JudgementRules(close_after_s=config.close_after_s)


def model_maker(config: ModelConfig) -> Callable[[], Detector]:
    """Return what makes a new, unfitted model each time.

    Raises
    ------
    ConfigError
        If no model has the name, or it does not take a parameter.
    """

    def make() -> Detector:
        return make_model(config.name, config.params)

    make()  # a bad parameter should not cost the reading of the data
    return make


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds that numpy does not take.

    Raises
    ------
    ConfigError
        If one is negative.
    """
    for seed in seeds:
        if seed < 0:
            raise ConfigError(f"seed must not be negative, got {seed}")
