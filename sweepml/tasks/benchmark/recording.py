"""How a result was made, and where it is kept: what the benchmark and the frontier say of themselves in one way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from sweepml.config.benchmark import ContestConfig
from sweepml.datasets.capture import Capture
from sweepml.evaluation.benchmark_report.results import CaptureFacts, Measurement
from sweepml.export.bundle import git_commit, versions
from sweepml.tracking.mlflow_run import Store, recorded_run


def measurement(
    config: ContestConfig,
    command: str,
    captures: Iterable[Capture],
    *,
    headline_arenas: Sequence[str] = (),
    caveats: Sequence[str] = (),
    notes: Mapping[str, str] | None = None,
) -> Measurement:
    """Return how a result was made.

    Parameters
    ----------
    config
        Its alert budget is stated.
    command
        What makes the same result again.
    captures
        All that were used.
    headline_arenas, caveats
        As in `Measurement`.
    notes
        Capture -> what a reader must know of it.
    """
    notes = notes or {}
    return Measurement(
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        command=command,
        commit=git_commit(),
        versions={name: version for name, version in versions().items() if name != "git_commit"},
        budget_per_day_per_1000=config.alerts.budget_per_day_per_1000,
        captures=[CaptureFacts(one.name, one.fingerprint, notes.get(one.name, "")) for one in captures],
        headline_arenas=headline_arenas,
        caveats=caveats,
    )


def record(
    config: ContestConfig,
    facts: Mapping[str, object],
    metrics: Mapping[str, float],
    texts: Mapping[str, str],
    tables: Path,
) -> str:
    """Record a result as a run in MLflow.

    Parameters
    ----------
    config
        Kept as a whole; says where the store is.
    facts
        Parameters to search runs by.
    metrics
        Figures by which runs are compared.
    texts
        File name -> content.
    tables
        Folder of further files.

    Returns
    -------
    str
        The run's id.
    """
    store = Store.of(config.tracking, config.output_root)
    with recorded_run(store, config.name) as run:
        run.log_config(dict(facts), json.dumps(asdict(config), indent=2))
        run.log_metrics(metrics)
        for name, text in texts.items():
            run.log_text(text, name)
        run.log_folder(tables)
        return run.run_id
