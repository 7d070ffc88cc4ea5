"""Training: captures in, one evaluated and registered bundle out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweepml.baselines.registry import RULES, make_rule
from sweepml.config.train import TrainConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.splits import SourceGroups
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.plots import precision_recall_figure
from sweepml.evaluation.report import (
    render_details,
    render_table,
    threshold_metrics,
    to_metrics,
    window_metrics,
)
from sweepml.evaluation.thresholds import MAX_THRESHOLD, ThresholdChoice, choose_thresholds, clear_of
from sweepml.evaluation.windows import WindowReport, evaluate_windows
from sweepml.export.bundle import (
    CalibratedDetector,
    Provenance,
    ValidationRows,
    check_parity,
    git_commit,
    versions,
    write_bundle,
)
from sweepml.origins.report import ReadReport
from sweepml.runtime.bundle import GOLDEN_TOLERANCE
from sweepml.schema.alert import AlertRow
from sweepml.schema.catalogue import FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.edge_catalogue import EDGE_NAMES
from sweepml.tasks.cross_validation import (
    CrossValidated,
    Fittable,
    OutOfFold,
    calibrate,
    fit_on,
    judge,
    judged_captures,
    out_of_fold,
    scored_rows,
)
from sweepml.tasks.data import TrainingTable, feature_plan, read_training_data
from sweepml.tasks.labels import check_labels, learner_maker
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.settings import alert_budget, check_seeds, judgement_rules, model_maker
from sweepml.tracking.mlflow_run import Recorded, Store, recorded_run


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a detector and the public rules did on the same captures.

    Attributes
    ----------
    captures
        Name of the capture, or ``all``.
    model, rules
        Episode-level reports.
    """

    captures: str
    model: EpisodeReport
    rules: tuple[EpisodeReport, ...]


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a training run gave.

    Attributes
    ----------
    bundle_path, bundle_id
        The exported file.
    evaluations
        Cross-validated, over all captures and capture by capture where there are sweeps.
    windows
        Window-level report of the same scores.
    choice
        Final thresholds and what validation can vouch for.
    parity
        Largest difference between the model's and onnxruntime's score over all validation rows.
    recorded
        The MLflow run.
    store
        Where it is.
    table
        The evaluation as text.
    reads
        What was read and rejected, by capture.
    """

    bundle_path: Path
    bundle_id: str
    evaluations: tuple[Evaluation, ...]
    windows: WindowReport
    choice: ThresholdChoice
    parity: float
    recorded: Recorded
    store: Store
    table: str
    reads: dict[str, ReadReport]


def train(config: TrainConfig, progress: Progress | None = None) -> TrainResult:
    """Train, evaluate, export and record one detector.

    Every row is scored once by a model that saw neither its source nor its episode; calibration and
    thresholds of each fold come from the other folds. The exported model is fitted on everything, its
    calibration and thresholds on all out-of-fold scores.

    Parameters
    ----------
    config
        The whole configuration.
    progress
        Told about stages; silent by default.

    Raises
    ------
    SweepmlError
        For anything that a user can mend.
    """
    progress = progress or Silent()
    # Whatever is wrong with the configuration should not cost the reading of the data.
    check_labels(config.labels, model_maker(config.model)())
    for rule in config.rules:
        make_rule(rule)
    budget = alert_budget(config.alerts)
    check_seeds([config.seed])
    data = read_training_data(config, config.seed, progress)
    plan, captures, groups, table = data.plan, data.captures, data.groups, data.table
    make = learner_maker(config, groups)
    store = Store.of(config.tracking, config.output_root)
    with recorded_run(store, config.name) as run:
        run.log_config(recorded_params(config), json.dumps(asdict(config), indent=2))
        for capture in captures:
            run.log_data(capture.name, config.data.captures[capture.name].log, capture.fingerprint)
        run.set_tags(
            {
                "feature_schema": SCHEMA_HASH,
                "git_commit": git_commit(),
                **{f"data.{capture.name}": capture.fingerprint for capture in captures},
                **{f"version.{package}": version for package, version in versions().items()},
            }
        )
        found = out_of_fold(make, table, groups, config.split, config.seed, progress)
        tested = judged_captures(captures, table.rows, config.split)
        validated = judge(found, table.rows, groups, tested, budget)
        evaluations = evaluate(config, tested, validated)
        scored = validated.scored
        windows = evaluate_windows(scored.y, scored.score, validated.verdicts, scored.horizon_s)

        progress.stage("fitting and exporting the detector", 2)
        detector, choice = final_detector(make, table, groups, tested, found, config)
        progress.step()
        metrics = {
            **to_metrics(evaluations[0].model, "test"),
            **window_metrics(windows, "test"),
            **threshold_metrics(choice, "validation"),
        }
        features = table.rows.features
        proof = ValidationRows(features.values, table.rows.y == 0, features.edges)
        provenance = Provenance(
            name=config.name,
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            alert_budget=choice.facts(),
            close_after_s=config.alerts.close_after_s,
            training=_training_facts(captures, table),
            metrics={name: value for name, value in metrics.items() if math.isfinite(value)},
        )
        path = bundle_path(config)
        bundle = write_bundle(path, detector, plan, proof, provenance)
        parity = check_parity(bundle, detector, features.values, features.edges)
        text = render(evaluations, choice)
        run.log_metrics({**metrics, "validation/onnx_difference": parity})
        for name, values_by_epoch in detector.model.learning_curves().items():
            run.log_curve(f"fit/{name}", values_by_epoch)
        whole = render(evaluations[:1], choice)  # of each capture as well it would be longer than MLflow keeps
        run.describe(f"{config.model.name} on {config.data.name}\n\n```\n{whole}\n```")
        run.log_text(text, "evaluation.txt")
        run.log_figure(precision_recall_figure(scored, validated.verdicts), "precision_recall.png")
        recorded = run.register_bundle(
            path, len(FEATURE_NAMES), len(plan.windows), len(EDGE_NAMES) if plan.edges_per_row else 0
        )
        progress.step()
    return TrainResult(path, bundle.bundle_id, evaluations, windows, choice, parity, recorded, store, text, data.reads)


def evaluate(config: TrainConfig, captures: Sequence[Capture], validated: CrossValidated) -> tuple[Evaluation, ...]:
    """Judge the cross-validated alerts and those of the rules, over all captures and one by one."""
    alerts = validated.scored.to_alerts(validated.verdicts, config.model.name)
    by_rule = {
        name: [a for c in captures for a in make_rule(name).alerts(c.connections, c.hosts, c.name)]
        for name in config.rules
    }
    judgement = judgement_rules(config.alerts)

    def report(detector: str, raised: Sequence[AlertRow], some: Sequence[Capture]) -> EpisodeReport:
        names = {capture.name for capture in some}
        return evaluate_alerts(
            some,
            [alert for alert in raised if alert.capture in names],
            judgement,
            detector=detector,
            seed=config.seed,
        )

    labelled = [c for c in captures if any(episode.is_sweep for episode in c.episodes)]
    parts = [("all", list(captures))]
    if len(captures) > 1:
        parts += [(capture.name, [capture]) for capture in labelled]
    return tuple(
        Evaluation(
            name,
            report(config.model.name, alerts, some),
            tuple(report(rule, raised, some) for rule, raised in by_rule.items()),
        )
        for name, some in parts
    )


def final_detector(
    make: Callable[[], Fittable],
    table: TrainingTable,
    groups: SourceGroups,
    captures: Sequence[Capture],
    found: OutOfFold,
    config: TrainConfig,
) -> tuple[CalibratedDetector, ThresholdChoice]:
    """Fit on everything; calibrate and choose thresholds on all out-of-fold scores."""
    model = fit_on(make, table.fitted(), table.varied, groups, config.seed)
    tested = table.rows.take(found.place)
    calibration = calibrate(found.raw, tested, groups)
    scored = scored_rows(tested, calibration.apply(found.raw))
    choice = choose_thresholds(scored, Exposure.of(captures), alert_budget(config.alerts))
    # Of a horizon without validation rows nothing is known: only certainty raises an alert there.
    horizons = [spec.length_s for spec in feature_plan(config.features).windows]
    features = table.rows.features
    final = calibration.apply(model.score_rows(features.values, features.edges))
    limits = {
        length_s: clear_of(choice.thresholds.get(length_s, MAX_THRESHOLD), final, 2 * GOLDEN_TOLERANCE)
        for length_s in horizons
    }
    return CalibratedDetector(model, calibration, limits), choice


def render(evaluations: Sequence[Evaluation], choice: ThresholdChoice) -> str:
    """Return the evaluation as text, as the command line prints it and MLflow keeps it."""
    titles = {name: make_rule(name).title for name in RULES}
    parts = []
    for evaluation in evaluations:
        parts.append(f"{evaluation.captures}, cross-validated by source and episode")
        parts.append(render_table([evaluation.model, *evaluation.rules], titles))
        parts.append("")
    parts.append(render_details(evaluations[0].model))
    parts.append("")
    parts.append(render_thresholds(choice))
    return "\n".join(parts)


def render_thresholds(choice: ThresholdChoice) -> str:
    """Return the thresholds, and what the validation data can vouch for, as text."""
    lines = [
        "thresholds: "
        + ", ".join(f"{one.horizon_s} s windows {one.threshold:.3f}" for one in choice.horizons)
        + f" for a budget of {choice.budget.per_day_per_1000:g} false alerts per day per 1,000 sources"
    ]
    if not choice.is_verifiable:
        lines.append(
            f"these captures watched {choice.exposure.source_days:.1f} source-days: no rate below "
            f"{choice.lowest_verifiable_rate:.0f} per day per 1,000 sources can be verified on them"
        )
    return "\n".join(lines)


def bundle_path(config: TrainConfig) -> Path:
    """Return where a run's bundle is written."""
    return Path(config.output_root) / config.name / "detector.onnx"


