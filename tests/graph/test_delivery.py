"""Delivery at the ends of intervals: never early, at most one interval late."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sweepml.graph.delivery import delivered_us
from sweepml.graph.windows import US_PER_S

times = st.integers(0, 2_000_000_000 * US_PER_S)
intervals = st.integers(1, 3600)


@given(times, intervals)
def test_nothing_is_delivered_before_the_end_of_its_interval(ts_us: int, interval_s: int) -> None:
    delivered = delivered_us(ts_us, interval_s)
    assert delivered % (interval_s * US_PER_S) == 0
    assert 0 <= delivered - ts_us < interval_s * US_PER_S


@given(st.lists(times), intervals)
def test_many_moments_are_delivered_as_one_by_one(ts_us: list[int], interval_s: int) -> None:
    many = delivered_us(np.array(ts_us, np.int64), interval_s)
    assert many.tolist() == [delivered_us(one, interval_s) for one in ts_us]


@given(times)
def test_without_interval_all_is_known_at_once(ts_us: int) -> None:
    assert delivered_us(ts_us, 0) == ts_us
