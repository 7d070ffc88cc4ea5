"""zstd files are told by content and read like gzip files; what is missing is said in one sentence."""

import importlib
import random
from pathlib import Path

import pytest

from sweepml.errors import MissingExtraError
from sweepml.origins.files import LogFile

zstandard = pytest.importorskip("zstandard")

DATA = random.Random(2).randbytes(50_000) + b"a" * 500_000


def compress(data: bytes) -> bytes:
    return bytes(zstandard.ZstdCompressor().compress(data))


def read_all(log: LogFile, size: int) -> bytes:
    parts = []
    while chunk := log.read(size):
        parts.append(chunk)
    log.close()
    return b"".join(parts)


@pytest.mark.parametrize("size", [10_000, 1 << 22])
def test_zstd_is_told_by_content_and_frames_are_joined(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f.log"
    path.write_bytes(compress(DATA) + compress(b"more"))
    log = LogFile(path)
    assert log.is_compressed
    assert read_all(log, size) == DATA + b"more"
    assert log.damage is None


def test_a_truncated_zstd_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(random.Random(3).randbytes(1 << 20))[:-1000])
    log = LogFile(path)
    assert len(read_all(log, 1000)) > 1 << 19
    assert log.damage == "the zstd stream is truncated"


def test_a_damaged_zstd_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(b"a" * 1000) + b"what is this")
    log = LogFile(path)
    assert read_all(log, 100) == b"a" * 1000
    assert "the zstd stream is damaged" in str(log.damage)


def test_reads_are_never_larger_than_asked(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(bytes(1 << 26)))
    log = LogFile(path)
    sizes = {len(log.read(1000)) for _ in range(100)}
    log.close()
    assert sizes == {1000}


@pytest.mark.parametrize("start", [b"(", b"(\xb5", b"(\xb5/", b"\x1f", b"(\xb5/x", b"(plain"])
def test_what_only_begins_like_a_compressed_file_is_plain(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(start)
    log = LogFile(path)
    assert not log.is_compressed
    assert read_all(log, 10) == start


def test_a_missing_decompressor_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(compress(b"line\n"))

    def refuse(name: str, *args: object) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"zstandard, which reads zstd files, is not.*sweepml\[zstd\]"):
        LogFile(path)
