import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from sweepml.datasets import mapping
from sweepml.datasets.mapping import origin_of, read_mapping
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError, FormatError, InputMissingError
from sweepml.graph.hosts import HostTable
from sweepml.origins.rows import Row
from sweepml.runtime.lines import LineReader
from sweepml.schema.outcome import Outcome

COLUMNS = {
    "time": "when",
    "duration": "took",
    "source": "from.ip",
    "destination": ["to.ip", "target"],
    "protocol": "proto",
    "destination_port": "port",
    "outcome": "action",
    "source_packets": "out",
    "destination_packets": "in",
    "identity": "pod",
    "label": "class",
}
GIVEN = {
    "columns": COLUMNS,
    "outcomes": {"allow": "answered", "deny": "blocked", 3: "refused"},
    "labels": {"Scan": "sweep", "ok": "benign"},
    "duration_unit": "ms",
}
ROWS = [
    Row(1_767_225_600_000_000, "10.0.0.1", "10.0.1.1", 6, 445, Outcome.ANSWERED, 250_000, -1, -1, 2, 1, "sweep", "a/b"),
    Row(1_767_225_600_000_000, "10.0.0.1", "10.0.1.2", 6, 445, Outcome.BLOCKED, 250_000, -1, -1, 1, 0, "benign"),
    Row(1_767_225_600_000_000, "10.0.0.1", "10.0.1.3", 17, 53, Outcome.REFUSED, 250_000, -1, -1, 1, -1, ""),
    Row(1_767_225_600_000_000, "10.0.0.1", "10.0.1.4", 1, 8, Outcome.UNKNOWN, 250_000, -1, -1, 1, 1, ""),
]
CSV = """when;took;from.ip;to.ip;proto;port;action;out;in;pod;class
2026-01-01 00:00:00;250;10.0.0.1;10.0.1.1;tcp;445;allow;2;1;a/b;SCAN
2026-01-01 00:00:00;250;10.0.0.1;10.0.1.2;tcp;445;deny;1;0;-;ok
2026-01-01 00:00:00;250;10.0.0.1;10.0.1.3;udp;53;3;1;-;-;other
2026-01-01 00:00:00;250;10.0.0.1;10.0.1.4;icmp;0;other;1;1;-;
"""


def write(path: Path, given: object) -> str:
    path.write_text(yaml.safe_dump(given))
    return str(path)


def records(*, when: object) -> list[dict[str, object]]:
    parts = [(1, "tcp", 445, "allow", 2, 1, "a/b", "Scan"), (2, "tcp", 445, "deny", 1, 0, None, "ok")]
    parts += [(3, "udp", 53, 3, 1, None, None, None), (4, "icmp", 0, "other", 1, 1, None, None)]
    keys = ("proto", "port", "action", "out", "in", "pod", "class")
    return [
        {"when": when, "took": 250, "from": {"ip": "10.0.0.1"}, "target": f"10.0.1.{last}"}
        | dict(zip(keys, values, strict=True))
        for last, *values in parts
    ]


def assert_rows(log: Path, mapped: str) -> None:
    assert [Row(**row) for row in read_connections(log, mapped).read_all().to_pylist()] == ROWS


def test_csv_is_read_as_mapped(tmp_path: Path) -> None:
    log, mapped = tmp_path / "log", write(tmp_path / "m.yaml", GIVEN | {"delimiter": ";"})
    log.write_text(CSV)
    assert_rows(log, mapped)
    log.write_bytes(gzip.compress(CSV.encode()))
    assert_rows(log, mapped)


@pytest.mark.parametrize("as_document", [False, True])
def test_json_is_read_as_mapped(tmp_path: Path, as_document: bool) -> None:
    log, mapped = tmp_path / "log", write(tmp_path / "m.yml", GIVEN | {"layout": "json", "time_unit": "ns"})
    found = records(when=1_767_225_600_000_000_000)
    log.write_text(json.dumps(found) if as_document else "".join(json.dumps(one) + "\n" for one in found))
    assert_rows(log, mapped)


@pytest.mark.parametrize(
    "kind", [pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.timestamp("ns", "Europe/Berlin"), pa.int64()]
)
def test_parquet_is_read_as_mapped(tmp_path: Path, kind: pa.DataType) -> None:
    log = tmp_path / "log"
    mapped = write(tmp_path / "m.yaml", GIVEN | {"layout": "parquet", "time_unit": "us"})
    found = records(when=None)
    for one in found:
        one["action"] = str(one["action"])
    table = pa.Table.from_pylist(found)
    when = pa.array([1_767_225_600_000_000] * 4, pa.int64())
    if pa.types.is_timestamp(kind):
        when = when.cast(pa.timestamp("us", kind.tz)).cast(kind)
    pq.write_table(table.set_column(0, "when", when), log)
    assert_rows(log, mapped)


def test_line_reader_reads_as_mapped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(CSV)
    hosts = HostTable()
    (found,) = LineReader(log, hosts, origin_of(GIVEN | {"delimiter": ";"}, "m"))
    assert found.outcome.tolist() == [row.outcome for row in ROWS]
    assert [hosts.name(code) for code in found.destination] == [row.dst for row in ROWS]
    assert hosts.name(int(found.identity[0])) == "a/b"


