"""The plots of the report. They hold numbers and axis names only: who is who stands in the legend beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from sweepml.evaluation.benchmark_report.svg import DASHES, GRID, INK, LINE_WIDTH, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SERIES: Final = len(SERIES)
"""More lines than this in one plot cannot be told apart."""
_MOST_POINTS: Final = 400
"""Points of one line that a plot of this size can show."""
SIZE_INCHES: Final = (5.4, 3.7)
"""Small enough that its text is still legible where a telephone shrinks it."""
TEXT_POINTS: Final = 11.0
_LEAST: Final = {"seconds": 0.1, "targets": 1.0}
"""Where a logarithmic axis begins: what comes earlier is drawn there."""


def precision_recall(curves: Sequence[pd.DataFrame], points: Sequence[tuple[float, float]]) -> Figure:
    """Return alert precision against episode recall, one line a contestant.

    Parameters
    ----------
    curves
        Rows of table ``pr``, one frame a contestant, at most `MOST_SERIES`.
    points
        (recall, precision) of each contestant's operating point.
    """
    figure, axes = _empty("episode recall", "alert precision")
    for i, (curve, point) in enumerate(zip(curves, points, strict=True)):
        rows = _thinned(curve.sort_values("threshold", ascending=False))
        axes.plot(rows.recall, rows.precision, **series_style(i))
        axes.plot(*point, "o", color=SERIES[i], markersize=6)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    return figure


def survival(curves: Sequence[pd.DataFrame], axis: str) -> Figure:
    """Return the share of episodes not yet detected, with the first contestant's interval and censoring marks.

    Parameters
    ----------
    curves
        Rows of table ``survival`` of one axis, one frame a contestant, at most `MOST_SERIES`.
    axis
        ``seconds`` or ``targets``.
    """
    name = {"seconds": "seconds since the first probe", "targets": "distinct targets touched"}[axis]
    figure, axes = _empty(name, "episodes not yet detected")
    least = _LEAST[axis]
    for i, curve in enumerate(curves):
        rows = curve.sort_values("at")
        at = np.concatenate([[least], np.maximum(rows["at"], least)])
        axes.step(at, np.concatenate([[1.0], rows.undetected]), where="post", **series_style(i))
        if i == 0:
            axes.fill_between(
                at,
                np.concatenate([[1.0], rows.low]),
                np.concatenate([[1.0], rows.high]),
                step="post",
                color=SERIES[i],
                alpha=0.15,
                linewidth=0,
            )
        ended = rows[rows.censored > 0]
        axes.plot(np.maximum(ended["at"], least), ended.undetected, "|", color=SERIES[i], markersize=9)
    axes.set_xscale("log")
    axes.set(ylim=(-0.02, 1.04))
    return figure


def budget_recall(curves: Sequence[pd.DataFrame], budget: float) -> Figure:
    """Return episode recall against the rate of false alerts, with the alert budget as a vertical line.

    Parameters
    ----------
    curves
        Rows of table ``budget_curve``, one frame a contestant, at most `MOST_SERIES`.
    budget
        False alerts per day per 1,000 sources.
    """
    figure, axes = _empty("false alerts per day per 1,000 sources", "episode recall")
    for i, curve in enumerate(curves):
        rows = _thinned(curve.sort_values("threshold", ascending=False))
        axes.step(rows.false_rate, rows.recall, where="post", **series_style(i))
    _rate_axis(axes, curves, budget)
    axes.set(ylim=(-0.02, 1.04))
    return figure


def budget_threshold(curves: Sequence[pd.DataFrame], budget: float) -> Figure:
    """Return the threshold against the rate of false alerts; for contestants whose scores share a unit.

    Parameters
    ----------
    curves, budget
        As for `budget_recall`.
    """
    figure, axes = _empty("false alerts per day per 1,000 sources", "threshold")
    for i, curve in enumerate(curves):
        rows = _thinned(curve.sort_values("threshold", ascending=False))
        axes.plot(rows.false_rate, rows.threshold, **series_style(i))
    _rate_axis(axes, curves, budget)
    return figure


def calibration(curves: Sequence[pd.DataFrame]) -> Figure:
    """Return the observed share of sweeps against the mean score, with intervals; the diagonal is a perfect score.

    Parameters
    ----------
    curves
        Rows of table ``calibration``, one frame a contestant, at most `MOST_SERIES`.
    """
    figure, axes = _empty("mean score of the rows", "rows that hold a sweep")
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1)
    for i, curve in enumerate(curves):
        rows = curve[curve["count"] > 0].sort_values("bin_low")
        axes.vlines(rows.mean_score, rows.observed_low, rows.observed_high, color=SERIES[i], alpha=0.5, linewidth=1.2)
        axes.plot(rows.mean_score, rows.observed, marker="o", markersize=4, **series_style(i))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    return figure


def against_sampling(curves: Sequence[pd.DataFrame]) -> Figure:
    """Return episode recall as fewer packets are looked at.

    Parameters
    ----------
    curves
        Columns ``number`` (one packet in so many) and ``value`` (recall), one frame a contestant, at most
        `MOST_SERIES`.
    """
    figure, axes = _empty("one packet in so many is looked at", "episode recall")
    _draw_against(axes, curves)
    axes.set_xscale("log")
    axes.set(ylim=(-0.02, 1.04))
    return figure


def against_aggregation(curves: Sequence[pd.DataFrame]) -> Figure:
    """Return the seconds until half of the episodes are found against the interval of aggregation.

    Parameters
    ----------
    curves
        Columns ``number`` (seconds) and ``value`` (seconds, NaN where fewer than half are found), one frame a
        contestant, at most `MOST_SERIES`.
    """
    figure, axes = _empty("seconds of a flow log's interval", "seconds until half are found")
    _draw_against(axes, curves)
    axes.set_yscale("log")
    return figure


def _draw_against(axes: Axes, curves: Sequence[pd.DataFrame]) -> None:
    for i, curve in enumerate(curves):
        axes.plot(curve.number, curve.value, marker="o", markersize=4, **series_style(i))


def _empty(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # without pyplot, hence without any global state or display

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    dress(axes, xlabel, ylabel)
    return figure, axes


def dress(axes: Axes, xlabel: str, ylabel: str) -> None:
    """Give axes their names, and the stand-in colours to everything that is no series."""
    axes.set_xlabel(xlabel, color=INK, fontsize=TEXT_POINTS)
    axes.set_ylabel(ylabel, color=INK, fontsize=TEXT_POINTS)
    axes.tick_params(which="both", color=INK, labelcolor=INK, labelsize=TEXT_POINTS)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_visible(side in ("left", "bottom"))


def series_style(i: int) -> dict[str, Any]:
    """Return how the line of a series is drawn: `Plot.legend` refers to it by the same number."""
    return {"color": SERIES[i], "linewidth": LINE_WIDTH, "dashes": DASHES[i] or (None, None)}


def _rate_axis(axes: Axes, curves: Sequence[pd.DataFrame], budget: float) -> None:
    """Make the axis logarithmic but for the piece next to 0, where no false alert at all belongs."""
    rates = np.concatenate([curve.false_rate.to_numpy() for curve in curves])
    positive = rates[rates > 0]
    axes.set_xscale("symlog", linthresh=float(min([*positive, budget or 1.0])))
    axes.axvline(budget, color=INK, linewidth=1, linestyle=":")
    axes.set_xlim(left=0)


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= _MOST_POINTS:
        return rows
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, _MOST_POINTS).astype(int))]
