import pytest

from sweepml.origins.origin import INPUTS, Encoding
from sweepml.origins.parser import LineParser
from sweepml.origins.report import ReadReport
from sweepml.origins.rows import Row
from sweepml.origins.zeek import CONN_STATES, ZEEK_CONN
from sweepml.schema.connection import MISSING, UNKNOWN_PROTOCOL
from sweepml.schema.outcome import Outcome

NAMES = ["ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "duration", "orig_bytes"]
NAMES += ["resp_bytes", "conn_state", "orig_pkts", "resp_pkts", "label", "detailed-label"]
GOOD_ROW = "1.5 10.0.0.1 5000 10.0.0.2 80 tcp 0.25 100 200 SF 4 3 - -"
GOOD = dict(zip(NAMES, GOOD_ROW.split(), strict=True))


def parse(report: ReadReport | None = None, **changed: str) -> list[Row]:
    values = GOOD | {name.replace("__", "."): text for name, text in changed.items()}
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, report or ReadReport("conn.log"))
    header = "#fields\t" + "\t".join(values)
    return parser.parse_block(f"{header}\n{chr(9).join(values.values())}\n".encode(), 1)


def row(**changed: str) -> Row:
    (found,) = parse(**changed)
    return found


def test_only_inputs_are_declared() -> None:
    assert set(ZEEK_CONN.fields) <= set(INPUTS)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("S0", Outcome.UNANSWERED),
        ("S1", Outcome.ANSWERED),
        ("SF", Outcome.ANSWERED),
        ("REJ", Outcome.REFUSED),
        ("S2", Outcome.ANSWERED),
        ("S3", Outcome.ANSWERED),
        ("RSTO", Outcome.ANSWERED),
        ("RSTR", Outcome.ANSWERED),
        ("RSTOS0", Outcome.UNANSWERED),
        ("RSTRH", Outcome.UNKNOWN),
        ("SH", Outcome.UNANSWERED),
        ("SHR", Outcome.UNKNOWN),
        ("OTH", Outcome.UNKNOWN),
        ("-", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
        ("NEW", Outcome.UNKNOWN),
    ],
)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_each_state_has_its_outcome(state: str, outcome: Outcome, protocol: str) -> None:
    assert row(conn_state=state, proto=protocol).outcome == outcome


def test_all_states_of_zeek_are_mapped() -> None:
    assert len(CONN_STATES) == 13


@pytest.mark.parametrize(
    ("sent", "received", "outcome"),
    [
        ("2", "1", Outcome.ANSWERED),
        ("0", "1", Outcome.ANSWERED),
        ("2", "0", Outcome.UNANSWERED),
        ("2", "-", Outcome.UNANSWERED),
        ("0", "0", Outcome.UNKNOWN),
        ("-", "-", Outcome.UNKNOWN),
    ],
)
@pytest.mark.parametrize("destination", ["10.0.0.2", "2001:db8::2"])
def test_icmp_is_judged_by_its_packets(sent: str, received: str, outcome: Outcome, destination: str) -> None:
    found = row(proto="icmp", conn_state="OTH", orig_pkts=sent, resp_pkts=received, id__resp_h=destination)
    assert found.outcome == outcome


def test_icmp_type_is_the_port() -> None:
    assert row(proto="icmp", id__orig_p="8", id__resp_p="0").dst_port == 8


def test_icmp_over_ipv6_is_icmp6() -> None:
    assert row(proto="icmp", id__orig_p="128", id__resp_h="2001:db8::2").protocol == 58
    assert row(proto="icmp", id__orig_p="8", id__resp_h="::ffff:10.0.0.2").protocol == 1


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("tcp", 6),
        ("UDP", 17),
        ("icmp", 1),
        ("unknown_transport", UNKNOWN_PROTOCOL),
        ("47", 47),
        ("-", UNKNOWN_PROTOCOL),
    ],
)
def test_protocols_have_their_numbers(name: str, number: int) -> None:
    assert row(proto=name).protocol == number


@pytest.mark.parametrize("unset", ["-", "", "(empty)"])
def test_unset_means_zero_where_the_log_has_the_column(unset: str) -> None:
    found = row(duration=unset, orig_bytes=unset, resp_bytes=unset, orig_pkts=unset, resp_pkts=unset)
    assert found[6:11] == (0, 0, 0, 0, 0)


def test_a_column_that_the_log_lacks_is_missing() -> None:
    optional = ("duration", "orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts")
    values = {name: text for name, text in GOOD.items() if name not in optional}
    report = ReadReport("conn.log")
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, report)
    lines = "#fields\t" + "\t".join(values) + "\n" + "\t".join(values.values())
    (found,) = parser.parse_block(lines.encode(), 1)
    assert found[6:11] == (MISSING,) * 5
    assert report.lacking == ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")


def test_a_json_record_without_the_key_means_zero() -> None:
    parser = LineParser(ZEEK_CONN, Encoding.JSON_LINES, ReadReport("conn.log"))
    line = (
        b'{"ts":1588205199.82437,"id_orig_h":"10.0.0.1","id_orig_p":1,"id.resp_h":"10.0.0.2","id_resp_p":80,'
        b'"proto":"tcp","conn_state":"S0"}'
    )
    expected = Row(1588205199824370, "10.0.0.1", "10.0.0.2", 6, 80, Outcome.UNANSWERED, 0, 0, 0, 0, 0, "")
    assert parser.parse_block(line, 1) == [expected]


