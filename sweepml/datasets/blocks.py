"""Blocks of a log that hold nothing unusual, read by Arrow: the fast way of the bulk reader.

A block is either accepted as a whole, with exactly the values that `sweepml.origins.rows` would give, or not
at all. Arrow's parsers accept a little more than that module does (hexadecimal that overflows, NaN, several
JSON objects on a line, any bytes in columns that are not read); all of it is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
from numpy.typing import NDArray

from sweepml.datasets.canonical import TEXT
from sweepml.datasets.finish import NUMBERS, TIMES, Canon, Finisher
from sweepml.origins.layout import TAIL_SEPARATOR, has_clean_quotes
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import BOM
from sweepml.origins.splitting import Unusual
from sweepml.origins.values import count

_SAMPLE_RECORDS: Final = 100
"""JSON records that are looked at to see which words are numbers. Chosen, not tuned."""


class BlockReader(Protocol):
    """Reads a block of whole lines, without comments."""

    def read(self, block: bytes) -> tuple[pa.RecordBatch, list[int]] | None:
        """Return a block's rows in the canonical columns, None if they need the slow way.

        With them come the numbers of the lines that hold other records, counted from 0 without empty lines.
        """


def block_reader(parser: LineParser, canon: Canon, sample: bytes) -> BlockReader | None:
    """Return the fast reader for a parser's present layout, None if it has no usable header yet or no fast way.

    `sample` is a block that it is to read: it tells how this log writes what can be written in several ways.
    """
    if not parser.origin.is_plain:
        return None
    if parser.layout is None:
        return _JsonBlocks(parser, canon, sample)
    return _TsvBlocks(parser, canon, sample) if parser.layout.is_usable else None


class _TsvBlocks:
    def __init__(self, parser: LineParser, canon: Canon, sample: bytes) -> None:
        layout = parser.layout
        assert layout is not None  # the caller chose this class by it
        self._finish = Finisher(parser.values, canon, is_json=False)
        self._layout = layout
        # Inputs in the tail share its field: it is read once and split by its distinct texts. A field that several
        # inputs read is read once, too, and as text unless all of them want the same.
        self._column = {name: f"c{min(i, layout.width - 1)}" for name, i in layout.index.items()}
        time = TEXT if _is_written(parser.first_records(sample, 1)) else pa.float64()
        types = NUMBERS | dict.fromkeys(TIMES, time)
        wanted: dict[str, set[pa.DataType]] = {}
        for name, column in self._column.items():
            wanted.setdefault(column, set()).add(types.get(name, TEXT))
        self._types = {column: kinds.pop() if len(kinds) == 1 else TEXT for column, kinds in wanted.items()}
        self._parse_options = {
            quoted: pa.csv.ParseOptions(delimiter=layout.delimiter, quote_char='"' if quoted else False)
            for quoted in (False, True)
        }
        self._options = {
            "convert_options": pa.csv.ConvertOptions(
                check_utf8=False,  # the whole block is checked, also the columns that are not read
                column_types=self._types,
                include_columns=list(self._types),
                null_values=sorted(layout.unset),
                strings_can_be_null=False,
            ),
        }

    def read(self, block: bytes) -> tuple[pa.RecordBatch, list[int]] | None:
        if block.startswith(BOM) or not _is_utf8(block):
            return None  # Arrow would skip a mark in the middle of the log
        quoted = self._layout.encoding.is_quoted and b'"' in block
        if quoted and not has_clean_quotes(block.decode("utf-8"), self._layout.delimiter):
            return None
        if b"\r" in block:
            if block.count(b"\r") != block.count(b"\r\n"):
                return None  # Arrow ends lines at a lone carriage return
            block = block.replace(b"\r\n", b"\n")
        read_options = pa.csv.ReadOptions(
            use_threads=False,
            column_names=[f"c{i}" for i in range(self._layout.width)],
            block_size=len(block) + 1,
        )
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(block),
                read_options=read_options,
                parse_options=self._parse_options[quoted],
                **self._options,
            )
            columns = {
                name: self._as_wanted(name, _single(table.column(column)))
                for name, column in self._column.items()
                if self._layout.index[name] < self._layout.width - bool(self._layout.tail)
            }
            if self._layout.tail:
                columns |= self._split_tail(_single(table.column(f"c{self._layout.width - 1}")))
            return self._finish.batch(columns, table.num_rows)
        except (pa.ArrowInvalid, Unusual):
            return None

    def _as_wanted(self, name: str, column: pa.Array) -> pa.Array:
        """Return a column in the type of its input, where it was read as text for another's sake."""
        if name not in NUMBERS or column.type != TEXT:
            return column
        unset = self._layout.unset
        texts = [None if text in unset else text for text in column.dictionary.to_pylist()]
        try:
            numbers = pa.array([None if text is None else count(text) for text in texts], pa.int64())
        except ValueError:
            raise Unusual from None
        return numbers.take(column.indices)

    def _split_tail(self, column: pa.DictionaryArray) -> dict[str, pa.Array]:
        parts = [text.split(TAIL_SEPARATOR) for text in column.dictionary.to_pylist()]
        if any(len(part) != len(self._layout.tail) for part in parts):
            raise Unusual
        found = {}
        for name, i in self._layout.index.items():
            place = i - (self._layout.width - 1)
            if place >= 0:
                if name in NUMBERS or name in TIMES:
                    raise Unusual
                texts = pa.array([part[place] for part in parts], pa.string())
                found[name] = pa.DictionaryArray.from_arrays(column.indices, texts)
        return found


