"""Window specs say no early and clearly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.graph.windows import DEFAULT_WINDOWS, WindowSpec, check_windows

EXAMPLES = settings(max_examples=500, deadline=None)


@pytest.mark.parametrize(("length_s", "stride_s"), [(0, 1), (60, 0), (-60, -10), (60, 7), (10, 60), (-60, 10)])
def test_spec_that_is_no_multiple_of_its_stride_is_refused(length_s: int, stride_s: int) -> None:
    with pytest.raises(ConfigError, match=f"got length_s={length_s}, stride_s={stride_s}"):
        WindowSpec(length_s, stride_s)


def test_window_of_more_than_a_day_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most a day"):
        WindowSpec(86_401, 86_401)


@EXAMPLES
@given(st.integers(1, 864), st.integers(1, 100))
def test_panes_tile_the_window(stride_s: int, panes: int) -> None:
    spec = WindowSpec(stride_s * panes, stride_s)
    assert spec.pane_count * spec.stride_us == spec.length_us


def test_no_window_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one window is needed"):
        check_windows([])


def test_one_length_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="two windows have the same length_s=60"):
        check_windows([WindowSpec(60, 10), WindowSpec(60, 20)])


def test_coarse_stride_must_hold_whole_fine_ones() -> None:
    with pytest.raises(ConfigError, match="stride_s=25 of the window of 100 s is no multiple of the finer stride_s=10"):
        check_windows([WindowSpec(60, 10), WindowSpec(100, 25)])


@EXAMPLES
@given(st.permutations(DEFAULT_WINDOWS))
def test_windows_come_back_by_length(windows: list[WindowSpec]) -> None:
    assert check_windows(windows) == DEFAULT_WINDOWS
