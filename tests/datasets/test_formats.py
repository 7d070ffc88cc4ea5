"""Every format, read by both readers: what they give is the same, whatever the log holds."""

import contextlib
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError, InputError
from sweepml.graph.hosts import HostTable
from sweepml.origins.parser import LineParser
from sweepml.origins.rows import Row
from sweepml.runtime.lines import LineReader
from sweepml.schema.outcome import Outcome
from tests.datasets.agree import assert_fast_ways_agree, assert_readers_agree, read_bulk, read_lines
from tests.origins.samples import SAMPLES, Sample

EVERY_SAMPLE = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))


def write(folder: Path, text: str) -> Path:
    path = folder / "log"
    path.write_text(text, newline="")
    return path


@EVERY_SAMPLE
def test_bulk_reader_gives_the_rows(sample: Sample, tmp_path: Path) -> None:
    table = read_connections(write(tmp_path, sample.text)).read_all()
    assert [Row(**row) for row in table.to_pylist()] == sample.rows


@EVERY_SAMPLE
def test_readers_agree(sample: Sample, tmp_path: Path) -> None:
    path = write(tmp_path, sample.text)
    assert_readers_agree(path)
    report = read_bulk(path)[2]
    assert (report.origin, report.encoding) == (sample.origin, sample.encoding)


@EVERY_SAMPLE
def test_readers_agree_on_each_record_by_itself(sample: Sample, tmp_path: Path) -> None:
    # A block of one record takes the faster ways where a mixed one would not.
    if sample.encoding == "json-document":
        pytest.skip("a document cannot be cut into lines")
    head = sample.lines[:1] if sample.encoding == "csv-header" else []
    for line in sample.lines[len(head) :]:
        path = write(tmp_path, "\n".join([*head, line, ""]))
        with contextlib.suppress(FormatError):  # of a record that alone does not show its format
            assert_readers_agree(path)


@EVERY_SAMPLE
@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
def test_batch_size_changes_nothing(sample: Sample, batch_rows: int, tmp_path: Path) -> None:
    path = write(tmp_path, sample.text)
    assert read_bulk(path, batch_rows=batch_rows) == read_bulk(path)
    assert read_lines(path, batch_rows=batch_rows) == read_lines(path)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("as_lines", [False, True])
def test_records_longer_than_the_head_are_told(tmp_path: Path, indent: int | None, as_lines: bool) -> None:
    (record,) = json.loads(SAMPLES["AZURE_V1"].text)["records"]
    tuples = [f"1767225600,10.0.0.1,10.0.{i // 250}.{i % 250},40000,445,T,I,D" for i in range(5000)]
    record["properties"]["flows"][0]["flows"][0]["flowTuples"] = tuples
    text = json.dumps(record) + "\n" if as_lines else json.dumps({"records": [record]}, indent=indent)
    path = write(tmp_path, text)
    assert read_bulk(path)[2].rows == 5000
    assert_readers_agree(path)


FAST = [
    *("SURICATA", "NFSTREAM", "OCSF", "CICFLOWMETER", "CICFLOWMETER_4", "UNSW_NB15", "UNSW_NB15_BARE"),
    *("NF_DATASET", "TON_IOT"),
]


@pytest.mark.parametrize("name", FAST)
def test_good_blocks_are_not_read_row_by_row(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = SAMPLES[name]
    odd = ('""', ",-1,")  # what only the row-wise way judges
    lines = [line for line in sample.lines if not any(text in line for text in odd)]
    assert len(lines) > 1

    def refuse(*_: object) -> None:
        raise AssertionError("the slow way was taken")

    path = write(tmp_path, "\n".join([*lines, ""]))
    expected = read_bulk(path)
    monkeypatch.setattr(LineParser, "parse_block", refuse)
    assert read_bulk(path) == expected == read_lines(path)


LABORATORY = ["argus.csv.gz", "eve.json.gz", "nfstream.csv.gz", "nfdump.csv.gz"]
EXPECTED_ROWS = {"argus.csv.gz": 86_657, "eve.json.gz": 76_036, "nfstream.csv.gz": 78_861, "nfdump.csv.gz": 78_789}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", LABORATORY)
def test_readers_agree_on_the_laboratory(name: str, real_dir: Path) -> None:
    report = assert_fast_ways_agree(real_dir.parent / "lab" / "train2" / name)
    assert report.rows == EXPECTED_ROWS[name]
    assert set(report.rejects) <= {"not a connection record"}


@pytest.mark.real
def test_readers_agree_on_published_argus_logs(real_dir: Path) -> None:
    paths = sorted((real_dir / "argus").iterdir())
    assert paths
    for path in paths:
        assert_readers_agree(path)


@pytest.mark.real
@pytest.mark.parametrize("name", LABORATORY)
def test_all_formats_of_one_capture_tell_the_same(name: str, real_dir: Path, tmp_path: Path) -> None:
    """Where two formats judge the same connection, they seldom disagree; unknown is no judgement."""
    folder = real_dir.parent / "lab" / "train2"
    truth = outcomes(folder / "conn.log.gz")
    found = outcomes(folder / name)
    unknown = int(Outcome.UNKNOWN)
    both = [key for key in found.keys() & truth.keys() if unknown not in (found[key], truth[key])]
    assert len(both) > 20_000
    different = Counter((truth[key], found[key]) for key in both if truth[key] != found[key])
    answered = int(Outcome.ANSWERED)
    assert sum(count for pair, count in different.items() if answered in pair) / len(both) < 0.005, different
    # Zeek's conn_state does not tell an ICMP error from silence, others do.
    assert different.total() / len(both) < 0.02, different


def outcomes(path: Path) -> dict[tuple[str, str, int, int], int]:
    """Return the best outcome of each (source, destination, protocol, port) but those of ICMP."""
    best: dict[tuple[str, str, int, int], int] = {}
    for batch in read_connections(path):
        columns = [batch.column(name).to_pylist() for name in ("src", "dst", "protocol", "dst_port", "outcome")]
        for src, dst, protocol, port, outcome in zip(*columns, strict=True):
            if protocol != 1:
                key = (src, dst, protocol, port)
                best[key] = min(best.get(key, outcome), outcome)
    return best


def test_damaged_logs_give_what_came_before(tmp_path: Path) -> None:
    sample = SAMPLES["NFDUMP"]
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(sample.text.encode())[:-6])
    bulk, lines = read_connections(path), LineReader(path, HostTable())
    with pytest.raises(InputError, match="truncated; 3 rows were read"):
        list(bulk)
    with pytest.raises(InputError, match="truncated; 3 rows were read"):
        list(lines)
    assert bulk.report == lines.report
