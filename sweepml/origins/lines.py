"""Blocks of lines as connections, with numpy and the standard library: the fast way of the line reader.

A block is either taken by columns, with exactly the values that `sweepml.origins.rows` would give, or row by
row through that module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.columns import LABEL_BY_KIND
from sweepml.origins.line_columns import LineColumns
from sweepml.origins.origin import COUNT_INPUTS
from sweepml.origins.pairing import Pairer
from sweepml.origins.parser import LineParser
from sweepml.origins.report import RejectReason
from sweepml.origins.rows import Row
from sweepml.origins.splitting import Column, Unusual
from sweepml.origins.values import canonical_address

_PIECE_LINES: Final = 256
"""A block with something unusual is tried again in pieces of so many lines, so that one bad row costs little."""


class LineBlocks:
    """Turns blocks of complete lines into connections and keeps count of the lines.

    Parameters
    ----------
    parser
        The row-wise way, which also follows the header.
    hosts
        Table into which addresses are encoded.
    batch_rows
        Largest number of rows in what is yielded.
    """

    def __init__(self, parser: LineParser, hosts: HostTable, batch_rows: int) -> None:
        self._parser = parser
        self._hosts = hosts
        self._batch_rows = batch_rows
        self._line = 1
        self._codes: dict[str, int] = {}
        self._generation = hosts.generation
        self._columns: LineColumns | None = None

    def read(self, block: bytes) -> Iterator[Connections]:
        """Yield the connections of a block of complete lines."""
        for piece, lines in self._pieces(block):
            stop = self._line + lines
            trimmed, body, tail = self._parser.trim(piece)
            if body:
                self._line += trimmed
                yield from self._read_body(body)
            if tail:
                self._parser.parse_block(tail, stop - tail.count(b"\n"))
            self._line = stop

    def flush(self) -> Iterator[Connections]:
        """Yield the connections that were still waiting for other records."""
        yield from self._of_rows(self._parser.flush())

    @property
    def pairer(self) -> Pairer | None:
        """What holds records that are not paired yet, for the log that continues this one."""
        return self._parser.pairer

    def _pieces(self, block: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield a block in pieces of at most `batch_rows` lines, each with its number of line ends."""
        ends = block.count(b"\n")
        if ends <= self._batch_rows:
            yield block, ends
        else:
            yield from _cut(block, self._batch_rows)

    def _read_body(self, body: bytes, *, in_pieces: bool = True) -> Iterator[Connections]:
        """Yield the connections of lines without comments around them, the fast way where that can be."""
        self._parser.settle(body)
        is_plain = self._parser.origin.is_plain
        connections = self._read_fast(body) if is_plain else None
        if connections is not None:
            yield connections
        elif is_plain and in_pieces and body.count(b"\n") > _PIECE_LINES:
            for piece, lines in _cut(body, _PIECE_LINES):
                yield from self._read_body(piece, in_pieces=False)
                self._line += lines
        else:
            # Nothing is lost: the row-wise way judges each line, and says what is wrong with it.
            yield from self._of_rows(self._parser.parse_block(body, self._line))

    def _read_fast(self, body: bytes) -> Connections | None:
        """Return the connections of a block in which nothing is unusual, None for others."""
        values = self._parser.values
        if self._columns is None or self._columns.values is not values:  # a header changed the layout
            self._columns = LineColumns(values, self._parser.layout)
        try:
            rows, inputs, others = self._columns.split(body)
            connections = self._columns.connections(rows, inputs, self._encode)
        except (Unusual, ValueError, TypeError, OverflowError, RecursionError, StopIteration):
            return None
        self._parser.reject_rows(body, self._line, others, RejectReason.OTHER_RECORD)
        return connections

    def _of_rows(self, rows: list[Row]) -> Iterator[Connections]:
        # One line may set many connections free that waited for their other direction.
        for start in range(0, len(rows), self._batch_rows):
            yield self._of_few_rows(rows[start : start + self._batch_rows])

    def _of_few_rows(self, rows: list[Row]) -> Connections:
        columns = list(zip(*rows, strict=True)) or [()] * len(Row._fields)
        row = dict(zip(Row._fields, columns, strict=True))
        protocol = np.array(row["protocol"], np.uint32)
        source, destination = self._encode(row["src"], row["dst"])
        numbers = ("duration_us", *COUNT_INPUTS)
        return Connections(
            ts_us=np.array(row["ts_us"], np.int64),
            source=source,
            destination=destination,
            service=protocol << np.uint32(16) | np.array(row["dst_port"], np.uint32),
            outcome=np.array(row["outcome"], np.uint8),
            **{name: np.array(row[name], np.int64) for name in numbers},
            label=np.array([LABEL_BY_KIND.get(kind, 0) for kind in row["label"]], np.uint8),
            identity=np.array(
                [self._hosts.encode_identity(name) if name else -1 for name in row["identity"]], np.int32
            ),
        )

    def _encode(self, src: Column, dst: Column) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the codes of two columns of addresses; new hosts are added only if all are addresses."""
        if self._generation != self._hosts.generation:
            self._codes.clear()
            self._generation = self._hosts.generation
        codes = self._codes
        try:
            return self._known(src), self._known(dst)
        except KeyError:
            new = {text: None for pair in zip(src, dst, strict=True) for text in pair if text not in codes}
            try:
                canonical = [canonical_address(text) for text in new]
            except InputError:
                raise Unusual from None
            for text, address in zip(new, canonical, strict=True):
                codes[text] = self._hosts.encode(address)
        return self._known(src), self._known(dst)

    def _known(self, column: Column) -> NDArray[np.int32]:
        return np.fromiter(map(self._codes.__getitem__, column), np.int32, len(column))


def _cut(block: bytes, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of at most so many lines, each with its number of line ends."""
    lines = block.splitlines(keepends=True) if b"\r" not in block else re.findall(rb"[^\n]*\n|[^\n]+", block)
    for start in range(0, len(lines), size):
        piece = b"".join(lines[start : start + size])
        yield piece, piece.count(b"\n")
