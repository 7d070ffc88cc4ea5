"""The plots of a frontier: lines on (rate, size), and each model's surface of recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sweepml.evaluation.benchmark_report.figures import SIZE_INCHES, dress, series_style
from sweepml.evaluation.benchmark_report.svg import GRID, INK, SERIES
from sweepml.evaluation.frontier import LEVELS, Surface
from sweepml.evaluation.frontier_report.results import FrontierResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

OTHERS: Final = len(SERIES) - 1
"""Style of all that have no line of their own."""
X_NAME: Final = "targets an hour"
Y_NAME: Final = "smallest size caught"
_THICK: Final = 2.6
_THIN: Final = 1.3
"""Line widths of models and rules, in points."""
_DOT: Final[dict[str, Any]] = {"marker": "o", "markersize": 4}
CROSS: Final[dict[str, Any]] = {"marker": "x", "markersize": 7, "markeredgewidth": 1.5}
"""Mark of whoever did not keep the budget."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot.

    Attributes
    ----------
    contestant
        Whose it is.
    style
        Number of its style.
    is_model, is_over_budget
        Thick or thin; with crosses where it did not keep the budget.
    """

    contestant: str
    style: int
    is_model: bool
    is_over_budget: bool


def lines_of(results: FrontierResults) -> list[Line]:
    """Return the lines of every panel, those that matter most last, which are drawn on top."""
    styles = {one: i for i, one in enumerate(results.drawn)}
    return [
        Line(one, styles.get(one, OTHERS), results.is_model(one), results.is_over_budget(one))
        for one in reversed([*results.drawn, *results.undistinguished])
    ]


def frontier_figure(results: FrontierResults, success_share: float) -> Figure:
    """Return one panel: the smallest size that is caught at each rate, one line a contestant."""
    figure, axes = _figure()
    draw_frontier(axes, results, success_share)
    return figure


def draw_frontier(axes: Axes, results: FrontierResults, success_share: float) -> None:
    """Draw one panel: lines, the first model's interval, and what the horizon cuts off."""
    dress(axes, X_NAME, Y_NAME)
    axes.set(xscale="log", yscale="log")
    rates, sizes = results.rates, results.sizes
    limits = (rates[0] / 1.3, rates[-1] * 1.3)
    room = [rate * results.horizon_s / 3600 for rate in limits]
    axes.fill_between(limits, room, [sizes[-1] * 1.4] * 2, where=[True, True], color=GRID, linewidth=0, zorder=0)
    lines = lines_of(results)
    first_model = next((one for one in results.drawn if results.is_model(one)), None)
    for line in lines:
        surface = results.surface(line.contestant, success_share)
        if line.contestant == first_model:
            _draw_interval(axes, surface, line.style)
        style = series_style(line.style) | {"linewidth": _THICK if line.is_model else _THIN}
        marker = CROSS if line.is_over_budget else _DOT
        axes.plot(surface.rates, surface.line(LEVELS[0]), **style, **marker)
    axes.set(xlim=limits, ylim=(sizes[0] / 1.4, sizes[-1] * 1.4))
    _plain_ticks(axes, rates, sizes)


def surface_figure(results: FrontierResults, contestant: str, success_share: float) -> Figure:
    """Return the recall of one contestant in every cell, darker where more is caught, with its counts."""
    figure, axes = _figure()
    dress(axes, X_NAME, "size")
    axes.grid(visible=False)
    rates, sizes = results.rates, results.sizes
    for cell in results.surface(contestant, success_share).cells.to_dict("records"):
        x = rates.index(cell["rate_per_hour"])
        y = next(i for i, size in enumerate(sizes) if size >= cell["size"])
        axes.add_patch(_tile(x, y, cell["recall"]))
        text = f"{cell['caught']}/{cell['trials']}"
        if cell["size"] not in sizes:
            text += f"\nof {cell['size']}"
        axes.text(x, y, text, ha="center", va="center", fontsize=6.5, color=INK)
    axes.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates], rotation=45, fontsize=9)
    axes.set_yticks(range(len(sizes)), [str(size) for size in sizes], fontsize=9)
    axes.set(xlim=(-0.5, len(rates) - 0.5), ylim=(-0.5, len(sizes) - 0.5))
    return figure


def _figure() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # without pyplot, hence without any global state or display

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    return figure, figure.subplots()


def _tile(x: int, y: int, recall: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, facecolor=SERIES[0], alpha=0.06 + 0.6 * recall, edgecolor="none")


def _draw_interval(axes: Axes, surface: Surface, style: int) -> None:
    """Shade between the sizes at which either end of the cells' intervals reaches the level."""
    rates, low, high = [], [], []
    for rate in surface.rates:
        surely = surface.smallest(rate, LEVELS[0], "recall_low")
        perhaps = surface.smallest(rate, LEVELS[0], "recall_high")
        if perhaps is not None:
            rates.append(rate)
            low.append(perhaps)
            high.append(surely if surely is not None else int(surface.at_rate(rate)["size"].iloc[-1]))
    axes.fill_between(rates, low, high, color=SERIES[style], alpha=0.14, linewidth=0)


def _plain_ticks(axes: Axes, rates: Sequence[float], sizes: Sequence[int]) -> None:
    """Label what was tried, every second one where there are many, and nothing else."""
    step = 2 if len(rates) > 8 else 1
    axes.set_xticks(rates[::step], [f"{rate:g}" for rate in rates[::step]])
    axes.set_xticks([], minor=True)
    axes.set_yticks(sizes, [str(size) for size in sizes])
    axes.set_yticks([], minor=True)
