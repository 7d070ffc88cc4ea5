"""Every declared format, from the text that its product writes to the connections that it tells of."""

import pytest

from sweepml.errors import FormatError
from sweepml.origins.files import splitter_for
from sweepml.origins.origin import INPUTS, WORD_INPUTS, Encoding, Origin
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import ORIGINS, detect
from sweepml.origins.report import ReadReport
from sweepml.origins.rows import Row
from tests.origins.samples import SAMPLES, Sample

EVERY_SAMPLE = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
EVERY_ORIGIN = pytest.mark.parametrize("origin", ORIGINS.values(), ids=list(ORIGINS))


def read(text: bytes, report: ReadReport | None = None, name: str = "auto") -> list[Row]:
    origin, encoding = detect(text, name)
    parser = LineParser(origin, encoding, report or ReadReport("log"))
    splitter = splitter_for(encoding)
    block = splitter.feed(text) + splitter.flush()
    return parser.parse_block(block, 1) + parser.flush()


@EVERY_SAMPLE
def test_format_is_told_by_content(sample: Sample) -> None:
    origin, encoding = detect(sample.text.encode())
    assert (origin.name, str(encoding)) == (sample.origin, sample.encoding)


@EVERY_SAMPLE
def test_records_become_the_connections_that_they_tell_of(sample: Sample) -> None:
    assert read(sample.text.encode()) == sample.rows


@EVERY_SAMPLE
def test_line_ends_of_windows_change_nothing(sample: Sample) -> None:
    assert read(sample.text.replace("\n", "\r\n").encode()) == sample.rows


@EVERY_ORIGIN
def test_declarations_use_known_inputs(origin: Origin) -> None:
    assert set(origin.fields) <= set(INPUTS)
    assert origin.required <= set(origin.fields)
    assert set(origin.outcome.words) <= set(WORD_INPUTS)
    assert all(isinstance(names, tuple) for names in origin.fields.values())


@EVERY_ORIGIN
def test_every_format_has_a_sample_and_a_source(origin: Origin) -> None:
    assert origin.name in {sample.origin for sample in SAMPLES.values()} | {"zeek"}
    assert origin.reference
    assert origin.outcome.reference


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,IN_PKTS,OUT_PKTS,Label", "has no times"),
        ("src_ip,src_port,dst_ip,dst_port,proto,conn_state,label,type", "has no times"),
        ("Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,Label", "leaves out addresses"),
    ],
)
def test_logs_without_times_or_addresses_are_refused_in_one_sentence(header: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        detect(f"{header}\n".encode())


@pytest.mark.parametrize(
    ("name", "rejects"),
    [
        ("SURICATA", {"not a connection record": 1}),
        ("ARGUS", {"not a connection record": 1}),
        ("AWS_VPC", {"not a connection record": 1}),
        ("HUBBLE", {"not a connection record": 1}),
        ("OCSF", {"not a connection record": 1}),
        ("CICFLOWMETER", {"bad number": 1}),
        ("CIDDS", {"bad address": 1}),
    ],
)
def test_other_records_are_counted(name: str, rejects: dict[str, int]) -> None:
    report = ReadReport("log")
    read(SAMPLES[name].text.encode(), report)
    assert report.rejects == rejects


def test_a_log_of_other_events_at_first_is_still_told() -> None:
    text = b'{"timestamp":"2026-01-01T00:00:00.000000+0000","event_type":"stats","stats":{}}\n'
    assert detect(text)[0].name == "suricata"


def test_delimited_fields_may_be_quoted() -> None:
    lines = SAMPLES["NFSTREAM"].lines
    quoted = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in (lines[0], *lines[1:3]))
    assert read(quoted.encode()) == SAMPLES["NFSTREAM"].rows[:2]


@pytest.mark.parametrize("row", ['"10.0.0.1,1', '10.0.0.1"x",1', '"10.0.0.1"x,1'])
def test_broken_quotes_are_rejected(row: str) -> None:
    names = SAMPLES["NFSTREAM"].lines[0]
    report = ReadReport("log")
    assert read(f"{names}\n{row}\n".encode(), report) == []
    assert report.rejected == 1


def test_a_record_over_two_lines_is_rejected() -> None:
    report = ReadReport("log")
    names, row = SAMPLES["NFSTREAM"].lines[:2]
    assert len(read(f'{names}\n{row}"agent\nmore"\n{row}\n'.encode(), report)) == 1
    assert report.rejects == {"wrong field count": 2}


@pytest.mark.parametrize(
    ("unit", "declared"), [(1, "TON_IOT"), (1000, "TON_IOT"), (10**6, "TON_IOT"), (10**9, "TON_IOT"), (1, "NF_DATASET")]
)
def test_times_in_another_unit_are_read_and_reported(unit: int, declared: str) -> None:
    sample = SAMPLES[declared]
    stamp = "1767225600" if declared == "TON_IOT" else "1767225600001"
    report = ReadReport("log")
    rows = read(sample.text.replace(stamp, str(1_767_225_600 * unit)).encode(), report)
    assert {row.ts_us for row in rows} == {1_767_225_600_000_000}
    assert [row.duration_us for row in rows] == [row.duration_us for row in sample.rows]
    expected = {
        ("TON_IOT", 1): [],
        ("TON_IOT", 1000): ["times are read as milliseconds, because they are out of range as seconds"],
        ("TON_IOT", 10**6): ["times are read as microseconds, because they are out of range as seconds"],
        ("TON_IOT", 10**9): ["times are read as nanoseconds, because they are out of range as seconds"],
        ("NF_DATASET", 1): ["times are read as seconds, because they are out of range as milliseconds"],
    }
    assert report.assumptions == expected[declared, unit]


def test_times_without_offset_are_reported() -> None:
    report = ReadReport("log")
    read(SAMPLES["ARGUS"].text.encode(), report)
    assert report.assumptions == ["times do not say their offset and are read as UTC"]


def test_the_unit_is_that_of_the_first_record_that_tells() -> None:
    lines = SAMPLES["TON_IOT"].lines
    bad = lines[1].replace("1767225600", "soon")
    milliseconds = [line.replace("1767225600", "1767225600000") for line in lines[1:]]
    report = ReadReport("log")
    rows = read("\n".join([lines[0], bad, *milliseconds, lines[1]]).encode(), report)
    assert [row.ts_us for row in rows] == [1_767_225_600_000_000] * 3 + [1_767_225_600_000]
    assert report.rejects == {"bad time": 1}


def test_encodings_are_those_of_the_samples() -> None:
    tried = {(sample.origin, sample.encoding) for sample in SAMPLES.values()}
    declared = {(origin.name, str(encoding)) for origin in ORIGINS.values() for encoding in origin.encodings}
    assert tried <= declared
    assert Encoding.PARQUET in {encoding for origin in ORIGINS.values() for encoding in origin.encodings}
