"""The time of a silent log, told with a clock made by hand."""

import math

import pytest

from sweepml.errors import ConfigError
from sweepml.runtime.idle import IdleClock

US = 1_000_000


def test_time_goes_on_as_ours_does_less_the_lateness() -> None:
    clock = IdleClock(lateness_s=30.0)
    clock.came(now_s=1000.0, clock_us=7 * US)
    assert clock.reached_us(1029.0) is None
    assert clock.reached_us(1030.0) is None
    assert clock.reached_us(1030.5) == 7 * US + US // 2
    assert clock.reached_us(1130.0) == 107 * US


def test_a_record_begins_the_wait_anew() -> None:
    clock = IdleClock(lateness_s=30.0)
    clock.came(1000.0, 7 * US)
    clock.came(1029.0, 8 * US)
    assert clock.reached_us(1031.0) is None
    assert clock.reached_us(1060.0) == 9 * US


def test_a_replayed_log_keeps_its_own_time() -> None:
    clock = IdleClock(lateness_s=0.0)
    clock.came(5.0, -1_000_000 * US)
    assert clock.reached_us(65.0) == (60 - 1_000_000) * US


def test_before_the_first_record_there_is_no_time() -> None:
    assert IdleClock().reached_us(1e9) is None


def test_infinite_lateness_waits_for_ever() -> None:
    clock = IdleClock(math.inf)
    clock.came(0.0, 0)
    assert clock.reached_us(1e12) is None


@pytest.mark.parametrize("lateness_s", [-1.0, math.nan])
def test_what_is_no_lateness_is_refused(lateness_s: float) -> None:
    with pytest.raises(ConfigError, match="idle-close must be a number of seconds, not negative"):
        IdleClock(lateness_s)
