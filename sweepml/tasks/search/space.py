"""What a search may change: a configured space as optuna's distributions, checked before any data are read."""

from __future__ import annotations

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from sweepml.config.search import DimensionConfig, SearchConfig
from sweepml.errors import ConfigError, did_you_mean
from sweepml.models.registry import make_model


def search_space(config: SearchConfig) -> dict[str, BaseDistribution]:
    """Return what each parameter of the configured model may be, in the order of its name.

    Raises
    ------
    ConfigError
        If the model has no space, or no such parameter; if a dimension is none; if the model refuses an end of it, or
        the configured value, which is tried first, lies outside.
    """
    name, dimensions = config.model.name, config.space.get(config.model.name, {})
    if not dimensions:
        raise ConfigError(
            f"space.{name} names no parameter to search; say +space.{name}.PARAMETER={{low: .., high: ..}}"
        )
    start = start_params(config)
    space = {}
    for parameter, dimension in sorted(dimensions.items()):
        key = f"space.{name}.{parameter}"
        if parameter not in start:
            raise ConfigError(f"{key}: the model has no such parameter; {did_you_mean(parameter, start)}")
        space[parameter] = _distribution(key, dimension)
        for value in _ends(dimension):
            make_model(name, {**config.model.params, parameter: value})
        if not _contains(dimension, start[parameter]):
            raise ConfigError(
                f"{key} leaves out {start[parameter]!r}, the configured value, which is tried first: widen it, or "
                f"change model.params.{parameter}"
            )
    return space


def start_params(config: SearchConfig) -> dict[str, Any]:
    """Return every parameter of the configured model as it stands before the search."""
    return make_model(config.model.name, config.model.params).params()


def _distribution(key: str, one: DimensionConfig) -> BaseDistribution:
    if one.choices is not None:
        if one.low is not None or one.high is not None or one.log or one.whole:
            raise ConfigError(f"{key}: choices stand alone, without low, high, log and whole")
        if len(one.choices) < 2:
            raise ConfigError(f"{key}: expected two choices or more, got {one.choices}")
        return CategoricalDistribution(one.choices)
    if one.low is None or one.high is None or not one.low < one.high:
        raise ConfigError(f"{key}: expected choices, or low and a larger high, got low={one.low} and high={one.high}")
    if one.log and one.low <= 0:
        raise ConfigError(f"{key}: on a logarithmic scale low must be above 0, got {one.low:g}")
    if not one.whole:
        return FloatDistribution(one.low, one.high, log=one.log)
    if one.low != int(one.low) or one.high != int(one.high):
        raise ConfigError(f"{key}: low and high must be whole numbers, got {one.low:g} and {one.high:g}")
    return IntDistribution(int(one.low), int(one.high), log=one.log)


def _ends(one: DimensionConfig) -> list[Any]:
    if one.choices is not None:
        return one.choices
    return [int(end) if one.whole else end for end in (one.low, one.high) if end is not None]


def _contains(one: DimensionConfig, value: Any) -> bool:
    if one.choices is not None:
        return value in one.choices
    low, high = _ends(one)
    return isinstance(value, int | float) and low <= value <= high
