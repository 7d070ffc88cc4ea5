import pytest

from sweepml.errors import ConfigError, FormatError
from sweepml.origins.origin import Encoding
from sweepml.origins.registry import ORIGINS, detect

FIELDS = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state"
JSON = (
    b'{"ts":1.5,"id_orig_h":"10.0.0.1","id_orig_p":1,"id_resp_h":"10.0.0.2","id_resp_p":2,"proto":"tcp",'
    b'"conn_state":"SF"}\n'
)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"#separator \\x09\n#path\tconn\n#fields\t" + FIELDS.encode() + b"\n", Encoding.TSV_FIELDS),
        (FIELDS.encode() + b"\n1.5\t10.0.0.1", Encoding.TSV_HEADER),
        (FIELDS.encode(), Encoding.TSV_HEADER),
        (JSON, Encoding.JSON_LINES),
        (b'\xef\xbb\xbf\n{"@stream":"dns"}\n' + JSON, Encoding.JSON_LINES),
    ],
)
@pytest.mark.parametrize("name", ["auto", "zeek"])
def test_formats_are_told_by_content(head: bytes, encoding: Encoding, name: str) -> None:
    assert detect(head, name) == (ORIGINS["zeek"], encoding)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "the log is empty"),
        (b"\n \n", "the log is empty"),
        (b"hello\nworld\n", r"expected a log in a known format \(zeek, suricata, .*\), got .*'hello'"),
        (
            b'{"ts":1.5,"query":"x"}\n',
            "got JSON with the keys ts, query, which lacks id.orig_h, id.resp_h.* of Zeek conn.log",
        ),
        (b'{"ts":1.5,\n', r"got broken JSON '\{"),
        (b"#path\tdns\n#fields\tts\tquery\n", "got a log with the fields ts, query, which lacks id.orig_h"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "got a pcap capture"),
        (b"PAR1\x15", "got a Parquet file"),
        (b"\x00\x01\x02\n", "got binary data"),
        (b"ts,id.orig_h\n", "got a first line 'ts,id.orig_h'"),
    ],
)
def test_other_content_is_named(head: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        detect(head)


def test_an_unknown_name_is_met_with_the_known() -> None:
    with pytest.raises(ConfigError, match="unknown log format 'zek': did you mean zeek"):
        detect(JSON, "zek")
