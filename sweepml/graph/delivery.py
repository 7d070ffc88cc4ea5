"""When a record of an interval is delivered."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.windows import US_PER_S

_Times = TypeVar("_Times", int, NDArray[np.int64])


def delivered_us(ts_us: _Times, interval_s: int) -> _Times:
    """Return when what happened at each moment is known, if whole intervals are delivered at their ends.

    Intervals lie on the clock and hold their end, ``(k interval, (k + 1) interval]``: what a window up to a moment
    holds, which ends with it, and what happens at that very moment are then known at the same time.

    Parameters
    ----------
    ts_us
        int64, shape (n,), or one integer; microseconds since 1970 UTC.
    interval_s
        Seconds; 0 delivers at once.

    Returns
    -------
    Of the same type
        The end of the interval, never earlier than the moment.

    Examples
    --------
    >>> delivered_us(np.array([1, 60_000_000, 60_000_001]), 60).tolist()
    [60000000, 60000000, 120000000]
    """
    if not interval_s:
        return ts_us
    interval_us = interval_s * US_PER_S
    return -(-ts_us // interval_us) * interval_us
