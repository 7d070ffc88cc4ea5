import gzip
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sweepml.errors import ConfigError, FormatError, InputError, InputMissingError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.parser import LineParser
from sweepml.runtime.lines import LineReader
from sweepml.schema.outcome import Outcome

FIELDS = "ts id.orig_h id.orig_p id.resp_h id.resp_p proto conn_state"
HEADER = "#separator \\x09\n#path\tconn\n#fields\t" + FIELDS.replace(" ", "\t") + "\n"


def rows(first: int, stop: int) -> str:
    return "".join(f"{i}.5\t10.0.0.{i % 250}\t5000\t10.0.1.1\t22\ttcp\tS0\n" for i in range(first, stop))


def seconds(parts: list[Connections]) -> list[int]:
    return [int(ts) // 10**6 for part in parts for ts in part.ts_us]


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 10_000).removesuffix("\n"))
    hosts = HostTable()
    reader = LineReader(path, hosts)
    parts = list(reader)
    assert seconds(parts) == list(range(10_000))
    assert max(map(len, parts)) <= 4096
    joined = Connections.concat(parts)
    assert [hosts.name(code) for code in joined.source[:3]] == ["10.0.0.0", "10.0.0.1", "10.0.0.2"]
    assert set(joined.service.tolist()) == {6 << 16 | 22}
    assert set(joined.duration_us.tolist()) == {-1}
    assert (reader.report.rows, reader.report.first_us, reader.report.last_us) == (
        10_000,
        500_000,
        9_999_500_000,
    )
    assert reader.report.encoding == "tsv-fields"


def test_types_are_those_of_the_kernel(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    for text in (rows(0, 3), rows(0, 3) + "bad\n"):  # the fast way and the row-wise way
        path.write_text(HEADER + text)
        (part,) = LineReader(path, HostTable())
        types = [part_array.dtype for part_array in (getattr(part, name) for name in Connections.__slots__)]
        expected = [np.int64, np.int32, np.int32, np.uint32, np.uint8, *[np.int64] * 5, np.uint8, np.int32]
        assert types == [np.dtype(dtype) for dtype in expected]


def test_good_blocks_are_not_read_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the slow way was taken")

    monkeypatch.setattr(LineParser, "parse_block", refuse)
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 5))
    assert len(next(iter(LineReader(path, HostTable())))) == 5


def test_bad_rows_are_counted_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 2) + "x\t10.0.9.9\t1\t10.0.9.8\t2\ttcp\tS0\n" + rows(2, 4))
    hosts = HostTable()
    reader = LineReader(path, hosts)
    assert seconds(list(reader)) == [0, 1, 2, 3]
    assert reader.report.rejects == {"bad time": 1}
    assert reader.report.examples["bad time"][0].line == 6
    assert "10.0.9.9" not in hosts.names, "a rejected row brings no hosts"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(gzip.compress((HEADER + rows(0, 5)).encode()))
    assert seconds(list(LineReader(path, HostTable()))) == [0, 1, 2, 3, 4]


def test_a_truncated_gzip_is_an_error_after_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(gzip.compress((HEADER + rows(0, 20_000)).encode())[:-1000])
    reader = LineReader(path, HostTable())
    got = []
    with pytest.raises(InputError, match=r"the gzip stream is truncated; \d+ rows were read before that"):
        got.extend(reader)
    assert sum(map(len, got)) == reader.report.rows > 10_000
    assert reader.report.rejects == {}


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((HEADER + rows(0, 5)).encode())))
    assert seconds(list(LineReader("-", HostTable()))) == [0, 1, 2, 3, 4]


