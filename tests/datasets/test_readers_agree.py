"""The bulk reader and the line reader implement one definition twice: they must agree on every log."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.datasets.reader import read_connections
from sweepml.graph.hosts import HostTable
from sweepml.runtime.lines import LineReader
from tests.datasets.agree import assert_fast_ways_agree, assert_readers_agree, read_bulk, read_lines

COLUMNS = """ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration orig_bytes resp_bytes conn_state
orig_pkts resp_pkts label detailed-label"""
NAMES = COLUMNS.split()
GOOD_ROW = "1588205199.82437 C1 10.0.0.1 5000 10.0.0.2 80 tcp 0.25 100 - SF 4 3 Benign -"
GOOD = GOOD_ROW.split()
HEADER = "#separator \\x09\n#fields\t" + "\t".join(NAMES) + "\n"


@pytest.mark.real
def test_readers_agree_on_published_logs(real_dir: Path, subtests: pytest.Subtests) -> None:
    paths = sorted((real_dir / "zeek").iterdir())
    assert len(paths) > 20
    for path in paths:
        with subtests.test(path.name):
            assert_readers_agree(path)


@pytest.mark.slow
@pytest.mark.parametrize("campaign", ["train", "train2"])
def test_readers_agree_on_the_laboratory(lab_dir: Path, campaign: str) -> None:
    assert assert_fast_ways_agree(lab_dir / campaign / "conn.log.gz").rows > 79_000


ODD_NUMBERS = """
0 - (empty) -1 +5 5.0 5.5 007 0x1f 0XFF 0x8000000000000000 0xFFFFFFFFFFFFFFFF -0x1 1e3 1_0 nan inf
Inf . -0 9223372036854775807 9223372036854775808 65535 65536 \u0663 -0.0 .5 5. 1e-7 1e400 1e-400
4294967296 4294967295.999999 0.0000005 0.0000015 1588205199.8243701234 1588205199824
0.1234567890123456789 1,5 1-2 2020-04-30T00:06:39.824370Z
"""
ODD_BLANKS = ["", " 5", "5 ", " - ", "5\x0b", "\x0c5", "5\x00", "\xa05"]
ODD_ADDRESSES = """
10.0.0.1 10.0.0.01 10.0.0.256 10.0.0 fe80::1 FE80:0::1 fe80::1%eth0 ::ffff:10.0.0.1 ::FFFF:a00:1 ::
::1.2.3.4 2001:db8:0:0:1:0:0:1 2001:0db8::1:0:0:1 - x caf\u00e9
"""
ODD_PROTOCOLS = "tcp udp icmp ICMP icmp6 unknown_transport 6 6.0 256 0x11 - x"
ODD_STATES = "S0 SF REJ OTH RSTRH sf - x"
ODD_LABELS = "Malicious malicious benign Benign - (empty) Unknown"
ODD_DETAILS = "- PartOfAHorizontalPortScan C&C-PARTOFAHORIZONTALPORTSCAN DDoS"

NUMBERS = st.sampled_from([*ODD_NUMBERS.split(), *ODD_BLANKS])
ADDRESSES = st.sampled_from([*ODD_ADDRESSES.split(), "", " 10.0.0.1", "10.0.0.1 "])
PROTOCOLS = st.sampled_from([*ODD_PROTOCOLS.split(), "", " tcp"])
STATES = st.sampled_from([*ODD_STATES.split(), ""])
LABELS = st.sampled_from([*ODD_LABELS.split(), "", " Benign"])
DETAILS = st.sampled_from([*ODD_DETAILS.split(), ""])


def values(name: str) -> st.SearchStrategy[str]:
    odd = {
        **dict.fromkeys(("id.orig_h", "id.resp_h"), ADDRESSES),
        "proto": PROTOCOLS,
        "conn_state": STATES,
        "label": LABELS,
        "detailed-label": DETAILS,
        "uid": st.sampled_from(["C1", "", "\u00e9", "a\rb", "#", "\x85", "\u2028", "NaN", '"']),
    }
    return odd.get(name, NUMBERS)


@st.composite
def fields_of_a_row(draw: st.DrawFn) -> list[str]:
    row = list(GOOD)
    for i in draw(st.lists(st.integers(0, len(NAMES) - 1), max_size=3)):
        row[i] = draw(values(NAMES[i]))
    return row


@st.composite
def tsv_lines(draw: st.DrawFn) -> bytes:
    row = draw(fields_of_a_row())
    change = draw(st.integers(0, 20))
    line = "\t".join(row[:-1] if change == 0 else [*row, "more"] if change == 1 else row).encode()
    odd = {2: b"", 3: b"#close\t2020", 4: line + b"\xff", 5: b"\xef\xbb\xbf" + line, 6: HEADER.encode()[:-1]}
    line = odd.get(change, line)
    return line + draw(st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"]))


@given(st.lists(tsv_lines(), max_size=4), st.booleans())
def test_readers_agree_on_odd_text(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], final_newline: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.log"
    data = HEADER.encode() + b"".join(lines)
    path.write_bytes(data if final_newline else data.removesuffix(b"\n"))
    assert_readers_agree(path)


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.integers(2**62, 2**66),
    st.just([1]),
    st.just({"a": 1}),
)
JSON_NUMBERS = st.sampled_from([0.0, -0.0, 5.0, 5.5, 1e300, float("nan"), float("inf"), 1588205199, 1e-7])


@st.composite
def json_lines(draw: st.DrawFn) -> str:
    record: dict[str, object] = dict(zip(NAMES, GOOD, strict=True))
    for name in ("ts", "duration"):
        record[name] = float(str(record[name]))
    for name in ("id.orig_p", "id.resp_p", "orig_bytes", "orig_pkts", "resp_pkts"):
        record[name] = int(str(record[name]))
    del record["resp_bytes"]
    for i in draw(st.lists(st.integers(0, len(NAMES) - 1), max_size=3)):
        name = NAMES[i]
        record[name] = draw(st.one_of(values(name), JSON_VALUES, JSON_NUMBERS))
    if draw(st.integers(0, 5)) == 0:
        record["id_orig_h"] = record.pop("id.orig_h")
    line = json.dumps(record, ensure_ascii=draw(st.booleans()), separators=(",", ":"))
    cut = draw(st.integers(0, 12))
    odd = {
        0: line[:-5],
        1: line + line,
        2: f"{line},{line}",
        3: line + " ",
        4: "[1]",
        5: line[:-1]
        + draw(st.sampled_from([',"x":Inf}', ',"x": -Inf}', ',"x":[NaN]}', ',"x":"CInf"}', ',"x":"Inf"}'])),
        6: line[:-1] + ',"ts":5}',
        7: '{"ts":1}',
        8: "",
    }
    return odd.get(cut, line) + draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))


@given(st.lists(json_lines(), max_size=4), st.booleans())
def test_readers_agree_on_odd_json(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], final_newline: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.json"
    record = dict(zip(NAMES, GOOD, strict=True), ts=1.5)
    data = json.dumps(record) + "\n" + "".join(lines)
    path.write_text(data if final_newline else data.removesuffix("\n"), newline="")
    assert_readers_agree(path)


def test_an_object_over_two_lines_beside_two_on_one_line_is_no_row(tmp_path: Path) -> None:
    record = json.dumps(dict(zip(NAMES, GOOD, strict=True), ts=1.5))
    path = tmp_path / "conn.json"
    path.write_text(f"{record}\n{record}{record[:-10]}\n{record[-10:]}\n{record}\n")
    assert_readers_agree(path)
    assert read_lines(path)[2].rejects == {"truncated JSON": 2}


@pytest.mark.parametrize("batch_rows", [1, 3, 1000])
def test_batch_size_changes_nothing(tmp_path: Path, batch_rows: int) -> None:
    path = tmp_path / "conn.log"
    rows = [[*GOOD] for _ in range(20)]
    for i, row in enumerate(rows):
        row[0], row[2] = f"{i}.5", f"10.0.0.{i % 7}"
    rows[7][0] = "bad"
    path.write_text(HEADER + "".join("\t".join(row) + "\n" for row in rows))
    assert read_bulk(path, batch_rows=batch_rows) == read_bulk(path)
    assert read_lines(path, batch_rows=batch_rows) == read_lines(path)
    assert max(batch.num_rows for batch in read_connections(path, batch_rows=batch_rows)) <= batch_rows
    assert max(map(len, LineReader(path, HostTable(), batch_rows=batch_rows))) <= batch_rows
