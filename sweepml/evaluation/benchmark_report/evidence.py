"""Sections for a person who judges: every missed episode with its facts, every false alert with its evidence."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Fold, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, count, quantity, share, utc
from sweepml.evaluation.benchmark_report.results import Results, named_rows

MOST_ALERTS: Final = 200
"""False alerts of one contestant in one arena that the page lists; table ``alerts`` holds all. Chosen, not tuned."""
_FILTER_FROM: Final = 10
"""Rows above which a table is worth searching. Chosen, not tuned."""

_MISSED_COLUMNS: Final = (
    Column("scenario", is_number=False),
    Column("missed by", is_number=False, is_wide=True),
    Column("kind", is_number=False),
    Column("tool", is_number=False),
    Column("scope", is_number=False),
    Column("ports", is_number=False, is_wide=True),
    Column("sources"),
    Column("targets"),
    Column("new targets a second"),
    Column("answered share"),
    Column("seconds"),
)
_ALERT_COLUMNS: Final = (
    Column("source", is_number=False),
    Column("role", is_number=False),
    Column("what it is", is_number=False),
    Column("raised, and evidence since (UTC)", is_number=False, is_wide=True),
    Column("score"),
    Column("ports", is_number=False, is_wide=True),
    Column("destinations"),
    Column("answered"),
    Column("refused"),
    Column("unanswered"),
    Column("blocked"),
    Column("unknown"),
    Column("allowlist entry", is_number=False),
)


def missed_section(results: Results) -> Section:
    """Return the episodes that a contestant at the budget missed, per arena, with who missed them."""
    title = "Missed episodes"
    episodes = results.table("episodes")
    if episodes.empty:
        return without_rows("missed", title, "No episode was judged.")
    blocks: list[Block] = []
    for arena in _arenas(results):
        contestants = _judged(results, arena)
        rows = results.rows("episodes", arena)
        missed = rows[~rows.caught & rows.contestant.isin(contestants)]
        if missed.empty:
            continue
        best = results.best_model(arena)
        table = _missed_table(results, missed, contestants, best)
        here = "" if best is None else f", {(missed.contestant == best).sum()} of them by {results.label(best)}"
        name = f"{results.arena_title(arena)}: {missed.scenario.nunique()} episodes that one or more missed{here}"
        blocks.append(Fold(name, (table,)))
    if not blocks:
        return without_rows("missed", title, "No episode was missed by any contestant.")
    return Section(
        "missed",
        title,
        (Prose("Episodes that the best model missed come first, then those that most missed."), *blocks),
    )


def false_alerts_section(results: Results) -> Section:
    """Return the false alerts of every contestant at the budget, per arena, the first of each finding."""
    title = "False alerts"
    alerts = results.table("alerts")
    if alerts.empty:
        return without_rows("false-alerts", title, "No alert was raised.")
    blocks: list[Block] = []
    for arena in _arenas(results):
        for one in _judged(results, arena):
            rows = results.rows("alerts", arena, one)
            rows = rows[~rows.is_true & ~rows.merged_into].sort_values("score", ascending=False, kind="stable")
            if len(rows):
                name = f"{results.arena_title(arena)}: {results.label(one)}, false alerts: {count(len(rows))}"
                blocks.append(Fold(name, tuple(_alert_blocks(rows))))
    if not blocks:
        return without_rows("false-alerts", title, "No false alert was raised.")
    intro = (
        "The first alert of each wrong finding, highest score first, with what its source contacted from the start of "
        "the evidence to the alert. Outcomes count edges."
    )
    return Section("false-alerts", title, (Prose(intro), *blocks))


def _arenas(results: Results) -> list[str]:
    """Return the arenas with a verdict: those of the headline, then the others."""
    return list(dict.fromkeys([*results.headline_arenas, *results.table("summary").arena]))


def _judged(results: Results, arena: str) -> list[str]:
    """Return whose mistakes are listed: those at the budget, or all where nothing was tuned."""
    return results.compared(arena) or results.ranked(arena).contestant.tolist()


def _missed_table(results: Results, missed: pd.DataFrame, contestants: list[str], best: str | None) -> Table:
    rows = []
    for scenario, group in missed.groupby("scenario"):
        facts = group.iloc[0]
        missed_it = set(group.contestant)
        rows.append(
            (
                (best not in missed_it, -len(missed_it)),
                (
                    Cell(str(scenario)),
                    Cell(_who(results, contestants, missed_it)),
                    Cell(facts.kind),
                    Cell(facts.tool),
                    Cell(facts.scope),
                    Cell(facts.ports),
                    Cell(count(facts.source_count)),
                    Cell(count(facts.target_count)),
                    Cell(quantity(facts.rate_per_s)),
                    Cell(share(facts.success_share)),
                    Cell(quantity(facts.duration_s)),
                ),
            )
        )
    rows.sort(key=lambda row: row[0])
    return Table("Missed episodes", _MISSED_COLUMNS, tuple(cells for _, cells in rows), len(rows) > _FILTER_FROM)


def _who(results: Results, contestants: list[str], missed_it: set[str]) -> str:
    """Return who missed an episode, or who alone did not, whichever is shorter."""
    caught_it = [results.label(one) for one in contestants if one not in missed_it]
    if not caught_it:
        return "every contestant"
    if len(caught_it) < len(missed_it):
        return f"all but {', '.join(caught_it)}"
    return ", ".join(results.label(one) for one in contestants if one in missed_it)


def _alert_blocks(rows: pd.DataFrame) -> list[Block]:
    shown = rows.head(MOST_ALERTS)
    cells = tuple(
        (
            Cell(row.source, row.capture),
            Cell(row.role),
            Cell(row.kind.replace("_", " ")),
            Cell(utc(row.detected_us), f"since {utc(row.since_us)}"),
            Cell(quantity(row.score), f"{count(row.horizon_s)} s" if row.horizon_s else ""),
            Cell(row.ports),
            Cell(_edges(row.dst_count)),
            *(Cell(_edges(row_count)) for row_count in _outcomes(row)),
            Cell(row.suppressed_by or DASH),
        )
        for row in named_rows(shown)
    )
    blocks: list[Block] = [Table("False alerts", _ALERT_COLUMNS, cells, has_filter=len(cells) > _FILTER_FROM)]
    more = len(rows) - len(shown)
    if more:
        blocks.append(Prose(f"{count(more)} more of lower score are in the table alerts.parquet."))
    return blocks


def _outcomes(row: Any) -> tuple[int, ...]:
    return tuple(getattr(row, name) for name in ("answered", "refused", "unanswered", "blocked", "unknown"))


def _edges(number: int) -> str:
    return count(number) if number >= 0 else DASH
