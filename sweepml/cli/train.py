"""`sweepml train`: Hydra overrides in, a trained and registered bundle out."""

from __future__ import annotations

import sys

from sweepml.cli.answer import composed_or_answered
from sweepml.cli.compose import compose_train
from sweepml.cli.progress import bars

_HELP = """\
usage: sweepml train [KEY=VALUE ...] [--show]

Train a detector, judge it by cross-validation next to public rules, export it as one ONNX file
and record everything in MLflow.

examples:
  sweepml train                            the laboratory captures of this repository
  sweepml train data=field name=field      with published background traffic beside them
  sweepml train model.params.n_bags=1 variants=none
  sweepml train +data.captures.office.log=office/conn.log +data.captures.office.background=true

groups (GROUP=OPTION picks a file of conf/):
{groups}

--show prints the composed configuration, every key of which can be overridden, and trains nothing.
"""


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    config = composed_or_answered(arguments, _HELP, compose_train)
    if config is None:
        return 0
    # Imported only now: help and configuration need neither scikit-learn nor MLflow.
    from sweepml.tasks.train import train

    with bars() as progress:
        result = train(config, progress)
    sys.stdout.write(result.table + "\n\n")
    sys.stdout.write(
        f"bundle {result.bundle_path} ({result.bundle_id}); onnxruntime and the model differ by at most "
        f"{result.parity:.1g} over all validation rows, no verdict flipped\n"
        f"MLflow: {result.store.registered_model} version {result.recorded.model_version}, "
        f"run {result.recorded.run_id}\n"
    )
    return 0
