"""Blocks of a log that hold nothing unusual, read by Arrow: the fast way of the bulk reader.

A block is either accepted as a whole, with exactly the values that `sweepml.origins.rows` would give, or not
at all. Arrow's parsers accept a little more than that module does (hexadecimal that overflows, NaN, several
JSON objects on a line, any bytes in columns that are not read); all of it is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.origins.columns import icmp_outcomes, icmp_protocol, icmp_rows, ports, times_us
from sweepml.origins.layout import TAIL_SEPARATOR, TsvLayout
from sweepml.origins.origin import COUNT_INPUTS
from sweepml.origins.registry import BOM
from sweepml.origins.report import RowError
from sweepml.origins.rows import LineParser, Row, ValueParser
from sweepml.origins.values import canonical_address
from sweepml.schema.connection import CONNECTION_COLUMNS, MISSING

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBERS: Final = {
    **dict.fromkeys(("ts_us", "duration_us"), pa.float64()),
    **dict.fromkeys(("dst_port", "icmp_type", *COUNT_INPUTS), pa.int64()),
}

TABLE_SCHEMA: Final = pa.schema(
    [
        (column.name, TEXT if column.dtype == "string" else pa.type_for_alias(column.dtype))
        for column in CONNECTION_COLUMNS
    ]
)
"""`CONNECTION_COLUMNS` as Arrow types; the text columns are dictionary-encoded."""


_CANON_TEXTS: Final = 1 << 20
"""Texts remembered at most, about 200 bytes each: a log may hold more addresses than the memory. Chosen, not tuned."""


class Canon(dict[str, str]):
    """Address as written -> canonical text; raises `InputError` for what is no address. Forgets all when it is full."""

    def __missing__(self, text: str) -> str:
        """Canonicalise a text that was not seen yet."""
        if len(self) >= _CANON_TEXTS:
            self.clear()
        self[text] = canonical = canonical_address(text)
        return canonical


class _Unusual(Exception):  # noqa: N818 (it is control flow, not an error)
    """The block needs the slow way."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """A text column: indices into its distinct texts."""

    index: NDArray[np.int32]
    texts: list[str]


class BlockReader(Protocol):
    """Reads a block of whole lines, without comments."""

    def read(self, block: bytes) -> pa.RecordBatch | None:
        """Return the block's rows in the canonical columns, None if they need the slow way."""


def block_reader(parser: LineParser, canon: Canon) -> BlockReader | None:
    """Return the fast reader for a parser's present layout, None if it has no usable header yet."""
    if parser.layout is None:
        return _JsonBlocks(parser, canon)
    return _TsvBlocks(parser, canon) if parser.layout.is_usable else None


