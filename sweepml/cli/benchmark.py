"""`sweepml benchmark`: Hydra overrides in, a report out.

`sweepml benchmark compare` sets two results side by side; `sweepml benchmark frontier` is in `sweepml.cli.frontier`.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from sweepml.cli import frontier
from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_benchmark
from sweepml.cli.progress import bars
from sweepml.errors import ConfigError

COMPARE = "compare"
FRONTIER = "frontier"
QUICK_PARAMS = (
    "models=[gradient_boosting]",
    "+model_params.gradient_boosting.n_bags=1",
    "+model_params.gradient_boosting.max_iter=60",
)
"""Of a quick run, before the user's: one model, half the trees once instead of all of them three times."""

EXIT_WORSE = 1

_HELP = """\
usage: sweepml benchmark [KEY=VALUE ...] [--show]
       sweepml benchmark compare BASE HEAD
       sweepml benchmark frontier [KEY=VALUE ...] [--show]

Judge every registered model and every public rule, as shipped and tuned to one alert budget, on the same captures;
write report.html, report.md, results.json and the tables as Parquet, and record all of it in MLflow.

examples:
  sweepml benchmark                                        everything (minutes)
  sweepml benchmark quick=true                             one small model, the own captures (under a minute)
  sweepml benchmark seeds=5                                models with five seeds on the own captures, too
  sweepml benchmark models=[] arenas=[lab]                 the rules alone
  sweepml benchmark 'arenas=[evasion,"sampled 1:100"]'      sweeps that mean not to be found, a sampling exporter
  sweepml benchmark 'detectors=[outputs/default/detector.onnx]'
  sweepml benchmark '+foreign_alerts.zeek={file: notice.log, capture: lab_train}'

compare prints what differs between two results (results.json, or the folder that holds it) with direction and
tolerance, and ends with 1 where something is worse.

frontier says how slow and how small a sweep everybody catches (sweepml benchmark frontier --help).

groups (GROUP=OPTION picks a file of conf/):
{groups}

--show prints the composed configuration, every key of which can be overridden, and runs nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    if arguments[:1] == [COMPARE]:
        return _compare(arguments[1:])
    if arguments[:1] == [FRONTIER]:
        return frontier.run(arguments[1:])
    quick = QUICK_PARAMS if "quick=true" in arguments else ()
    config = composed_or_answered([*quick, *arguments], _HELP, compose_benchmark)
    if config is None:
        return 0
    # Imported only now: help and configuration need neither scikit-learn nor MLflow.
    from sweepml.tasks.benchmark.run import REPORT_FILE, SUMMARY_FILE, benchmark

    with bars() as progress:
        result = benchmark(config, progress, shlex.join(["sweepml", "benchmark", *arguments]))
    sys.stdout.write(f"{_table(result.tables)}\n\n")
    sys.stdout.write(
        f"report {result.folder / REPORT_FILE}, summary {result.folder / SUMMARY_FILE}\nMLflow run {result.run_id}\n"
    )
    return 0


def _table(tables: dict[str, Any]) -> str:
    from sweepml.evaluation.report import align

    lines = [("arena", "contestant", "caught", "recall 95 %", "false sources", "median s", "median targets")]
    lines += [
        (
            row["arena"],
            row["contestant"],
            f"{row['caught']}/{row['episode_count']}",
            f"{row['recall_low']:.2f}-{row['recall_high']:.2f}" if row["episode_count"] else "-",
            str(row["false_sources"]),
            f"{row['median_delay_s']:.1f}" if row["median_delay_s"] == row["median_delay_s"] else "-",
            f"{row['median_targets']:.0f}" if row["median_targets"] == row["median_targets"] else "-",
        )
        for row in tables["summary"].to_dict("records")
    ]
    return align(lines)


def _compare(arguments: list[str]) -> int:
    if len(arguments) != 2 or any(not Path(one).exists() for one in arguments):
        absent = [one for one in arguments if not Path(one).exists()]
        raise ConfigError(f"usage: sweepml benchmark compare BASE HEAD{f'; there is no {absent[0]}' if absent else ''}")
    from sweepml.evaluation.comparison import render_comparison
    from sweepml.tasks.benchmark.run import compare_results

    comparison = compare_results(*arguments)
    sys.stdout.write(f"{render_comparison(comparison)}\n")
    return EXIT_WORSE if comparison.is_worse else 0
