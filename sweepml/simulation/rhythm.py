"""How busy the hours of a week are."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday, Monday being 0."""

ALWAYS: Final = "always"
OFFICE: Final = "office"
EVENING: Final = "evening"

_DAYS: Final = {
    OFFICE: (
        *[0.06] * 6,
        0.1,
        0.3,
        0.75,
        1.0,
        1.0,
        0.9,
        0.7,
        0.85,
        1.0,
        0.95,
        0.8,
        0.5,
        0.25,
        0.15,
        *[0.1] * 2,
        *[0.06] * 2,
    ),
    EVENING: (
        0.5,
        0.25,
        *[0.1] * 4,
        0.2,
        0.35,
        *[0.4] * 3,
        0.5,
        0.5,
        0.45,
        0.45,
        0.5,
        0.6,
        0.75,
        0.9,
        1.0,
        1.0,
        1.0,
        0.9,
        0.7,
    ),
}
"""Activity at each hour of a working day, UTC, as a share of the busiest. Chosen after the real office logs by eye."""

_WEEKEND: Final = {OFFICE: 0.12, EVENING: 1.15}
"""What a Saturday or Sunday is of a working day; no hour goes beyond the busiest."""


def activity(ts_us: NDArray[np.int64], rhythm: str) -> NDArray[np.float64]:
    """Return how busy a rhythm is at times, 0 to 1, shape (n,); between whole hours it changes evenly."""
    if rhythm == ALWAYS:
        return np.ones(len(ts_us))
    hours = np.array(_DAYS[rhythm])
    hour = ts_us % _DAY_US / _HOUR_US
    before = hour.astype(np.int64)
    share = hour - before
    level = hours[before] * (1 - share) + hours[(before + 1) % 24] * share
    weekend = (ts_us // _DAY_US + _EPOCH_WEEKDAY) % 7 >= 5
    return np.minimum(1.0, np.where(weekend, level * _WEEKEND[rhythm], level))
