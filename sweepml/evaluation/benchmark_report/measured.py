"""The first section: what was measured, on what and how, and what it cannot tell."""

from __future__ import annotations

from sweepml.evaluation.benchmark_report.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Facts,
    Fold,
    Prose,
    Section,
    Table,
)
from sweepml.evaluation.benchmark_report.numbers import DASH, count, quantity
from sweepml.evaluation.benchmark_report.results import Results, named_rows
from sweepml.evaluation.intervals import poisson_upper

_METHOD = (
    "An alert is true where its evidence overlaps a sweep of its source; an episode is caught where any of its "
    "sources had such an alert. Nothing is credited beyond the alert itself: there is no point adjustment.",
    "Alerts of one source that follow each other closely are one finding. Precision and false alerts count findings.",
    "Intervals are 95 % intervals: recall over episodes, precision and false alerts over sources, since windows of one "
    "source are no independent observations. The number of episodes is the number of independent ones.",
    "At the budget means: the threshold was tuned on validation data to the alert budget and frozen before the test. "
    "As shipped means: as its authors give it.",
)


def measured_section(results: Results) -> Section:
    """Return how the tables were made, the arenas, the captures and the caveats."""
    made = results.measurement
    blocks: list[Block] = [
        Facts(
            (
                ("Made", made.created),
                ("Command", made.command),
                ("Commit", made.commit),
                ("Versions", ", ".join(f"{name} {version}" for name, version in made.versions.items())),
                ("Alert budget", f"{quantity(made.budget_per_day_per_1000)} false alerts per day per 1,000 sources"),
            )
        ),
        Bullets(_METHOD),
    ]
    arenas = results.table("arenas")
    blocks.append(_arenas(results) if len(arenas) else Prose("No arena was judged."))
    if made.captures:
        rows = tuple((Cell(one.name), Cell(one.fingerprint), Cell(one.note)) for one in made.captures)
        titles = ("capture", "fingerprint of its content", "note")
        blocks.append(Table("Captures", tuple(Column(title, is_number=False) for title in titles), rows))
    if len(results.table("contestants")):
        blocks.append(Fold("Contestants, their thresholds and what to know of them", (_contestants(results),)))
    caveats = (*made.caveats, *_unverifiable(results))
    if caveats:
        blocks.append(Bullets(caveats))
    return Section("measured", "What was measured", tuple(blocks))


def _arenas(results: Results) -> Table:
    rows = tuple(
        (
            Cell(arena.title, arena.arena),
            Cell(arena.protocol),
            Cell(arena.captures),
            Cell(count(arena.episode_count)),
            Cell(count(arena.source_count)),
            Cell(quantity(arena.source_days)),
            Cell(quantity(_least_rate(arena.source_days))),
        )
        for arena in named_rows(results.table("arenas"))
    )
    columns = (
        Column("arena", is_number=False),
        Column("protocol", is_number=False),
        Column("captures", is_number=False),
        Column("episodes"),
        Column("sources"),
        Column("source-days"),
        Column("lowest rate that can be verified"),
    )
    caption = (
        "Arenas. The last column is the rate of false alerts per day per 1,000 sources that remains possible "
        "where no false alert is seen"
    )
    return Table(caption, columns, rows)


def _contestants(results: Results) -> Table:
    rows = tuple(
        (
            Cell(results.label(one.contestant), one.contestant),
            Cell(one.kind),
            Cell("at the budget" if results.is_at_budget(one.contestant) else "as shipped"),
            Cell(one.threshold or DASH),
            Cell(one.note),
        )
        for one in named_rows(results.table("contestants"))
    )
    titles = ("contestant", "kind", "operating point", "threshold", "note")
    return Table("Contestants", tuple(Column(title, is_number=False) for title in titles), rows)


def _least_rate(source_days: float) -> float:
    return poisson_upper(0) / source_days * 1000 if source_days > 0 else float("nan")


def _unverifiable(results: Results) -> tuple[str, ...]:
    budget = results.measurement.budget_per_day_per_1000
    return tuple(
        f"{arena.title}: {quantity(arena.source_days)} source-days cannot show that the alert budget of "
        f"{quantity(budget)} is kept; without a single false alert, {quantity(_least_rate(arena.source_days))} "
        "remains possible."
        for arena in named_rows(results.table("arenas"))
        if _least_rate(arena.source_days) > budget
    )