def test_a_pipe_gives_its_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as writer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        batches = iter(LineReader("-", HostTable()))
        for second in range(3):
            writer.write((HEADER if second == 0 else "") + rows(second, second + 1))
            writer.flush()
            assert seconds([next(batches)]) == [second]
        writer.close()
        assert list(batches) == []


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (None, InputMissingError, "no such file"),
        (b"", FormatError, "the log is empty"),
        (b"hello\n", FormatError, r"expected a log in a known format .* got a first line 'hello'"),
    ],
)
def test_fatal_errors_are_clear(tmp_path: Path, data: bytes | None, error: type[Exception], words: str) -> None:
    path = tmp_path / "conn.log"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(error, match=words):
        list(LineReader(path, HostTable()))


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        list(LineReader(tmp_path, HostTable()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_rows": 0}, "batch_rows must be at least 1, got 0"),
        ({"origin": "bro"}, "unknown log format 'bro'"),
        ({"follow": True}, "standard input cannot be followed"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LineReader("-", HostTable(), **options)  # type: ignore[arg-type]


class Follower:
    """Follows a file in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.reader = LineReader(path, HostTable(), follow=True, poll_s=0.01)
        self.parts: list[Connections] = []
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.parts.extend(iter(self.reader))
        except InputError as error:
            self.error = error

    def wait_for(self, expected: list[int]) -> None:
        wait_until(lambda: seconds(list(self.parts)) == expected or self.error is not None)
        assert self.error is None
        assert seconds(self.parts) == expected

    def stop(self) -> None:
        self.reader.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


def wait_until(condition: Callable[[], bool], limit_s: float = 10) -> None:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.fixture
def follow() -> Iterator[Callable[[Path], Follower]]:
    followers = []

    def start(path: Path) -> Follower:
        followers.append(Follower(path))
        return followers[-1]

    yield start
    for follower in followers:
        follower.stop()


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_growth_is_followed_and_half_lines_wait(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 2))
    follower = follow(path)
    follower.wait_for([0, 1])
    line = rows(2, 3)
    append(path, line[:20])
    time.sleep(0.1)
    follower.wait_for([0, 1])
    append(path, line[20:])
    follower.wait_for([0, 1, 2])
    assert follower.reader.report.rejects == {}


def test_a_look_that_finds_nothing_gives_an_empty_batch(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 2))
    follower = follow(path)
    wait_until(lambda: len(follower.parts) > 3)
    assert [len(part) for part in follower.parts[:3]] == [2, 0, 0]
    assert follower.reader.report.rows == 2


def test_half_a_line_is_dropped_when_following_ends(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    # Cut in the last field: it would pass for a whole line.
    path.write_text(HEADER + rows(0, 1) + rows(1, 2)[:-2])
    follower = follow(path)
    follower.wait_for([0])
    follower.stop()
    assert seconds(follower.parts) == [0]


def test_a_header_may_come_in_parts(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    follower = follow(path)  # does not exist yet
    time.sleep(0.05)
    for part in ("#", HEADER[1:12], HEADER[12:50], HEADER[50:], rows(0, 1)):
        append(path, part)
        time.sleep(0.03)
    follower.wait_for([0])


def test_rotation_loses_nothing(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 2))
    follower = follow(path)
    follower.wait_for([0, 1])
    path.rename(tmp_path / "conn.1.log")
    append(tmp_path / "conn.1.log", rows(2, 4).removesuffix("\n"))  # the writer still has it open
    time.sleep(0.05)
    path.write_text(HEADER + rows(4, 6))
    follower.wait_for([0, 1, 2, 3, 4, 5])
    assert follower.reader.report.rows == 6


def test_a_rotated_log_may_have_other_columns(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 1))
    follower = follow(path)
    follower.wait_for([0])
    path.rename(tmp_path / "conn.1.log")
    new = HEADER.replace("conn_state", "conn_state\torig_pkts") + rows(1, 2).replace("\n", "\t7\n")
    (tmp_path / "new").write_text(new)
    (tmp_path / "new").rename(path)
    follower.wait_for([0, 1])
    assert Connections.concat(follower.parts).orig_packets.tolist()[-1] == 7


def test_records_are_paired_across_a_rotation(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    names = "ts,te,td,sa,da,sp,dp,pr,flg,ipkt,ibyt\n"
    asked = "2026-01-01 00:00:00,2026-01-01 00:00:00,0.0,10.0.0.1,10.0.1.1,40000,445,TCP,......S.,1,60\n"
    reply = "2026-01-01 00:00:01,2026-01-01 00:00:01,0.0,10.0.1.1,10.0.0.1,445,40000,TCP,...A..S.,1,60\n"
    later = asked.replace("00:00:00", "00:10:00").replace("40000", "40001")
    path = tmp_path / "flows.csv"
    path.write_text(names + asked)
    follower = follow(path)
    wait_until(lambda: follower.reader.report.origin == "nfdump")
    path.rename(tmp_path / "flows.1.csv")
    (tmp_path / "new").write_text(names + reply + later)
    (tmp_path / "new").rename(path)
    follower.wait_for([1_767_225_600])
    assert Connections.concat(follower.parts).outcome.tolist() == [Outcome.ANSWERED]
    follower.stop()
    assert seconds(follower.parts) == [1_767_225_600, 1_767_226_200], "what still waits comes out at the end"


def test_a_truncated_file_is_read_anew(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 20) + "half a line")
    follower = follow(path)
    follower.wait_for(list(range(20)))
    path.write_text(HEADER + rows(50, 51))
    follower.wait_for([*range(20), 50])
    assert follower.reader.report.rejects == {}


def test_closing_ends_the_wait_for_a_file(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    follower = follow(tmp_path / "conn.log")
    time.sleep(0.05)
    follower.stop()
    assert follower.parts == []
    assert follower.error is None


def test_a_compressed_file_cannot_be_followed(tmp_path: Path, follow: Callable[[Path], Follower]) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(gzip.compress(HEADER.encode()))
    follower = follow(path)
    wait_until(lambda: follower.error is not None)
    assert "is compressed, and such a file cannot be followed" in str(follower.error)


def test_closing_ends_a_whole_file_early(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 100_000))
    reader = LineReader(path, HostTable())
    for _ in reader:
        reader.close()
    assert 0 < reader.report.rows < 100_000
    assert reader.report.rejects == {}


def test_codes_of_forgotten_hosts_are_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(HEADER + rows(0, 40), encoding="utf-8")
    hosts = HostTable()
    names = []
    for connections in LineReader(path, hosts, batch_rows=10):
        names += [
            (hosts.name(a), hosts.name(b)) for a, b in zip(connections.source, connections.destination, strict=True)
        ]
        keep = np.zeros(len(hosts), bool)
        keep[-1] = True
        hosts.compact(keep)
    assert hosts.generation > 1
    whole = HostTable()
    (connections,) = list(LineReader(path, whole))
    expected = zip(connections.source, connections.destination, strict=True)
    assert names == [(whole.name(a), whole.name(b)) for a, b in expected]
