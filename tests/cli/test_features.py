"""`sweepml features`: what the command says, and how it ends."""

from pathlib import Path

import pytest

from sweepml.cli.main import main
from sweepml.pipeline.table import read_features, read_stamp
from tests.cli.logs import sweep_rows, write_log


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_log(Path("a.log"), sweep_rows(30))
    write_log(Path("b.log"), sweep_rows(40, src="10.0.0.7"))
    Path("bad.log").write_text("hello\n")


def test_one_line_says_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "input=a.log", "output=f.parquet"]) == 0
    rows = read_features("f.parquet").num_rows
    assert capsys.readouterr().out == (f"f.parquet: {rows} rows of 1 capture, from 30 connections (0 lines left out)\n")


def test_a_second_run_says_that_all_was_finished(capsys: pytest.CaptureFixture[str]) -> None:
    main(["features", "input=a.log"])
    capsys.readouterr()
    assert main(["features", "input=a.log"]) == 0
    assert "1 capture already finished" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["input=?.log", "input=[a.log,b.log]", "input={x: a.log, y: [b.log]}"])
def test_inputs_can_be_written_as_pattern_list_or_mapping(given: str) -> None:
    assert main(["features", given, "features.workers=1"]) == 0
    assert sum(one.connections for one in read_stamp("features.parquet").inputs) == 70


def test_bad_input_is_one_sentence_status_2_and_keeps_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "input=[a.log,bad.log]", "features.workers=1"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("sweepml:")] == told
    assert told[-1].startswith("sweepml: bad.log: expected a log in a known format")
    assert len(list(Path("features.parts").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no input: give input="),
        (["input=no.log"], "no.log: no such file"),
        (["inputt=a.log"], "there is no key 'inputt'; did you mean input?"),
        (["input=a.log", "features.engin=dask"], "there is no key 'features.engin'; did you mean features.engine"),
        (["input=a.log", "features.workers=many"], "could not be converted to Integer"),
        (["input=a.log", "features=nope"], "there is no features=nope; known: default"),
        (["input=a.log", "output=a.log"], "ends in .parquet"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_help_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--help"]) == 0
    assert "sweepml features input=conn.log output=features.parquet" in capsys.readouterr().out


def test_show_computes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "input=a.log", "--show"]) == 0
    assert "engine: local" in capsys.readouterr().out
    assert not Path("features.parquet").exists()
