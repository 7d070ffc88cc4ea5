"""The frontier in a few lines for a terminal."""

from __future__ import annotations

from sweepml.evaluation.benchmark_report.numbers import DASH, quantity
from sweepml.evaluation.frontier import LEVELS
from sweepml.evaluation.frontier_report.results import FrontierResults
from sweepml.evaluation.report import align


def render_text(results: FrontierResults) -> str:
    """Return the slowest rate that each contestant catches at each success share, as aligned plain text."""
    shares = [f"{share * 100:g} % answered" for share in results.shares]
    lines = [("slowest caught, targets an hour", *shares, "false alerts")]
    for one in results.ranked:
        slowest = [results.surface(one, share).slowest(LEVELS[0]) for share in results.shares]
        cells = [DASH if rate is None else quantity(rate) for rate in slowest]
        lines.append((results.label(one), *cells, str(results.false_alerts(one).count)))
    return align(lines)
