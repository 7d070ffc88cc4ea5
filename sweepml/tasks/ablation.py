"""What each feature family is worth: leave it out, train and judge again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sweepml.config.ablation import AblationConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.splits import SourceGroups, assign_groups
from sweepml.errors import ConfigError
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.windows import average_precision
from sweepml.models.registry import make_model
from sweepml.pipeline.rows import LabelledRows
from sweepml.schema.catalogue import CATALOGUE, FAMILIES, SCHEMA_HASH
from sweepml.tasks.cross_validation import judge, judged_captures, out_of_fold
from sweepml.tasks.data import TrainingTable, feature_plan, load_captures, training_table
from sweepml.tasks.labels import check_labels, model_maker
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.train import alert_budget

NOTHING: Final = "nothing"
"""Name of the run that leaves out nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run did; each tuple has one value per seed.

    Attributes
    ----------
    left_out
        A family, or `NOTHING`.
    columns
        How many features were left out.
    episodes
        Sweep episodes that there were to catch.
    caught
        Those that the cross-validated alerts caught.
    average_precision
        Of the windows' scores.
    false_alerts
        Findings that are wrong.
    """

    left_out: str
    columns: int
    episodes: int
    caught: tuple[int, ...]
    average_precision: tuple[float, ...]
    false_alerts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ablation:
    """The result of an ablation.

    Attributes
    ----------
    full
        With every feature.
    without
        One per family, in the order of the catalogue.
    page
        The whole as a Markdown page.
    path
        Where it was written.
    """

    full: Outcome
    without: tuple[Outcome, ...]
    page: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Data:
    captures: list[Capture]
    groups: SourceGroups
    table: TrainingTable


def ablate(config: AblationConfig, progress: Progress | None = None) -> Ablation:
    """Leave out each feature family in turn and cross-validate.

    A family is left out by making its columns missing wherever the model sees them, in training and in testing.
    Rows, labels, folds and the alert budget stay the same: with one seed, two runs differ in nothing else.

    Parameters
    ----------
    config
        As for training; `seeds` repeat everything with other folds and models.
    progress
        Told about stages; silent by default.

    Raises
    ------
    SweepmlError
        For anything that a user can mend.
    """
    progress = progress or Silent()
    path = Path(config.output)
    if not path.parent.is_dir():
        raise ConfigError(f"output={config.output}: there is no folder {path.parent}")
    if not config.seeds or min(config.seeds) < 0 or len(set(config.seeds)) < len(config.seeds):
        raise ConfigError(f"seeds must be one or several different numbers, none negative, got {config.seeds}")
    plan = feature_plan(config.features)
    check_labels(config.labels, make_model(config.model.name, config.model.params))
    captures, _ = load_captures(config.data, plan, progress)
    if not any(episode.is_sweep for capture in captures for episode in capture.episodes):
        raise ConfigError("these captures hold no labelled sweep, so that there is nothing to catch")
    table = training_table(
        captures, plan, config.features.positive_dst_count, config.variants, config.seeds[0], progress
    )
    data = _Data(captures, assign_groups(captures, together=config.data.together), table)
    progress.stage("leaving out families", (len(FAMILIES) + 1) * len(config.seeds))
    full, *without = (_run(config, data, family, progress) for family in (NOTHING, *FAMILIES))
    page = render(config, captures, full, without)
    path.write_text(page, encoding="utf-8")
    return Ablation(full, tuple(without), page, path)


def without_family(rows: LabelledRows, family: str) -> LabelledRows:
    """Return the rows with a family's columns missing; `NOTHING` leaves them alone.

    Raises
    ------
    ConfigError
        If there is no such family.
    """
    if family == NOTHING:
        return rows
    if family not in FAMILIES:
        raise ConfigError(f"there is no feature family {family!r}; known: {', '.join(FAMILIES)}")
    values = rows.features.values.copy()
    values[:, [spec.family == family for spec in CATALOGUE]] = np.nan
    return replace(rows, features=replace(rows.features, values=values))


def _run(config: AblationConfig, data: _Data, family: str, progress: Progress) -> Outcome:
    table = TrainingTable(without_family(data.table.rows, family), without_family(data.table.varied, family))
    reports, precision = [], []
    for seed in config.seeds:
        report, average = _judged(config, data, table, seed)
        reports.append(report)
        precision.append(average)
        progress.step()
    return Outcome(
        left_out=family,
        columns=len(FAMILIES.get(family, ())),
        episodes=reports[0].episode_count,
        caught=tuple(len(report.caught) for report in reports),
        average_precision=tuple(precision),
        false_alerts=tuple(report.false_alerts for report in reports),
    )


def _judged(config: AblationConfig, data: _Data, table: TrainingTable, seed: int) -> tuple[EpisodeReport, float]:
    """Cross-validate; return what became of the alerts, and the average precision of the windows."""
    found = out_of_fold(model_maker(config, data.groups), table, data.groups, config.split, seed, Silent())
    tested = judged_captures(data.captures, table.rows, config.split)
    validated = judge(found, table.rows, data.groups, tested, alert_budget(config.alerts))
    scored = validated.scored
    report = evaluate_alerts(
        tested,
        scored.to_alerts(validated.verdicts, config.model.name),
        JudgementRules(close_after_s=config.alerts.close_after_s),
        detector=config.model.name,
        seed=seed,
    )
    labelled = scored.y >= 0
    return report, average_precision(scored.y[labelled] == 1, scored.score[labelled])


def render(config: AblationConfig, captures: Sequence[Capture], full: Outcome, without: Sequence[Outcome]) -> str:
    """Return the result as a Markdown page."""
    params = ", ".join(f"{name}={value}" for name, value in config.model.params.items())
    copies = "varied copies" if config.variants.stretches else "no varied copies"
    logs = "; ".join(f"{capture.name} (SHA-256 `{capture.fingerprint[:16]}`)" for capture in captures)
    return f"""\
