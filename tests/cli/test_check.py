"""`sweepml check`: what is in logs, as text and JSON, and one sentence where a file is unusable."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sweepml.cli import check
from sweepml.cli.main import main
from tests.cli.logs import sweep_rows, write_log
from tests.datasets.captures import ARP, ethernet, pcap


def test_text_says_what_is_there(conn_log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conn_log.write_text(conn_log.read_text() + "too\tshort\n")
    assert main(["check", str(conn_log)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        str(conn_log),
        "  format        zeek (tsv-fields)",
        "  rows          50",
        "  rejected      1 (1 wrong field count)",
        "  time          2023-11-14T22:13:20.000000Z to 2023-11-14T22:13:24.900000Z (5 s)",
        "  sources       1",
        "  destinations  50",
        "  protocols     tcp 50 (100.0%)",
        "  outcomes      unanswered 50 (100.0%)",
        f"  {conn_log}, line 55, wrong field count: too\\tshort",
    ]
    assert err == ""


def test_json_says_the_same(conn_log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(conn_log), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert found["path"] == str(conn_log)
    assert (found["format"], found["encoding"], found["failure"]) == ("zeek", "tsv-fields", None)
    assert (found["rows"], found["source_count"], found["destination_count"]) == (50, 1, 50)
    assert found["outcomes"] == {"answered": 0, "refused": 0, "blocked": 0, "unanswered": 50, "unknown": 0}
    assert found["protocols"] == {"tcp": 50}
    assert found["missing_columns"] == found["lacks"] == found["assumptions"] == []
    assert (found["first"], found["last"]) == ("2023-11-14T22:13:20.000000Z", "2023-11-14T22:13:24.900000Z")


def test_what_a_detector_would_lack_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "conn.log"
    log.write_text(
        "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n1\t10.0.0.1\t5\t10.0.1.1\t22\ttcp\tOTH\n"
    )
    assert main(["check", str(log)]) == 0
    out = capsys.readouterr().out
    for words in (
        "missing       no payload sizes: of the family volume, orig_bytes_mean",
        "missing       no packet counts: of the family volume, packets_mean will be missing",
        "missing       no durations: of the family volume, duration_mean_s will be missing",
        "missing       no outcomes:",
    ):
        assert words in out


def test_a_folder_is_all_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b.log", "a.log"):
        write_log(tmp_path / name, sweep_rows(3))
    (tmp_path / "c.log.gz").write_bytes(gzip.compress((tmp_path / "a.log").read_bytes()))
    assert main(["check", str(tmp_path), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [(Path(one["path"]).name, one["rows"]) for one in files] == [("a.log", 3), ("b.log", 3), ("c.log.gz", 3)]


def test_counts_are_exact_where_hosts_are_forgotten_meanwhile(
    conn_log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_MAX_HOSTS", 10)
    monkeypatch.setattr(check, "_BATCH_ROWS", 7)
    assert main(["check", str(conn_log), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert (found["rows"], found["source_count"], found["destination_count"]) == (50, 1, 50)


def test_one_unusable_file_does_not_hide_the_others(
    conn_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("milk\neggs\n")
    assert main(["check", str(other), str(conn_log)]) == 2
    out, err = capsys.readouterr()
    assert "rows          50" in out
    assert "unusable  " in out
    assert err.startswith("sweepml: 1 of 2 files cannot be used; the first: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        ("", "the log is empty"),
        ("ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n", "holds no connections"),
        ("ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\nx\n", "none of 1 line could be read"),
    ],
)
def test_a_file_without_connections_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    log = tmp_path / "conn.log"
    if content is not None:
        log.write_text(content)
    assert main(["check", str(log)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("sweepml: ")
    assert err.count("\n") == 1


def test_a_damaged_file_tells_what_it_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = write_log(tmp_path / "conn.log", sweep_rows(250) * 20).read_bytes()
    cut = tmp_path / "cut.log.gz"
    cut.write_bytes(gzip.compress(whole)[:-100])
    assert main(["check", str(cut)]) == 2
    out, err = capsys.readouterr()
    assert "rows          " in out
    assert "the gzip stream is truncated" in err


def test_an_unknown_format_is_named(conn_log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(conn_log), "--format", "zeke"]) == 2
    assert "unknown log format 'zeke': did you mean zeek?" in capsys.readouterr().err


def test_standard_input(conn_log: Path) -> None:
    command = [sys.executable, "-m", "sweepml.cli.main", "check", "-"]
    with conn_log.open("rb") as file:
        ran = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "rows          50" in ran.stdout


def test_packets_are_read_where_the_extras_are_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("nfstream", reason="nfstream is not installed: pip install 'sweepml[pcap]'")
    path = tmp_path / "capture"
    path.write_bytes(pcap([ethernet(ARP)] * 3))
    assert main(["check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert "format    pcap (pcap)" in out
    assert "rejected  3 (3 not IP)" in out
    assert "none of 3 lines could be read" in err


def test_binary_files_name_the_missing_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(pcap([]))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in [name for name in sys.modules if name.startswith("sweepml.datasets")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["check", str(path)]) == 2
    assert "is no local text; pyarrow, which helps to read it, is not installed" in capsys.readouterr().err


def test_text_needs_no_extra(conn_log: Path) -> None:
    program = (
        "import sys\n"
        "from sweepml.cli.main import main\n"
        f"assert main(['check', {str(conn_log)!r}]) == 0\n"
        "heavy = {'pandas', 'pyarrow', 'torch', 'sklearn', 'fsspec'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
