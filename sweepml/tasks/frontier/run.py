"""`sweepml benchmark frontier` as a plain function: a configuration in; tables, page and a run in MLflow out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from sweepml.config.frontier import FrontierConfig
from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.evaluation.benchmark_tables import CONTESTANTS
from sweepml.evaluation.frontier import FALSE_ALERTS, TRIALS, frontier_table
from sweepml.evaluation.frontier_report.page import render_html, render_markdown
from sweepml.evaluation.frontier_report.picture import render_picture
from sweepml.evaluation.frontier_report.results import FrontierResults
from sweepml.simulation.plain_sweep import PlainSweep
from sweepml.tasks.benchmark.contestants import check_names, model_names
from sweepml.tasks.benchmark.recording import measurement, record
from sweepml.tasks.data import feature_plan, load_captures, plan_for
from sweepml.tasks.frontier.backgrounds import (
    Background,
    Bench,
    false_alert_rows,
    load_background,
    make_background,
    turns,
)
from sweepml.tasks.frontier.cells import make_cells
from sweepml.tasks.frontier.competitors import Competitors, make_competitors
from sweepml.tasks.frontier.watchers import AlertsByName, watch
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.settings import check_seeds, judgement_rules, model_maker

PAGE_FILE: Final = "frontier.html"
SUMMARY_FILE: Final = "frontier.md"
PICTURE_FILE: Final = "frontier.svg"
CSV_FILE: Final = "frontier.csv"
TABLES_FOLDER: Final = "tables"


@dataclass(frozen=True, slots=True)
class FrontierResult:
    """What a frontier gave.

    Attributes
    ----------
    folder
        Holds ``frontier.html``, ``frontier.md``, ``frontier.svg``, ``frontier.csv`` and ``tables/*.parquet``.
    results
        The tables, and how they were made.
    run_id
        Of the MLflow run.
    """

    folder: Path
    results: FrontierResults
    run_id: str


def frontier(config: FrontierConfig, progress: Progress | None = None, command: str = "") -> FrontierResult:
    """Measure the frontier of every contestant and report it.

    Parameters
    ----------
    config
        The whole configuration.
    progress
        Told about stages; silent by default.
    command
        What makes the same report again, for the report.

    Raises
    ------
    SweepmlError
        For anything that a user can mend.
    """
    progress = progress or Silent()
    check_seeds([config.seed])
    cells = make_cells(config)
    if not check_names(config):
        raise ConfigError("nobody to measure: models, rules and detectors are all empty")
    backgrounds, controls = _read(config, progress)
    quiet = [*(one.capture for one in backgrounds), *controls]
    plan = plan_for(config.features, [model_maker(config.of_model(name).model)() for name in model_names(config)])
    learned: Sequence[Capture] = ()
    if config.rules != [] or config.models != []:
        learned, _ = load_captures(config.data, plan, progress)
    competitors = make_competitors(config, plan, learned, quiet, progress)
    said = _without_sweeps(competitors, quiet, progress)
    bench = Bench(competitors.watchers, judgement_rules(config.alerts), config.horizon_s, config.company, said)
    trials = _trials(bench, backgrounds, cells, config.grid.trials, progress)
    tables = {
        "trials": trials,
        "frontier": frontier_table(trials),
        "false_alerts": FALSE_ALERTS.make(false_alert_rows(quiet, said, bench.rules)),
        "contestants": CONTESTANTS.make(competitors.rows),
    }
    return _report(config, tables, quiet, command, progress)


def _read(config: FrontierConfig, progress: Progress) -> tuple[list[Background], list[Capture]]:
    if not config.backgrounds:
        raise ConfigError("no background to put sweeps into: give backgrounds.NAME.log=FILE")
    twice = config.backgrounds.keys() & config.controls.keys()
    if twice:
        raise ConfigError(f"{min(twice)} is a background and a control: a log is watched once")
    plan = feature_plan(config.features)
    progress.stage("reading backgrounds", len(config.backgrounds) + len(config.controls))
    backgrounds = []
    for name, one in config.backgrounds.items():
        backgrounds.append(make_background(load_background(name, one, plan), one, config, plan))
        progress.step()
    controls = []
    for name, one in config.controls.items():
        controls.append(load_background(name, one, plan))
        progress.step()
    return backgrounds, controls


def _without_sweeps(
    competitors: Competitors, captures: Sequence[Capture], progress: Progress
) -> dict[str, AlertsByName]:
    progress.stage("watching without sweeps", len(captures))
    said = {}
    for capture in captures:
        said[capture.name] = watch(competitors.watchers, capture)
        progress.step()
    return said


def _trials(
    bench: Bench, backgrounds: Sequence[Background], cells: Sequence[PlainSweep], count: int, progress: Progress
) -> pd.DataFrame:
    progress.stage("sweeping", len(cells))
    rows = []
    for kind in cells:
        shares = turns(backgrounds, kind, count)
        if not shares:
            raise ConfigError(
                f"no background is long enough for {kind.size} targets at {kind.rate_per_hour:g} an hour, which take "
                f"{kind.duration_s:,.0f} s: give a longer log, a smaller horizon_s or higher rates"
            )
        for background, share in shares:
            rows += list(bench.trials(background, kind, share))
        progress.step()
    return TRIALS.make(rows)


def _report(
    config: FrontierConfig,
    tables: dict[str, pd.DataFrame],
    quiet: Sequence[Capture],
    command: str,
    progress: Progress,
) -> FrontierResult:
    progress.stage("writing the report", 1)
    folder = Path(config.output_root) / config.name
    notes = {name: one.note for name, one in (config.backgrounds | config.controls).items()}
    caveats = ["A quick run: a few cells with few sweeps each. Its figures are no result."] if config.quick else []
    made = measurement(config, command or "sweepml benchmark frontier", quiet, caveats=caveats, notes=notes)
    results = FrontierResults(tables, made, config.horizon_s, config.source, config.pace, config.company)
    (folder / TABLES_FOLDER).mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_parquet(folder / TABLES_FOLDER / f"{name}.parquet", index=False, compression="zstd")
    texts = {
        PAGE_FILE: render_html(results),
        SUMMARY_FILE: render_markdown(results, PAGE_FILE, PICTURE_FILE),
        PICTURE_FILE: render_picture(results),
        CSV_FILE: tables["frontier"].to_csv(index=False),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    facts = {
        "quick": config.quick,
        "seed": config.seed,
        "source": config.source,
        "pace": config.pace,
        "horizon_s": config.horizon_s,
    }
    run_id = record(config, facts, results.metrics(), texts, folder / TABLES_FOLDER)
    progress.step()
    return FrontierResult(folder, results, run_id)
