"""`sweepml search` as a plain function: a configuration in; trials, the best parameters and runs in MLflow out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml
from optuna.trial import Trial

from sweepml.config.search import SearchConfig
from sweepml.config.train import ModelConfig
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.report import align, to_metrics
from sweepml.export.bundle import git_commit
from sweepml.schema.catalogue import SCHEMA_HASH
from sweepml.tasks.data import TrainingData, read_training_data, require_sweeps
from sweepml.tasks.labels import check_labels, learner_maker
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.search.space import search_space, start_params
from sweepml.tasks.search.study import TrialStore, Tried, best_of
from sweepml.tasks.settings import alert_budget, check_seeds, model_maker
from sweepml.tasks.train import recorded_params
from sweepml.tasks.tryout import try_out
from sweepml.tracking.mlflow_run import Run, Store, recorded_run

TRIALS_FILE: Final = "trials.journal"
BEST_FILE: Final = "best.yaml"

_SHOWN: Final = 10
_BELOW_ONE: Final = 1.0 - 1e-9
"""Far enough below one to stay there when episodes are added to it."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search gave.

    Attributes
    ----------
    best
        The trial with most episodes caught, among equals that with the largest average precision.
    best_path
        Its parameters, a file that ``sweepml train model=FILE`` takes.
    tried
        All trials, those of earlier runs of the same search included.
    run_id
        Of the MLflow run that holds the trials.
    store
        Where it is.
    """

    best: Tried
    best_path: Path
    tried: tuple[Tried, ...]
    run_id: str
    store: Store


def search(config: SearchConfig, progress: Progress | None = None) -> SearchResult:
    """Try parameters on the training captures until `n_trials` are over in total.

    Each trial is cross-validated as training is, with the same folds and seed, so that nothing but its parameters
    tells it from the others; no capture but those of the configuration is read. The configured parameters are the
    first trial.

    Parameters
    ----------
    config
        As for training, with a space of the model's parameters.
    progress
        Told about stages; silent by default.

    Raises
    ------
    SweepmlError
        For anything that a user can mend.
    """
    progress = progress or Silent()
    if config.n_trials < 1:
        raise ConfigError(f"n_trials must be at least 1, got {config.n_trials}")
    check_seeds([config.seed])
    alert_budget(config.alerts)
    check_labels(config.labels, model_maker(config.model)())
    space, start = search_space(config), start_params(config)
    data = read_training_data(config, config.seed, progress)
    require_sweeps(data.captures)
    if not (data.table.rows.y == 1).any():
        raise InputError(
            "no window of these captures holds enough of a sweep to be labelled one: nothing can be ranked"
        )
    folder = Path(config.output_root) / config.name
    trials = TrialStore(folder / TRIALS_FILE, config.seed, _settings(config, data))
    store = Store.of(config.tracking, config.output_root)
    with recorded_run(store, config.name, trials.run_id) as run:
        if run.run_id != trials.run_id:
            trials.run_id = run.run_id
            own = replace(config, space={config.model.name: config.space[config.model.name]})
            run.log_config(recorded_params(own), json.dumps(asdict(own), indent=2))
            for capture in data.captures:
                run.log_data(capture.name, config.data.captures[capture.name].log, capture.fingerprint)
            run.set_tags({"feature_schema": SCHEMA_HASH, "git_commit": git_commit()})
        progress.stage("searching", config.n_trials)
        for _ in trials.over[: config.n_trials]:
            progress.step()
        while (number := len(trials.over)) < config.n_trials:
            with trials.trial(space, start) as trial, run.child(f"trial {number:03d}") as child:
                _try(config, data, child, trials, trial)
            _keep_best(config, trials.over, folder / BEST_FILE, run)
            progress.step()
        text = render(trials.over)
        run.describe(f"{config.model.name} on {config.data.name}, {config.n_trials} trials\n\n```\n{text}\n```")
        run.log_text(text, "trials.txt")
    tried = trials.over
    best = best_of(tried)
    if best is None:
        raise InputError(f"none of {len(tried)} trials could be fitted; the last one: {tried[-1].failure}")
    return SearchResult(best, folder / BEST_FILE, tuple(tried), run.run_id, store)


def render(tried: Sequence[Tried]) -> str:
    """Return the best trials as aligned text, best first, and how many there are."""
    names = sorted({name for one in tried for name in one.params})
    ranked = sorted(tried, key=lambda one: (math.inf if one.value is None else -one.value, one.number))
    lines = [("trial", "caught", "average precision", "false alerts", *names)]
    for one in ranked[:_SHOWN]:
        known = one.figures
        lines.append(
            (
                str(one.number),
                f"{known['caught']:.0f}/{known['episodes']:.0f}" if known else "-",
                f"{known['average_precision']:.4f}" if known else "-",
                f"{known['false_alerts']:.0f}" if known else "-",
                *(_digits(one.params[name]) for name in names),
            )
        )
    failed = [one for one in tried if one.failure is not None]
    parts = [align(lines)]
    if len(tried) > _SHOWN:
        parts.append(f"the best {_SHOWN} of {len(tried)} trials; all are in MLflow")
    if failed:
        parts.append(f"{len(failed)} could not be fitted; the last: {failed[-1].failure}")
    return "\n".join(parts)


def _try(config: SearchConfig, data: TrainingData, run: Run, trials: TrialStore, trial: Trial) -> None:
    """Cross-validate a trial's parameters, and record what came of it."""
    params = dict(trial.params)
    run.log_params(params)
    try:
        model = ModelConfig(config.model.name, {**config.model.params, **params})
        made = try_out(learner_maker(replace(config, model=model), data.groups), data, config, config.seed)
    except InputError as error:  # such as a training that diverged
        run.set_tags({"failure": str(error)})
        trials.tell_failure(trial, str(error))
        return
    report = made.report
    run.log_metrics({**to_metrics(report, "test"), "test/window_average_precision": made.average_precision})
    figures = {
        "caught": float(len(report.caught)),
        "episodes": float(report.episode_count),
        "average_precision": made.average_precision,
        "false_alerts": float(report.false_alerts),
    }
    trials.tell(trial, trial_value(len(report.caught), made.average_precision), figures)


