"""Which local files a text stands for."""

from pathlib import Path

import pytest

from sweepml.errors import InputMissingError
from sweepml.origins.paths import expand_path


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("logs/conn.10.log", "logs/conn.9.log", "logs/old/a.log", "logs/.hidden", "logs/.git/b.log", "conn[1].log")
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    Path("empty").mkdir()


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("conn[1].log", ["conn[1].log"]),
        ("-", ["-"]),
        ("logs", ["logs/conn.9.log", "logs/conn.10.log", "logs/old/a.log"]),
        ("logs/", ["logs/conn.9.log", "logs/conn.10.log", "logs/old/a.log"]),
        ("logs/*", ["logs/conn.9.log", "logs/conn.10.log"]),
        ("logs/**/*.log", ["logs/conn.9.log", "logs/conn.10.log", "logs/old/a.log"]),
        ("logs/.h*", ["logs/.hidden"]),
    ],
)
def test_files_come_in_natural_order_and_hidden_ones_only_if_named(text: str, files: list[str]) -> None:
    assert expand_path(text) == files


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no.log", "no.log: no such file"),
        ("*.gz", "no file matches"),
        ("empty", "holds no files"),
        ("", "got an empty text"),
    ],
)
def test_what_names_no_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputMissingError, match=said):
        expand_path(text)
