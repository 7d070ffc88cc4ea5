"""The section of evasions: recall by how a sweep means not to be found, for every model and rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from sweepml.datasets.capture import EVASION
from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, recall_cell
from sweepml.evaluation.benchmark_report.results import Results, named_rows

CONTROL: Final = "plain"
"""Stratum of the sweep without evasion, which stands first."""

_TITLE: Final = "Evasions"


def evasions_section(results: Results) -> Section:
    """Return recall by evasion: one row an evasion, one column a contestant, models first, each kind best to worst."""
    strata = results.table("strata")
    rows = strata[strata.dimension == EVASION]
    if not len(rows):
        return without_rows("evasions", _TITLE, "No arena holds sweeps that mean not to be found.")
    blocks: list[Block] = [
        Prose(
            f"Every evasion changes the same ordinary sweeps, whose row is {CONTROL}: what a contestant loses is the "
            "difference from that row. Evasions stand in the order in which the best model, or else the best "
            "contestant, bears them. An episode of several sources is caught where one of its sources is."
        )
    ]
    for arena in rows.arena.drop_duplicates().tolist():
        here = rows[rows.arena == arena]
        order = _order(results, here, _ranked(results, arena, here))
        for caption, contestants in _kinds(results, arena, here):
            if contestants:
                blocks.append(_table(results, here, order, contestants, caption))
    return Section("evasions", _TITLE, tuple(blocks))


def _kinds(results: Results, arena: str, rows: pd.DataFrame) -> list[tuple[str, list[str]]]:
    ranked = _ranked(results, arena, rows)
    models = [one for one in ranked if results.is_model(one)]
    tuned = [one for one in ranked if one not in models and results.is_at_budget(one)]
    shipped = [one for one in ranked if one not in models and one not in tuned]
    return [
        ("Episode recall of models; below it the episodes caught of all, and the interval", models),
        ("Of rules at the alert budget", tuned),
        ("Of rules as shipped", shipped),
    ]


def _ranked(results: Results, arena: str, rows: pd.DataFrame) -> list[str]:
    """Return who was judged, models first, each kind best first."""
    have = set(rows.contestant)
    ranked = [one for one in results.ranked(arena).contestant.tolist() if one in have]
    return sorted(ranked, key=lambda one: not results.is_model(one))


def _order(results: Results, rows: pd.DataFrame, ranked: Sequence[str]) -> list[str]:
    """Return the evasions, the control first, then as the best contestant bears them."""
    best = rows[rows.contestant == ranked[0]].set_index("stratum").recall
    return sorted(rows.stratum.drop_duplicates(), key=lambda one: (one != CONTROL, -best.get(one, 0.0), one))


def _table(
    results: Results, rows: pd.DataFrame, order: Sequence[str], contestants: Sequence[str], caption: str
) -> Table:
    cells: dict[tuple[str, str], Any] = {(row.contestant, row.stratum): row for row in named_rows(rows)}
    columns = (Column("evasion", is_number=False), *(Column(results.label(one)) for one in contestants))
    lines = []
    for evasion in order:
        here = [cells.get((one, evasion)) for one in contestants]
        name = Cell(evasion.replace("_", " "))
        lines.append((name, *(Cell(DASH) if row is None else recall_cell(row) for row in here)))
    return Table(caption, columns, tuple(lines), strong_rows=frozenset({0} if order[0] == CONTROL else ()))
