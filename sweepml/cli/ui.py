"""`sweepml ui`: MLflow's UI on the runs of sweepml."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sweepml.cli.settings import split_settings, take_option
from sweepml.errors import ConfigError

_PORT: Final = "--port"
_DEFAULT_PORT: Final = "5000"

_HELP = """\
usage: sweepml ui [--port 5000] [experiment=sweepml] [tracking=URI] [output_root=outputs]

Start MLflow's UI on this machine and print the address of the page that compares runs. Ctrl-C ends it.

  --port       on which to listen
  experiment   sweepml for training runs, sweepml-search, sweepml-benchmark
  tracking     tracking URI of MLflow; by default the SQLite file OUTPUT_ROOT/mlflow.db. For a server (http://...)
               nothing is started, and the address is that of its own page

examples:
  sweepml ui
  sweepml ui experiment=sweepml-search --port 5001
"""


@dataclass(frozen=True, slots=True)
class _Settings:
    experiment: str = "sweepml"
    tracking: str = ""
    output_root: str = "outputs"


def run(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_HELP)
        return 0
    port, rest = take_option(arguments, _PORT, 1)
    chosen, rest = split_settings(rest, _Settings())
    text = port[0] if port else _DEFAULT_PORT
    if rest or not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise ConfigError("usage: sweepml ui [--port 1 to 65535] [experiment=NAME]; see sweepml ui --help")
    # Imported only now: help needs no MLflow.
    from sweepml.config.train import TrackingConfig
    from sweepml.tracking.mlflow_run import Store, experiment_path
    from sweepml.tracking.ui import find_experiment, page, served

    store = Store.of(TrackingConfig(chosen.tracking or None, chosen.experiment), chosen.output_root)
    experiment_id = find_experiment(store)
    if store.uri.startswith("http"):
        sys.stdout.write(f"{store.uri.rstrip('/')}/{experiment_path(experiment_id)}\n")
        return 0
    sys.stderr.write("starting MLflow's UI\n")
    try:
        with _ended_by_signals(), served(store, int(text)) as server:
            sys.stdout.write(f"{page(experiment_id, int(text))}\n")
            sys.stdout.flush()
            sys.stderr.write("Ctrl-C ends it\n")
            status = server.wait()
    except KeyboardInterrupt:
        return 0
    raise ConfigError(f"MLflow's server ended by itself, with status {status}")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a termination end the block as Ctrl-C does: the server is a session of its own and would live on."""
    before = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
