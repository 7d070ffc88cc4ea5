"""The frontier in one picture, for a README or a slide: a panel for each success share, and one legend."""

from __future__ import annotations

from typing import Final

from sweepml.evaluation.benchmark_report.figures import series_style
from sweepml.evaluation.benchmark_report.svg import INK, to_svg_file
from sweepml.evaluation.frontier_report.figures import OTHERS, draw_frontier
from sweepml.evaluation.frontier_report.results import FrontierResults
from sweepml.evaluation.frontier_report.words import answered, legend_of

_COLUMNS: Final = 2
_PANEL_INCHES: Final = (5.0, 3.6)
_LEGEND_INCHES: Final = 0.26
"""Height of one line of the legend."""
_WIDEST: Final = 74
"""Letters of a legend's line; what is longer would be cut off."""


def render_picture(results: FrontierResults) -> str:
    """Return the picture as SVG, in the colours of the light page on white."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    shares = results.shares
    rows = -(-len(shares) // _COLUMNS)
    entries = legend_of(results)
    height = rows * _PANEL_INCHES[1] + -(-len(entries) // _COLUMNS) * _LEGEND_INCHES + 0.3
    figure = Figure(figsize=(_COLUMNS * _PANEL_INCHES[0], height), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, share in zip(panels, shares, strict=False):
        draw_frontier(axes, results, share)
        axes.set_title(answered(share), color=INK, fontsize=11)
    for axes in panels[len(shares) :]:
        axes.set_visible(False)
    handles = [Line2D([], [], **series_style(min(style, OTHERS))) for style, _ in entries]
    labels = [text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..." for _, text in entries]
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=_COLUMNS,
        frameon=False,
        labelcolor=INK,
        fontsize=9,
    )
    return to_svg_file(figure)
