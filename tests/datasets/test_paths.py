"""Inputs that fsspec reaches are read like local files."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from sweepml.datasets.load import CaptureSource, fingerprint, load_capture
from sweepml.datasets.paths import expand_input, expand_stored, input_bytes, open_log
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError, InputError, InputMissingError
from sweepml.features.plan import FeaturePlan

LINES = [
    "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n",
    *(f"{i}.0\t10.0.0.1\t5\t10.0.1.{i}\t22\ttcp\tS0\n" for i in range(1, 9)),
]
LOG = "".join(LINES).encode()


@pytest.fixture
def bucket() -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    for name in ("conn.10.log", "conn.9.log", "old/conn.1.log", ".tmp/half.log"):
        with memory.open(f"/bucket/{name}", "wb") as file:
            file.write(LOG)
    yield "memory://bucket"
    memory.rm("/bucket", recursive=True)


def test_folders_patterns_and_files_of_a_url(bucket: str) -> None:
    names = [f"memory:///bucket/{name}" for name in ("conn.9.log", "conn.10.log", "old/conn.1.log")]
    assert expand_input(bucket) == names
    assert expand_input(f"{bucket}/*.log") == names[:2]
    assert expand_input(f"{bucket}/conn.9.log") == [f"{bucket}/conn.9.log"]


def test_a_url_is_read_like_a_file(bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(LOG)
    for url in (f"{bucket}/conn.9.log", path.as_uri()):
        reader = read_connections(url)
        assert reader.read_all().equals(read_connections(path).read_all())
        assert reader.bytes_read == input_bytes(url) == len(LOG)
        assert fingerprint(url) == fingerprint(path)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("memory://bucket/no.log", InputMissingError, "no such file, and no file matches"),
        ("memory://nobody/*", InputMissingError, "no such file, and no file matches"),
        ("nosuch://a/b", InputError, "nosuch://a/b: cannot be read: Protocol not known: nosuch"),
        ("no.log", InputMissingError, "no.log: no such file"),
    ],
)
def test_what_names_no_input_is_refused(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        expand_input(text)


def test_a_file_that_is_gone_is_named() -> None:
    with pytest.raises(InputMissingError, match=r"memory://gone\.log: no such file"):
        open_log("memory://gone.log")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec.register_implementation("odd", "no_such_package_for_odd.System", errtxt="Install odd to reach it")
    with pytest.raises(InputError, match="needs a package that is not installed: Install odd to reach it"):
        expand_input("odd://a/b")


def test_a_folder_is_one_capture(bucket: str) -> None:
    capture, report = load_capture(CaptureSource("all", bucket), FeaturePlan())
    assert len(capture.connections) == report.rows == 3 * 8
    assert report.path == bucket
    assert (report.first_us, report.last_us) == (1_000_000, 8_000_000)


def test_rejects_of_several_files_are_added_up(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(LOG + b"bad\n")
    _, report = load_capture(CaptureSource("all", str(tmp_path)), FeaturePlan())
    assert report.rejects == {"wrong field count": 2}
    assert [example.line for example in report.examples["wrong field count"]] == [10]


def test_standard_input_is_no_stored_input() -> None:
    with pytest.raises(ConfigError, match="standard input can be read only once"):
        expand_stored("-")
