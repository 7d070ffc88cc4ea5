"""One configuration tried on the training captures: cross-validated, and its alerts judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sweepml.config.train import TrainConfig
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.windows import average_precision
from sweepml.tasks.cross_validation import Fittable, judge, judged_captures, out_of_fold
from sweepml.tasks.data import TrainingData
from sweepml.tasks.progress import Silent
from sweepml.tasks.settings import alert_budget, judgement_rules


@dataclass(frozen=True, slots=True)
class Tryout:
    """How a configuration did; every row was scored by a model that saw neither its source nor its episode.

    Attributes
    ----------
    report
        What became of the alerts, at thresholds that the other folds gave.
    average_precision
        Of the windows' scores, 0 to 1; NaN where no window holds a sweep.
    """

    report: EpisodeReport
    average_precision: float


def try_out(make: Callable[[], Fittable], data: TrainingData, config: TrainConfig, seed: int) -> Tryout:
    """Cross-validate a model and judge its alerts.

    Parameters
    ----------
    make
        Makes the model; `config.model` only gives the alerts their name.
    data
        What to train and test on.
    config
        Of the split and the alert budget.
    seed
        Of folds and models.

    Raises
    ------
    InputError
        If the model cannot be fitted on these rows.
    ConfigError
        If the split cannot be made of these captures.
    """
    found = out_of_fold(make, data.table, data.groups, config.split, seed, Silent())
    tested = judged_captures(data.captures, data.table.rows, config.split)
    validated = judge(found, data.table.rows, data.groups, tested, alert_budget(config.alerts))
    scored = validated.scored
    report = evaluate_alerts(
        tested,
        scored.to_alerts(validated.verdicts, config.model.name),
        judgement_rules(config.alerts),
        detector=config.model.name,
        seed=seed,
    )
    labelled = scored.y >= 0
    return Tryout(report, average_precision(scored.y[labelled] == 1, scored.score[labelled]))
