"""The line reader: a log as it is written, in micro-batches, with numpy and the standard library only."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final

from sweepml.errors import ConfigError, InputError, InputMissingError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.documents import DocumentSplitter
from sweepml.origins.files import STDIN, LineSplitter, LogFile, detect_head, is_enough_to_detect, splitter_for
from sweepml.origins.lines import LineBlocks
from sweepml.origins.origin import Origin
from sweepml.origins.pairing import Pairer
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import AUTO, find_origin
from sweepml.origins.report import ReadReport

logger = logging.getLogger(__name__)

BATCH_ROWS: Final = 4096
"""Rows of a micro-batch at most. Chosen, not tuned."""

POLL_S: Final = 0.2
"""How long to wait before looking for growth again; a tenth of the "seconds" that an alert may take."""

_LINE_BYTES: Final = 96
"""Assumed length of a line when deciding how much to read for a batch; a conn.log has about 110."""


class _End(Enum):
    """Where a file's bytes end."""

    COMPLETE = auto()
    """The writer is done with it: a last line without an end is a line."""
    ROTATED = auto()
    """The same, and another file continues it."""
    CUT = auto()
    """In the middle: what is left is half a line."""


class LineReader:
    """Reads a log and yields its connections in micro-batches.

    Parameters
    ----------
    path
        Log file, plain or compressed by content, or ``-`` for standard input.
    hosts
        Table into which addresses are encoded.
    origin
        Log format or its name, or ``auto`` to tell it from the content.
    batch_rows
        Largest number of rows in a batch.
    follow
        At the end of the file, wait for more, until `close` is called; each look that finds nothing gives an empty
        batch, so that whoever iterates can tell the time. A file that does not exist yet is
        waited for, one that was rotated is read to its end before its successor, and one that was truncated
        is read anew.
    poll_s
        Seconds between looks at a followed file.

    Attributes
    ----------
    report
        What was seen so far.

    Raises
    ------
    ConfigError
        If the format's name is unknown, `batch_rows` is below 1, or `follow` is asked of standard input.
    InputMissingError, InputError
        While iterating: if there is no such file (without `follow`), or it cannot be read. A damaged gzip
        file raises it after the rows before the damage were given.
    FormatError
        While iterating: if the log is empty or in no known format.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        hosts: HostTable,
        origin: str | Origin = AUTO,
        *,
        batch_rows: int = BATCH_ROWS,
        follow: bool = False,
        poll_s: float = POLL_S,
    ) -> None:
        if batch_rows < 1:
            raise ConfigError(f"batch_rows must be at least 1, got {batch_rows}")
        if follow and os.fspath(path) == STDIN:
            raise ConfigError("standard input cannot be followed: it ends when its writer ends; leave follow out")
        if isinstance(origin, str) and origin != AUTO:
            find_origin(origin)
        self.path = os.fspath(path)
        self.hosts = hosts
        self.batch_rows = batch_rows
        self.report = ReadReport(self.path)
        self._origin = origin
        self._follow = follow
        self._poll_s = poll_s
        self._closed = threading.Event()
        self._blocks: LineBlocks | None = None
        self._head = b""
        self._splitter: LineSplitter | DocumentSplitter = LineSplitter()
        self._pairer: Pairer | None = None

    def close(self) -> None:
        """End the iteration at the next chance; may be called from another thread or a signal handler."""
        self._closed.set()

    def __iter__(self) -> Iterator[Connections]:
        """Yield connections in the order of the log; bad rows are counted in `report` and left out."""
        try:
            for chunk in self._followed() if self._follow else self._whole():
                if chunk == b"":
                    yield Connections.empty()
                    continue
                for connections in self._end(chunk) if isinstance(chunk, _End) else self._take(chunk):
                    if len(connections):
                        ts_us = connections.ts_us
                        self.report.accept(len(connections), int(ts_us.min()), int(ts_us.max()))
                        yield connections
        finally:
            self.report.log()

    def _whole(self) -> Iterator[bytes | _End]:
        """Yield the chunks of a log, and how it ended."""
        log = LogFile(self.path)
        try:
            while not self._closed.is_set() and (chunk := log.read(self._chunk_bytes)):
                yield chunk
        finally:
            log.close()
        if log.damage is not None:
            yield _End.CUT
            raise InputError(f"{log.path}: {log.damage}; {self.report.rows} rows were read before that")
        yield _End.CUT if self._closed.is_set() else _End.COMPLETE

    def _followed(self) -> Iterator[bytes | _End]:
        """Yield the chunks of a growing file, an empty one where it has not grown, and wherever a file ended."""
        log = self._wait_for_file()
        try:
            while log is not None:
                chunk = log.read(self._chunk_bytes)
                if log.is_compressed:
                    raise InputError(f"{self.path}: is compressed, and such a file cannot be followed")
                if chunk:
                    yield chunk
                    continue
                if self._closed.is_set():
                    yield _End.CUT
                    break
                change = self._change(log)
                if change is None:
                    yield b""
                    self._closed.wait(self._poll_s)
                    continue
                # The writer may have written between our last read and the change.
                while change == "rotated" and (chunk := log.read(self._chunk_bytes)):
                    yield chunk
                logger.info("%s was %s: reading it anew", self.path, change)
                yield _End.ROTATED if change == "rotated" else _End.CUT
                log.close()
                log = self._wait_for_file()
        finally:
            if log is not None:
                log.close()

    def _wait_for_file(self) -> LogFile | None:
        """Open the followed file once it exists and is not empty; None if `close` was called before."""
        waiting = False
        while True:
            try:
                if Path(self.path).stat().st_size:
                    return LogFile(self.path)
            except (FileNotFoundError, InputMissingError):
                if not waiting:
                    logger.warning("%s does not exist yet: waiting for it", self.path)
            waiting = True
            if self._closed.wait(self._poll_s):
                return None

    def _change(self, log: LogFile) -> str | None:
        """Return what happened to the followed path since it was opened, None while it is the same file."""
        opened = os.fstat(log.fileno())
        try:
            named = os.stat(self.path)  # noqa: PTH116 (pairs with fstat)
        except FileNotFoundError:
            return None  # between a rotation's two steps
        if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
            return "rotated"
        return "truncated" if opened.st_size < log.tell() else None

    @property
    def _chunk_bytes(self) -> int:
        return self.batch_rows * _LINE_BYTES

    def _take(self, chunk: bytes) -> Iterator[Connections]:
        if self._blocks is None:
            self._head += chunk
            if not is_enough_to_detect(self._head):
                return
            chunk = self._start()
        assert self._blocks is not None  # _start set it
        yield from self._blocks.read(self._splitter.feed(chunk))

    def _end(self, end: _End) -> Iterator[Connections]:
        """Use what is left of a file that ended, and be ready for the next."""
        if end is not _End.CUT:
            if self._blocks is None and (self._head or not self._follow):
                head = self._start()
                assert self._blocks is not None  # _start set it
                yield from self._blocks.read(self._splitter.feed(head))
            if self._blocks is not None:
                yield from self._blocks.read(self._splitter.flush())
        if self._blocks is not None:
            if end is _End.ROTATED:
                self._pairer = self._blocks.pairer
            else:
                yield from self._blocks.flush()
        self._blocks, self._head = None, b""

    def _start(self) -> bytes:
        """Tell the format from what was read so far, and return that."""
        origin, encoding = detect_head(self.path, self._head, self._origin)
        parser = LineParser(origin, encoding, self.report, self._pairer)
        self._blocks = LineBlocks(parser, self.hosts, self.batch_rows)
        self._splitter = splitter_for(encoding)
        head, self._head = self._head, b""
        return head
