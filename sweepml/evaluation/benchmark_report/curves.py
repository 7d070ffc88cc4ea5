"""Sections with plots: precision and recall, time to detect, the alert budget, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from sweepml.evaluation.benchmark_report import figures
from sweepml.evaluation.benchmark_report.blocks import Block, Heading, Plot, Prose, Section, without_rows
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_report.svg import to_svg

_MOST_MODELS: Final = 3
"""Models in one plot where rules want a place too. Chosen, not tuned."""


def precision_recall_section(results: Results) -> Section:
    """Return precision against recall in every headline arena."""
    title = "Precision against recall"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("pr", arena)
        drawn = _drawn(results, arena, rows)
        if not drawn:
            continue
        summary = results.rows("summary", arena).set_index("contestant")
        points = [(float(summary.recall[one]), float(summary.precision[one])) for one in drawn]
        svg = to_svg(figures.precision_recall(_of(rows, drawn), points), f"pr-{len(blocks)}")
        caption = "Alert precision against episode recall as the threshold falls; a dot is the operating point"
        blocks += [Heading(results.arena_title(arena)), Plot(caption, svg, _legend(results, drawn))]
        blocks += _left_out(results, arena, rows, drawn)
    return _section(blocks, "precision-recall", title, "No precision-recall curve was measured.")


def survival_section(results: Results) -> Section:
    """Return survival of the time to detect, in seconds and in targets, in every headline arena."""
    title = "Time to detect"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("survival", arena)
        drawn = _drawn(results, arena, rows)
        if not drawn:
            continue
        blocks.append(Heading(results.arena_title(arena)))
        for axis in ("seconds", "targets"):
            on_axis = rows[rows.axis == axis]
            here = [one for one in drawn if (on_axis.contestant == one).any()]
            if here:
                svg = to_svg(figures.survival(_of(on_axis, here), axis), f"survival-{len(blocks)}")
                caption = (
                    f"Share of episodes not yet detected, in {axis} (Kaplan-Meier). A mark is an episode that ended "
                    f"undetected; the band is the 95 % interval of {results.label(here[0])}"
                )
                blocks.append(Plot(caption, svg, _legend(results, here)))
        blocks += _left_out(results, arena, rows, drawn)
    return _section(blocks, "survival", title, "No time to detect was measured.")


def budget_section(results: Results) -> Section:
    """Return recall and the models' thresholds against the rate of false alerts in every headline arena."""
    title = "Threshold against alert budget"
    budget = results.measurement.budget_per_day_per_1000
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("budget_curve", arena)
        drawn = _drawn(results, arena, rows)
        if not drawn:
            continue
        svg = to_svg(figures.budget_recall(_of(rows, drawn), budget), f"budget-{len(blocks)}")
        caption = "Episode recall against false alerts as the threshold falls; the dotted line is the alert budget"
        blocks += [Heading(results.arena_title(arena)), Plot(caption, svg, _legend(results, drawn))]
        models = [one for one in drawn if results.is_model(one)]
        if models:
            svg = to_svg(figures.budget_threshold(_of(rows, models), budget), f"budget-{len(blocks)}")
            caption = "Threshold of each model against the false alerts that it gives; the dotted line is the budget"
            blocks.append(Plot(caption, svg, _legend(results, models)))
        blocks += _left_out(results, arena, rows, drawn)
    return _section(blocks, "budget", title, "No threshold was measured against the alert budget.")


def calibration_section(results: Results) -> Section:
    """Return what share of rows held a sweep at each score, in every headline arena."""
    title = "Calibration"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("calibration", arena)
        drawn = _drawn(results, arena, rows)
        if not drawn:
            continue
        svg = to_svg(figures.calibration(_of(rows, drawn)), f"calibration-{len(blocks)}")
        caption = (
            "Rows that hold a sweep against the mean score, in bins of the score, with intervals over sources; on the "
            "diagonal a score is a probability at this share of sweeps"
        )
        blocks += [Heading(results.arena_title(arena)), Plot(caption, svg, _legend(results, drawn))]
        blocks += _left_out(results, arena, rows, drawn)
    return _section(blocks, "calibration", title, "No calibration curve was measured.")


def _section(blocks: Sequence[Block], anchor: str, title: str, sentence: str) -> Section:
    return Section(anchor, title, tuple(blocks)) if blocks else without_rows(anchor, title, sentence)


def _fit(results: Results, arena: str, rows: pd.DataFrame) -> list[str]:
    """Return whose curves may be drawn: those at the budget if any is, models first, each kind best first."""
    have = set(rows.contestant)
    ranked = [one for one in results.ranked(arena).contestant.tolist() if one in have]
    fit = [one for one in ranked if results.is_at_budget(one)] or ranked
    return sorted(fit, key=lambda one: not results.is_model(one))


def _drawn(results: Results, arena: str, rows: pd.DataFrame) -> list[str]:
    """Return whose curves are drawn: some models and the best of the others."""
    fit = _fit(results, arena, rows)
    models = [one for one in fit if results.is_model(one)]
    others = fit[len(models) :]
    kept = models[: max(_MOST_MODELS, figures.MOST_SERIES - len(others))]
    return (kept + others)[: figures.MOST_SERIES]


def _of(rows: pd.DataFrame, contestants: Sequence[str]) -> list[pd.DataFrame]:
    return [rows[rows.contestant == one] for one in contestants]


def _legend(results: Results, contestants: Sequence[str]) -> tuple[tuple[int, str], ...]:
    return tuple((i, results.label(one)) for i, one in enumerate(contestants))


def _left_out(results: Results, arena: str, rows: pd.DataFrame, drawn: Sequence[str]) -> list[Block]:
    more = [results.label(one) for one in _fit(results, arena, rows) if one not in drawn]
    return [Prose(f"Left out to keep the plot legible: {', '.join(more)}.")] if more else []
