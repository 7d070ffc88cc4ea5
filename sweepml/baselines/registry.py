"""Rule name -> class, a literal table."""

from __future__ import annotations

from typing import Final

from sweepml.baselines.base import Rule
from sweepml.baselines.random_walk import ThresholdRandomWalk
from sweepml.baselines.slips_horizontal import SlipsHorizontal
from sweepml.errors import ConfigError, did_you_mean

RULES: Final[dict[str, type[Rule]]] = {
    "random_walk": ThresholdRandomWalk,
    "slips_horizontal": SlipsHorizontal,
}


def make_rule(name: str, **parameters: float | bool) -> Rule:
    """Return a rule by its registry name.

    Raises
    ------
    ConfigError
        If no rule has that name, or it has no such parameter.

    Examples
    --------
    >>> make_rule("slips_horizontal").threshold
    10.0
    """
    if name not in RULES:
        raise ConfigError(f"no rule is called {name!r}; {did_you_mean(name, RULES)}")
    try:
        return RULES[name](**parameters)
    except TypeError as error:
        raise ConfigError(f"rule {name}: {error}") from None
