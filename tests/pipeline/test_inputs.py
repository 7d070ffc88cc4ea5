"""Which files make which capture."""

from pathlib import Path

import pytest

from sweepml.errors import ConfigError, InputMissingError
from sweepml.pipeline.inputs import CaptureFiles, resolve_inputs


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.log", "b.log", "conn.9.log", "conn.10.log", "conn[1].log"):
        Path(name).write_text(name)


def test_a_path_is_one_capture() -> None:
    assert resolve_inputs("a.log") == (CaptureFiles("a.log", ("a.log",)),)


def test_a_pattern_is_one_capture_in_order_of_its_numbers() -> None:
    assert resolve_inputs("conn.*.log") == (CaptureFiles("conn.*.log", ("conn.9.log", "conn.10.log")),)


def test_each_member_of_a_list_is_a_capture_in_the_order_given() -> None:
    assert [one.name for one in resolve_inputs(["b.log", "a.log"])] == ["b.log", "a.log"]


def test_a_mapping_names_captures_and_keeps_the_order_of_files() -> None:
    (one,) = resolve_inputs({"office": ["conn.10.log", "conn.9.log"]})
    assert one == CaptureFiles("office", ("conn.10.log", "conn.9.log"))


def test_a_folder_is_one_capture() -> None:
    paths = ("a.log", "b.log", "conn.9.log", "conn.10.log", "conn[1].log")
    assert resolve_inputs(".") == (CaptureFiles(".", paths),)


def test_a_file_whose_name_looks_like_a_pattern_is_itself() -> None:
    assert resolve_inputs("conn[1].log")[0].paths == ("conn[1].log",)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (None, ConfigError, "no input: give input="),
        ([], ConfigError, "no input"),
        ("", ConfigError, "expected a path"),
        ([3], ConfigError, "expected a path or a glob pattern as input, got 3"),
        ("no.log", InputMissingError, "no.log: no such file"),
        ("*.gz", InputMissingError, "no file matches"),
        ("-", ConfigError, "standard input can be read only once"),
        (["a.log", "a.log"], ConfigError, "the name a.log occurs twice"),
        (["a.log", "./a.log"], ConfigError, "the file .*a.log occurs twice"),
        ({"x": "a.log", "y": ["b.log", "a.log"]}, ConfigError, "occurs twice"),
    ],
)
def test_what_is_no_input_is_refused(given: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        resolve_inputs(given)
