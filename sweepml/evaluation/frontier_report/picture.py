"""The frontier in one picture, for a README or a slide: a panel for each success share, and one legend."""

from __future__ import annotations

from typing import Final

from sweepml.evaluation.benchmark_report.figures import series_style
from sweepml.evaluation.benchmark_report.svg import INK, to_svg_file
from sweepml.evaluation.frontier_report.figures import CROSS, OTHERS, draw_frontier, lines_of
from sweepml.evaluation.frontier_report.results import FrontierResults
from sweepml.evaluation.frontier_report.words import answered

_COLUMNS: Final = 2
_PANEL_INCHES: Final = (5.0, 3.6)
_LEGEND_INCHES: Final = 0.26
"""Height of one line of the legend."""


def render_picture(results: FrontierResults) -> str:
    """Return the picture as SVG, in the colours of the light page on white."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    shares = results.shares
    rows = -(-len(shares) // _COLUMNS)
    entries = [(i, results.label(one)) for i, one in enumerate(results.drawn)]
    if results.undistinguished:
        entries.append((OTHERS, f"{len(results.undistinguished)} further rules"))
    height = rows * _PANEL_INCHES[1] + (len(entries) // _COLUMNS + 1) * _LEGEND_INCHES + 0.3
    figure = Figure(figsize=(_COLUMNS * _PANEL_INCHES[0], height), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, share in zip(panels, shares, strict=False):
        draw_frontier(axes, results, share)
        axes.set_title(answered(share), color=INK, fontsize=11)
    for axes in panels[len(shares) :]:
        axes.set_visible(False)
    handles = [Line2D([], [], **series_style(style)) for style, _ in entries]
    labels = [text for _, text in entries]
    if any(line.is_over_budget for line in lines_of(results)):
        handles.append(Line2D([], [], color=INK, linestyle="none", **CROSS))
        labels.append("above the budget of false alerts")
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