@pytest.mark.parametrize(
    ("label", "detail", "kind"),
    [
        ("Malicious", "PartOfAHorizontalPortScan", "sweep"),
        ("Malicious", "C&C-PartOfAHorizontalPortScan", "sweep"),
        ("Malicious", "DDoS", "other_attack"),
        ("malicious", "-", "other_attack"),
        ("Benign", "-", "benign"),
        ("benign", "", "benign"),
        ("Unknown", "-", ""),
        ("-", "-", ""),
        ("", "", ""),
    ],
)
def test_labels_have_their_kinds(label: str, detail: str, kind: str) -> None:
    assert parse(label=label, **{"detailed-label": detail})[0].label == kind


REJECTS = {
    "bad time": [{"ts": text} for text in ("-", "", "x", "-1", "nan", "1e300")],
    "bad address": [{name: text} for name in ("id__orig_h", "id__resp_h") for text in ("-", "", "10.0.0.300", "a.b")],
    "bad port": [{"id__resp_p": text} for text in ("-", "", "65536", "-1", "x")]
    + [{"proto": "icmp", "id__orig_p": text} for text in ("-", "65536", "x")],
    "bad number": [
        {name: text} for name in ("orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts") for text in ("-1", "x")
    ]
    + [{"duration": text} for text in ("-0.5", "inf", "x")],
}


@pytest.mark.parametrize(("reason", "changed"), [(r, c) for r, cases in REJECTS.items() for c in cases])
def test_bad_values_are_rejected_with_their_reason(reason: str, changed: dict[str, str]) -> None:
    report = ReadReport("conn.log")
    assert parse(report, **changed) == []
    assert report.rejects == {reason: 1}


def test_the_source_port_is_not_read_unless_it_is_a_type() -> None:
    assert row(id__orig_p="x").dst_port == 80


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1.5\t10.0.0.1", "wrong field count"),
        (b"\t".join(text.encode() for text in GOOD.values()) + b"\tmore", "wrong field count"),
        (b"\t".join(text.encode() for text in GOOD.values()) + b"\xff", "invalid utf-8"),
    ],
)
def test_bad_lines_are_rejected_with_their_reason(line: bytes, reason: str) -> None:
    report = ReadReport("conn.log")
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, report)
    header = b"#fields\t" + "\t".join(NAMES).encode()
    assert parser.parse_block(header + b"\n" + line + b"\n", 7) == []
    assert report.rejects == {reason: 1}
    assert report.examples[reason][0].line == 8


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"ts":1', "truncated JSON"),
        (b"x", "truncated JSON"),
        (b'{"x":' + b"[" * 100_000, "truncated JSON"),
        (b"[1]", "not a connection record"),
        (b'{"ts":1.5,"id.orig_h":"10.0.0.1"}', "not a connection record"),
        (b'{"a":"\xff"}', "invalid utf-8"),
    ],
)
def test_bad_json_is_rejected_with_its_reason(line: bytes, reason: str) -> None:
    report = ReadReport("conn.log")
    parser = LineParser(ZEEK_CONN, Encoding.JSON_LINES, report)
    assert parser.parse_block(line, 1) == []
    assert report.rejects == {reason: 1}


def test_a_later_header_changes_the_columns() -> None:
    swapped = [*NAMES[:2], "id.resp_h", "id.orig_p", "id.orig_h", *NAMES[5:], "id.resp_p"]
    values = [*list(GOOD.values())[:4], *list(GOOD.values())[4:], "443"]
    values[4] = "10.0.0.9"
    swapped[1:5] = ["id.resp_h", "x", "id.orig_p", "id.orig_h"]
    lines = ["#fields\t" + "\t".join(NAMES), "\t".join(GOOD.values())]
    lines += ["#fields\t" + "\t".join(swapped), "\t".join([*values[:3], "7", *values[4:]])]
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, ReadReport("conn.log"))
    rows = parser.parse_block("\n".join(lines).encode(), 1)
    assert [(r.src, r.dst, r.dst_port) for r in rows] == [
        ("10.0.0.1", "10.0.0.2", 80),
        ("10.0.0.9", "10.0.0.1", 443),
    ]


def test_rows_below_the_header_of_another_log_are_rejected() -> None:
    report = ReadReport("conn.log")
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, report)
    assert parser.parse_block(b"#path\tdns\n#fields\tts\tquery\n1.5\texample.org\n", 1) == []
    assert report.rejects == {"not a connection record": 1}


def test_the_log_may_name_its_separator_and_unset_text() -> None:
    values = GOOD | {"duration": "?"}
    lines = "#separator \\x2c\n#unset_field,?\n#fields," + ",".join(values) + "\n" + ",".join(values.values())
    parser = LineParser(ZEEK_CONN, Encoding.TSV_FIELDS, ReadReport("conn.log"))
    (found,) = parser.parse_block(lines.encode(), 1)
    assert (found.src, found.duration_us) == ("10.0.0.1", 0)
