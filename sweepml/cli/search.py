"""`sweepml search`: Hydra overrides in, the parameters that suit the training captures out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_search
from sweepml.cli.progress import bars

_HELP = """\
usage: sweepml search [model=MODEL] [n_trials=20] [KEY=VALUE ...] [--show]

Try parameters of a model on the training captures, each by cross-validation, and write the best of them as a file
that `sweepml train model=FILE` takes. More episodes caught at the alert budget is better; where they are as many,
the larger average precision of the windows. The configured parameters are tried first. Every trial is a run in
MLflow below that of the search. Run again, a search that was interrupted goes on, until n_trials in total.

examples:
  sweepml search model=autoencoder
  sweepml search model=autoencoder n_trials=60              goes on after the first 20
  sweepml search variants=none name=quick n_trials=10
  sweepml search space.gradient_boosting.max_iter.high=800 name=more_trees
  sweepml search '~space.gradient_boosting.max_features' name=all_features

groups (GROUP=OPTION picks a file of conf/):
{groups}

--show prints the composed configuration, every key of which can be overridden, and tries nothing.
"""

_SEARCH_ONLY = ("model", "space", "n_trials", "name")


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    config = composed_or_answered(arguments, _HELP, compose_search)
    if config is None:
        return 0
    # Imported only now: help and configuration need neither optuna nor MLflow.
    from sweepml.tasks.search.run import render, search

    with bars() as progress:
        result = search(config, progress)
    sys.stdout.write(f"{render(result.tried)}\n\nbest parameters {result.best_path}, MLflow run {result.run_id}\n")
    sys.stdout.write(f"train with them:\n  {train_command(config.name, result.best_path, arguments)}\n")
    return 0


def train_command(name: str, best_path: Path, arguments: Sequence[str]) -> str:
    """Return the command that trains with the best parameters on what the search was told."""
    kept = [one for one in arguments if one.lstrip("+~").partition("=")[0].partition(".")[0] not in _SEARCH_ONLY]
    return shlex.join(["sweepml", "train", f"name={name}-best", f"model={best_path}", *kept])
