"""Intervals for few observations: Wilson, Poisson and the bootstrap over clusters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweepml.errors import ConfigError

Z95: Final = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""
RESAMPLES: Final = 2000
"""Enough that an end of a 95 % interval rests on 50 resamples (Efron and Tibshirani 1993, chapter 14)."""
_DRAWN_AT_ONCE: Final = 1 << 20
"""Numbers drawn together, so that memory stays small with many clusters. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the ends of its 95 % interval; NaN where one cannot be computed."""

    value: float
    low: float
    high: float


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a proportion; (0, 1) where there was no trial.

    References
    ----------
    Wilson 1927; recommended for small samples by Brown, Cai and DasGupta 2001.

    Examples
    --------
    >>> [round(end, 3) for end in wilson_interval(10, 10)]
    [0.722, 1.0]
    """
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = share + Z95**2 / (2 * trials)
    half = Z95 * math.sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    scale = 1 + Z95**2 / trials
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == trials else (middle + half) / scale
    return low, high


def poisson_upper(count: int) -> float:
    """Return the one-sided 95 % upper bound of the mean of a Poisson count.

    Nothing seen still allows a mean of 3: with exposure E, a rate below 3 / E cannot be verified.

    References
    ----------
    Garwood 1936, as the 0.95 quantile of the gamma distribution of shape count + 1.

    Examples
    --------
    >>> round(poisson_upper(0), 3), round(poisson_upper(5), 2)
    (2.996, 10.51)
    """
    from scipy.special import gammaincinv  # part of sweepml[train], which the runtime does without

    return float(gammaincinv(count + 1, 0.95))


def cluster_interval(hits: NDArray[np.integer], totals: NDArray[np.integer], seed: int) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of sum(hits) / sum(totals), whole clusters resampled.

    Findings of one source are no independent observations, so sources are drawn, not findings. Where all
    clusters agree the bootstrap knows no spread, and the Wilson interval over the clusters is given instead.

    Parameters
    ----------
    hits, totals
        Shape (clusters,): ``0 <= hits <= totals``, totals positive.
    seed
        Of the local random generator; the same seed gives the same interval.

    Raises
    ------
    ConfigError
        If a total is not positive.

    References
    ----------
    Efron and Tibshirani 1993, chapter 13; Davison and Hinkley 1997, section 3.8.
    """
    count = len(totals)
    if count and int(totals.min()) < 1:
        raise ConfigError("every cluster of the bootstrap needs at least one observation")
    if not hits.any() or (hits == totals).all():
        return wilson_interval(count if hits.any() else 0, count)
    return percentiles(
        np.concatenate([hits[drawn].sum(axis=1) / totals[drawn].sum(axis=1) for drawn in resamples(count, seed)])
    )


def rate_interval(counts: ArrayLike, exposures: ArrayLike, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of sum(counts) / sum(exposures), whole clusters resampled.

    Where nothing was counted, it reaches from 0 to `poisson_upper` (one-sided), for no resampling can show more than
    nothing.

    Parameters
    ----------
    counts, exposures
        Shape (clusters,), not negative. A cluster without exposure counts where it is drawn.
    seed
        As in `cluster_interval`.

    Returns
    -------
    tuple of float
        NaN where there is no exposure.

    Examples
    --------
    >>> low, high = rate_interval([0, 0], [1.0, 2.0], seed=0)
    >>> low, round(high, 3)
    (0.0, 0.999)
    """
    counted, watched = np.asarray(counts, np.float64), np.asarray(exposures, np.float64)
    if not watched.sum() > 0:
        return math.nan, math.nan
    if not counted.any():
        return 0.0, poisson_upper(0) / float(watched.sum())
    rates = []
    for drawn in resamples(len(counted), seed):
        total = watched[drawn].sum(axis=1)
        rates.append(counted[drawn].sum(axis=1)[total > 0] / total[total > 0])
    return percentiles(np.concatenate(rates))


def resamples(count: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield `RESAMPLES` bootstrap samples of so many clusters, some at a time; numbers, shape (samples, count)."""
    rng = np.random.default_rng(seed)
    at_once = max(_DRAWN_AT_ONCE // max(count, 1), 1)
    for done in range(0, RESAMPLES, at_once):
        yield rng.integers(count, size=(min(at_once, RESAMPLES - done), count))


def percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of bootstrapped values, which are the ends of a 95 % interval."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
