"""What the page, the summary and the picture call things."""

from __future__ import annotations

from sweepml.evaluation.frontier_report.figures import OTHERS
from sweepml.evaluation.frontier_report.results import FrontierResults


def answered(success_share: float) -> str:
    """Return a success share in words.

    Examples
    --------
    >>> answered(0.0), answered(0.5), answered(1.0)
    ('no probe is answered', '50 % of the probes are answered', 'every probe is answered')
    """
    if success_share <= 0:
        return "no probe is answered"
    if success_share >= 1:
        return "every probe is answered"
    return f"{success_share * 100:g} % of the probes are answered"


def span(seconds: float) -> str:
    """Return a span of time in the largest unit in which it is a plain number.

    Examples
    --------
    >>> span(86_400), span(5400), span(90), span(0.5)
    ('24 h', '1.5 h', '1.5 min', '0.5 s')
    """
    if seconds >= 3600:
        return f"{seconds / 3600:.3g} h"
    return f"{seconds / 60:.3g} min" if seconds >= 60 else f"{seconds:.3g} s"


def legend_of(results: FrontierResults) -> tuple[tuple[int, str], ...]:
    """Return (style, who it is) of every line, and who has none."""
    entries = [(i, _entry(results, one)) for i, one in enumerate(results.drawn)]
    if results.undistinguished:
        names = ", ".join(_entry(results, one) for one in results.undistinguished)
        entries.append((OTHERS, f"further rules: {names}"))
    return tuple(entries)


def _entry(results: FrontierResults, contestant: str) -> str:
    label = results.label(contestant)
    if not results.is_over_budget(contestant):
        return label
    return f"{label} (above the budget: {results.false_alerts(contestant).count} false)"
