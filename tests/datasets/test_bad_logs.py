"""What no format expects: mixed, cut and absurd logs. Counted by reason, the rest read; or one sentence."""

import gzip
from pathlib import Path

import pytest

from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError
from sweepml.graph.hosts import HostTable
from sweepml.origins.parser import LineParser
from sweepml.origins.rows import Row
from sweepml.runtime.lines import LineReader
from tests.datasets.agree import assert_readers_agree, read_bulk
from tests.origins.samples import SAMPLES

TEXT = [name for name, sample in SAMPLES.items() if sample.encoding == "csv-header"]
PLAIN = ["SURICATA", "ARGUS", "NFSTREAM", "OCSF", "ECS", "CICFLOWMETER", "UNSW_NB15", "NF_DATASET", "TON_IOT"]


def write(folder: Path, data: bytes) -> Path:
    path = folder / "log"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_of_other_logs_are_counted_and_the_rest_is_read(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    if sample.encoding == "json-document":
        pytest.skip("what follows a document is cut as the next one")
    foreign = [other.lines[-1] for key, other in SAMPLES.items() if other.origin != sample.origin and key in TEXT]
    text = sample.text.rstrip("\n") + "\n" + "\n".join(foreign) + "\nhello\n{}\n[]\n"
    path = write(tmp_path, text.encode())
    assert_readers_agree(path)
    rows, _, report = read_bulk(path)
    assert len(rows["ts_us"]) == len(sample.rows)
    assert sum(report.rejects.values()) >= len(foreign) + 3


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_cut_log_gives_what_is_whole(tmp_path: Path, name: str, cut: int) -> None:
    path = write(tmp_path, SAMPLES[name].text.encode()[:-cut])
    try:
        read_connections(path)
    except FormatError:
        return  # of a log of one record nothing is left
    assert_readers_agree(path)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    "absurd", [b"\xff\xfe", b"\x00" * 1000, b"a," * 100_000, b"{" * 5000, b'"' * 5000, b"9" * 5000]
)
def test_absurd_lines_cost_only_themselves(tmp_path: Path, name: str, absurd: bytes) -> None:
    sample = SAMPLES[name]
    path = write(tmp_path, sample.text.encode() + absurd + b"\n" + sample.lines[-1].encode() + b"\n")
    whole = read_bulk(write(tmp_path, sample.text.encode() + sample.lines[-1].encode() + b"\n"))
    write(tmp_path, sample.text.encode() + absurd + b"\n" + sample.lines[-1].encode() + b"\n")
    assert_readers_agree(path)
    rows, _, report = read_bulk(path)
    assert rows == whole[0]
    assert report.rejected == whole[2].rejected + 1


@pytest.mark.parametrize("name", TEXT)
def test_a_log_of_which_nothing_can_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    header = SAMPLES[name].lines[0]
    path = write(tmp_path, f"{header}\nnothing\nof,this\n".encode())
    with pytest.raises(FormatError, match=r"log: none of 2 lines could be read; line 2 for example \(.*\): nothing"):
        read_connections(path).read_all()


@pytest.mark.parametrize("name", TEXT)
def test_header_alone_is_an_empty_log(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, SAMPLES[name].lines[0].encode())
    assert read_connections(path).read_all().num_rows == 0
    assert list(LineReader(path, HostTable())) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (("1767225600,10.0.0.1,40000", "soon,10.0.0.1,40000"), "bad time"),
        (("1767225600,10.0.0.1,40000", "-5,10.0.0.1,40000"), "bad time"),
        (("10.0.1.1", "server.example.org"), "bad address"),
        (("10.0.0.1,40000,10.0.1.1", ",40000,10.0.1.1"), "bad address"),
        ((",445,tcp", ",65536,tcp"), "bad port"),
        ((",445,tcp", ",-1,tcp"), "bad port"),
        ((",0.5,", ",-0.5,"), "bad number"),
        ((",0.5,", ",nan,"), "bad number"),
        (("S0,0,2", "S0,0,many"), "bad number"),
        (("tcp,-,0.5", "tcp,-,0.5,more"), "wrong field count"),
    ],
)
def test_bad_values_are_counted_by_reason(tmp_path: Path, changed: tuple[str, str], reason: str) -> None:
    head, first, *rest = SAMPLES["TON_IOT"].lines
    assert changed[0] in first
    path = write(tmp_path, "\n".join([head, rest[0], first.replace(*changed), *rest]).encode())
    assert_readers_agree(path)
    rows, _, report = read_bulk(path)
    assert len(rows["ts_us"]) == 3
    assert report.rejects == {reason: 1}
    assert report.examples[reason][0].line == 3


def test_a_format_that_was_asked_for_is_the_only_one_tried(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLES["SURICATA"].text.encode())
    with pytest.raises(FormatError, match=r"expected Argus ra CSV \(csv-header\), got JSON with the keys timestamp"):
        read_connections(path, origin="argus")


def test_gzip_of_any_format_is_read(tmp_path: Path) -> None:
    for sample in SAMPLES.values():
        path = write(tmp_path, gzip.compress(sample.text.encode()))
        assert read_connections(path).read_all().num_rows == len(sample.rows)


def test_one_bad_row_takes_few_others_the_slow_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, *lines = SAMPLES["NF_DATASET"].lines
    path = write(tmp_path, "\n".join([head, *lines * 2000, "bad", *lines * 2000]).encode())
    slow = 0
    original = LineParser.parse_block

    def counted(parser: LineParser, block: bytes, first_line: int) -> list[Row]:
        nonlocal slow
        slow += block.count(b"\n")
        return original(parser, block, first_line)

    monkeypatch.setattr(LineParser, "parse_block", counted)
    assert sum(map(len, LineReader(path, HostTable(), batch_rows=1 << 14))) == 16_000
    assert slow <= 256
    slow = 0
    assert read_connections(path).read_all().num_rows == 16_000
    assert slow <= 1000
