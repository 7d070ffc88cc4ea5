import logging

import pytest

from sweepml.origins.report import EXAMPLES_PER_REASON, ReadReport, RejectReason, shorten


def test_the_first_examples_of_each_reason_are_kept() -> None:
    report = ReadReport("conn.log")
    for line in range(1, 10):
        report.reject(RejectReason.TIME, line, b"x" * line)
    report.reject(RejectReason.PORT, 10, b"y")
    assert report.rejects == {"bad time": 9, "bad port": 1}
    assert [example.line for example in report.examples["bad time"]] == list(range(1, EXAMPLES_PER_REASON + 1))
    assert report.rejected == 10


def test_the_span_covers_all_rows() -> None:
    report = ReadReport("conn.log")
    report.accept(2, 5, 9)
    report.accept(1, 3, 3)
    assert (report.rows, report.first_us, report.last_us) == (3, 3, 9)


def test_rejects_are_logged_in_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    report = ReadReport("conn.log", rows=3)
    report.log()
    assert not caplog.records
    report.reject(RejectReason.TIME, 4, b"a\tb")
    report.log()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "conn.log: 1 of 4 lines were left out (1 bad time); bad time for example at line 4: a\\tb"
    )


def test_examples_are_short_and_printable() -> None:
    text = shorten(b"\xff\x1b[31m" + b"a" * 1000 + b"\n")
    assert len(text) == 120
    assert text.isprintable()
