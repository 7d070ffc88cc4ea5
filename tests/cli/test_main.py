"""The entry point: help, version, what is imported when, and how errors end."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from sweepml.cli import main as main_module
from sweepml.cli.main import main
from sweepml.errors import ConfigError

HEAVY = frozenset({"torch", "pandas", "pyarrow", "sklearn", "mlflow", "hydra", "omegaconf", "onnx"})


def run(*arguments: str, cwd: Path | None = None, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "sweepml.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=120,
        **options,
    )


def test_help_names_every_command_and_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("score", "inspect", "train", "examples:", "--follow", "one source that tries the same port"):
        assert word in text


@pytest.mark.parametrize("command", ["score", "inspect"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "BUNDLE" in capsys.readouterr().out


def test_help_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 110


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("sweepml ")


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "examples:" in capsys.readouterr().out


def test_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scroe"]) == 2
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (ConfigError("one\nsentence"), 2, "sweepml: one sentence\n"),
        (
            PermissionError(13, "Permission denied", "detector.onnx"),
            2,
            "sweepml: detector.onnx: Permission denied\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_errors_are_a_sentence_and_a_status(
    raised: BaseException,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> int:
        raise raised

    monkeypatch.setattr(main_module, "_inspect", fail)
    assert main(["inspect", "detector.onnx"]) == code
    assert capsys.readouterr().err == told


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(main_module, "_inspect", fail)
    with pytest.raises(ZeroDivisionError):
        main(["inspect", "detector.onnx"])


def hydra_command(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    module = types.ModuleType("sweepml_test_command")
    module.run = run
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(main_module.HYDRA_COMMANDS, "train", (module.__name__, "train", "help"))


@pytest.mark.parametrize("before", [[], ["--log-level", "error"]])
def test_everything_after_train_is_passed_through(before: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run_train(overrides: list[str]) -> int:
        seen.append(overrides)
        return 7

    hydra_command(monkeypatch, run_train)
    overrides = ["--help", "model=trees", "--multirun", "score", "--log-level"]
    assert main([*before, "train", *overrides]) == 7
    assert seen == [overrides]


@pytest.mark.parametrize("missing", ["hydra", "omegaconf.errors", "mlflow"])
def test_missing_extra_is_named(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_train(overrides: list[str]) -> int:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    hydra_command(monkeypatch, run_train)
    assert main(["train"]) == 2
    package = missing.partition(".")[0]
    assert capsys.readouterr().err == (
        f"sweepml: {package} is not installed; install it with: pip install 'sweepml[train]'\n"
    )


def test_missing_module_of_ours_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_train(overrides: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'sweepml.gone'", name="sweepml.gone")

    hydra_command(monkeypatch, run_train)
    with pytest.raises(ModuleNotFoundError, match=r"sweepml\.gone"):
        main(["train"])


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def test_help_imports_neither_numpy_nor_onnxruntime() -> None:
    loaded = loaded_by("from sweepml.cli.main import main; main(['--help'])")
    assert not loaded & (HEAVY | {"numpy", "onnxruntime"})


def test_base_commands_stay_light(detector: Path, conn_log: Path) -> None:
    loaded = loaded_by(
        "from sweepml.cli.main import main; "
        f"assert main(['inspect', {str(detector)!r}]) == 0; "
        f"assert main(['score', {str(detector)!r}, {str(conn_log)!r}, '--quiet']) == 0"
    )
    assert not loaded & HEAVY


def test_reader_that_goes_away_is_no_error(detector: Path, conn_log: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ran = subprocess.run(
            [sys.executable, "-m", "sweepml.cli.main", "score", str(detector), str(conn_log), "--quiet"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    assert (ran.returncode, ran.stderr) == (141, "")


def test_log_level_is_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str], detector: Path) -> None:
    from tests.cli.logs import row, write_log

    log = write_log(tmp_path / "conn.log", [row("10.1.0.1"), "broken\n"])
    assert main(["score", str(detector), str(log), "--quiet"]) == 0
    assert "sweepml: WARNING: " in capsys.readouterr().err
    assert main(["--log-level", "error", "score", str(detector), str(log), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