def batch_of_rows(rows: Iterable[Row]) -> pa.RecordBatch:
    """Return rows as a batch of the canonical columns."""
    columns = list(zip(*rows, strict=True)) or [()] * len(TABLE_SCHEMA)
    arrays = []
    for column, field in zip(columns, TABLE_SCHEMA, strict=True):
        if field.type == TEXT:
            arrays.append(pa.array(column, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(column, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=TABLE_SCHEMA)


class _TsvBlocks:
    def __init__(self, parser: LineParser, canon: Canon) -> None:
        layout = parser.layout
        assert layout is not None  # the caller chose this class by it
        self._finish = _Finisher(parser.values, canon, layout)
        self._layout = layout
        # Inputs in the tail share its field: it is read once and split by its distinct texts.
        self._column = {name: f"c{min(i, layout.width - 1)}" for name, i in layout.index.items()}
        types = {self._column[name]: _NUMBERS.get(name, TEXT) for name in layout.index}
        self._options = {
            "parse_options": pa.csv.ParseOptions(delimiter=layout.delimiter, quote_char=False),
            "convert_options": pa.csv.ConvertOptions(
                check_utf8=False,  # the whole block is checked, also the columns that are not read
                column_types=types,
                include_columns=list(types),
                null_values=sorted(layout.unset),
                strings_can_be_null=False,
            ),
        }

    def read(self, block: bytes) -> pa.RecordBatch | None:
        if block.startswith(BOM) or not _is_utf8(block):
            return None  # Arrow would skip a mark in the middle of the log
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
            table = pa.csv.read_csv(pa.BufferReader(block), read_options=read_options, **self._options)
            columns = {
                name: _single(table.column(column))
                for name, column in self._column.items()
                if self._layout.index[name] < self._layout.width - bool(self._layout.tail)
            }
            if self._layout.tail:
                columns |= self._split_tail(_single(table.column(f"c{self._layout.width - 1}")))
            return self._finish.batch(columns, table.num_rows)
        except (pa.ArrowInvalid, _Unusual):
            return None

    def _split_tail(self, column: pa.DictionaryArray) -> dict[str, pa.Array]:
        parts = [text.split(TAIL_SEPARATOR) for text in column.dictionary.to_pylist()]
        if any(len(part) != len(self._layout.tail) for part in parts):
            raise _Unusual
        found = {}
        for name, i in self._layout.index.items():
            place = i - (self._layout.width - 1)
            if place >= 0:
                if name in _NUMBERS:
                    raise _Unusual
                texts = pa.array([part[place] for part in parts], pa.string())
                found[name] = pa.DictionaryArray.from_arrays(column.indices, texts)
        return found


class _JsonBlocks:
    def __init__(self, parser: LineParser, canon: Canon) -> None:
        self._finish = _Finisher(parser.values, canon, None)
        self._fields = parser.origin.fields
        self._schema = pa.schema(
            [(field, _NUMBERS.get(name, pa.string())) for name, fields in self._fields.items() for field in fields]
        )
        self._parse_options = pa.json.ParseOptions(explicit_schema=self._schema, unexpected_field_behavior="ignore")

    def read(self, block: bytes) -> pa.RecordBatch | None:
        block = block.rstrip(b"\n")
        octets = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(octets == ord("\n"))
        lines = len(ends) + 1
        # Arrow does not care for lines. If each begins and ends an object and there are as many objects as
        # lines, each is one. Arrow also reads Inf and -NaN, which are not what json.loads accepts.
        objects = block[:1] == b"{" and block[-1:] == b"}"
        objects = objects and bool(np.all((octets[ends - 1] == ord("}")) & (octets[ends + 1] == ord("{"))))
        if not objects or not _is_utf8(block) or _contains(octets, b"Inf") or _contains(octets, b"NaN"):
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
        except (pa.ArrowInvalid, _Unusual):
            return None

    def _columns(self, table: pa.Table) -> dict[str, pa.Array]:
        columns = {}
        for name, fields in self._fields.items():
            column = pc.coalesce(*(table.column(field) for field in fields))
            if column.null_count and name in self._finish.required:
                raise _Unusual
            if name not in _NUMBERS:
                column = pc.fill_null(column, "").dictionary_encode()
            columns[name] = _single(column)
        return columns


class _Finisher:
    """Turns Arrow columns of inputs into the canonical columns."""

    def __init__(self, values: ValueParser, canon: Canon, layout: TsvLayout | None) -> None:
        self._values = values
        self._canon = canon
        self._lacking = layout.lacking if layout is not None else ()
        self.required = values.origin.required

    def batch(self, columns: Mapping[str, pa.Array], rows: int) -> pa.RecordBatch | None:
        unit_us = self._values.origin.time_unit_us
        ts_us = _known(times_us(_numbers(columns["ts_us"]), unit_us))
        duration_us = self._duration_us(columns.get("duration_us"), unit_us, rows)
        counts = {name: self._count(name, columns.get(name), rows) for name in COUNT_INPUTS}
        src, dst = (self._addresses(columns[name]) for name in ("src", "dst"))
        protocol = self._mapped(columns["protocol"], self._values.protocol)
        outcome = self._mapped(columns["state"], self._values.state)
        port = columns["dst_port"]
        icmp = icmp_rows(protocol)
        if len(icmp):
            ipv6 = np.array([":" in text for text in dst.texts], bool)[dst.index[icmp]]
            protocol[icmp] = icmp_protocol(protocol[icmp], ipv6)
            port = _patched(port, icmp, columns.get("icmp_type", port))
            if self._values.origin.outcome.icmp_by_reply:
                sent, received = counts["orig_packets"][icmp], counts["resp_packets"][icmp]
                outcome[icmp] = icmp_outcomes(sent, received)
        made = {
            "ts_us": ts_us,
            "src": _text_array(src),
            "dst": _text_array(dst),
            "protocol": protocol,
            "dst_port": _known(ports(_numbers(port))).astype(np.uint16),
            "outcome": outcome,
            "duration_us": duration_us,
            **counts,
            "label": _text_array(self._kinds(columns, rows)),
        }
        return pa.RecordBatch.from_arrays(
            [pa.array(made[field.name], field.type) for field in TABLE_SCHEMA], schema=TABLE_SCHEMA
        )

    def _duration_us(self, column: pa.Array | None, unit_us: float, rows: int) -> NDArray[np.int64]:
        unset = self._unset("duration_us")
        if column is None:
            return np.full(rows, unset, np.int64)
        duration_us = _known(times_us(_numbers(column.fill_null(0.0)), unit_us))
        if unset != 0 and column.null_count:
            duration_us[~column.is_valid().to_numpy(zero_copy_only=False)] = unset
        return duration_us

    def _count(self, name: str, column: pa.Array | None, rows: int) -> NDArray[np.int64]:
        unset = self._unset(name)
        if column is None:
            return np.full(rows, unset, np.int64)
        if len(column) and (pc.min(column).as_py() or 0) < 0:
            raise _Unusual
        return _numbers(column.fill_null(unset))

    def _unset(self, name: str) -> int:
        return MISSING if name in self._lacking else self._values.origin.unset_value(name)

    def _addresses(self, column: pa.DictionaryArray) -> _Codes:
        raw = _codes(column)
        try:
            canonical = list(map(self._canon.__getitem__, raw.texts))
        except InputError:
            raise _Unusual from None
        return raw if canonical == raw.texts else _recode(raw, canonical)

    def _mapped(self, column: pa.DictionaryArray, value: object) -> NDArray[np.uint8]:
        raw = _codes(column)
        try:
            table = np.array([value(text) for text in raw.texts], np.uint8)  # type: ignore[operator]
        except RowError:
            raise _Unusual from None
        return table[raw.index]

    def _kinds(self, columns: Mapping[str, pa.Array], rows: int) -> _Codes:
        if "label" not in columns and "label_detail" not in columns:
            return _Codes(np.zeros(rows, np.int32), [""])
        label, detail = (
            _codes(columns[name]) if name in columns else _Codes(np.zeros(rows, np.int32), [""])
            for name in ("label", "label_detail")
        )
        pair = label.index.astype(np.int64) * len(detail.texts) + detail.index
        pairs, index = np.unique(pair, return_inverse=True)
        kinds = [
            self._values.kind(label.texts[p // len(detail.texts)], detail.texts[p % len(detail.texts)])
            for p in pairs.tolist()
        ]
        return _recode(_Codes(index.astype(np.int32), [""] * len(kinds)), kinds)


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _contains(octets: NDArray[np.uint8], word: bytes) -> bool:
    """Whether a word stands in a block; several times as fast as `in` (measured)."""
    found = np.flatnonzero(octets[: len(octets) - len(word) + 1] == word[0])
    for place, octet in enumerate(word[1:], 1):
        found = found[octets[found + place] == octet]
    return len(found) > 0


def count_lines(block: bytes) -> int:
    """Return the number of line ends in a block; faster than `bytes.count` for short lines (measured)."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))


def _single(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _numbers(column: pa.Array) -> NDArray:
    if column.null_count:
        raise _Unusual  # a value that every row must have
    return column.to_numpy()


def _known(values: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if values is None:
        raise _Unusual
    return values


def _codes(column: pa.DictionaryArray) -> _Codes:
    return _Codes(column.indices.to_numpy(), column.dictionary.to_pylist())


def _recode(raw: _Codes, texts: list[str]) -> _Codes:
    """Return codes of new texts for the old ones, of which several may have become the same."""
    distinct: dict[str, int] = {}
    table = np.fromiter((distinct.setdefault(text, len(distinct)) for text in texts), np.int32, len(texts))
    return _Codes(table[raw.index], list(distinct))


def _text_array(codes: _Codes) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.index), pa.array(codes.texts, pa.string()))


def _patched(column: pa.Array, rows: NDArray[np.intp], source: pa.Array) -> pa.Array:
    """Return a column in which some rows come from another."""
    mask = np.zeros(len(column), bool)
    mask[rows] = True
    return pc.if_else(pa.array(mask), source, column)


def cut_lines(block: bytes, size: int) -> Iterator[bytes]:
    """Cut a block into pieces of whole lines, each about `size` bytes."""
    start = 0
    while start < len(block):
        stop = block.find(b"\n", min(start + size, len(block) - 1)) + 1 or len(block)
        yield block[start:stop]
        start = stop