class _JsonBlocks:
    def __init__(self, parser: LineParser, canon: Canon, sample: bytes) -> None:
        self._finish = Finisher(parser.values, canon, is_json=True)
        self._fields = parser.origin.fields
        first = parser.first_records(sample, _SAMPLE_RECORDS)
        time = pa.string() if _is_written(first) else pa.float64()
        types = NUMBERS | dict.fromkeys(TIMES, time)
        # Words may be numbers in one log and texts in another; a field that several inputs read is a number if one
        # of them wants numbers.
        leaves: dict[str, pa.DataType] = {}
        for name in sorted(self._fields, key=types.__contains__):
            word = pa.int64() if int in {type(values.get(name)) for values in first} else pa.string()
            leaves |= dict.fromkeys(self._fields[name], types.get(name, word))
        paths: dict[tuple[str, ...], pa.DataType] = {(field,): kind for field, kind in leaves.items()}
        paths |= {tuple(field.split(".")): kind for field, kind in leaves.items()}
        self._schema = _nested_schema(paths)
        self._parse_options = pa.json.ParseOptions(explicit_schema=self._schema, unexpected_field_behavior="ignore")

    def read(self, block: bytes) -> tuple[pa.RecordBatch, list[int]] | None:
        block = block.rstrip(b"\n")
        octets = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(octets == ord("\n"))
        lines = len(ends) + 1
        # Arrow does not care for lines. If each begins and ends an object and there are as many objects as
        # lines, each is one. Arrow also reads Inf and -NaN, which are not what json.loads accepts.
        objects = block[:1] == b"{" and block[-1:] == b"}"
        objects = objects and bool(np.all((octets[ends - 1] == ord("}")) & (octets[ends + 1] == ord("{"))))
        if not objects or not _is_utf8(block) or _has_value(octets, b"Inf") or _has_value(octets, b"NaN"):
            return None
        try:
            table = pa.json.read_json(
                pa.BufferReader(block),
                read_options=pa.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                parse_options=self._parse_options,
            )
            if table.num_rows != lines:
                return None
            return self._finish.batch(self._columns(table), lines)
        except (pa.ArrowInvalid, Unusual):
            return None

    def _columns(self, table: pa.Table) -> dict[str, pa.Array]:
        columns = {}
        for name, fields in self._fields.items():
            found = []
            for field in fields:
                found.append(table.column(field))
                if "." in field:
                    found.append(_nested_column(table, field.split(".")))
            columns[name] = _single(pc.coalesce(*found))
        return columns


def _is_written(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the time of the first record is written rather than a number."""
    time = records[0]["ts_us"] if records else None
    return type(time) is str and ":" in time


def _nested_schema(paths: Mapping[tuple[str, ...], pa.DataType]) -> pa.Schema:
    """Return the schema of JSON records whose leaves stand at the ends of paths."""
    tree: dict[str, Any] = {}
    for path, kind in paths.items():
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = kind

    def typed(node: Any) -> pa.DataType:
        if not isinstance(node, dict):
            return node
        return pa.struct([(name, typed(child)) for name, child in node.items()])

    return pa.schema([(name, typed(child)) for name, child in tree.items()])


def _nested_column(table: pa.Table, path: list[str]) -> pa.Array:
    """Return the leaf at the end of a path; null where an object on the way is."""
    return pc.struct_field(_single(table.column(path[0])), path[1:])


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_BEFORE_VALUE: Final = np.frombuffer(b" \t:[,-", np.uint8)
"""What may stand before a JSON value. In a text it may, too; letters and quotes only can there."""


def _has_value(octets: NDArray[np.uint8], word: bytes) -> bool:
    """Whether a word stands in a block where a JSON value may; several times as fast as `in` (measured)."""
    found = np.flatnonzero(octets[: len(octets) - len(word) + 1] == word[0])
    for place, octet in enumerate(word[1:], 1):
        found = found[octets[found + place] == octet]
    return bool(np.isin(octets[found - 1], _BEFORE_VALUE).any())


def count_lines(block: bytes) -> int:
    """Return the number of line ends in a block; faster than `bytes.count` for short lines (measured)."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))


def cut_lines(block: bytes, size: int) -> Iterator[bytes]:
    """Cut a block into pieces of whole lines, each about `size` bytes."""
    start = 0
    while start < len(block):
        stop = block.find(b"\n", min(start + size, len(block) - 1)) + 1 or len(block)
        yield block[start:stop]
        start = stop


def _single(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
