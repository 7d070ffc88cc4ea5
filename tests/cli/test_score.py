"""`sweepml score`: what is read, written, counted, and how it ends."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sweepml.cli.main import main
from sweepml.schema.manifest import Manifest
from tests.cli.logs import HEADER, row, sweep_rows, write_log
from tests.datasets.captures import pcap, tcp
from tests.runtime import bundles

Capture = pytest.CaptureFixture[str]


def alerts_in(text: str) -> list[dict]:
    return [json.loads(line)["unmapped"]["sweepml"] for line in text.splitlines()]


def states_in(text: str) -> list[str]:
    return [alert["state"] for alert in alerts_in(text)]


def test_alerts_go_to_standard_output_and_the_summary_to_standard_error(
    detector: Path, conn_log: Path, capsys: Capture
) -> None:
    assert main(["score", str(detector), str(conn_log)]) == 0
    said = capsys.readouterr()
    opened, closed = alerts_in(said.out)
    assert (opened["state"], closed["state"], opened["source"]) == ("open", "close", "10.0.0.5")
    assert opened["ports"] == [{"protocol": "tcp", "port": 445, "dst_count": 50}]
    lines = {line.partition("  ")[0]: line for line in said.err.splitlines()}
    assert "50 in " in lines["records"]
    assert lines["sources scored"].split()[2] == "1"
    assert "1 finding opened, 0 updates, 1 closed" in lines["alerts"]


def test_quiet_leaves_the_alerts_only(detector: Path, conn_log: Path, capsys: Capture) -> None:
    assert main(["score", str(detector), str(conn_log), "--quiet"]) == 0
    said = capsys.readouterr()
    assert states_in(said.out) == ["open", "close"]
    assert said.err == ""


def test_output_file_is_appended_to(detector: Path, conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "alerts.jsonl"
    for _ in range(2):
        assert main(["score", str(detector), str(conn_log), "--output", str(out), "--quiet"]) == 0
    assert states_in(out.read_text()) == ["open", "close"] * 2
    assert capsys.readouterr().out == ""


def test_text_is_for_reading(detector: Path, conn_log: Path, capsys: Capture) -> None:
    assert main(["score", str(detector), str(conn_log), "--alert-format", "text"]) == 0
    assert "OPEN   10.0.0.5 sweeps 50 internal hosts on tcp/445" in capsys.readouterr().out


def test_several_logs_are_one_stream(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    rows = sweep_rows(50)
    first = write_log(tmp_path / "first.log", rows[:10])
    second = write_log(tmp_path / "second.log", rows[10:])
    assert main(["score", str(detector), str(first), str(second), "--quiet"]) == 0
    cut = capsys.readouterr().out
    whole = write_log(tmp_path / "whole.log", rows)
    assert main(["score", str(detector), str(whole), "--quiet"]) == 0
    assert cut == capsys.readouterr().out


def test_dash_is_standard_input(
    detector: Path, conn_log: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(conn_log.read_bytes())))
    assert main(["score", str(detector), "-", "--quiet"]) == 0
    assert states_in(capsys.readouterr().out) == ["open", "close"]


def test_malformed_rows_are_counted_shown_and_skipped(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    bad = [row("not-an-address"), "too few fields\n"]
    log = write_log(tmp_path / "conn.log", [*sweep_rows(25), *bad, *sweep_rows(50)[25:]])
    assert main(["score", str(detector), str(log)]) == 0
    said = capsys.readouterr()
    assert alerts_in(said.out)[0]["dst_count"] == 50
    assert "rejected        2 (1 bad address, 1 wrong field count)" in said.err
    assert f"{log}, line 30, bad address: 1700000000.000000" in said.err
    assert "WARNING" not in said.err


def test_log_without_records_is_no_error(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    log = write_log(tmp_path / "conn.log", [])
    assert main(["score", str(detector), str(log)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "records         0 in" in said.err


def refused(arguments: list[str], capsys: Capture) -> str:
    """Return the one sentence with which a command is refused."""
    assert main(["score", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("sweepml: ")
    assert said.err.count("\n") == 1
    return said.err


def test_missing_log(detector: Path, conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    told = refused([str(detector), str(conn_log), str(tmp_path / "gone.log")], capsys)
    assert "gone.log: no such file" in told


def test_empty_folder(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "the folder holds no files" in refused([str(detector), str(tmp_path)], capsys)


def test_empty_log(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    empty = tmp_path / "empty.log"
    empty.touch()
    assert "empty.log: the log is empty: expected " in refused([str(detector), str(empty)], capsys)


def test_other_log(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "dns.log"
    other.write_text("#fields\tts\tuid\tquery\n1.0\tCx\texample.org\n")
    told = refused([str(detector), str(other)], capsys)
    assert "got a log with the fields ts, uid, query, which lacks" in told


def test_log_of_which_nothing_can_be_read(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    log = write_log(tmp_path / "conn.log", ["broken\n"] * 3)
    assert main(["score", str(detector), str(log), "--quiet", "--format", "zeek"]) == 2
    assert "none of 3 lines could be read; line 5 for example (wrong field count): broken" in capsys.readouterr().err


def test_truncated_gzip_loses_no_alert(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    whole = gzip.compress((HEADER + "".join(sweep_rows(200))).encode(), mtime=0)
    log = tmp_path / "conn.log.gz"
    log.write_bytes(whole[: len(whole) * 3 // 4])
    assert main(["score", str(detector), str(log)]) == 2
    said = capsys.readouterr()
    assert states_in(said.out)[0] == "open"
    assert states_in(said.out)[-1] == "close"
    *summary, sentence = said.err.splitlines()
    assert sentence.startswith(f"sweepml: {log}: the gzip stream is truncated")
    assert summary[0].startswith("records ")


def test_unusable_second_log_loses_no_alert(detector: Path, conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    empty = tmp_path / "empty.log"
    empty.touch()
    assert main(["score", str(detector), str(conn_log), str(empty)]) == 2
    said = capsys.readouterr()
    assert states_in(said.out) == ["open", "close"]
    assert said.err.splitlines()[-1].startswith(f"sweepml: {empty}: the log is empty")


def test_missing_bundle(conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    told = refused([str(tmp_path / "gone.onnx"), str(conn_log)], capsys)
    assert "no bundle at" in told
    assert "`sweepml train` writes one" in told


def test_bundle_that_is_no_onnx(conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "log.onnx"
    path.write_bytes(conn_log.read_bytes())
    assert "is not a usable ONNX file" in refused([str(path), str(conn_log)], capsys)


def test_a_detector_without_a_log_is_refused(detector: Path, capsys: Capture) -> None:
    assert "is a detector; name the logs that it shall judge" in refused([str(detector)], capsys)


def test_model_without_manifest(conn_log: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(bundles.graph().SerializeToString())
    assert "no sweepml bundle: it has no manifest" in refused([str(path), str(conn_log)], capsys)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{", "manifest is no JSON"),
        (bundles.manifest(feature_schema="0" * 16), "made for feature schema 0000000000000000"),
        (bundles.manifest(golden_scores=(0.1, 0.5, 0.9)), "does not reproduce its golden scores"),
        (bundles.manifest(golden_verdicts=((False,) * 3,) * 3), "verdicts differ"),
    ],
    ids=["no JSON", "other features", "altered score", "altered verdict"],
)
def test_bundle_that_does_not_match(
    said: Manifest | str, told: str, conn_log: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = bundles.write_bundle(tmp_path / "odd.onnx", said)
    assert told in refused([str(path), str(conn_log)], capsys)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--format", "zeeek"], "unknown log format 'zeeek': did you mean zeek?"),
        (["--alert-format", "ocfs"], "unknown alert format 'ocfs': did you mean ocsf?"),
        (["--output", "/no/such/folder/alerts"], "alerts cannot be written there"),
    ],
)
def test_unusable_option(options: list[str], told: str, detector: Path, conn_log: Path, capsys: Capture) -> None:
    assert told in refused([str(detector), str(conn_log), *options], capsys)


def test_standard_input_cannot_be_followed(detector: Path, capsys: Capture) -> None:
    assert "standard input cannot be followed" in refused([str(detector), "-", "--follow"], capsys)


def test_refused_command_leaves_no_output_file(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "alerts.jsonl"
    refused([str(detector), str(tmp_path / "gone.log"), "--output", str(out)], capsys)
    assert not out.exists()


def wait_for(text: str, path: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not (path.exists() and text in path.read_text()):
        assert process.poll() is None, "the command ended early"
        assert time.monotonic() < deadline, f"no {text!r} in {path}"
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_followed_log_raises_alerts_as_it_grows_and_ends_in_order(
    number: int, code: int, detector: Path, tmp_path: Path
) -> None:
    log, out = tmp_path / "conn.log", tmp_path / "alerts.jsonl"
    write_log(log, sweep_rows(50))
    command = [sys.executable, "-m", "sweepml.cli.main", "score", str(detector), str(log), "--follow"]
    with subprocess.Popen(
        [*command, "--output", str(out)], stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            time.sleep(0.5)
            with log.open("a") as growing:
                growing.write(row("10.1.0.1", at_s=10))
            wait_for('"state":"open"', out, process)
            process.send_signal(number)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == code
    assert states_in(out.read_text()) == ["open", "close"]
    assert "records         51 in" in told


def test_a_followed_log_that_falls_silent_raises_its_alert(detector: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "conn.log", tmp_path / "alerts.jsonl"
    # The first window of the sweep ends a second after its last record.
    write_log(log, sweep_rows(50, at_s=4.0))
    command = [sys.executable, "-m", "sweepml.cli.main", "score", str(detector), str(log), "--follow"]
    with subprocess.Popen(
        [*command, "--output", str(out), "--idle-close", "0.2"], stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            wait_for('"state":"open"', out, process)
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert states_in(out.read_text()) == ["open", "close"]
    assert "time went on without a record 1 time" in told


def test_progress_is_for_terminals(
    detector: Path, conn_log: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from sweepml.cli import score

    monkeypatch.setattr(score, "_REFRESH_S", 0.0)
    main(["score", str(detector), str(conn_log)])
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    main(["score", str(detector), str(conn_log)])
    assert "50 records, 0 findings, 0 s" in capsys.readouterr().err


def test_command_works_outside_the_main_thread(detector: Path, conn_log: Path, capsys: Capture) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["score", str(detector), str(conn_log), "--quiet"])))
    thread.start()
    thread.join()
    assert codes == [0]


def test_a_folder_is_one_stream(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    rows = sweep_rows(50)
    (tmp_path / "logs").mkdir()
    for name, part in (("conn.9.log", rows[:25]), ("conn.10.log", rows[25:])):
        write_log(tmp_path / "logs" / name, part)
    whole = write_log(tmp_path / "whole.log", rows)
    assert main(["score", str(detector), str(tmp_path / "logs")]) == 0
    of_folder = capsys.readouterr().out
    assert main(["score", str(detector), str(whole)]) == 0
    assert of_folder == capsys.readouterr().out != ""


def test_packets_are_scored_where_the_extras_are_installed(detector: Path, tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("nfstream", reason="nfstream is not installed: pip install 'sweepml[pcap]'")
    targets = [bytes([10, 1, 0, i + 1]) for i in range(50)]
    path = tmp_path / "capture"
    path.write_bytes(pcap([tcp(bytes([10, 0, 0, 5]), target, (50000, 445), 0x02) for target in targets]))
    assert main(["score", str(detector), str(path)]) == 0
    out, err = capsys.readouterr()
    assert "10.0.0.5" in out
    assert "records         50 in" in err