# What each feature family is worth

<!-- Written by `sweepml ablate`: run it again rather than change this file. -->

Each family left out in turn, everything else as it was: {config.model.name}({params}), {copies},
{config.split.folds} folds by source and episode, seeds {", ".join(map(str, config.seeds))}, a budget of \
{config.alerts.budget_per_day_per_1000:g} false alerts per day per 1,000 sources.
Feature schema `{SCHEMA_HASH}`. Captures: {logs}; {full.episodes} sweep episodes in all.

{chr(10).join(_table(full, without))}

Means over the seeds. A change is without the family minus with everything, on the same folds; behind it in brackets
stand the smallest and the largest over the seeds. A change whose bracket holds zero is none. From seed to seed, with
everything, {min(full.caught)} to {max(full.caught)} episodes are caught and the average precision is \
{min(full.average_precision):.4f} to {max(full.average_precision):.4f}.
A family that changes little is not worthless: others may say the same, and these captures may not hold the traffic
that it is for.
"""


def _table(full: Outcome, without: Sequence[Outcome]) -> Iterator[str]:
    yield "| left out | features | episodes caught | change | average precision | change | false alerts | change |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for one in (full, *without):
        cells = [
            one.left_out.replace("_", " "),
            str(one.columns),
            f"{np.mean(one.caught):.1f} of {one.episodes}",
            _change(one.caught, full.caught, "+.1f", "+d"),
            f"{np.mean(one.average_precision):.4f}",
            _change(one.average_precision, full.average_precision, "+.4f", "+.4f"),
            f"{np.mean(one.false_alerts):.1f}",
            _change(one.false_alerts, full.false_alerts, "+.1f", "+d"),
        ]
        yield "| " + " | ".join(cells if one is not full else _without_changes(cells)) + " |"


def _without_changes(cells: Sequence[str]) -> list[str]:
    return [*cells[:3], "", cells[4], "", cells[6], ""]


def _change(values: Sequence[float], full: Sequence[float], mean: str, each: str) -> str:
    changes = [a - b for a, b in zip(values, full, strict=True)]
    text = f"{np.mean(changes):{mean}}"
    return text if len(changes) == 1 else f"{text} [{min(changes):{each}}, {max(changes):{each}}]"
