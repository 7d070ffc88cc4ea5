"""Time to detect with what was missed in it: the Kaplan-Meier curve of episodes not yet detected."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweepml.errors import InputError
from sweepml.evaluation.intervals import Figure


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Share of episodes not yet detected; arrays have shape (steps,), by growing `at`.

    Attributes
    ----------
    at
        float64: seconds, or targets touched. The curve holds from here to the next step.
    undetected
        float64, in [0, 1], falling.
    low, high
        float64, ends of the 95 % interval.
    at_risk, events, censored
        int64: episodes still going on and undetected just before, detected here, and ended undetected here.
    """

    at: NDArray[np.float64]
    undetected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    censored: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def median(self) -> Figure:
        """Return the first step at or below one half, of the curve and of both ends of its interval; NaN if never.

        References
        ----------
        Brookmeyer and Crowley 1982.
        """
        return Figure(*(_first_half(self.at, share) for share in (self.undetected, self.low, self.high)))


def kaplan_meier(value: ArrayLike, is_detected: ArrayLike) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of when, or after how many targets, episodes are detected.

    Parameters
    ----------
    value
        Shape (episodes,), not negative: of a detected episode, when that was; of a missed one, where it ended, which
        is where it is censored.
    is_detected
        bool, shape (episodes,).

    Returns
    -------
    SurvivalCurve
        It begins at 0, with all that was not detected there. Without episodes it has no steps.

    Raises
    ------
    InputError
        If lengths differ, or a value is negative or not finite.

    Notes
    -----
    An end of an episode takes it out of the count without being a detection: the curve says how long sweeps that go on
    stay undetected, not how many are missed in the end. Read it beside the recall.

    The interval is Greenwood's on the log-log scale. Where that is undefined, it is 1 before the first detection, and
    from the step on that leaves nothing undetected it reaches from 0 to the end of the step before.

    References
    ----------
    Kaplan and Meier 1958; Kalbfleisch and Prentice 2002, section 1.4, for the interval.

    Examples
    --------
    >>> curve = kaplan_meier([2, 4, 4, 9], [True, True, False, False])
    >>> curve.at.tolist(), curve.undetected.tolist()
    ([0.0, 2.0, 4.0, 9.0], [1.0, 0.75, 0.5, 0.5])
    """
    from scipy import stats  # part of sweepml[train], and slow to import

    times, detected = np.asarray(value, np.float64), np.asarray(is_detected, bool)
    if times.shape != detected.shape or times.ndim != 1:
        raise InputError(f"expected one value and one flag an episode, got shapes {times.shape} and {detected.shape}")
    if len(times) and not (np.isfinite(times).all() and times.min() >= 0):
        raise InputError(f"expected finite values from 0 on, got {times.min()} to {times.max()}")
    if not len(times):
        none = np.empty(0)
        return SurvivalCurve(none, none, none, none, *(np.empty(0, np.int64) for _ in range(3)))
    fitted = stats.ecdf(stats.CensoredData(uncensored=times[detected], right=times[~detected])).sf
    with warnings.catch_warnings():
        # scipy says so where the interval is undefined, which the notes above provide for.
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        interval = fitted.confidence_interval(method="log-log")
    at, share = fitted.quantiles, fitted.probabilities
    low, high = _defined(share, interval.low.probabilities, interval.high.probabilities)
    if at[0] > 0:
        at = np.insert(at, 0, 0.0)
        share, low, high = (np.insert(column, 0, 1.0) for column in (share, low, high))
    return SurvivalCurve(
        at=at,
        undetected=share,
        low=low,
        high=high,
        at_risk=np.array([np.count_nonzero(times >= one) for one in at], np.int64),
        events=np.array([np.count_nonzero(detected & (times == one)) for one in at], np.int64),
        censored=np.array([np.count_nonzero(~detected & (times == one)) for one in at], np.int64),
    )


def _defined(
    share: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the interval with those that the log-log scale does not define."""
    before, after = share == 1, share == 0
    last_high = high[~before & ~after][-1:] if (~before & ~after).any() else np.ones(1)
    low = np.select([before, after], [1.0, 0.0], low)
    high = np.select([before, after], [1.0, last_high[0]], high)
    return low, high


def _first_half(at: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    below = np.flatnonzero(share <= 0.5)
    return float(at[below[0]]) if len(below) else float("nan")
