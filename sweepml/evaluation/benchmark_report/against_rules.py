"""The headline: the best model against every tuned rule at one alert budget, and where the model is not ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sweepml.evaluation.benchmark_report.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Fold,
    Heading,
    Prose,
    Section,
    Table,
    without_rows,
)
from sweepml.evaluation.benchmark_report.numbers import count, interval, quantity_cell, share, share_cell
from sweepml.evaluation.benchmark_report.results import Results, named_rows
from sweepml.evaluation.benchmark_tables import BASE_RATES, PRECISION_DEPTHS

_TITLE: Final = "Models against rules at one alert budget"
SUMMARY_COLUMNS: Final = (
    Column("contestant", is_number=False),
    Column("episodes caught"),
    Column("recall"),
    Column("precision"),
    Column("false alerts"),
    Column("false alerts per day per 1,000 sources"),
    Column("average precision"),
    Column("median seconds to detect"),
    Column("median targets to detect"),
)


def headline_section(results: Results) -> Section:
    """Return one comparison for every headline arena."""
    if not results.headline_arenas:
        return without_rows("headline", _TITLE, "No contestant was judged on a sweep, so there is nothing to compare.")
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        blocks += [Heading(results.arena_title(arena)), *_comparison(results, arena)]
    return Section("headline", _TITLE, tuple(blocks))


def summary_cells(results: Results, row: Any) -> tuple[Cell, ...]:
    """Return the cells of `SUMMARY_COLUMNS` for a row of the summary, as a named tuple."""
    return (
        Cell(results.label(row.contestant)),
        Cell(f"{count(row.caught)}/{count(row.episode_count)}"),
        share_cell(row.recall, row.recall_low, row.recall_high),
        share_cell(row.precision, row.precision_low, row.precision_high),
        Cell(count(row.false_alerts)),
        quantity_cell(row.false_rate, row.false_rate_low, row.false_rate_high),
        share_cell(row.average_precision, row.average_precision_low, row.average_precision_high),
        quantity_cell(row.median_delay_s, row.median_delay_s_low, row.median_delay_s_high),
        quantity_cell(row.median_targets, row.median_targets_low, row.median_targets_high),
    )


def caught_scenarios(results: Results, arena: str, contestant: str) -> set[str]:
    """Return the scenarios that a contestant caught in one arena."""
    rows = results.rows("episodes", arena, contestant)
    return set(rows.scenario[rows.caught])


def _comparison(results: Results, arena: str) -> Iterable[Block]:
    compared = results.compared(arena)
    best = results.best_model(arena)
    if compared:
        yield _summary_table(results, arena, compared, "At the alert budget, models first", best)
    else:
        yield Prose("No contestant was tuned to the alert budget here.")
    yield from _verdict(results, arena, best)
    others = [one for one in results.ranked(arena).contestant.tolist() if one not in compared]
    if others:
        yield Fold(
            "Every contestant as it comes, without tuning to the alert budget",
            (_summary_table(results, arena, others, "As shipped", None),),
        )
    yield Fold("Precision of the findings of highest score, and at stated base rates", (_precision(results, arena),))


def _summary_table(results: Results, arena: str, contestants: Sequence[str], caption: str, strong: str | None) -> Table:
    rows = {row.contestant: row for row in named_rows(results.rows("summary", arena))}
    return Table(
        caption,
        SUMMARY_COLUMNS,
        tuple(summary_cells(results, rows[one]) for one in contestants),
        strong_rows=frozenset(i for i, one in enumerate(contestants) if one == strong),
    )


def _verdict(results: Results, arena: str, best: str | None) -> Iterable[Block]:
    rules = results.tuned_rules(arena)
    if best is None or not rules:
        yield Prose(f"There is no {'model' if best is None else 'tuned rule'} at the alert budget to compare with.")
        return
    rows = {row.contestant: row for row in named_rows(results.rows("summary", arena))}
    ahead = [rule for rule in rules if rows[best].recall > rows[rule].recall]
    yield Prose(
        f"{results.label(best)} has a higher episode recall, {_recall(rows[best])}, than {len(ahead)} of {len(rules)} "
        f"tuned rules; the best of the rules is {results.label(rules[0])} with {_recall(rows[rules[0]])}."
    )
    items = tuple(_against(results, arena, best, rule) for rule in rules)
    yield Prose(f"Each tuned rule beside {results.label(best)}, and the episodes that only the rule catches:")
    yield Bullets(items)


def _against(results: Results, arena: str, best: str, rule: str) -> str:
    """Return how the best model and a rule differ, with the names of the episodes that only the rule catches."""
    by_model, by_rule = caught_scenarios(results, arena, best), caught_scenarios(results, arena, rule)
    only_rule = sorted(by_rule - by_model)
    names = f": {', '.join(only_rule)}" if only_rule else ""
    stance = "ahead of the model" if len(by_rule) > len(by_model) else "level with the model"
    start = f"{results.label(rule)} is {stance}. It" if len(by_rule) >= len(by_model) else results.label(rule)
    return (
        f"{start} misses {len(by_model - by_rule)} that the model catches, and alone catches {len(only_rule)}{names}."
    )


def _recall(row: Any) -> str:
    return f"{share(row.recall)} ({interval(row.recall_low, row.recall_high, is_share=True)})"


def _precision(results: Results, arena: str) -> Table:
    depths = [f"precision_at_{k}" for k in PRECISION_DEPTHS]
    rates = [f"precision_at_{name}" for name in BASE_RATES]
    # Names such as precision_at_1e-2 are no Python names, so the rows are read as dictionaries.
    rows = [
        (
            Cell(results.label(row["contestant"])),
            *(share_cell(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in depths),
            # At a low base rate precision is small, and its first digits are what counts.
            *(quantity_cell(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in rates),
        )
        for row in results.ranked(arena).to_dict("records")
    ]
    columns = (
        Column("contestant", is_number=False),
        *(Column(f"first {k}") for k in PRECISION_DEPTHS),
        *(Column(f"1 in {1 / rate:,.0f}") for rate in BASE_RATES.values()),
    )
    caption = (
        "Precision of the first k findings by score, and of a verdict on a source-day when one in so many "
        "source-days holds a sweep"
    )
    return Table(caption, columns, tuple(rows))
