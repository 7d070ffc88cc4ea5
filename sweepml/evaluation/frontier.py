"""The detection frontier: the slowest and the smallest sweep that a detector catches, from trials.

A *trial* is one sweep of a known rate, size and success share. A *cell* is all trials of one (rate, size, success
share). A cell is *caught at a level* when at least that share of its trials is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweepml.datasets.capture import Episode
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.intervals import wilson_interval
from sweepml.evaluation.table_schema import TableSchema
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Column

Value = TypeVar("Value", int, float)

EVERY_BACKGROUND: Final = "all"
"""In the column ``background``: the trials of all backgrounds together."""
LEVELS: Final = (0.5, 0.9)
"""Shares of trials at which a frontier is stated. Chosen, not tuned: more often than not, and nearly always."""

_WHO: Final = Column("contestant", "string", "text", "id of the contestant")
_CELL: Final = (
    Column("success_share", "float64", "share", "probes that are answered"),
    Column("rate_per_hour", "float64", "1/h", "targets an hour"),
    Column("size", "int64", "targets", "distinct targets, each probed once"),
)
_CELL_NAMES: Final = tuple(column.name for column in _CELL)

TRIALS: Final = TableSchema(
    "trials",
    "one sweep as one contestant met it",
    (
        _WHO,
        *_CELL,
        Column("background", "string", "text", "capture that the sweep was put into"),
        Column("number", "int64", "count", "number of the trial in its cell and background"),
        Column("episode_id", "string", "text", "id of the sweep"),
        Column("caught", "bool", "yes or no", "whether a true alert came within the horizon"),
        Column("delay_s", "float64", "s", "from the first probe to the first true alert; missing if not caught"),
        Column("targets_touched", "float64", "targets", "probed by then; missing if not caught"),
    ),
    ("contestant", *_CELL_NAMES, "background", "number"),
)

FRONTIER: Final = TableSchema(
    "frontier",
    f"one cell of one contestant on one background, or on {EVERY_BACKGROUND}",
    (
        _WHO,
        *_CELL,
        Column("background", "string", "text", f"capture, or {EVERY_BACKGROUND}"),
        Column("trials", "int64", "count", "sweeps"),
        Column("caught", "int64", "count", "sweeps with a true alert within the horizon"),
        Column("recall", "float64", "share", "caught / trials"),
        Column("recall_low", "float64", "share", "lower end of the 95 % Wilson interval"),
        Column("recall_high", "float64", "share", "upper end of the 95 % Wilson interval"),
        Column("median_delay_s", "float64", "s", "median over the caught; missing where none is"),
        Column("median_targets", "float64", "targets", "median over the caught; missing where none is"),
    ),
    ("contestant", *_CELL_NAMES, "background"),
)

FALSE_ALERTS: Final = TableSchema(
    "false_alerts",
    "what one contestant said of one capture without any sweep",
    (
        _WHO,
        Column("capture", "string", "text", "a background or a control"),
        Column("source_days", "float64", "days", "time that judged sources were watched"),
        Column("source_count", "int64", "count", "judged sources"),
        Column("false_alerts", "int64", "count", "findings, merged where they follow closely"),
        Column("false_sources", "int64", "count", "sources with at least one"),
    ),
    ("contestant", "capture"),
)


@dataclass(frozen=True, slots=True)
class Catch:
    """The first true alert about a sweep.

    Attributes
    ----------
    delay_s
        Seconds from the first probe.
    targets
        Distinct targets probed by then.
    """

    delay_s: float
    targets: int


def first_catch(
    alerts: Iterable[AlertRow],
    episode: Episode,
    probe_us: NDArray[np.int64],
    rules: JudgementRules,
    horizon_s: float,
) -> Catch | None:
    """Return the first alert that is about a sweep and comes within the horizon of its first probe.

    Parameters
    ----------
    alerts
        On the sweep's source, in any order.
    episode
        The sweep.
    probe_us
        int64, shape (targets,), time of each target's one probe, ascending.
    rules
        When an alert is about an episode.
    horizon_s
        Alerts that come later than this after the first probe are too late.
    """
    latest_us = episode.start_us + horizon_s * US_PER_S
    times = [one.detected_us for one in alerts if one.detected_us <= latest_us and rules.is_about(one, episode)]
    if not times:
        return None
    first_us = min(times)
    return Catch(
        delay_s=max(0, first_us - episode.start_us) / US_PER_S,
        targets=int(np.searchsorted(probe_us, first_us, side="right")),
    )


def frontier_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of a table of trials (`TRIALS`) as `FRONTIER`, of each background and of all together."""
    together = trials.assign(background=EVERY_BACKGROUND)
    keys = ["contestant", *_CELL_NAMES, "background"]
    grouped = pd.concat([trials, together], ignore_index=True).groupby(keys, sort=True)
    return FRONTIER.make(_cell(dict(zip(keys, key, strict=True)), rows) for key, rows in grouped)


