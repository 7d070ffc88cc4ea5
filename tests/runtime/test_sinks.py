"""Sinks: where alerts go, and how people read them."""

import json
import sys
from pathlib import Path

import pytest

from sweepml.errors import ConfigError, InputError
from sweepml.runtime.sinks import ALERT_FORMATS, AlertSink
from tests.runtime.findings import Book, contact, one_alert, sweep


def test_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    for _ in range(2):
        with AlertSink(path) as sink:
            sink.write([one_alert()])
    lines = path.read_text().splitlines()
    assert [json.loads(line)["class_uid"] for line in lines] == [2004, 2004]


def test_alert_is_in_the_file_before_the_sink_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    with AlertSink(path) as sink:
        sink.write([one_alert()])
        assert path.read_text().endswith("}\n")


def test_standard_output_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    with AlertSink() as sink:
        sink.write([one_alert()])
    sys.stdout.write("still there")
    assert capsys.readouterr().out.splitlines()[1] == "still there"


def test_unknown_format_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match="unknown alert format 'txt': did you mean text"):
        AlertSink(None, "txt")


def test_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/such: alerts cannot be written there: No such file"):
        AlertSink(tmp_path / "no" / "such")


@pytest.mark.parametrize("name", ALERT_FORMATS)
def test_every_format_writes_every_state(name: str) -> None:
    book = Book()
    alerts = [*book.at(60, book.row(sweep(30))), *book.at(70, book.row(sweep(60))), *book.book.flush()]
    assert len(alerts) == 3
    for alert in alerts:
        assert alert.source in ALERT_FORMATS[name](alert)


def test_text_says_what_where_what_else_and_why() -> None:
    assert ALERT_FORMATS["text"](one_alert([*sweep(30, at_s=50), *sweep(6, port=22, outcome=0)])) == (
        "2023-11-14T22:14:20.000000Z OPEN   10.0.0.5 sweeps 30 internal hosts on tcp/445 "
        "(T1046 Network Service Discovery)\n"
        "  targets  in 10.1.0.0/27: 10.1.0.1, 10.1.0.4, 10.1.0.7, ...; since 2023-11-14T22:14:10.000000Z, 10.0 s ago\n"
        "  contacts 30 hosts (30 internal, 0 public): tcp/445 30, tcp/22 6; 6 answered, 30 unanswered\n"
        "  score    0.9 (threshold 0.5) over 60 s: dst_count 30 (usual 1 to 5)"
    )


def test_text_of_many_ports_names_the_first() -> None:
    text = ALERT_FORMATS["text"](one_alert([contact(f"10.1.0.{i}", port=i) for i in range(1, 7)]))
    assert "tcp/1 1, tcp/2 1, tcp/3 1, ...;" in text
