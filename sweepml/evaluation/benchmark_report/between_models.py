"""Sections that set the models beside each other: what other seeds give, and what each finds that the others miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from sweepml.evaluation.benchmark_report.against_rules import caught_scenarios
from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Heading, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, count, interval, quantity, share
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.intervals import cluster_interval

_BOOTSTRAP_SEED: Final = 0


def seeds_section(results: Results) -> Section:
    """Return recall and false sources of every model over all seeds, and the episodes on which luck decides."""
    title = "Models with several seeds"
    table = results.table("seeds")
    if table.empty:
        return without_rows("seeds", title, "Every model was judged with one seed: seeds=5 judges it with five.")
    blocks: list[Block] = []
    for arena, here in table.groupby("arena", sort=False):
        seeds = np.unique(here.seed).tolist()
        blocks += [
            Heading(results.arena_title(str(arena))),
            Prose(
                f"Folds and models with {len(seeds)} seeds, {seeds[0]} to {seeds[-1]}. The interval of the mean recall "
                "is over episodes, each with the share of the seeds that caught it; all other ranges are over seeds."
            ),
            _over_seeds(results, here),
            _undecided(results, str(arena), here),
        ]
    return Section("seeds", title, tuple(blocks))


def complement_section(results: Results) -> Section:
    """Return, for every headline arena, the episodes that one model alone catches, alone misses, or some share."""
    title = "What each model finds that the others miss"
    blocks: list[Block] = []
    for arena in results.headline_arenas:
        models = [one for one in results.compared(arena) if results.is_model(one)]
        if len(models) > 1:
            blocks += [Heading(results.arena_title(arena)), *_complements(results, arena, models)]
    if not blocks:
        return without_rows("complement", title, "Fewer than two models were judged at the alert budget.")
    return Section("complement", title, tuple(blocks))


def _over_seeds(results: Results, here: pd.DataFrame) -> Table:
    rows = []
    for contestant, own in here.groupby("contestant", sort=False):
        total = int(own.episode_count.iloc[0])
        misses = _misses(own)
        times = len(own) - np.array([*misses.values(), *[0] * (total - len(misses))], np.int64)
        low, high = cluster_interval(times, np.full(total, len(own)), _BOOTSTRAP_SEED)
        rows.append(
            (
                Cell(results.label(str(contestant))),
                Cell(share(float(own.recall.mean())), interval(low, high, is_share=True)),
                Cell(f"{count(own.caught.min())} to {count(own.caught.max())} of {count(total)}"),
                Cell(count(int((times == len(own)).sum()))),
                Cell(count(int((times == 0).sum()))),
                Cell(quantity(float(own.false_sources.mean())), _range(own.false_sources)),
                Cell(quantity(float(own.false_alerts.mean())), _range(own.false_alerts)),
            )
        )
    columns = (
        Column("model", is_number=False),
        Column("mean recall"),
        Column("episodes caught"),
        Column("caught with every seed"),
        Column("caught with none"),
        Column("false sources, mean"),
        Column("false alerts, mean"),
    )
    return Table("Every model over the seeds, at the alert budget", columns, tuple(rows))


def _undecided(results: Results, arena: str, here: pd.DataFrame) -> Table:
    """Return the episodes that not every model catches with every seed, hardest first."""
    misses = {str(contestant): _misses(own) for contestant, own in here.groupby("contestant", sort=False)}
    seeds = here.groupby("contestant").seed.count().to_dict()
    total = sum((Counter(one) for one in misses.values()), Counter[str]())
    tools = results.rows("episodes", arena).drop_duplicates("scenario").set_index("scenario").tool.to_dict()
    rows = tuple(
        (
            Cell(scenario),
            Cell(tools.get(scenario, DASH)),
            *(Cell(f"{seeds[one] - misses[one][scenario]}/{seeds[one]}") for one in misses),
        )
        for scenario, _ in sorted(total.items(), key=lambda one: (-one[1], one[0]))
    )
    columns = (*_texts("scenario", "tool"), *(Column(results.label(one)) for one in misses))
    return Table("Seeds with which each model catches an episode, where one ever misses it", columns, rows)


def _misses(own: pd.DataFrame) -> Counter[str]:
    return Counter(scenario for missed in own.missed for scenario in missed.split(", ") if scenario)


def _complements(results: Results, arena: str, models: Sequence[str]) -> Iterable[Block]:
    caught = {one: caught_scenarios(results, arena, one) for one in models}
    everything = set(results.rows("episodes", arena).scenario)
    by_all, by_any = set.intersection(*caught.values()), set.union(*caught.values())
    yield Prose(
        f"Of {len(everything)} episodes every model catches {len(by_all)}, and none catches {len(everything - by_any)}."
    )
    rows = []
    for one in models:
        others = [caught[other] for other in models if other != one]
        rows.append(
            (
                Cell(results.label(one)),
                Cell(count(len(caught[one]))),
                _named(caught[one].difference(*others)),
                _named(set.intersection(*others) - caught[one]),
            )
        )
    columns = (
        Column("model", is_number=False),
        Column("episodes caught"),
        *(Column(title, is_number=False, is_wide=True) for title in ("it alone catches", "it alone misses")),
    )
    yield Table("Each model beside all others, with the first seed", columns, tuple(rows))
    groups: dict[tuple[str, ...], set[str]] = {}
    for scenario in by_any - by_all:
        groups.setdefault(tuple(one for one in models if scenario in caught[one]), set()).add(scenario)
    sets = tuple(
        (Cell(", ".join(map(results.label, group))), Cell(count(len(found))), _named(found))
        for group, found in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    )
    columns = (
        Column("caught by these alone", is_number=False, is_wide=True),
        Column("episodes"),
        Column("which", is_number=False, is_wide=True),
    )
    yield Table("Episodes that some models catch and others miss", columns, sets)


def _named(scenarios: set[str]) -> Cell:
    return Cell(", ".join(sorted(scenarios)) or DASH)


def _range(values: pd.Series) -> str:
    return f"{count(values.min())}-{count(values.max())}"


def _texts(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, is_number=False) for title in titles)
