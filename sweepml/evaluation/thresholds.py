"""Thresholds from an alert budget: chosen on validation rows, frozen before the test."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.intervals import poisson_upper
from sweepml.evaluation.rows import NEGATIVE, POSITIVE, ScoredRows
from sweepml.graph.windows import US_PER_S

MAX_THRESHOLD: Final = 1.0

_CROWD: Final = 50
"""Scores that a threshold may pass in search of a gap. Chosen, not tuned."""

_SHARE_SLACK: Final = 1e-9
"""Shares that sum to one within this do sum to one: three thirds in float64."""


@dataclass(frozen=True, slots=True)
class AlertBudget:
    """How many false alerts are bearable.

    Parameters
    ----------
    per_day_per_1000
        False alerts per day per 1,000 sources, all horizons together.
    shares
        Horizon in seconds -> its share of the budget, summing to 1; empty splits it equally.
    close_after_s
        Positive rows of one source and horizon that follow each other within this time are one alert.
    floor
        No threshold is lower: scores are probabilities, and less than an even chance is no verdict.

    Raises
    ------
    ConfigError
        If a value is out of range or the shares do not sum to 1.
    """

    per_day_per_1000: float
    shares: dict[int, float] = field(default_factory=dict)
    close_after_s: float = 3600.0
    floor: float = 0.5

    def __post_init__(self) -> None:
        if not self.per_day_per_1000 >= 0:
            raise ConfigError(f"an alert budget must not be negative, got {self.per_day_per_1000}")
        if not 0 <= self.floor <= MAX_THRESHOLD:
            raise ConfigError(f"the threshold floor must lie in [0, 1], got {self.floor}")
        if not self.close_after_s >= 0:
            raise ConfigError(f"close_after_s must not be negative, got {self.close_after_s}")
        if self.shares and (min(self.shares.values()) < 0 or abs(sum(self.shares.values()) - 1) > _SHARE_SLACK):
            raise ConfigError(f"shares of the alert budget must not be negative and sum to 1, got {self.shares}")

    def share_of(self, horizon_s: int, horizons: list[int]) -> float:
        """Return a horizon's share.

        Raises
        ------
        ConfigError
            If shares are given but not for this horizon.
        """
        if not self.shares:
            return 1 / len(horizons)
        if horizon_s not in self.shares:
            raise ConfigError(
                f"no share of the alert budget for horizon_s={horizon_s}; shares name {sorted(self.shares)}"
            )
        return self.shares[horizon_s]


@dataclass(frozen=True, slots=True)
class HorizonThreshold:
    """The threshold of one horizon, and what it gave on validation.

    Attributes
    ----------
    horizon_s
        Length of the window, seconds.
    threshold
        A row is positive where ``score >= threshold``; exactly representable in float32.
    margin
        Distance to the nearest validation score: scores may differ by less without a verdict flipping.
    false_alerts
        Counted at the threshold.
    allowed
        What the budget allows in this exposure; a real number.
    within_budget
        Whether ``false_alerts <= allowed``. False only where even the score 1 exceeds the budget.
    caught_units, positive_units
        Sources with at least one positive row at or above the threshold, and with at least one positive row.
    """

    horizon_s: int
    threshold: float
    margin: float
    false_alerts: int
    allowed: float
    within_budget: bool
    caught_units: int
    positive_units: int


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """Thresholds of all horizons and the evidence for them.

    Attributes
    ----------
    budget
        What was asked for.
    exposure
        Of the validation captures.
    horizons
        One per horizon, by growing horizon.
    """

    budget: AlertBudget
    exposure: Exposure
    horizons: tuple[HorizonThreshold, ...]

    @property
    def thresholds(self) -> dict[int, float]:
        """Horizon in seconds -> threshold."""
        return {one.horizon_s: one.threshold for one in self.horizons}

    @property
    def false_alerts(self) -> int:
        """False alerts of all horizons; one source at two horizons counts twice."""
        return sum(one.false_alerts for one in self.horizons)

    @property
    def false_rate(self) -> float:
        """False alerts per day per 1,000 sources on validation; optimistic, being chosen on it."""
        return self.exposure.rate(self.false_alerts)

    @property
    def false_rate_upper(self) -> float:
        """One-sided 95 % Poisson upper bound of `false_rate`: what validation can vouch for."""
        return self.exposure.rate(poisson_upper(self.false_alerts))

    @property
    def lowest_verifiable_rate(self) -> float:
        """False alerts per day per 1,000 sources below which this exposure verifies nothing: 3 / E."""
        return self.exposure.rate(poisson_upper(0))

    @property
    def is_verifiable(self) -> bool:
        """Whether a detector without any false alert would have proved the budget on this much data."""
        return self.budget.per_day_per_1000 >= self.lowest_verifiable_rate

    def facts(self) -> dict[str, Any]:
        """Return what was asked for and what validation says of it, as a bundle's manifest keeps it."""
        return {
            "per_day_per_1000_sources": self.budget.per_day_per_1000,
            "validation_source_days": self.exposure.source_days,
            "validation_false_alerts": self.false_alerts,
            "validation_rate_upper_95": self.false_rate_upper,
            "lowest_verifiable_rate": self.lowest_verifiable_rate,
        }

    def verdicts(self, rows: ScoredRows) -> NDArray[np.bool_]:
        """Return which rows are positive, shape (n,).

        Raises
        ------
        InputError
            If rows have a horizon without a threshold.
        """
        verdicts = np.zeros(len(rows), bool)
        for horizon_s in np.unique(rows.horizon_s).tolist():
            if horizon_s not in self.thresholds:
                raise InputError(f"no threshold for horizon_s={horizon_s}; there is one for {sorted(self.thresholds)}")
            here = rows.horizon_s == horizon_s
            verdicts[here] = rows.score[here] >= np.float32(self.thresholds[horizon_s])
        return verdicts


