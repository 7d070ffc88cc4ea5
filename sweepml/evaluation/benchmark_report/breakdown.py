"""Sections that break the headline down: by data set, by kind of episode, by window, by role of the source."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Heading, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, count, quantity, recall_cell, share
from sweepml.evaluation.benchmark_report.results import Results, named_rows

TRANSFER_MARK: Final = ">"
"""In the id of an arena that trains on one data set and tests on another: train2>lab."""


def transfer_section(results: Results) -> Section:
    """Return the cross-dataset matrix: recall and false alerts of every contestant at the budget."""
    title = "Trained on one data set, tested on another"
    ids = results.table("arenas").arena
    arenas = [arena for arena in ids[ids.str.contains(TRANSFER_MARK, regex=False)] if results.compared(arena)]
    if not arenas:
        return without_rows("transfer", title, "No contestant was trained on one data set and tested on another.")
    order = dict.fromkeys(one for arena in arenas for one in results.compared(arena))
    contestants = sorted(order, key=lambda one: not results.is_model(one))
    columns = (Column("contestant", is_number=False), *(Column(results.arena_title(arena)) for arena in arenas))
    summary = {(row.arena, row.contestant): row for row in named_rows(results.table("summary"))}
    recall, false = [], []
    for one in contestants:
        name = Cell(results.label(one))
        here = [summary.get((arena, one)) for arena in arenas]
        recall.append((name, *(Cell(DASH) if row is None else recall_cell(row) for row in here)))
        false.append((name, *(Cell(DASH) if row is None else _false_cell(row) for row in here)))
    return Section(
        "transfer",
        title,
        (
            Table("Episode recall; below it the episodes caught of all, and the interval", columns, tuple(recall)),
            Table("False alerts per day per 1,000 sources; below the rate their number", columns, tuple(false)),
        ),
    )


def strata_section(results: Results) -> Section:
    """Return recall by kind of episode, a table for every dimension, in every headline arena."""
    title = "Recall by kind of episode"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("strata", arena)
        contestants = [one for one in results.compared(arena) if (rows.contestant == one).any()]
        if contestants:
            blocks.append(Heading(results.arena_title(arena)))
            for dimension, part in rows.groupby("dimension", sort=False):
                blocks.append(_strata_table(results, part, contestants, str(dimension)))
    if not blocks:
        return without_rows("strata", title, "Recall was not measured by kind of episode.")
    return Section("strata", title, tuple(blocks))


def windows_section(results: Results) -> Section:
    """Return how single windows of the models are judged, in every headline arena."""
    title = "Single windows"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        rows = results.rows("windows", arena)
        at_budget = rows[rows.contestant.isin(results.compared(arena))]
        if len(at_budget):
            blocks += [Heading(results.arena_title(arena)), _windows_table(results, at_budget)]
    if not blocks:
        return without_rows("windows", title, "No window was judged for itself.")
    intro = Prose("Windows of one episode are no independent observations: read the episodes first.")
    return Section("windows", title, (intro, *blocks))


def roles_section(results: Results) -> Section:
    """Return false alerts by role of the source, and on captures without a sweep."""
    title = "False alerts by role, and negative controls"
    blocks: list[Block] = []
    for arena in _role_arenas(results):
        rows = results.rows("roles", arena)
        contestants = [one for one in results.compared(arena) if (rows.contestant == one).any()]
        if contestants:
            blocks += [Heading(results.arena_title(arena)), _role_table(results, rows, contestants)]
    controls = _controls(results)
    if controls:
        blocks += [Heading("Negative controls"), controls]
    if not blocks:
        return without_rows("roles", title, "False alerts were not measured by role, nor on captures without a sweep.")
    return Section("roles", title, tuple(blocks))


def _false_cell(row: Any) -> Cell:
    return Cell(quantity(row.false_rate), count(row.false_alerts))


def _strata_table(results: Results, rows: pd.DataFrame, contestants: list[str], dimension: str) -> Table:
    sizes = rows.groupby("stratum", sort=False).episode_count.max()
    columns = (
        Column("contestant", is_number=False),
        *(Column(f"{stratum} (n={number})") for stratum, number in sizes.items()),
    )
    cells = {(row.contestant, row.stratum): row for row in named_rows(rows)}
    lines = []
    for one in contestants:
        here = [cells.get((one, stratum)) for stratum in sizes.index]
        lines.append((Cell(results.label(one)), *(Cell(DASH) if row is None else recall_cell(row) for row in here)))
    return Table(f"By {dimension}; n is the number of episodes", columns, tuple(lines))


def _windows_table(results: Results, rows: pd.DataFrame) -> Table:
    columns = (
        *(Column(title, is_number=False) for title in ("contestant", "window")),
        *(Column(title) for title in ("with a sweep", "without", "precision", "recall", "average precision")),
        Column("false positive ratio"),
    )
    lines = tuple(
        (
            Cell(results.label(row.contestant)),
            Cell(f"{count(row.horizon_s)} s" if row.horizon_s else "all"),
            Cell(count(row.positives)),
            Cell(count(row.negatives)),
            *(Cell(share(value)) for value in (row.precision, row.recall, row.average_precision)),
            Cell(quantity(row.false_positive_ratio)),
        )
        for row in named_rows(rows)
    )
    return Table("Labelled windows, each judged for itself", columns, lines)


def _role_arenas(results: Results) -> list[str]:
    arenas = results.table("arenas")
    controls = arenas.arena[arenas.is_control].tolist()
    return list(dict.fromkeys([*results.headline_arenas, *controls]))


def _role_table(results: Results, rows: pd.DataFrame, contestants: list[str]) -> Table:
    """Return roles by who raised most about them; the shade is the share of the role's sources."""
    totals = (
        rows[rows.contestant.isin(contestants)]
        .groupby("role")
        .agg(sources=("source_count", "max"), false_alerts=("false_alerts", "sum"))
    )
    totals = totals.sort_values(["false_alerts", "sources"], ascending=False)
    cells = {(row.contestant, row.role): row for row in named_rows(rows)}
    lines = []
    for role, total in totals.iterrows():
        line = [Cell(str(role)), Cell(count(total.sources))]
        for one in contestants:
            row = cells.get((one, role))
            line.append(Cell(DASH) if row is None else _role_cell(row))
        lines.append(tuple(line))
    columns = (
        Column("role", is_number=False),
        Column("sources"),
        *(Column(results.label(one)) for one in contestants),
    )
    return Table("False alerts, and how many sources of the role had one", columns, tuple(lines))


def _role_cell(row: Any) -> Cell:
    false_sources, sources = int(row.false_sources), int(row.source_count)
    tint = false_sources / sources if sources and false_sources else None
    note = f"{false_sources} of {sources}" if false_sources else ""
    return Cell(count(row.false_alerts), note, tint)


def _controls(results: Results) -> Table | None:
    arenas = results.table("arenas")
    lines = []
    for arena in named_rows(arenas[arenas.is_control]):
        summary = {row.contestant: row for row in named_rows(results.rows("summary", arena.arena))}
        for one in results.compared(arena.arena):
            row = summary[one]
            rate = quantity(row.false_rate_high)
            lines.append(
                (
                    Cell(arena.title),
                    Cell(results.label(one)),
                    Cell(quantity(arena.source_days)),
                    Cell(count(row.false_alerts)),
                    Cell(count(row.false_sources)),
                    Cell(quantity(row.false_rate), f"up to {rate}"),
                )
            )
    if not lines:
        return None
    columns = (
        Column("arena", is_number=False),
        Column("contestant", is_number=False),
        Column("source-days"),
        Column("false alerts"),
        Column("sources with one"),
        Column("per day per 1,000 sources"),
    )
    return Table("Captures without a sweep: every alert is false", columns, tuple(lines))
