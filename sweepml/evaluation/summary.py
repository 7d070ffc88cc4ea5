"""One contestant in one arena, in one line: every figure with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_tables import BASE_RATES, PRECISION_DEPTHS
from sweepml.evaluation.episodes import EpisodeReport
from sweepml.evaluation.intervals import Figure, cluster_interval, rate_interval
from sweepml.evaluation.ranking import Finding, Ranking
from sweepml.evaluation.survival import SurvivalCurve


def summary_figures(
    arena: Arena,
    report: EpisodeReport,
    findings: Sequence[Finding],
    curves: dict[str, SurvivalCurve],
    seed: int,
) -> dict[str, Any]:
    """Return the columns of the summary but for arena and contestant, see `SUMMARY`.

    Parameters
    ----------
    arena
        What was tested on.
    report
        Of the contestant's alerts.
    findings
        Of the same alerts.
    curves
        The axes ``seconds`` and ``targets``.
    seed
        Of the bootstraps.
    """
    caught = np.array([1] * len(report.caught) + [0] * len(report.missed), np.int64)
    recall = Figure(report.recall, *cluster_interval(caught, np.ones_like(caught), seed))
    false_rate = _false_rate(arena, report, findings, seed)
    ranking = Ranking(findings, [(one.capture, source) for one in arena.scenarios for source in one.sources], seed)
    figures = {
        "recall": recall,
        "precision": Figure(report.precision, *report.precision_interval),
        "false_rate": false_rate,
        **{f"precision_at_{k}": ranking.precision_at(k) for k in PRECISION_DEPTHS},
        "average_precision": ranking.average_precision,
        "median_delay_s": curves["seconds"].median,
        "median_targets": curves["targets"].median,
        **{f"precision_at_{name}": _at_base_rate(recall, false_rate, rate) for name, rate in BASE_RATES.items()},
    }
    counts = {
        "episode_count": report.episode_count,
        "caught": len(report.caught),
        "true_alerts": report.true_alerts,
        "false_alerts": report.false_alerts,
        "false_sources": len(report.false_sources),
    }
    ends = {
        column: value
        for name, figure in figures.items()
        for column, value in (
            (name, figure.value),
            (f"{name}_low", figure.low),
            (f"{name}_high", figure.high),
        )
    }
    return counts | ends


def precision_at_base_rate(recall: float, false_per_1000: float, base_rate: float) -> float:
    """Return the precision of the verdict on a source-day when a share of them holds a sweep.

    Parameters
    ----------
    recall
        Share of the source-days with a sweep that get a right alert.
    false_per_1000
        False alerts per day per 1,000 sources. A source-day without a sweep gets at least one with the probability of a
        Poisson count of that mean.
    base_rate
        Share of source-days with a sweep.

    Returns
    -------
    float
        NaN where nothing is raised.

    References
    ----------
    Axelsson 2000, on the base-rate fallacy in intrusion detection.

    Examples
    --------
    >>> round(precision_at_base_rate(0.9, 1.0, 1e-3), 3)
    0.474
    """
    right = base_rate * recall
    wrong = (1 - base_rate) * -math.expm1(-false_per_1000 / 1000)
    return right / (right + wrong) if right + wrong else math.nan


def _at_base_rate(recall: Figure, false_rate: Figure, base_rate: float) -> Figure:
    return Figure(
        precision_at_base_rate(recall.value, false_rate.value, base_rate),
        precision_at_base_rate(recall.low, false_rate.high, base_rate),
        precision_at_base_rate(recall.high, false_rate.low, base_rate),
    )


def _false_rate(arena: Arena, report: EpisodeReport, findings: Sequence[Finding], seed: int) -> Figure:
    wrong = Counter((one.capture, one.source) for one in findings if not one.is_true)
    # A foreign tool may name a source that never contacted anybody: it counts, without any time.
    sources = sorted(arena.watched.keys() | wrong.keys())
    counts = np.array([wrong[source] for source in sources], np.float64)
    days = np.array([arena.watched.get(source, 0.0) for source in sources], np.float64)
    low, high = rate_interval(counts, days / 1000, seed)
    return Figure(report.false_rate, low, high)