def _cell(key: dict[str, Any], rows: pd.DataFrame) -> dict[str, Any]:
    count, caught = len(rows), int(rows.caught.sum())
    low, high = wilson_interval(caught, count)
    return {
        **key,
        "trials": count,
        "caught": caught,
        "recall": caught / count,
        "recall_low": low,
        "recall_high": high,
        "median_delay_s": float(rows.delay_s.median()) if caught else math.nan,
        "median_targets": float(rows.targets_touched.median()) if caught else math.nan,
    }


@dataclass(frozen=True, slots=True)
class Surface:
    """The cells of one contestant and one success share, over all backgrounds.

    Attributes
    ----------
    cells
        Rows of `FRONTIER`.
    """

    cells: pd.DataFrame

    @classmethod
    def of(cls, frontier: pd.DataFrame, contestant: str, success_share: float) -> Surface:
        """Return the surface of a contestant."""
        wanted = (frontier.contestant == contestant) & (frontier.success_share == success_share)
        return cls(frontier[wanted & (frontier.background == EVERY_BACKGROUND)])

    @property
    def rates(self) -> list[float]:
        """Rates that were tried, ascending."""
        return sorted(self.cells.rate_per_hour.unique().tolist())

    def at_rate(self, rate: float) -> pd.DataFrame:
        """Return the cells of one rate by growing size."""
        return self.cells[self.cells.rate_per_hour == rate].sort_values("size")

    def smallest(self, rate: float, level: float, column: str = "recall") -> int | None:
        """Return the size from which on sweeps of a rate are caught; None if not even the largest is.

        From there on: that a smaller one was caught and a larger one was not says that both were luck.

        Parameters
        ----------
        rate
            One of `rates`.
        level
            Share of trials that makes a cell caught.
        column
            ``recall``, or an end of its interval.
        """
        cells = self.at_rate(rate)
        return _from_there_on(cells["size"].tolist(), (cells[column] >= level).tolist())

    def slowest(self, level: float) -> float | None:
        """Return the rate from which on sweeps of full size are caught; None if not even the fastest are.

        Full size is the largest that was tried at a rate: as many targets as the horizon has room for, at slow rates.
        """
        full = [self.at_rate(rate).recall.iloc[-1] >= level for rate in self.rates]
        return _from_there_on(self.rates, full)

    def line(self, level: float) -> NDArray[np.float64]:
        """Return `smallest` at each of `rates`, shape (rates,); NaN where there is none."""
        found = [self.smallest(rate, level) for rate in self.rates]
        return np.array([math.nan if size is None else size for size in found], np.float64)


def caught_share(frontier: pd.DataFrame, contestant: str) -> float:
    """Return the mean recall of a contestant over all cells, each cell once: by it contestants are put in order."""
    mine = (frontier.contestant == contestant) & (frontier.background == EVERY_BACKGROUND)
    return float(frontier.recall[mine].mean())


def _from_there_on(values: Sequence[Value], holds: Sequence[bool]) -> Value | None:
    """Return the first value from which on something holds to the end.

    >>> _from_there_on([1, 2, 3, 4], [True, False, True, True])
    3
    >>> _from_there_on([1, 2], [True, False]) is None
    True
    """
    found = None
    for value, held in zip(reversed(values), reversed(holds), strict=True):
        if not held:
            break
        found = value
    return found
