"""`sweepml benchmark frontier`: Hydra overrides in; the slowest and the smallest sweep that everybody catches out."""

from __future__ import annotations

import shlex
import sys
from typing import Final

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_frontier
from sweepml.cli.progress import bars

QUICK_GRID: Final = (
    "grid.rates_per_hour=[10,100,1000]",
    "grid.sizes=[10,40,160]",
    "grid.success_shares=[0,1]",
    "grid.trials=2",
)
"""Of a quick run, before the user's."""

_HELP = """\
usage: sweepml benchmark frontier [KEY=VALUE ...] [--show]

Put sweeps of every rate, size and share of success into recorded traffic, let detectors and public rules watch it, and
say which are caught within a day: frontier.html, frontier.md, frontier.svg, frontier.csv and the tables as Parquet.

examples:
  sweepml benchmark frontier                                 outputs/default/detector.onnx and every rule (minutes)
  sweepml benchmark frontier quick=true                      a few cells, in a minute
  sweepml benchmark frontier 'detectors=[outputs/field/detector.onnx]' name=field_frontier
  sweepml benchmark frontier 'detectors=[]' 'models=[gradient_boosting]'    trained here, on data=field
  sweepml benchmark frontier source=existing pace=steady     by hosts that also do other things, by the clock
  sweepml benchmark frontier backgrounds.office.log=office/conn.log         in a log of yours, without sweeps in it

groups (GROUP=OPTION picks a file of conf/):
{groups}

--show prints the composed configuration, every key of which can be overridden, and runs nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    quick = QUICK_GRID if "quick=true" in arguments else ()
    config = composed_or_answered([*quick, *arguments], _HELP, compose_frontier)
    if config is None:
        return 0
    # Imported only now: help and configuration need neither scikit-learn nor MLflow.
    from sweepml.evaluation.frontier_report.terminal import render_text
    from sweepml.tasks.frontier.run import PAGE_FILE, PICTURE_FILE, SUMMARY_FILE, frontier

    with bars() as progress:
        result = frontier(config, progress, shlex.join(["sweepml", "benchmark", "frontier", *arguments]))
    sys.stdout.write(f"{render_text(result.results)}\n\n")
    sys.stdout.write(
        f"page {result.folder / PAGE_FILE}, summary {result.folder / SUMMARY_FILE}, "
        f"picture {result.folder / PICTURE_FILE}\nMLflow run {result.run_id}\n"
    )
    return 0