def _training_facts(captures: Sequence[Capture], table: TrainingTable) -> dict[str, Any]:
    y = table.rows.y
    return {
        "captures": [
            {
                "name": capture.name,
                "sha256": capture.fingerprint,
                "connections": len(capture.connections),
                "sweep_episodes": len({e.episode_id for e in capture.episodes if e.is_sweep}),
                "span_s": round(capture.span_s, 3),
            }
            for capture in captures
        ],
        "rows": {
            "sweep": int((y == 1).sum()),
            "benign": int((y == 0).sum()),
            "unlabelled": int((y < 0).sum()),
            "varied_copies": len(table.varied),
        },
    }


def recorded_params(config: TrainConfig) -> dict[str, Any]:
    """Return the flat configuration without what tells no runs apart: where things lie, and the captures.

    The captures are recorded as data, and the whole configuration as a file.
    """
    left_out = ("data.captures.", "data.root", "data.real_root", "output_root", "tracking.", "space.")
    return {key: value for key, value in flatten(config).items() if not key.startswith(left_out)}


def flatten(config: TrainConfig) -> dict[str, Any]:
    """Return the configuration as dotted keys, lists as JSON."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), inner)
        else:
            flat[prefix] = json.dumps(value) if isinstance(value, list) else value

    walk("", asdict(config))
    return flat


__all__ = ["Evaluation", "TrainResult", "train"]
