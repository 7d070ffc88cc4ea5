"""The bytes of a log: plain or compressed by content, from a file or standard input, cut into whole lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from sweepml.errors import FormatError, InputError, InputMissingError
from sweepml.origins.codecs import MAGIC_BYTES, Inflater, find_codec, is_magic_so_far
from sweepml.origins.documents import DocumentSplitter
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.registry import BOM, detect, is_document

HEAD_BYTES: Final = 1 << 16
"""Read this much before deciding that no known header will come. Chosen, not tuned."""

MAX_LINE_BYTES: Final = 1 << 24
"""A longer line is cut here, so that a stream without line ends cannot fill the memory. Chosen, not tuned."""

STDIN: Final = "-"
"""Path that stands for standard input."""


def open_binary(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading.

    Raises
    ------
    InputMissingError
        If there is none.
    InputError
        If it is a directory or must not be read.
    """
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise InputMissingError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, expected a log file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


class LogFile:
    """Reads a log's uncompressed bytes.

    Parameters
    ----------
    path
        File, or ``-`` for standard input.
    open_file
        Opens what is not standard input; whoever knows more than local files brings their own.

    Attributes
    ----------
    is_compressed
        Whether the bytes of the file are not those of the log.

    Raises
    ------
    InputError
        As `open_binary`.
    MissingExtraError
        If nothing that can decompress it is installed.
    """

    def __init__(
        self, path: str | os.PathLike[str], open_file: Callable[[str | os.PathLike[str]], BinaryIO] = open_binary
    ) -> None:
        self.is_stdin = str(path) == STDIN
        self.path = "standard input" if self.is_stdin else str(path)
        self._raw: BinaryIO = sys.stdin.buffer if self.is_stdin else open_file(path)
        try:
            self._start = self._read_magic()
            codec = find_codec(self._start)
            self._inflater = Inflater(codec, self._read_raw, self._start) if codec is not None else None
        except BaseException:
            self.close()
            raise
        self.is_compressed = codec is not None

    @property
    def damage(self) -> str | None:
        """Why the content ended early, None while all is well. Readers raise it after the rows before it."""
        return self._inflater.damage if self._inflater is not None else None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, as soon as there are any; empty at the end."""
        if self._inflater is not None:
            return self._inflater.read(size)
        if self._start:
            chunk, self._start = self._start, b""
            # A few bytes alone are no use to anyone, but a pipe may have no more to give yet.
            return chunk if self.is_stdin else chunk + self._read_raw(size)
        return self._read_raw(size)

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if not self.is_stdin:
            self._raw.close()

    def tell(self) -> int:
        """Return how many bytes of the file were read."""
        return self._raw.tell()

    def fileno(self) -> int:
        """Return the descriptor of the open file."""
        return self._raw.fileno()

    def _read_magic(self) -> bytes:
        """Read as far as a codec's first bytes go, and no further: a pipe may have no more to give yet."""
        start = b""
        while len(start) < MAGIC_BYTES and is_magic_so_far(start):
            more = self._read_raw(MAGIC_BYTES - len(start))
            if not more:
                break
            start += more
        return start

    def _read_raw(self, size: int) -> bytes:
        # read1 gives what a pipe has instead of waiting for a full buffer.
        read: Callable[[int], bytes] = getattr(self._raw, "read1", self._raw.read)
        try:
            return read(size)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from error


class LineSplitter:
    """Cuts a stream of bytes into blocks of complete lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._cutting = False
        self._at_start = True

    def feed(self, chunk: bytes) -> bytes:
        """Take more bytes; return the lines that are complete by now."""
        if self._at_start:
            self._rest += chunk
            if len(self._rest) < len(BOM) and BOM.startswith(self._rest):
                return b""
            chunk, self._rest, self._at_start = self._rest.removeprefix(BOM), b"", False
        if self._cutting:
            stop = chunk.find(b"\n")
            if stop < 0:
                return b""
            chunk, self._cutting = chunk[stop:], False
        stop = chunk.rfind(b"\n") + 1
        block = b"".join((self._rest, memoryview(chunk)[:stop])) if stop else b""
        self._rest = chunk[stop:] if stop else self._rest + chunk
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._cutting = self._rest[:MAX_LINE_BYTES], True
        return block

    def flush(self) -> bytes:
        """Return the last line if it has no end, and forget it."""
        rest, self._rest = self._rest, b""
        self._cutting, self._at_start = False, True
        return rest


def splitter_for(encoding: Encoding) -> LineSplitter | DocumentSplitter:
    """Return what cuts a log of a layout into blocks of lines, one record each."""
    return DocumentSplitter() if encoding == Encoding.JSON_DOCUMENT else LineSplitter()


def is_enough_to_detect(head: bytes) -> bool:
    """Whether the beginning of a stream holds a header or a record, so that its format can be told."""
    if len(head) >= HEAD_BYTES:
        return True
    if is_document(head):
        return False  # its records may begin anywhere
    complete = head[: head.rfind(b"\n") + 1].removeprefix(BOM)
    lines = [line for line in complete.split(b"\n") if line.strip()]
    return any(line.startswith(b"#fields") or not line.startswith(b"#") for line in lines)


def detect_log(log: LogFile, origin: str | Origin) -> tuple[bytes, Origin, Encoding]:
    """Read the beginning of a log and tell its format; see `detect`.

    Returns
    -------
    head : bytes
        What was read.
    origin, encoding
        The format and its layout.

    Raises
    ------
    FormatError, ConfigError
        As `detect`; a `FormatError` names the log.
    """
    head = b""
    while not is_enough_to_detect(head) and (chunk := log.read(HEAD_BYTES)):
        head += chunk
    return head, *detect_head(log.path, head, origin)


def detect_head(path: str, head: bytes, origin: str | Origin) -> tuple[Origin, Encoding]:
    """Tell the format from the beginning of a log, as `detect`, but name the log in errors."""
    try:
        return detect(head, origin)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