def choose_thresholds(rows: ScoredRows, exposure: Exposure, budget: AlertBudget) -> ThresholdChoice:
    """Choose per horizon the lowest threshold that keeps the alert budget.

    Parameters
    ----------
    rows
        Of validation captures, scores in [0, 1], unlabelled rows are left out of the counts.
    exposure
        Of the same captures: `Exposure.of`.
    budget
        What is bearable.

    Returns
    -------
    ThresholdChoice
        A pure function of its arguments.

    Raises
    ------
    InputError
        If there are no rows, or a score is outside [0, 1].
    ConfigError
        If the exposure is zero, or a horizon has no share.

    Notes
    -----
    Nobody knows what benign sources do in a window of which no capture shows half: its rows hold an hour's contacts
    where a day's would be. Such a horizon gets no lower threshold than the surest of the shorter ones.

    The budget allows ``k = rate x source-days / 1000 x share`` false alerts at a horizon. Going down through
    the scores of negative rows, the first at which more than k alerts stand is the one to stay above: a still
    lower threshold may merge alerts into fewer, but nobody should count on that. The threshold is placed
    midway between that score and the next higher score of any row of the horizon, so that noise in float32
    flips no verdict. Cost: a sort, and an insertion per negative row above the floor.
    """
    if not len(rows):
        raise InputError("no validation rows to choose thresholds on")
    if float(rows.score.min()) < 0 or float(rows.score.max()) > 1:
        raise InputError(
            f"expected scores in [0, 1], got {rows.score.min()} to {rows.score.max()}: calibrate the model"
        )
    if not exposure.source_days > 0:
        raise ConfigError("the validation captures watch no source for any time: no alert rate can be measured")
    horizons = np.unique(rows.horizon_s).tolist()
    chosen: list[HorizonThreshold] = []
    for horizon_s in horizons:
        share = budget.share_of(horizon_s, horizons)
        allowed = exposure.allowed(budget.per_day_per_1000) * share
        surest = max((one.threshold for one in chosen), default=budget.floor)
        floor = budget.floor if exposure.has_watched(horizon_s) else surest
        chosen.append(_choose(rows.take(rows.horizon_s == horizon_s), horizon_s, allowed, replace(budget, floor=floor)))
    return ThresholdChoice(budget, exposure, tuple(chosen))


def clear_of(threshold: float, scores: NDArray[np.float32], margin: float) -> float:
    """Return a threshold, hardly higher than the given one, that is as clear of every score as need be.

    A threshold that was chosen on some scores may lie on another's: what serves it elsewhere, with other roundings,
    would then turn that verdict around.

    Parameters
    ----------
    threshold
        In [0, 1].
    scores
        float32, any shape.
    margin
        Distance to every score with which it stays as it is.

    Returns
    -------
    float
        Exactly representable in float32. Of the gaps between the next scores, the first that leaves the margin on both
        sides; in a crowd without one, the middle of the widest, since nobody should lose many alerts by it.

    Examples
    --------
    >>> scores = np.array([0.1, 0.5, 0.5005, 0.75], np.float32)
    >>> clear_of(0.25, scores, 0.001), round(clear_of(0.5, scores, 0.001), 4)
    (0.25, 0.5015)
    """
    above = np.unique(scores[scores > np.float32(threshold - margin)].astype(np.float64))
    if not len(above) or above[0] >= threshold + margin:
        return threshold
    levels = np.append(above, MAX_THRESHOLD)[: _CROWD + 1]
    gaps = np.diff(levels)
    gaps[levels[1:] <= threshold] = 0.0  # those would lower it
    wide = np.flatnonzero(gaps >= 2 * margin)
    place = int(wide[0]) if len(wide) else int(gaps.argmax())
    cleared = float(np.float32(levels[place] + min(margin, gaps[place] / 2)))
    return max(cleared, threshold) if cleared < MAX_THRESHOLD else threshold