def trial_value(caught: int, average_precision: float) -> float:
    """Return what a trial is ranked by: episodes caught at the alert budget, then the windows' average precision.

    The whole part counts episodes, the rest decides between trials that catch as many.

    >>> trial_value(4, 1.0) < trial_value(5, 0.0)
    True
    """
    return caught + min(average_precision, _BELOW_ONE)


def _keep_best(config: SearchConfig, tried: list[Tried], path: Path, run: Run) -> None:
    """Write the best parameters so far, which an interruption then leaves behind."""
    best = best_of(tried)
    if best is None:
        return
    known = best.figures
    run.log_metrics(
        {
            "best/episode_recall": known["caught"] / known["episodes"],
            "best/window_average_precision": known["average_precision"],
        },
        step=len(tried) - 1,
    )
    file = {"name": config.model.name, "params": {**config.model.params, **best.params}}
    text = (
        f"# Trial {best.number} of {len(tried)}, seed {config.seed}: {known['caught']:.0f} of {known['episodes']:.0f} "
        f"episodes caught, window average precision {known['average_precision']:.4f}, cross-validated on "
        f"data={config.data.name}.\n# sweepml train model=FILE takes it.\n{yaml.safe_dump(file, sort_keys=False)}"
    )
    path.write_text(text, encoding="utf-8")
    run.log_text(text, BEST_FILE)


def _settings(config: SearchConfig, data: TrainingData) -> dict[str, Any]:
    """Return everything on which a trial's value, and which parameters are tried, depend."""
    told = asdict(config)
    for name in ("name", "n_trials", "output_root", "tracking", "rules", "space", "data"):
        del told[name]
    return told | {
        "space": asdict(config)["space"][config.model.name],
        "together": config.data.together,
        "captures": {capture.name: capture.fingerprint for capture in data.captures},
        "feature_schema": SCHEMA_HASH,
    }


def _digits(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
