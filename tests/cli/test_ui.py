"""`sweepml ui`: MLflow's own server on the right store and page."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from sweepml.cli.main import main
from sweepml.config.train import TrackingConfig
from sweepml.tracking.mlflow_run import Store, recorded_run

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output folder of one run."""
    root = tmp_path_factory.mktemp("outputs")
    with recorded_run(Store.of(TrackingConfig(), str(root)), "one"):
        pass
    return root


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow  # MLflow's server starts for ten seconds and more
def test_it_serves_the_experiment_until_it_is_ended(outputs: Path, repo_root: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sweepml.cli.main", "ui", f"output_root={outputs}", "--port", str(port)]
    with subprocess.Popen(command, cwd=repo_root, stdout=subprocess.PIPE, text=True, start_new_session=True) as shown:
        assert shown.stdout is not None
        address = shown.stdout.readline().strip()
        assert address == f"http://127.0.0.1:{port}/#/experiments/1/runs?workflowType=machine_learning"
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"MLflow" in answer.read()
        shown.send_signal(signal.SIGTERM)  # Ctrl-C takes the same way
        assert shown.wait(30) == 0
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


def test_a_port_that_is_taken_is_said(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["ui", f"output_root={outputs}", "--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["experiment=sweepmll"], "no experiment is called 'sweepmll'; did you mean sweepml"),
        (["output_root=nowhere"], "no runs are recorded in"),
        (["--port", "many"], "usage: sweepml ui"),
        (["--port", "70000"], "usage: sweepml ui"),
        (["--port"], "--port takes 1 value, got 0"),
        (["exp=sweepml"], "usage: sweepml ui"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(
    outputs: Path,
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    root = [] if any(one.startswith("output_root") for one in arguments) else [f"output_root={outputs}"]
    assert main(["ui", *root, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "asking leaves nothing behind"
