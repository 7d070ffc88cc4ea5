"""Trajectories: how a rule's statistic rose, from which its alerts at any threshold follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.grouping import starts_of_runs


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Every new height that a rule's statistic reached; arrays have shape (n,), one row a rise.

    A *state* is what a rule remembers between two resets: the counter of one source and port in one window, say, or
    one walk of one source. Within a state both time and statistic grow, so that the first row at or above a threshold
    is the moment at which the rule, set to that threshold, would have raised its alert. No row depends on a threshold.

    Attributes
    ----------
    state
        int64, number of the state, ascending.
    source
        int32, code of the source, or of its identity where the record named one.
    ts_us
        int64, when the height was known, microseconds since 1970 UTC; ascending within a state.
    since_us
        int64, first record that counts in the state.
    statistic
        float64, the height; strictly ascending within a state.
    """

    state: NDArray[np.int64]
    source: NDArray[np.int32]
    ts_us: NDArray[np.int64]
    since_us: NDArray[np.int64]
    statistic: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.state)

    @property
    def peak(self) -> NDArray[np.float64]:
        """The largest statistic of each row's state, shape (n,)."""
        starts = starts_of_runs(self.state)
        sizes = np.diff(np.append(starts, len(self)))
        return np.repeat(self.statistic[starts + sizes - 1], sizes)

    @property
    def levels(self) -> NDArray[np.float64]:
        """The distinct peaks, ascending: between two of them no threshold differs in the states that it picks."""
        return np.unique(self.peak)

    def crossings(self, thresholds: Sequence[float]) -> NDArray[np.int64]:
        """Return the rows at which the statistic first reaches each threshold in each state, ascending.

        A row that reaches several thresholds at once is returned once.
        """
        rows = []
        for threshold in thresholds:
            above = np.flatnonzero(self.statistic >= threshold)
            rows.append(above[starts_of_runs(self.state[above])])
        return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)


class TrajectoryWriter:
    """Collects the rises of rules that must go through the records one by one."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, float]] = []
        self._states = 0

    def new_state(self) -> int:
        """Return a number that no state has yet."""
        self._states += 1
        return self._states - 1

    def rise(self, state: int, source: int, ts_us: int, since_us: int, statistic: float) -> None:
        """Add a rise; the caller sees to it that those of one state come by time and grow."""
        self._rows.append((state, source, ts_us, since_us, statistic))

    def trajectory(self) -> Trajectory:
        """Return what was collected."""
        self._rows.sort(key=lambda row: row[0])  # stable: by time within a state
        columns = list(zip(*self._rows, strict=True)) or [(), (), (), (), ()]
        dtypes = (np.int64, np.int32, np.int64, np.int64, np.float64)
        return Trajectory(*(np.array(column, dtype) for column, dtype in zip(columns, dtypes, strict=True)))