def count_alerts(unit: NDArray[np.integer], as_of_us: NDArray[np.int64], close_after_s: float) -> int:
    """Return how many alerts rows make: those of one unit that follow closely are one.

    Parameters
    ----------
    unit
        Shape (n,): who.
    as_of_us
        int64, shape (n,): when.
    close_after_s
        Largest gap within one alert, in seconds.

    Examples
    --------
    >>> count_alerts(np.array([0, 0, 0, 1]), np.array([0, 60, 200, 60]) * 1_000_000, close_after_s=100)
    3
    """
    if not len(unit):
        return 0
    order = np.lexsort((as_of_us, unit))
    same = np.diff(unit[order]) == 0
    near = np.diff(as_of_us[order]) <= close_after_s * US_PER_S
    return 1 + int((~(same & near)).sum())


def _choose(rows: ScoredRows, horizon_s: int, allowed: float, budget: AlertBudget) -> HorizonThreshold:
    levels = np.unique(rows.score)
    excess = _first_excess(rows, allowed, budget)
    if excess is None:
        below = levels[levels < budget.floor]
        threshold = _between(float(below[-1]), levels, budget.floor) if len(below) else _at_least(budget.floor)
    else:
        threshold = _between(excess, levels, budget.floor)
    above = rows.score >= np.float32(threshold)
    false = above & (rows.y == NEGATIVE)
    count = count_alerts(rows.unit[false], rows.as_of_us[false], budget.close_after_s)
    positive = rows.y == POSITIVE
    return HorizonThreshold(
        horizon_s=horizon_s,
        threshold=threshold,
        margin=float(np.abs(levels.astype(np.float64) - threshold).min()),
        false_alerts=count,
        allowed=allowed,
        within_budget=count <= allowed,
        caught_units=len(np.unique(rows.unit[positive & above])),
        positive_units=len(np.unique(rows.unit[positive])),
    )


def _first_excess(rows: ScoredRows, allowed: float, budget: AlertBudget) -> float | None:
    """Return the highest score, not below the floor, at which more alerts stand than allowed; else None."""
    negative = rows.take((rows.y == NEGATIVE) & (rows.score >= np.float32(budget.floor)))
    negative = negative.take(np.argsort(-negative.score, kind="stable"))
    close_us = budget.close_after_s * US_PER_S
    times: dict[int, list[int]] = {}
    count = 0
    scores, units, as_of = negative.score.tolist(), negative.unit.tolist(), negative.as_of_us.tolist()
    for i, (score, unit, time_us) in enumerate(zip(scores, units, as_of, strict=True)):
        count += _alerts_added(times.setdefault(unit, []), time_us, close_us)
        last_of_score = i + 1 == len(scores) or scores[i + 1] != score
        if last_of_score and count > allowed:
            return float(score)
    return None


def _alerts_added(times: list[int], time_us: int, close_us: float) -> int:
    """Add a row to a unit's sorted times; return what it does to its alerts: 1, 0, or -1 if it joins two."""
    place = bisect_left(times, time_us)
    before = place > 0 and time_us - times[place - 1] <= close_us
    after = place < len(times) and times[place] - time_us <= close_us
    were_one = 0 < place < len(times) and times[place] - times[place - 1] <= close_us
    insort(times, time_us)
    return 1 - before - after + were_one


def _between(score: float, levels: NDArray[np.float32], floor: float) -> float:
    """Return what lies midway between a score to stay above and the next higher one, at least the floor."""
    higher = levels[levels > np.float32(score)]
    upper = float(higher[0]) if len(higher) else MAX_THRESHOLD
    middle = np.float32((score + upper) / 2)
    if middle <= np.float32(score):  # the two are neighbours in float32
        middle = np.float32(upper)
    return min(max(float(middle), _at_least(floor)), MAX_THRESHOLD)


def _at_least(floor: float) -> float:
    """Return the lowest float32 that is not below the floor."""
    nearest = np.float32(floor)
    return float(nearest if float(nearest) >= floor else np.nextafter(nearest, np.float32(2)))
