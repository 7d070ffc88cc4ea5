import gzip
import logging
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from sweepml.datasets import finish
from sweepml.datasets.reader import ConnectionReader, read_connections
from sweepml.errors import ConfigError, FormatError, InputError, InputMissingError
from sweepml.schema.connection import CONNECTION_COLUMNS
from sweepml.schema.outcome import Outcome

HEADER = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n"
ROW = "{}.5\t10.0.0.{}\t5000\t10.0.1.1\t22\ttcp\tS0\n"


@pytest.fixture
def conn_log(repo_root: Path) -> Path:
    return repo_root / "tests" / "data" / "conn.log"


def long_log(path: Path, rows: int = 60_000) -> Path:
    path.write_text(HEADER + "".join(ROW.format(i, i % 200) for i in range(rows)))
    return path


def test_rows_have_the_canonical_columns(conn_log: Path) -> None:
    table = read_connections(conn_log).read_all()
    assert table.column_names == [column.name for column in CONNECTION_COLUMNS]
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (1767225600000001, "10.0.0.5", "10.0.1.1", 6, 22, Outcome.ANSWERED, 1250000, 300, 1200, 8, 9, "", ""),
        (1767225600500000, "10.0.0.5", "10.0.1.2", 6, 22, Outcome.UNANSWERED, 0, 0, 0, 1, 0, "", ""),
        (1767225601999999, "10.0.0.5", "10.0.1.3", 6, 22, Outcome.REFUSED, 31, 0, 0, 1, 1, "", ""),
        (1767225602000000, "10.0.0.6", "10.0.1.4", 1, 8, Outcome.ANSWERED, 10000, 56, 56, 1, 1, "", ""),
        (1767225603000000, "2001:db8::5", "2001:db8::1", 58, 128, Outcome.UNANSWERED, 0, 0, 0, 1, 0, "", ""),
        (1767225604000000, "10.0.0.6", "224.0.0.251", 17, 5353, Outcome.UNANSWERED, 0, 0, 0, 1, 0, "", ""),
    ]


def test_addresses_are_dictionary_encoded(conn_log: Path) -> None:
    table = read_connections(conn_log).read_all()
    assert pa.types.is_dictionary(table.schema.field("src").type)
    assert table.column("src").chunk(0).dictionary.to_pylist() == ["10.0.0.5", "10.0.0.6", "2001:db8::5"]


def test_the_report_says_what_was_read(conn_log: Path) -> None:
    reader = read_connections(conn_log)
    reader.read_all()
    report = reader.report
    assert (report.origin, report.encoding, report.rows) == ("zeek", "tsv-fields", 6)
    assert (report.first_us, report.last_us) == (1767225600000001, 1767225604000000)
    assert (report.rejects, report.examples, report.lacking) == ({}, {}, ())


def test_gzip_is_told_by_content(conn_log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "conn.log"
    packed.write_bytes(gzip.compress(conn_log.read_bytes()))
    assert read_connections(packed).read_all().equals(read_connections(conn_log).read_all())


def test_a_reader_can_be_iterated_again(conn_log: Path) -> None:
    reader = read_connections(conn_log)
    assert reader.read_all().equals(reader.read_all())
    assert reader.report.rows == 6


def test_batches_are_bounded(tmp_path: Path) -> None:
    batches = list(read_connections(long_log(tmp_path / "conn.log"), batch_rows=1000))
    assert {batch.num_rows for batch in batches[:-1]} == {1000}
    assert sum(batch.num_rows for batch in batches) == 60_000


def test_one_bad_row_costs_one_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = long_log(tmp_path / "conn.log")
    lines = path.read_text().splitlines(keepends=True)
    lines[31_000] = "oops\n"
    lines[50_000] = lines[50_000].replace("10.0.1.1", "10.0.1.999")
    path.write_text("".join(lines))
    reader = read_connections(path)
    table = reader.read_all()
    assert table.num_rows == 59_998
    assert reader.report.rejects == {"wrong field count": 1, "bad address": 1}
    assert reader.report.examples["wrong field count"][0].line == 31_001
    assert reader.report.examples["bad address"][0].line == 50_001
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    good = [i for i in range(60_000) if i not in (30_999, 49_999)]
    assert table.column("ts_us").to_pylist() == [i * 10**6 + 500_000 for i in good]


def test_a_log_without_rows_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER)
    reader = read_connections(path)
    assert list(reader) == []
    assert reader.read_all().num_rows == 0


def test_a_tail_of_labels_inside_the_last_field_is_read(tmp_path: Path) -> None:
    path = tmp_path / "conn.log.labeled"
    head = "#fields\t" + HEADER.strip() + "\ttunnel_parents   label   detailed-label\n"
    rows = [
        ROW.format(1, 1).strip() + "\t-   Malicious   PartOfAHorizontalPortScan\n",
        ROW.format(2, 1).strip() + "\t(empty)   Benign   -\n",
    ]
    path.write_text(head + "".join(rows))
    reader = read_connections(path)
    assert reader.read_all().column("label").to_pylist() == ["sweep", "benign"]
    path.write_text(head + "".join(rows) + ROW.format(3, 1).strip() + "\t-   Benign\n")
    assert reader.read_all().column("label").to_pylist() == ["sweep", "benign"]
    assert reader.report.rejects == {"wrong field count": 1}


