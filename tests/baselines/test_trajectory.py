"""Trajectories: what follows from rises."""

import numpy as np
import pytest

from sweepml.baselines.trajectory import Trajectory, TrajectoryWriter

RISES = [
    # state, source, ts_us, since_us, statistic
    (0, 7, 10, 10, 1.0),
    (0, 7, 20, 10, 3.0),
    (0, 7, 30, 10, 8.0),
    (1, 9, 15, 12, 2.0),
    (2, 7, 50, 50, 3.0),
]


@pytest.fixture
def trajectory() -> Trajectory:
    writer = TrajectoryWriter()
    for rise in sorted(RISES, key=lambda rise: rise[2]):
        writer.rise(*rise)
    return writer.trajectory()


def test_rises_come_by_state_and_then_by_time(trajectory: Trajectory) -> None:
    columns = (trajectory.state, trajectory.source, trajectory.ts_us, trajectory.since_us, trajectory.statistic)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == RISES


def test_peak_is_the_last_height_of_each_state(trajectory: Trajectory) -> None:
    assert trajectory.peak.tolist() == [8, 8, 8, 2, 3]
    assert trajectory.levels.tolist() == [2, 3, 8]


@pytest.mark.parametrize(
    ("thresholds", "rows"),
    [
        ([0.5], [0, 3, 4]),
        ([2.0], [1, 3, 4]),
        ([3.0], [1, 4]),
        ([3.1], [2]),
        ([8.1], []),
        ([3.0, 8.0], [1, 2, 4]),
        ([1.5, 2.5], [1, 3, 4]),  # state 0 reaches both at once
        ([], []),
    ],
)
def test_crossings_are_the_first_rows_at_or_above(
    trajectory: Trajectory, thresholds: list[float], rows: list[int]
) -> None:
    assert trajectory.crossings(thresholds).tolist() == rows


def test_every_new_state_has_its_own_number() -> None:
    writer = TrajectoryWriter()
    assert [writer.new_state() for _ in range(3)] == [0, 1, 2]


def test_nothing_rises_where_nothing_was_written() -> None:
    empty = TrajectoryWriter().trajectory()
    assert len(empty) == len(empty.peak) == len(empty.levels) == len(empty.crossings([1.0])) == 0
    assert empty.statistic.dtype == np.float64
