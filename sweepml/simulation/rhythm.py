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

_NIGHT: Final = 0.06
_DAYS: Final = {
    # From midnight, from six, from noon, from eighteen hours on.
    OFFICE: (
        *(_NIGHT, _NIGHT, _NIGHT, _NIGHT, _NIGHT, _NIGHT),
        *(0.10, 0.30, 0.75, 1.00, 1.00, 0.90),
        *(0.70, 0.85, 1.00, 0.95, 0.80, 0.50),
        *(0.25, 0.15, 0.10, 0.10, _NIGHT, _NIGHT),
    ),
    EVENING: (
        *(0.50, 0.25, 0.10, 0.10, 0.10, 0.10),
        *(0.20, 0.35, 0.40, 0.40, 0.40, 0.50),
        *(0.50, 0.45, 0.45, 0.50, 0.60, 0.75),
        *(0.90, 1.00, 1.00, 1.00, 0.90, 0.70),
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
