"""Intervals for few observations: Wilson, Poisson and the cluster bootstrap."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError

Z95: Final = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""
RESAMPLES: Final = 2000
"""Enough that an end of a 95 % interval rests on 50 resamples (Efron and Tibshirani 1993, chapter 14)."""


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
    rng = np.random.default_rng(seed)
    shares = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = rng.integers(count, size=count)
        shares[i] = hits[drawn].sum() / totals[drawn].sum()
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)
