"""MLflow's own UI, started on a store and opened on the page of an experiment."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import IO, Final

import mlflow

from sweepml.errors import ConfigError, InputMissingError, did_you_mean
from sweepml.tracking.mlflow_run import Store, connect, experiment_path

HOST: Final = "127.0.0.1"

_START_S: Final = 90.0
"""Time that the server may take to answer; it imports for ten seconds on a busy machine."""

_STOP_S: Final = 10.0
_POLL_S: Final = 0.2


def find_experiment(store: Store) -> str:
    """Return the id of the store's experiment.

    Raises
    ------
    InputMissingError
        If the store is not there, or has no experiment of the name.
    ConfigError
        If the store cannot be used.
    """
    store.require()
    connect(store)
    experiment = mlflow.get_experiment_by_name(store.experiment)
    if experiment is None:
        names = [one.name for one in mlflow.search_experiments()]
        raise InputMissingError(
            f"no experiment is called {store.experiment!r}; {did_you_mean(store.experiment, names)}"
        )
    return str(experiment.experiment_id)


@contextlib.contextmanager
def served(store: Store, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a store's UI on this machine for the length of a block, which begins when it answers.

    Parameters
    ----------
    store
        With an existing experiment.
    port
        On which to listen.

    Yields
    ------
    Popen
        The server; it ends with the block, and by itself only if something is wrong.

    Raises
    ------
    ConfigError
        If the port is taken, or the server does not start.
    """
    _require_free(port)
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.uri]
    command += ["--host", HOST, "--port", str(port), "--workers", "1"]
    # Its background jobs are for other things than comparing runs.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with tempfile.TemporaryFile() as told:
        # A session of its own: Ctrl-C is ours, and what the server started ends with it.
        server = subprocess.Popen(
            command, env={**os.environ, **quiet}, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait_until_it_answers(server, port, told)
            yield server
        finally:
            _stop(server)


def page(experiment_id: str, port: int) -> str:
    """Return the address of an experiment's runs."""
    return f"http://{HOST}:{port}/{experiment_path(experiment_id)}"


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As servers do: a connection that was closed a moment ago takes no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port} of {HOST} cannot be used ({error}): give another one with --port") from None


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, told: IO[bytes]) -> None:
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        if server.poll() is not None:
            raise ConfigError(f"MLflow's server ended at once with status {server.returncode}: {_last_words(told)}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=_POLL_S * 10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_S)
    raise ConfigError(f"MLflow's server does not answer on port {port} after {_START_S:g} s")


def _last_words(told: IO[bytes]) -> str:
    told.seek(0)
    lines = told.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _stop(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