def test_without_an_outcome_packets_decide_what_they_can(tmp_path: Path) -> None:
    columns = {name: text for name, text in COLUMNS.items() if name != "outcome"}
    log = tmp_path / "log"
    log.write_text(CSV)
    mapped = write(tmp_path / "m.yaml", {"columns": columns, "labels": GIVEN["labels"], "delimiter": ";"})
    outcomes = read_connections(log, mapped).read_all().column("outcome").to_pylist()
    assert outcomes == [Outcome.UNKNOWN, Outcome.UNANSWERED, Outcome.UNKNOWN, Outcome.ANSWERED]


def test_records_of_one_direction_are_paired(tmp_path: Path) -> None:
    columns = {"time": "t", "end": "e", "source": "s", "destination": "d", "protocol": "p", "destination_port": "dp"}
    columns |= {"source_port": "sp", "tcp_flags": "f", "sampling": "n", "outcome": "a"}
    given = {"columns": columns, "one_directional": True, "outcomes": {"DENY": "blocked", "ALLOW": "unknown"}}
    log, mapped = tmp_path / "log", write(tmp_path / "m.yaml", given)
    log.write_text(
        "t,e,s,d,p,sp,dp,f,n,a\n"
        "1767225600,1767225601,10.0.0.1,10.0.1.1,6,40000,445,S,1,ALLOW\n"
        "1767225600,1767225601,10.0.1.1,10.0.0.1,6,445,40000,SA,1,ALLOW\n"
        "1767225602,1767225602,10.0.0.1,10.0.1.2,6,40001,445,S,100,DENY\n"
    )
    reader = read_connections(log, mapped)
    rows = [(row["src"], row["dst"], row["outcome"]) for row in reader.read_all().to_pylist()]
    expected = [("10.0.0.1", "10.0.1.1", Outcome.ANSWERED), ("10.0.0.1", "10.0.1.2", Outcome.BLOCKED)]
    assert rows == expected
    assert reader.report.sampling == 100


def test_another_log_is_refused_by_name(tmp_path: Path) -> None:
    log, mapped = tmp_path / "log", write(tmp_path / "firewall.yaml", GIVEN)
    log.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"log: expected firewall \(a mapping\) \(csv-header\), got"):
        read_connections(log, mapped)


def test_the_text_of_the_module_is_a_mapping() -> None:
    example = (mapping.__doc__ or "").split(".. code-block:: yaml\n")[1].split("\nWhere each record")[0]
    origin = origin_of(yaml.safe_load(example) | {"columns": {**COLUMNS}}, "example")
    assert origin.name == "my_firewall"
    keys = set(yaml.safe_load(example))
    assert keys | {"one_directional"} == set(mapping._KEYS), "the example shows every key"
    shown = set(yaml.safe_load(example)["columns"]) | {"end", *mapping.ONE_DIRECTIONAL_ONLY}
    assert shown == set(mapping.COLUMNS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"columns": None}, "columns: expected a mapping of time, source"),
        ({"columns": {**COLUMNS, "time": ""}}, "columns: time: expected a column name or a list of them, got ''"),
        ({"columns": {"time": "t"}}, "columns: source, destination, protocol, destination_port must be given"),
        ({"columns": {**COLUMNS, "sorce": "x"}}, "unknown column 'sorce': did you mean source"),
        ({"columns": {**COLUMNS, "end": "x"}}, "columns: give end or duration, not both"),
        ({"colums": {}}, "unknown key 'colums': did you mean columns"),
        ({"layout": "xml"}, "layout: expected csv or json or parquet, got 'xml'"),
        ({"delimiter": "::"}, "delimiter: expected one character, got '::'"),
        ({"time_unit": "h"}, "time_unit: expected s or ms or us or ns, got 'h'"),
        ({"time_format": "iso"}, "time_format: expected rfc3339 or year_first or day_first"),
        ({"outcomes": None}, "outcomes: expected a mapping of the column's values, got None"),
        ({"outcomes": {"a": "open"}}, "outcomes: a: expected answered or refused .* got 'open'"),
        ({"outcomes": {True: "answered"}}, "outcomes: YAML reads a value as True; put it in quotes"),
        ({"labels": {"a": "bad"}}, "labels: a: expected sweep or vertical_scan .* got 'bad'"),
        ({"unset": "-"}, "unset: expected a list of texts"),
        ({"one_directional": "yes"}, "one_directional: expected true or false, got 'yes'"),
        ({"one_directional": True}, "columns: destination_packets needs one_directional: false"),
        ({"columns": {**COLUMNS, "sampling": "rate"}}, "columns: sampling needs one_directional: true"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    path = write(tmp_path / "m.yaml", GIVEN | changed)
    with pytest.raises(ConfigError, match=rf"m\.yaml: {words}"):
        read_mapping(path)


@pytest.mark.parametrize("key", ["outcomes", "labels"])
def test_values_without_a_column_are_a_mistake(key: str) -> None:
    columns = {name: text for name, text in COLUMNS.items() if name not in ("outcome", "label")}
    with pytest.raises(ConfigError, match=f"{key}: columns names no"):
        origin_of({"columns": columns, key: {"a": "benign"}}, "m")


def test_files_that_are_no_yaml_are_named(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    with pytest.raises(InputMissingError, match=r"m\.yaml: no such file"):
        read_mapping(path)
    path.write_text("a: [")
    with pytest.raises(ConfigError, match=r"m\.yaml: is not YAML"):
        read_mapping(path)
    path.write_text("- 1")
    with pytest.raises(ConfigError, match=r"m\.yaml: expected a mapping with the key columns"):
        read_mapping(path)
