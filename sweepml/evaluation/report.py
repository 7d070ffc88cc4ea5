"""Reports as text for a terminal and as flat metrics for a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sweepml.evaluation.episodes import EpisodeReport, Quartiles
from sweepml.evaluation.thresholds import ThresholdChoice
from sweepml.evaluation.windows import WindowReport, WindowScores

_HEADINGS = (
    "detector",
    "episodes caught",
    "recall 95 %",
    "false sources",
    "false alerts",
    "per day per 1,000",
    "precision",
    "precision 95 %",
    "median s",
    "median targets",
)


def render_table(reports: Sequence[EpisodeReport], titles: Mapping[str, str] | None = None) -> str:
    """Return detectors side by side, one a line, as aligned plain text.

    Parameters
    ----------
    reports
        On the same captures, in the order of the lines.
    titles
        Detector name -> what to call it; its name where there is none.

    Returns
    -------
    str
        Without a final line break. A dash stands for what cannot be computed. Medians are over caught
        episodes.
    """
    titles = titles or {}
    lines = [_HEADINGS, *(_cells(report, titles.get(report.detector, report.detector)) for report in reports)]
    return align(lines)


def align(lines: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as columns: the first flush left, the others right, a line below the headings.

    Examples
    --------
    >>> print(align([("rule", "x"), ("walk", "10")]))
    rule   x
    ----  --
    walk  10
    """
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    rows = [lines[0], ["-" * width for width in widths], *lines[1:]]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def render_details(report: EpisodeReport, limit: int = 10) -> str:
    """Return what one detector missed and what its false alerts were, as plain text.

    Parameters
    ----------
    report
        Of one detector.
    limit
        Most names in one list; the rest is counted.
    """
    kinds = [f"{kind} {count}" for kind, count in report.false_by_kind.items()]
    roles = [f"{role} {count}" for role, count in report.false_by_role.items()]
    facts = (
        ("missed", ["/".join(key) for key in report.missed]),
        ("false by kind", kinds),
        ("false by role", roles),
        ("false sources", ["/".join(source) for source in report.false_sources]),
        ("of other attacks", ["/".join(source) for source in report.other_attack_sources]),
        ("seconds to detect", [_quartiles(report.delay_s, report.censored)]),
        ("targets to detect", [_quartiles(report.target_count, report.censored)]),
        ("exposure", [f"{report.exposure.source_days:.3g} source-days"]),
    )
    width = max(len(name) for name, _ in facts)
    lines = [f"  {name.ljust(width)}  {_shortened(values, limit)}" for name, values in facts]
    return "\n".join([report.detector, *lines])


def to_metrics(report: EpisodeReport, split: str = "test") -> dict[str, float]:
    """Return a report's numbers under flat names such as ``test/episode_recall``.

    Numbers that cannot be computed (NaN) are left out, since a tracking server cannot compare them.
    """
    delay, targets = report.delay_s, report.target_count
    values: dict[str, float] = {
        "episode_count": report.episode_count,
        "episodes_caught": len(report.caught),
        "episodes_missed": len(report.missed),
        "episode_recall": report.recall,
        "episode_recall_low": report.recall_interval[0],
        "episode_recall_high": report.recall_interval[1],
        "alerts_raised": report.raised,
        "alerts_true": report.true_alerts,
        "alerts_false": report.false_alerts,
        "alert_precision": report.precision,
        "alert_precision_low": report.precision_interval[0],
        "alert_precision_high": report.precision_interval[1],
        "false_sources": len(report.false_sources),
        "false_sources_other_attack": len(report.other_attack_sources),
        "false_alerts_per_day_per_1000": report.false_rate,
        "false_alerts_per_day_per_1000_upper": report.false_rate_upper,
        "exposure_source_days": report.exposure.source_days,
        "delay_s_lower": delay.lower,
        "delay_s_median": delay.median,
        "delay_s_upper": delay.upper,
        "targets_lower": targets.lower,
        "targets_median": targets.median,
        "targets_upper": targets.upper,
    }
    return _named(values, split)


def window_metrics(report: WindowReport, split: str = "test") -> dict[str, float]:
    """Return window figures under flat names such as ``test/window_precision_60s`` (no suffix: all rows)."""
    values = {"windows_unlabelled": float(report.unlabelled)}
    values |= _window_values(report.overall, "")
    for horizon_s, scores in report.by_horizon.items():
        values |= _window_values(scores, f"_{horizon_s}s")
    return _named(values, split)


def threshold_metrics(choice: ThresholdChoice, split: str = "validation") -> dict[str, float]:
    """Return thresholds and what they gave, under flat names such as ``validation/threshold_60s``."""
    values: dict[str, float] = {
        "alert_budget_per_day_per_1000": choice.budget.per_day_per_1000,
        "threshold_false_alerts": choice.false_alerts,
        "threshold_false_alerts_per_day_per_1000": choice.false_rate,
        "threshold_false_alerts_per_day_per_1000_upper": choice.false_rate_upper,
        "threshold_lowest_verifiable_rate": choice.lowest_verifiable_rate,
    }
    values |= {f"threshold_{one.horizon_s}s": one.threshold for one in choice.horizons}
    return _named(values, split)


def _cells(report: EpisodeReport, title: str) -> tuple[str, ...]:
    return (
        title,
        f"{len(report.caught)}/{report.episode_count}",
        _interval(report.recall_interval),
        str(len(report.false_sources)),
        str(report.false_alerts),
        _number(report.false_rate, ",.0f" if report.false_rate >= 100 else ".3g"),
        _number(report.precision, ".2f"),
        _interval(report.precision_interval),
        _number(report.delay_s.median, ".1f"),
        _number(report.target_count.median, ".0f"),
    )


def _window_values(scores: WindowScores, suffix: str) -> dict[str, float]:
    return {
        f"window_precision{suffix}": scores.precision,
        f"window_recall{suffix}": scores.recall,
        f"window_average_precision{suffix}": scores.average_precision,
        f"window_false_positive_ratio{suffix}": scores.false_positive_ratio,
        f"windows_positive{suffix}": scores.positives,
        f"windows_negative{suffix}": scores.negatives,
    }


def _named(values: Mapping[str, float], split: str) -> dict[str, float]:
    return {f"{split}/{name}": float(value) for name, value in values.items() if math.isfinite(value)}


def _number(value: float, spec: str) -> str:
    return format(value, spec) if math.isfinite(value) else "-"


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.2f}-{ends[1]:.2f}"


def _quartiles(values: Quartiles, censored: int) -> str:
    numbers = " / ".join(_number(value, ".4g") for value in (values.lower, values.median, values.upper))
    return f"{numbers} (quartiles of the caught; {censored} missed)"


def _shortened(values: Sequence[str], limit: int) -> str:
    if not values:
        return "none"
    more = len(values) - limit
    return ", ".join(values[:limit]) + (f" and {more} more" if more > 0 else "")
