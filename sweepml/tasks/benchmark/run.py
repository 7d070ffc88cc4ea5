"""`sweepml benchmark` as a plain function: a configuration in; tables, report and a run in MLflow out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from sweepml.config.benchmark import BenchmarkConfig
from sweepml.datasets.foreign_alerts import read_foreign_alerts
from sweepml.errors import ConfigError, InputError, InputMissingError, did_you_mean
from sweepml.evaluation.allowlist import read_allowlist
from sweepml.evaluation.benchmark_report.headline import render_headline
from sweepml.evaluation.benchmark_report.html import render_html
from sweepml.evaluation.benchmark_report.markdown import render_markdown
from sweepml.evaluation.benchmark_report.results import CaptureFacts, Measurement, Results
from sweepml.evaluation.benchmark_tables import CONTESTANTS, join_tables, read_tables, write_tables
from sweepml.evaluation.comparison import Comparison, compare, results_of
from sweepml.evaluation.judged_tables import Judging, judged_tables
from sweepml.tasks.benchmark.contest import Material, Part, contest, contestants, gather
from sweepml.tasks.benchmark.contestants import SHIPPED, Contestant, ForeignContestant
from sweepml.tasks.benchmark.probing import probe_table
from sweepml.tasks.benchmark.recording import measurement, record
from sweepml.tasks.benchmark.rounds import untrained_round
from sweepml.tasks.benchmark.seeds import check_repeats, seeds_table
from sweepml.tasks.progress import Progress, Silent
from sweepml.tasks.settings import check_seeds, judgement_rules

RESULTS_FILE: Final = "results.json"
REPORT_FILE: Final = "report.html"
SUMMARY_FILE: Final = "report.md"
TABLES_FOLDER: Final = "tables"

_HEADLINE_ARENAS: Final = ("tools", "lab>real", "lab")


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """What a benchmark gave.

    Attributes
    ----------
    folder
        Holds ``report.html``, ``report.md``, ``results.json`` and ``tables/*.parquet``.
    tables
        Name -> frame, see `sweepml.evaluation.benchmark_tables`.
    headline
        The README's table, as Markdown; None where nobody was judged at the budget on sweeps.
    run_id
        Of the MLflow run.
    """

    folder: Path
    tables: dict[str, pd.DataFrame]
    headline: str | None
    run_id: str


def benchmark(config: BenchmarkConfig, progress: Progress | None = None, command: str = "") -> BenchmarkResult:
    """Judge every contestant in every arena and report it.

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
    check_repeats(config)
    judging = _judging(config)
    material = gather(config, progress)
    foreign = _foreign(config, material)
    everybody: dict[str, tuple[Contestant, list[str]]] = {}
    frames: list[dict[str, pd.DataFrame]] = []
    arenas = {one.name: one.arena for one in material.rounds}
    for part in (*contest(config, material, progress), *foreign):
        arenas.setdefault(part.round.name, part.round.arena)
        everybody.setdefault(part.contestant.name, (part.contestant, []))[1].append(
            f"{part.round.name}: {part.entry.threshold}"
        )
        frames.append(
            judged_tables(
                arenas[part.round.name],
                part.contestant.name,
                part.entry.alerts,
                judging,
                curve=part.entry.curve,
                rows=part.entry.rows,
            )
        )
    frames.append({"contestants": _contestants_table(everybody.values())})
    frames += [{"arenas": arena.table()} for arena in arenas.values()]
    frames.append({"seeds": seeds_table(config, material, join_tables(frames), progress)})
    if config.probes:
        crossed = [one for one in material.rounds if one.is_cross_validated and one.tie is None]
        progress.stage("probing for leaks", len(crossed))
        for one in crossed:
            frames.append({"probes": probe_table(one, material.tables, config.split.folds, config.seed)})
            progress.step()
    tables = join_tables(frames)
    results = Results(tables, _measurement(config, material, command))
    return _report(config, results, progress)


def compare_results(base: str | Path, head: str | Path) -> Comparison:
    """Compare two results, each a ``results.json`` or the folder that holds one.

    Raises
    ------
    InputMissingError, InputError
        If one is absent or none.
    """
    return compare(read_results(base), read_results(head))


def kept_headline(folder: str | Path) -> str:
    """Return the README's table of a result that was written before.

    Raises
    ------
    InputMissingError, InputError
        If the folder holds no result, or nobody was judged at the budget.
    """
    said = read_results(folder)["measurement"]
    captures = [CaptureFacts(**one) for one in said.pop("captures")]
    return render_headline(Results(read_tables(Path(folder) / TABLES_FOLDER), Measurement(captures=captures, **said)))


def read_results(path: str | Path) -> dict[str, Any]:
    """Return the results that a benchmark wrote.

    Raises
    ------
    InputMissingError
        If there is no such file.
    InputError
        If it holds none.
    """
    path = Path(path)
    path = path / RESULTS_FILE if path.is_dir() else path
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputMissingError(f"{path}: no such file; sweepml benchmark writes it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: holds no results of a benchmark: {error}") from None
    if not isinstance(read, dict):
        raise InputError(f"{path}: holds no results of a benchmark")
    return read


def _judging(config: BenchmarkConfig) -> Judging:
    if config.allowlist is None:
        return Judging(judgement_rules(config.alerts), config.seed)
    # The day is the user's, not the captures': an allowlist is kept up to date for what comes.
    today: date = datetime.now(UTC).date()
    return Judging(judgement_rules(config.alerts), config.seed, read_allowlist(config.allowlist), today)


def _foreign(config: BenchmarkConfig, material: Material) -> list[Part]:
    """Return the alerts of other tools, and beside them whoever needs no training, on their captures."""
    captures = {capture.name: capture for capture in (*material.own, *material.published.captures)}
    parts = []
    for capture_name in dict.fromkeys(one.capture for one in config.foreign_alerts.values()):
        if capture_name not in captures:
            raise ConfigError(
                f"foreign_alerts are about the capture {capture_name!r}; {did_you_mean(capture_name, captures)}"
            )
        here = untrained_round(captures[capture_name])
        for name, one in config.foreign_alerts.items():
            if one.capture == capture_name:
                tool = ForeignContestant(name, read_foreign_alerts(one.file, capture_name).alerts)
                parts.append(Part(here, tool, tool.enter(here)))
        for contestant in contestants(config, material):
            entry = contestant.enter(here) if contestant.operating_point == SHIPPED else None
            if entry is not None:
                parts.append(Part(here, contestant, entry))
    return parts


def _contestants_table(everybody: Iterable[tuple[Contestant, Sequence[str]]]) -> pd.DataFrame:
    return CONTESTANTS.make(
        {
            "contestant": one.name,
            "title": one.title,
            "kind": one.kind,
            "operating_point": one.operating_point,
            "threshold": "; ".join(dict.fromkeys(thresholds)),
            "note": _NOTES.get(one.kind, ""),
        }
        for one, thresholds in everybody
    )


_NOTES: Final = {
    "bundle": "as it was brought; it may have been trained on these captures",
    "alerts": "as the tool has them",
}


def _measurement(config: BenchmarkConfig, material: Material, command: str) -> Measurement:
    caveats = [f"{file} could not be read: {why}" for file, why in sorted(material.published.left_out.items())]
    caveats += material.caveats
    if config.quick:
        caveats.append("A quick run: small models on unvaried captures. Compare it with nothing but another quick run.")
    # A capture that was made of another, "~" and how behind its name, is known by the content of that.
    used = {capture.name.partition("~")[0] for one in material.rounds for capture in (*one.train, *one.test)}
    return measurement(
        config,
        command or "sweepml benchmark",
        [one for one in (*material.own, *material.published.captures) if one.name in used],
        headline_arenas=_HEADLINE_ARENAS,
        caveats=caveats,
    )


def _report(config: BenchmarkConfig, results: Results, progress: Progress) -> BenchmarkResult:
    folder = Path(config.output_root) / config.name
    progress.stage("writing the report", 1)
    write_tables(folder / TABLES_FOLDER, results.tables)
    page, summary = render_html(results), render_markdown(results)
    said = results_of(results.tables) | {"measurement": asdict(results.measurement)}
    kept = json.dumps(said, indent=1, sort_keys=True) + "\n"
    texts = {REPORT_FILE: page, SUMMARY_FILE: summary, RESULTS_FILE: kept}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    facts, metrics = {"quick": config.quick, "seed": config.seed}, _metrics(results.tables["summary"])
    run_id = record(config, facts, metrics, texts, folder / TABLES_FOLDER)
    progress.step()
    try:
        headline = render_headline(results)
    except InputError:  # nobody at the budget: there is a report, but no headline to put into a README
        headline = None
    return BenchmarkResult(folder, dict(results.tables), headline, run_id)


def _metrics(summary: pd.DataFrame) -> dict[str, float]:
    """Return the figures by which runs are compared, as ``arena/contestant/figure`` in characters that MLflow takes."""
    metrics = {}
    for row in summary.to_dict("records"):
        who = f"{row['arena']}/{row['contestant']}".replace(">", "-to-").replace("@", "-at-").replace("+", "and")
        for figure in ("recall", "precision", "false_rate", "false_sources"):
            metrics[f"{who}/{figure}"] = float(row[figure])
    return metrics
