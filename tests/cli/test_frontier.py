"""`sweepml benchmark frontier` from the command line."""

from pathlib import Path

import pytest

from sweepml.cli.main import main
from tests.tasks.frontier.day import write_day

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_and_show_run_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "frontier", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: sweepml benchmark frontier")
    assert main(["benchmark", "frontier", "seed=5", "--show"]) == 0
    assert "seed: 5\n" in capsys.readouterr().out
    assert main(["benchmark", "frontier", "quick=true", "grid.trials=3", "--show"]) == 0
    shown = capsys.readouterr().out
    assert "trials: 3\n" in shown, "what the user says wins over what quick means"
    assert "  rates_per_hour:\n  - 10.0\n  - 100.0\n  - 1000.0\n" in shown
    assert not list(folder.iterdir())


def test_a_log_of_ones_own_is_a_background(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_day(folder / "day.log")
    not_here = [
        "backgrounds.phone_apps",
        "backgrounds.iot23_34_1",
        "controls.idps2023_benign",
        "controls.strato011_mixed",
    ]
    arguments = ["quick=true", "rules=[slips_horizontal]", "detectors=[]", "name=mine", "data=lab"]
    arguments += [f"~{name}" for name in (*not_here, "data.captures.lab_train", "data.captures.lab_train2")]
    arguments += ["+data.captures.day.log=day.log", "+data.captures.day.background=true"]
    assert main(["benchmark", "frontier", *arguments]) == 2
    assert "no background to put sweeps into: give backgrounds.NAME.log=FILE" in capsys.readouterr().err
    assert main(["benchmark", "frontier", *arguments, "backgrounds.day.log=day.log"]) == 0
    out = capsys.readouterr().out
    assert "Slips horizontal scan" in out
    assert "outputs/mine/frontier.html" in out
    assert "A quick run" in (folder / "outputs" / "mine" / "frontier.md").read_text()
