"""What each feature family is worth: leave it out, train and judge again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sweepml.config.ablation import AblationConfig
from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.pipeline.rows import LabelledRows
from sweepml.schema.catalogue import CATALOGUE, FAMILIES, SCHEMA_HASH
from sweepml.tasks.cross_validation import Fittable
from sweepml.tasks.data import TrainingData, read_training_data, require_sweeps
from sweepml.tasks.labels import check_labels, learner_maker
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.settings import alert_budget, model_maker
from sweepml.tasks.tryout import try_out

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
    check_labels(config.labels, model_maker(config.model)())
    alert_budget(config.alerts)
    data = read_training_data(config, config.seeds[0], progress)
    require_sweeps(data.captures)
    make = learner_maker(config, data.groups)
    progress.stage("leaving out families", (len(FAMILIES) + 1) * len(config.seeds))
    full, *without = (_run(config, make, data, family, progress) for family in (NOTHING, *FAMILIES))
    page = render(config, data.captures, full, without)
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


def _run(
    config: AblationConfig, make: Callable[[], Fittable], data: TrainingData, family: str, progress: Progress
) -> Outcome:
    rows, varied = (without_family(some, family) for some in (data.table.rows, data.table.varied))
    table = replace(data.table, rows=rows, varied=varied)
    tried = []
    for seed in config.seeds:
        tried.append(try_out(make, replace(data, table=table), config, seed))
        progress.step()
    return Outcome(
        left_out=family,
        columns=len(FAMILIES.get(family, ())),
        episodes=tried[0].report.episode_count,
        caught=tuple(len(one.report.caught) for one in tried),
        average_precision=tuple(one.average_precision for one in tried),
        false_alerts=tuple(one.report.false_alerts for one in tried),
    )


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
