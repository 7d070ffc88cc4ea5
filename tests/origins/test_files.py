import gzip
import io
import os
import random
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import InputError, InputMissingError
from sweepml.origins import files
from sweepml.origins.files import LineSplitter, LogFile, is_enough_to_detect


def read_all(log: LogFile, size: int = 1000) -> bytes:
    parts = []
    while chunk := log.read(size):
        parts.append(chunk)
    log.close()
    return b"".join(parts)


DATA = random.Random(1).randbytes(100_000) + b"a" * 500_000


@pytest.mark.parametrize("size", [1, 7, 100_000, 1 << 22])
@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"line\n" * 1000])
def test_plain_bytes_come_back(tmp_path: Path, data: bytes, size: int) -> None:
    path = tmp_path / "f.gz"  # the name says nothing
    path.write_bytes(data)
    log = LogFile(path)
    assert read_all(log, size) == data
    assert log.damage is None


@pytest.mark.parametrize("size", [10_000, 1 << 22])
def test_gzip_is_told_by_content_and_members_are_joined(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f.log"
    path.write_bytes(gzip.compress(DATA) + gzip.compress(b"more") + bytes(1000))
    log = LogFile(path)
    assert read_all(log, size) == DATA + b"more"
    assert log.damage is None


def test_a_truncated_gzip_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(DATA)[:50_000])
    log = LogFile(path)
    found = read_all(log)
    assert found
    assert DATA.startswith(found)
    assert log.damage == "the gzip stream is truncated"


@pytest.mark.parametrize("cut", range(1, 12))
def test_each_lost_byte_of_a_gzip_is_noticed(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(b"a" * 100_000)[:-cut])
    log = LogFile(path)
    read_all(log, 50)
    assert log.damage == "the gzip stream is truncated"


def test_a_damaged_gzip_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    data = bytearray(gzip.compress(b"a" * 100_000))
    data[-5] ^= 1
    path.write_bytes(data)
    log = LogFile(path)
    read_all(log)
    assert "damaged" in str(log.damage)


def test_a_gzip_bomb_is_read_in_small_pieces(tmp_path: Path) -> None:
    path = tmp_path / "f"
    squeeze = zlib.compressobj(9, wbits=31)
    path.write_bytes(squeeze.compress(bytes(1 << 26)) + squeeze.flush())
    log = LogFile(path)
    sizes = []
    while chunk := log.read(1000):
        sizes.append(len(chunk))
        if len(sizes) == 100:
            break
    log.close()
    assert max(sizes) <= 1000


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        writer.write(b"first\n")
        log = LogFile("-")
        got = b""
        while len(got) < 6:
            got += log.read(1 << 20)  # must not wait for a full buffer
        assert got == b"first\n"
        writer.close()
        assert log.read(10) == b""
        assert log.path == "standard input"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"conn\.log: no such file"):
        LogFile(tmp_path / "conn.log")


def test_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory, expected a log file"):
        LogFile(tmp_path)


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_blocks_hold_whole_lines_and_lose_nothing(chunks: list[bytes]) -> None:
    splitter = LineSplitter()
    blocks = [splitter.feed(chunk) for chunk in chunks]
    assert all(block.endswith(b"\n") for block in blocks if block)
    rest = splitter.flush()
    assert b"\n" not in rest
    whole = b"".join(chunks)
    if not b"\xef\xbb\xbf".startswith(whole[:3]):
        assert b"".join(blocks) + rest == whole


@pytest.mark.parametrize("cut", range(8))
def test_a_byte_order_mark_is_dropped(cut: int) -> None:
    data = b"\xef\xbb\xbfabc\nd"
    splitter = LineSplitter()
    assert splitter.feed(data[:cut]) + splitter.feed(data[cut:]) + splitter.flush() == b"abc\nd"


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 10)
    splitter = LineSplitter()
    assert splitter.feed(b"a\n" + b"b" * 8) == b"a\n"
    assert splitter.feed(b"b" * 8) == b""
    assert splitter.feed(b"b" * 8) == b""
    assert splitter.feed(b"b\nc\nd") == b"b" * 10 + b"\nc\n"
    assert splitter.flush() == b"d"


@pytest.mark.parametrize(
    ("head", "enough"),
    [
        (b"", False),
        (b"#fields\ta", False),
        (b"#path\tconn\n", False),
        (b"#fields\ta\n", True),
        (b"{}\n", True),
        (b"\n", False),
    ],
)
def test_detection_waits_for_a_header_or_a_record(head: bytes, enough: bool) -> None:
    assert is_enough_to_detect(head) is enough
