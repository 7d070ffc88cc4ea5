"""The section of sampling and delay: recall and time to detect where an exporter shows less, or later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from sweepml.evaluation.benchmark_report import figures
from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Plot, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, quantity, recall_cell
from sweepml.evaluation.benchmark_report.results import Results, named_rows
from sweepml.evaluation.benchmark_report.svg import to_svg
from sweepml.evaluation.exporters import UNTOUCHED, aggregation_of, sampling_of

_TITLE: Final = "Sampling and delay"
_SAMPLING_INTRO: Final = (
    "The same captures as an exporter tells of them that looks at one packet in so many: a connection of which no "
    "packet is looked at is not there, and where no reply is seen nobody knows whether one came. Detectors and "
    "thresholds were made on the captures as recorded."
)
_AGGREGATION_INTRO: Final = (
    "The same captures as a flow log tells of them: one record for each source, destination, service and interval, "
    "delivered when the interval is over. That wait is part of the time to detect. Half of the episodes means half of "
    "all, those that are never found among them, so that the figure cannot fall where alerts come later."
)


def exporters_section(results: Results) -> Section:
    """Return recall against the sampling rate, and recall and seconds to detect against aggregation."""
    blocks = [*_sampling(results), *_aggregation(results)]
    if not blocks:
        return without_rows("exporters", _TITLE, "No arena shows captures through a sampling or aggregating exporter.")
    return Section("exporters", _TITLE, tuple(blocks))


def _sampling(results: Results) -> list[Block]:
    arenas = _arenas(results, sampling_of)
    if not arenas:
        return []
    contestants, rows = _judged(results, arenas)
    drawn = contestants[: figures.MOST_SERIES]
    curves = [_curve(rows, arenas, one, "recall") for one in drawn]
    svg = to_svg(figures.against_sampling(curves), "sampling")
    titles = ["as recorded" if number == 1 else f"1:{number:,}" for number in arenas.values()]
    caption = "Episode recall by sampling; below it the episodes caught of all, and the interval"
    return [
        Prose(_SAMPLING_INTRO),
        _table(
            results, contestants, titles, [_cells(rows, arena, contestants, recall_cell) for arena in arenas], caption
        ),
        Plot("Episode recall as fewer packets are looked at", svg, _legend(results, drawn)),
    ]


def _aggregation(results: Results) -> list[Block]:
    arenas = _arenas(results, aggregation_of)
    if not arenas:
        return []
    contestants, rows = _judged(results, arenas)
    titles = ["as recorded" if not number else f"{number} s" for number in arenas.values()]
    recall = [_cells(rows, arena, contestants, recall_cell) for arena in arenas]
    half = {(arena, one): _half_found_s(results, arena, one) for arena in arenas for one in contestants}
    delay = [[Cell(quantity(half[arena, one])) for one in contestants] for arena in arenas]
    drawn = contestants[: figures.MOST_SERIES]
    curves = [_points(arenas, [half[arena, one] for arena in arenas]) for one in drawn]
    svg = to_svg(figures.against_aggregation(curves), "delay")
    return [
        Prose(_AGGREGATION_INTRO),
        _table(results, contestants, titles, recall, "Episode recall by interval of aggregation"),
        _table(
            results,
            contestants,
            titles,
            delay,
            "Seconds until half of the episodes are found, with the wait for the record",
        ),
        Plot(
            "Seconds until half of the episodes are found, against the interval of aggregation",
            svg,
            _legend(results, drawn),
        ),
    ]


def _arenas(results: Results, number_of: Callable[[str], int | None]) -> dict[str, int]:
    """Return the arenas of one kind by their number, the untouched one first; empty where it would be alone."""
    numbers = {arena: number_of(arena) for arena in results.table("arenas").arena}
    known = sorted((number, arena) for arena, number in numbers.items() if number is not None)
    found = {arena: number for number, arena in known}
    return found if set(found) - {UNTOUCHED} else {}


def _judged(results: Results, arenas: dict[str, int]) -> tuple[list[str], dict[tuple[str, str], Any]]:
    """Return who was judged, at the budget first, models before rules, best first; and the rows of the summary."""
    first = next(iter(arenas))
    rows = {(row.arena, row.contestant): row for row in named_rows(results.table("summary"))}
    ids = [one for one in results.ranked(first).contestant.tolist() if (first, one) in rows]
    return sorted(ids, key=lambda one: (not results.is_model(one), not results.is_at_budget(one))), rows


def _table(
    results: Results,
    contestants: Sequence[str],
    titles: Sequence[str],
    columns: Sequence[Sequence[Cell]],
    caption: str,
) -> Table:
    heads = (Column("contestant", is_number=False), *(Column(title) for title in titles))
    names = [Cell(results.label(one)) for one in contestants]
    return Table(caption, heads, tuple(zip(names, *columns, strict=True)))


def _cells(
    rows: dict[tuple[str, str], Any], arena: str, contestants: Sequence[str], cell: Callable[[Any], Cell]
) -> list[Cell]:
    here = [rows.get((arena, one)) for one in contestants]
    return [Cell(DASH) if row is None else cell(row) for row in here]


def _half_found_s(results: Results, arena: str, contestant: str) -> float:
    """Return the delay within which half of the episodes are found; NaN where fewer ever are.

    Not the median of the survival curve: there a short episode that is missed leaves the count when it ends, and where
    alerts come later more of them have left.
    """
    episodes = results.rows("episodes", arena, contestant)
    delay_s = np.sort(episodes.delay_s.fillna(np.inf).to_numpy())
    median = delay_s[(len(delay_s) - 1) // 2] if len(delay_s) else np.inf
    return float(median) if np.isfinite(median) else float("nan")


def _curve(rows: dict[tuple[str, str], Any], arenas: dict[str, int], contestant: str, figure: str) -> pd.DataFrame:
    return _points(arenas, [getattr(rows.get((arena, contestant)), figure, np.nan) for arena in arenas])


def _points(arenas: dict[str, int], values: Sequence[float]) -> pd.DataFrame:
    return pd.DataFrame({"number": list(arenas.values()), "value": list(values)})


def _legend(results: Results, contestants: Sequence[str]) -> tuple[tuple[int, str], ...]:
    return tuple((i, results.label(one)) for i, one in enumerate(contestants))
