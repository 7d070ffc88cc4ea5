"""The bulk reader: a whole log as batches of the canonical columns."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from sweepml.datasets.batches import BATCH_ROWS, BatchReader
from sweepml.datasets.blocks import (
    BlockReader,
    block_reader,
    count_lines,
    cut_lines,
)
from sweepml.datasets.canonical import batch_of_rows
from sweepml.datasets.canonical_file import CanonicalReader, is_canonical
from sweepml.datasets.finish import Canon
from sweepml.datasets.mapping import resolve_origin
from sweepml.datasets.parquet import MAGIC as PARQUET_MAGIC
from sweepml.datasets.parquet import ParquetReader
from sweepml.datasets.paths import open_log
from sweepml.datasets.sources import find_source, read_start
from sweepml.errors import InputError
from sweepml.origins.files import LogFile, detect_log, splitter_for
from sweepml.origins.origin import Origin
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport, RejectReason

logger = logging.getLogger(__name__)

_BLOCK_BYTES: Final = 1 << 23
"""Read at a time; below 4 MiB Arrow's fixed costs a block begin to show (measured)."""

_PIECE_BYTES: Final = (1 << 18, 1 << 15)
"""A block with something unusual is tried again in pieces of these sizes, so that one bad row costs little."""


class ConnectionReader(BatchReader):
    """Reads a log as batches, as often as it is iterated.

    Parameters
    ----------
    path
        Log file or its URL, plain or compressed (gzip, zstd); see `sweepml.datasets.paths`.
    origin
        A format or its name, or ``auto`` to tell it from the content.
    batch_rows
        Largest number of rows in a batch.

    Raises
    ------
    InputMissingError
        If there is no such file.
    FormatError
        If the log is empty or in no known format.
    InputError
        If it is a directory or cannot be read. A damaged gzip file raises it at the end of the iteration,
        after the rows before the damage were given.
    """

    def __init__(self, path: str | os.PathLike[str], origin: str | Origin = AUTO, batch_rows: int = BATCH_ROWS) -> None:
        super().__init__(path, batch_rows)
        log = self._open()
        self._begun: tuple[LogFile, bytes] | None = None
        try:
            head, self._origin, self._encoding = detect_log(log, origin)
            if log.is_stdin:  # there is no second beginning
                self._begun = (log, head)
        finally:
            log.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the log from its beginning; bad rows are counted, left out and logged once at the end."""
        self.report = report = ReadReport(self.path)
        self.bytes_read = 0
        parser = LineParser(self._origin, self._encoding, report)
        (log, chunk), splitter = self._begin(), splitter_for(self._encoding)
        blocks = _Blocks(parser)
        try:
            while chunk := chunk or log.read(_BLOCK_BYTES):
                self.bytes_read = self._tell(log)
                yield from self._bounded(blocks.read(splitter.feed(chunk)))
                chunk = b""
            if log.damage is None:
                yield from self._bounded(blocks.read(splitter.flush()))
            yield from self._bounded(blocks.flush())
        finally:
            log.close()
            report.log()
        if log.damage is not None:
            raise InputError(f"{self.path}: {log.damage}; {report.rows} rows were read before that")
        report.refuse_if_nothing_was_read()

    def _begin(self) -> tuple[LogFile, bytes]:
        """Return the log and what was read of it to tell its format."""
        begun, self._begun = self._begun, None
        if begun is not None:
            return begun
        log = self._open()
        if log.is_stdin:
            raise InputError("standard input can be read only once, and it was read already")
        return log, b""

    def _open(self) -> LogFile:
        return open_log(self.path)

    def _tell(self, log: LogFile) -> int:
        return 0 if log.is_stdin else log.tell()


def read_connections(path: str | os.PathLike[str], origin: str = AUTO, batch_rows: int = BATCH_ROWS) -> BatchReader:
    """Open a log, or another source of connections (`sweepml.datasets.sources`), for reading in batches.

    `origin` may also be the path of a mapping (`sweepml.datasets.mapping`).

    Raises
    ------
    InputError
        As `ConnectionReader`, and what the source's reader raises.

    Examples
    --------
    >>> reader = read_connections("conn.log.gz")  # doctest: +SKIP
    >>> for batch in reader:  # doctest: +SKIP
    ...     ...
    >>> reader.report.rejects  # doctest: +SKIP
    {'bad time': 1}
    """
    named = resolve_origin(origin)
    if read_start(path).startswith(PARQUET_MAGIC):
        if named == AUTO and is_canonical(path):
            return CanonicalReader(path, batch_rows)
        return ParquetReader(path, batch_rows, named)
    source = find_source(path, origin)
    return source.open_reader(path, batch_rows) if source is not None else ConnectionReader(path, named, batch_rows)


class _Blocks:
    """Reads blocks the fast way where it can, and keeps count of the lines."""

    def __init__(self, parser: LineParser) -> None:
        self._parser = parser
        self._canon = Canon()
        self._line = 1
        self._fast: BlockReader | None = None
        self._fast_values: object = None

    def read(self, block: bytes, sizes: tuple[int, ...] = _PIECE_BYTES) -> Iterator[pa.RecordBatch]:
        lines, body, tail = self._parser.trim(block)
        self._line += lines
        if body:
            self._parser.settle(body)
        batch = self._read_fast(body) if body else None
        if batch is not None:
            self._line += count_lines(body)
            yield batch
        elif self._fast is not None and sizes and len(body) > sizes[0]:
            for piece in cut_lines(body, sizes[0]):
                yield from self.read(piece, sizes[1:])
        elif body:
            yield batch_of_rows(self._parser.parse_block(body, self._line))
            self._line += count_lines(body)
        if tail:
            self._parser.parse_block(tail, self._line)
            self._line += tail.count(b"\n")

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Yield what was still waiting for other records."""
        yield batch_of_rows(self._parser.flush())

    def _read_fast(self, body: bytes) -> pa.RecordBatch | None:
        if self._fast_values is not self._parser.values:  # a header changed the layout
            self._fast, self._fast_values = block_reader(self._parser, self._canon, body), self._parser.values
        found = self._fast.read(body) if self._fast is not None else None
        if found is None:
            return None
        batch, others = found
        self._parser.reject_rows(body, self._line, others, RejectReason.OTHER_RECORD)
        return batch
