"""When a followed log is silent: how far its time has gone on, and which windows need not wait any longer."""

from __future__ import annotations

from typing import Final

from sweepml.errors import ConfigError
from sweepml.graph.windows import US_PER_S

IDLE_CLOSE_S: Final = 30.0
"""Records may come so late before a silent log's windows close without them. Chosen, not tuned: Zeek writes its log
within seconds, and flow exporters send once a minute or more often while there is traffic."""


class IdleClock:
    """Tells the time of a log that is silent, from how long it has been silent.

    A log's time lags behind ours by what its writer needs, or by years where it is replayed. That delay is taken to
    stay what it was at the last record: since then the log's time has gone on as far as ours. A window closes
    `lateness_s` after that time has passed its end.

    Parameters
    ----------
    lateness_s
        How late records may come; infinite to wait for them for ever.

    Raises
    ------
    ConfigError
        If it is negative or no number.

    Examples
    --------
    >>> clock = IdleClock(lateness_s=30.0)
    >>> clock.came(now_s=100.0, clock_us=5_000_000)
    >>> clock.reached_us(now_s=129.0) is None
    True
    >>> clock.reached_us(now_s=140.0)
    15000000
    """

    def __init__(self, lateness_s: float = IDLE_CLOSE_S) -> None:
        if not lateness_s >= 0:
            raise ConfigError(f"idle-close must be a number of seconds, not negative, got {lateness_s:g}")
        self._lateness_s = lateness_s
        self._came_s: float | None = None
        self._clock_us = 0

    def came(self, now_s: float, clock_us: int) -> None:
        """Note that records came.

        Parameters
        ----------
        now_s
            On any clock that goes steadily.
        clock_us
            The log's time by then: the largest start time, in microseconds since 1970 UTC.
        """
        self._came_s, self._clock_us = now_s, clock_us

    def reached_us(self, now_s: float) -> int | None:
        """Return the time up to which windows may close, None while the log is not silent for long enough."""
        if self._came_s is None:
            return None
        over_s = now_s - self._came_s - self._lateness_s
        return self._clock_us + int(over_s * US_PER_S) if over_s > 0 else None
