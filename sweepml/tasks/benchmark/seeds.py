"""The models again with other seeds: what of a result is the model's, and what is luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from sweepml.config.benchmark import BenchmarkConfig
from sweepml.errors import ConfigError
from sweepml.evaluation.benchmark_tables import SEEDS
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.scenario import scenario_id
from sweepml.tasks.benchmark.contest import Material
from sweepml.tasks.benchmark.contestants import ModelContestant, model_names
from sweepml.tasks.benchmark.rounds import LAB
from sweepml.tasks.progress import Progress
from sweepml.tasks.settings import judgement_rules

_FROM_SUMMARY: Final = ("episode_count", "caught", "recall", "false_alerts", "false_sources")


def check_repeats(config: BenchmarkConfig) -> None:
    """Refuse seeds that cannot be judged, before anything is read.

    Raises
    ------
    ConfigError
        If there are none, or several and the arena in which they are judged is left out.
    """
    if config.seeds < 1:
        raise ConfigError(f"seeds must be at least 1, got {config.seeds}")
    if config.seeds > 1 and config.arenas is not None and LAB not in config.arenas:
        raise ConfigError(f"seeds={config.seeds} judges the models again in the arena {LAB}: add it to arenas")


def seeds_table(
    config: BenchmarkConfig, material: Material, first: Mapping[str, pd.DataFrame], progress: Progress
) -> pd.DataFrame:
    """Judge every model with further seeds on the own captures, cross-validated.

    The seed decides the folds and all that a model draws; rows and their varied copies stay as they are. Rules draw
    nothing and are left out.

    Parameters
    ----------
    config, material
        Of the benchmark.
    first
        Tables ``summary`` and ``episodes`` with the first seed.
    progress
        Told about each model and seed.

    Returns
    -------
    DataFrame
        One row a model and seed, the first among them, see `sweepml.evaluation.benchmark_tables.SEEDS`; none where
        there is one seed only.
    """
    if config.seeds == 1:
        return SEEDS.make([])
    names = model_names(config)
    progress.stage("judging again with other seeds", (config.seeds - 1) * len(names))
    made = [
        row for name in names for row in (*_first(config, first, name), *_further(config, material, name, progress))
    ]
    return SEEDS.make(made)


def _first(config: BenchmarkConfig, tables: Mapping[str, pd.DataFrame], name: str) -> Iterator[dict[str, Any]]:
    summary, episodes = (
        frame[(frame.arena == LAB) & (frame.contestant == name)] for frame in (tables["summary"], tables["episodes"])
    )
    for row in summary.to_dict("records"):
        missed = ", ".join(episodes.scenario[~episodes.caught].sort_values())
        yield {**_who(name, config.seed), **{column: row[column] for column in _FROM_SUMMARY}, "missed": missed}


def _further(config: BenchmarkConfig, material: Material, name: str, progress: Progress) -> Iterator[dict[str, Any]]:
    here = next(one for one in material.rounds if one.name == LAB)
    for seed in range(config.seed + 1, config.seed + config.seeds):
        entry = ModelContestant(replace(config.of_model(name), seed=seed), material.tables).enter(here)
        progress.step()
        if entry is not None:
            rules = judgement_rules(config.alerts)
            report = evaluate_alerts(here.test, entry.alerts, rules, detector=name, seed=config.seed)
            yield {**_who(name, seed), **_figures(report)}


def _who(name: str, seed: int) -> dict[str, Any]:
    return {"arena": LAB, "contestant": name, "seed": seed}


def _figures(report: EpisodeReport) -> dict[str, Any]:
    return {
        "episode_count": report.episode_count,
        "caught": len(report.caught),
        "recall": report.recall,
        "false_alerts": report.false_alerts,
        "false_sources": len(report.false_sources),
        "missed": ", ".join(sorted(scenario_id(*key) for key in report.missed)),
    }
