"""`sweepml export`: a run or a registered model in, its bundle out."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from sweepml.cli.settings import split_settings
from sweepml.errors import ConfigError

_HELP = """\
usage: sweepml export run_id=RUN | model=models:/NAME@ALIAS [output=detector.onnx] [tracking=URI] [output_root=outputs]

Write the bundle of a run, or of a registered model, again: the very bytes that training wrote, which is checked by
their SHA-256, and opened to prove that it scores as it did.

  run_id       of a training run
  model        models:/sweepml@champion, or models:/sweepml/3 for a version
  output       the file to write
  tracking     tracking URI of MLflow; by default the SQLite file OUTPUT_ROOT/mlflow.db

examples:
  sweepml export model=models:/sweepml@champion
  sweepml export run_id=0123456789abcdef0123456789abcdef output=old.onnx
"""


@dataclass(frozen=True, slots=True)
class _Settings:
    run_id: str = ""
    model: str = ""
    output: str = "detector.onnx"
    tracking: str = ""
    output_root: str = "outputs"


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_HELP)
        return 0
    chosen, rest = split_settings(arguments, _Settings())
    if rest or bool(chosen.run_id) == bool(chosen.model):
        raise ConfigError(
            "usage: sweepml export run_id=RUN | model=models:/NAME@ALIAS [output=FILE]; see sweepml export --help"
        )
    # Imported only now: help needs no MLflow.
    from sweepml.config.train import TrackingConfig
    from sweepml.tasks.export import export_bundle
    from sweepml.tracking.mlflow_run import Store

    store = Store.of(TrackingConfig(uri=chosen.tracking or None), chosen.output_root)
    made = export_bundle(store, chosen.run_id or chosen.model, chosen.output)
    known = made.registered
    sys.stdout.write(
        f"bundle {made.path} ({made.bundle.bundle_id}): {known.name} version {known.version} of run {known.run_id}, "
        f"SHA-256 {known.sha256} as recorded\n"
    )
    return 0
