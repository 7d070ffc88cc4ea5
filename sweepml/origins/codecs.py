"""Compressed logs, told by their first bytes: gzip, and zstd where a decompressor for it is installed."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sweepml.errors import MissingExtraError

_INPUT_BYTES: Final = 1 << 18

_PIECE_BYTES: Final = 1 << 12
"""Compressed bytes that are inflated at once. zstd has no other bound for what comes out: 128 MiB of these at worst."""


class _Stream(Protocol):
    """What decompresses one gzip member or zstd frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """A kind of compression.

    Attributes
    ----------
    name
        How messages call it.
    magic
        First bytes of every file.
    new_stream
        Returns a decompressor for one member, and the error that it raises on damage. Raises `MissingExtraError`
        where none is installed.
    """

    name: str
    magic: bytes
    new_stream: Callable[[], tuple[_Stream, type[Exception]]]


def _new_gzip() -> tuple[_Stream, type[Exception]]:
    return zlib.decompressobj(wbits=31), zlib.error


def _new_zstd() -> tuple[_Stream, type[Exception]]:
    for name in ("compression.zstd", "zstandard"):  # the first is part of Python from 3.14 on
        try:
            module: Any = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        decompressor = module.ZstdDecompressor()
        return (decompressor.decompressobj() if name == "zstandard" else decompressor), module.ZstdError
    raise MissingExtraError("zstandard, which reads zstd files,", "zstd")


CODECS: Final = (
    Codec("gzip", b"\x1f\x8b", _new_gzip),
    Codec("zstd", b"\x28\xb5\x2f\xfd", _new_zstd),
)
MAGIC_BYTES: Final = max(len(codec.magic) for codec in CODECS)


def find_codec(start: bytes) -> Codec | None:
    """Return the codec of a file that begins with these bytes, None for one that is not compressed."""
    return next((codec for codec in CODECS if start.startswith(codec.magic)), None)


def is_magic_so_far(start: bytes) -> bool:
    """Whether further bytes could still make this the beginning of a compressed file, which it is not yet."""
    return find_codec(start) is None and any(codec.magic.startswith(start) for codec in CODECS)


class Inflater:
    """Decompresses a stream of bytes: one or several gzip members or zstd frames.

    Parameters
    ----------
    codec
        How it is compressed.
    read_raw
        Returns up to so many compressed bytes, empty at the end.
    start
        Compressed bytes that were read already.

    Attributes
    ----------
    damage
        Why the content ended early, None while all is well.

    Raises
    ------
    MissingExtraError
        If nothing that can decompress it is installed.
    """

    def __init__(self, codec: Codec, read_raw: Callable[[int], bytes], start: bytes) -> None:
        self.damage: str | None = None
        self._codec = codec
        self._read_raw = read_raw
        self._input = memoryview(start)
        self._stream, self._error = codec.new_stream()
        self._is_done = False
        self._ready = memoryview(b"")

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, as soon as there are any; empty at the end."""
        if len(self._ready) < size:
            self._fill(size)
        content, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return content

    def _fill(self, size: int) -> None:
        """Inflate until there are `size` bytes, or the next piece would have to be waited for."""
        parts, known = [bytes(self._ready)], len(self._ready)
        while known < size and not self._is_done:
            if not self._input:
                if known:
                    break  # a pipe may have no more to give yet
                self._input = memoryview(self._read_raw(_INPUT_BYTES))
                if not self._input:
                    self._end(f"the {self._codec.name} stream is truncated")
                    break
            parts.append(self._inflate())
            known += len(parts[-1])
        self._ready = memoryview(b"".join(parts))

    def _inflate(self) -> bytes:
        """Decompress the next piece of the input."""
        piece, self._input = bytes(self._input[:_PIECE_BYTES]), self._input[_PIECE_BYTES:]
        try:
            content = self._stream.decompress(piece)
        except self._error as error:
            self._end(f"the {self._codec.name} stream is damaged ({error})")
            return b""
        if self._stream.eof:
            self._begin_next(self._stream.unused_data + bytes(self._input))
        return content

    def _begin_next(self, rest: bytes) -> None:
        """Start the next member, if there is one; some tools pad the last with zeros."""
        rest = rest.lstrip(b"\0")
        while not rest:
            more = self._read_raw(_INPUT_BYTES)
            if not more:
                self._end(None)
                return
            rest = more.lstrip(b"\0")
        self._input = memoryview(rest)
        self._stream, self._error = self._codec.new_stream()

    def _end(self, damage: str | None) -> None:
        self._is_done, self.damage = True, damage
        self._input = memoryview(b"")