def test_logs_that_were_joined_are_read(conn_log: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.log"
    both.write_bytes(conn_log.read_bytes() * 2)
    reader = read_connections(both)
    assert reader.read_all().num_rows == 12
    assert reader.report.rejects == {}
    plain = tmp_path / "plain.log"
    plain.write_text((HEADER + ROW.format(1, 1)) * 2)
    assert read_connections(plain).read_all().num_rows == 2


def test_columns_that_the_log_lacks_are_reported(tmp_path: Path) -> None:
    reader = read_connections(long_log(tmp_path / "conn.log", 3))
    row = reader.read_all().to_pylist()[0]
    assert reader.report.lacking == (
        "duration_us",
        "orig_bytes",
        "resp_bytes",
        "orig_packets",
        "resp_packets",
    )
    assert {row[name] for name in reader.report.lacking} == {-1}


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"conn\.log: no such file"):
        read_connections(tmp_path / "conn.log")


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        read_connections(tmp_path)


@pytest.mark.parametrize("data", [b"", gzip.compress(b""), b"\n\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"conn\.log: the log is empty"):
        read_connections(path)


def test_another_log_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "dns.log"
    path.write_text("#path\tdns\n#fields\tts\tid.orig_h\tquery\n")
    with pytest.raises(
        FormatError, match=r"dns\.log: expected a log in a known format .* got a log with the fields ts"
    ):
        read_connections(path)


def test_a_truncated_gzip_is_an_error_after_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "conn.log.gz"
    path.write_bytes(gzip.compress(long_log(tmp_path / "plain").read_bytes())[:-2000])
    reader = read_connections(path)
    batches: list[pa.RecordBatch] = []
    with pytest.raises(InputError, match=r"the gzip stream is truncated; \d+ rows were read before that"):
        batches.extend(reader)
    assert sum(batch.num_rows for batch in batches) == reader.report.rows > 50_000
    assert reader.report.rejects == {}, "the last line is cut, not bad"


def test_batch_rows_must_be_positive(conn_log: Path) -> None:
    with pytest.raises(ConfigError, match="batch_rows must be at least 1, got 0"):
        ConnectionReader(conn_log, batch_rows=0)


def test_an_unknown_origin_is_an_error(conn_log: Path) -> None:
    with pytest.raises(ConfigError, match="unknown log format 'bro'"):
        read_connections(conn_log, origin="bro")


@pytest.mark.real
@pytest.mark.parametrize("name", ["m57_day.conn.log", "idps2023_benign.conn.log.labeled", "ics_4sics.conn.log"])
def test_published_values_are_what_the_text_says(real_dir: Path, name: str) -> None:
    """Compare with the file taken apart by hand, so that a mistake shared by all readers shows."""
    lines = (real_dir / "zeek" / name).read_text().splitlines()
    names = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    rows = [dict(zip(names, line.split("\t"), strict=True)) for line in lines if not line.startswith("#")]
    table = read_connections(real_dir / "zeek" / name).read_all()
    assert table.num_rows == len(rows)
    whole = [int(row["ts"].split(".")[0]) * 10**6 + int(row["ts"].split(".")[1].ljust(6, "0")) for row in rows]
    assert table.column("ts_us").to_pylist() == whole
    assert table.column("src").to_pylist() == [row["id.orig_h"] for row in rows]
    assert table.column("dst").to_pylist() == [row["id.resp_h"] for row in rows]
    port = ["id.orig_p" if row["proto"] == "icmp" else "id.resp_p" for row in rows]
    assert table.column("dst_port").to_pylist() == [int(row[key]) for row, key in zip(rows, port, strict=True)]
    for column, key in (("orig_bytes", "orig_bytes"), ("resp_packets", "resp_pkts")):
        assert table.column(column).to_pylist() == [int(row[key].replace("-", "0")) for row in rows]
    refused = [row["conn_state"] == "REJ" for row in rows]
    assert [outcome == Outcome.REFUSED for outcome in table.column("outcome").to_pylist()] == refused


def test_forgetting_addresses_changes_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = long_log(tmp_path / "conn.log", 1000)
    whole = read_connections(log).read_all()
    monkeypatch.setattr(finish, "_CANON_TEXTS", 7)
    assert read_connections(log).read_all().equals(whole)


def test_bytes_read_end_with_the_file(conn_log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "conn.log.gz"
    packed.write_bytes(gzip.compress(conn_log.read_bytes()))
    for path in (conn_log, packed):
        reader = read_connections(path)
        assert reader.bytes_read == 0
        reader.read_all()
        assert reader.bytes_read == path.stat().st_size


def test_standard_input_is_read_once_and_whole(conn_log: Path) -> None:
    program = (
        "from sweepml.datasets.reader import read_connections\n"
        "reader = read_connections('-')\n"
        "print(reader.read_all().num_rows)\n"
        "try:\n"
        "    reader.read_all()\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    with conn_log.open("rb") as file:
        command = [sys.executable, "-W", "error", "-c", program]
        ran = subprocess.run(command, stdin=file, capture_output=True, text=True, check=True)
    first, second = ran.stdout.splitlines()
    assert int(first) == read_connections(conn_log).read_all().num_rows
    assert second == "InputError standard input can be read only once, and it was read already"
