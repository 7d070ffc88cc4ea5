"""Blocks of a log that hold nothing unusual, read by Arrow: the fast way of the bulk reader.

A block is either accepted as a whole, with exactly the values that `sweepml.origins.rows` would give, or not
at all. Arrow's parsers accept a little more than that module does (hexadecimal that overflows, NaN, several
JSON objects on a line, any bytes in columns that are not read); all of it is checked here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.origins.columns import (
    clocks_us,
    filled,
    icmp_outcomes,
    icmp_protocol,
    icmp_rows,
    ports,
    remainders,
    times_us,
)
from sweepml.origins.layout import TAIL_SEPARATOR, has_clean_quotes
from sweepml.origins.origin import COUNT_INPUTS, ECHO_REQUEST, EVIDENCE_INPUTS, Clock, Evidence
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import BOM
from sweepml.origins.report import RowError
from sweepml.origins.rows import Row, ValueParser
from sweepml.origins.values import canonical_address, clock_us, count
from sweepml.schema.connection import CONNECTION_COLUMNS, MISSING

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBERS: Final = {
    "duration_us": pa.float64(),
    **dict.fromkeys(("dst_port", "icmp_type", *COUNT_INPUTS, *EVIDENCE_INPUTS), pa.int64()),
}
_TIMES: Final = ("ts_us", "end_us")

TABLE_SCHEMA: Final = pa.schema(
    [
        (column.name, TEXT if column.dtype == "string" else pa.type_for_alias(column.dtype))
        for column in CONNECTION_COLUMNS
    ]
)
"""`CONNECTION_COLUMNS` as Arrow types; the text columns are dictionary-encoded."""


_LARGEST_KEY: Final = 1 << 62
"""Combinations of words that one 64-bit number can tell apart."""

_SAMPLE_RECORDS: Final = 100
"""JSON records that are looked at to see which words are numbers. Chosen, not tuned."""

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
    def __init__(self, parser: LineParser, canon: Canon, sample: bytes) -> None:
        layout = parser.layout
        assert layout is not None  # the caller chose this class by it
        self._finish = _Finisher(parser.values, canon, is_json=False)
        self._layout = layout
        # Inputs in the tail share its field: it is read once and split by its distinct texts. A field that several
        # inputs read is read once, too, and as text unless all of them want the same.
        self._column = {name: f"c{min(i, layout.width - 1)}" for name, i in layout.index.items()}
        time = TEXT if _is_written(parser.first_records(sample, 1)) else pa.float64()
        types = _NUMBERS | dict.fromkeys(_TIMES, time)
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
        except (pa.ArrowInvalid, _Unusual):
            return None

    def _as_wanted(self, name: str, column: pa.Array) -> pa.Array:
        """Return a column in the type of its input, where it was read as text for another's sake."""
        if name not in _NUMBERS or column.type != TEXT:
            return column
        unset = self._layout.unset
        texts = [None if text in unset else text for text in column.dictionary.to_pylist()]
        try:
            numbers = pa.array([None if text is None else count(text) for text in texts], pa.int64())
        except ValueError:
            raise _Unusual from None
        return numbers.take(column.indices)

    def _split_tail(self, column: pa.DictionaryArray) -> dict[str, pa.Array]:
        parts = [text.split(TAIL_SEPARATOR) for text in column.dictionary.to_pylist()]
        if any(len(part) != len(self._layout.tail) for part in parts):
            raise _Unusual
        found = {}
        for name, i in self._layout.index.items():
            place = i - (self._layout.width - 1)
            if place >= 0:
                if name in _NUMBERS or name in _TIMES:
                    raise _Unusual
                texts = pa.array([part[place] for part in parts], pa.string())
                found[name] = pa.DictionaryArray.from_arrays(column.indices, texts)
        return found


class _JsonBlocks:
    def __init__(self, parser: LineParser, canon: Canon, sample: bytes) -> None:
        self._finish = _Finisher(parser.values, canon, is_json=True)
        self._fields = parser.origin.fields
        first = parser.first_records(sample, _SAMPLE_RECORDS)
        time = pa.string() if _is_written(first) else pa.float64()
        types = _NUMBERS | dict.fromkeys(_TIMES, time)
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
        except (pa.ArrowInvalid, _Unusual):
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


class _Finisher:
    """Turns Arrow columns of inputs into the canonical columns."""

    def __init__(self, values: ValueParser, canon: Canon, *, is_json: bool) -> None:
        self._values = values
        self._canon = canon
        self._is_json = is_json

    def batch(self, columns: Mapping[str, pa.Array], rows: int) -> tuple[pa.RecordBatch, list[int]]:
        columns, others = self._connections_only(columns)
        rows -= len(others)
        columns = {name: self._as_text(name, column) for name, column in columns.items()}
        if "identity" in columns or ("swapped" in columns and self._any_swapped(columns["swapped"])):
            raise _Unusual
        ts_us = self._times(columns["ts_us"])
        duration_us = self._duration_us(columns, ts_us)
        counts = {name: self._count(name, columns.get(name), rows) for name in COUNT_INPUTS}
        if "total_packets" in columns:
            total = self._count("total_packets", columns["total_packets"], rows)
            counts["resp_packets"] = remainders(counts["resp_packets"], total, counts["orig_packets"])
        src, dst = (self._addresses(columns[name]) for name in ("src", "dst"))
        protocol = self._mapped(columns["protocol"], self._values.protocol)
        port = self._ports(columns, protocol, dst)
        made = {
            "ts_us": ts_us,
            "src": _text_array(src),
            "dst": _text_array(dst),
            "protocol": protocol,
            "dst_port": port,
            "outcome": self._outcomes(columns, protocol, counts),
            "duration_us": duration_us,
            **counts,
            "label": _text_array(self._kinds(columns, rows)),
            "identity": _text_array(_Codes(np.zeros(rows, np.int32), [""])),
        }
        batch = pa.RecordBatch.from_arrays(
            [pa.array(made[field.name], field.type) for field in TABLE_SCHEMA], schema=TABLE_SCHEMA
        )
        return batch, others

    def _connections_only(self, columns: Mapping[str, pa.Array]) -> tuple[Mapping[str, pa.Array], list[int]]:
        """Take out the rows of other records."""
        keep = np.ones(len(columns["ts_us"]), bool)
        for name in self._values.origin.required if self._is_json else ():
            if columns[name].null_count:
                keep &= columns[name].is_valid().to_numpy(zero_copy_only=False)
        if "kind" in columns:
            keep &= self._mapped(self._as_text("kind", columns["kind"]), self._values.is_connection).astype(bool)
        others = np.flatnonzero(~keep).tolist()
        if not others:
            return columns, others
        mask = pa.array(keep)
        return {name: column.filter(mask) for name, column in columns.items()}, others

    def _as_text(self, name: str, column: pa.Array) -> pa.Array:
        """Return a column of JSON words as CSV gives them: dictionary-encoded text, empty where there is none."""
        if self._is_json and name not in _NUMBERS and pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        return pc.fill_null(column, "").dictionary_encode() if pa.types.is_string(column.type) else column

    def _any_swapped(self, column: pa.DictionaryArray) -> bool:
        return not self._values.origin.swapped.isdisjoint(map(self._values.text, _codes(column).texts))

    def _times(self, column: pa.Array) -> NDArray[np.int64]:
        if column.type != TEXT:
            return _known(times_us(_numbers(column), self._values.time_unit_us))
        raw, clock = _codes(column), self._values.origin.clock
        if not all(":" in text for text in raw.texts):
            raise _Unusual
        if clock == Clock.DAY_FIRST:
            try:
                table = np.array([clock_us(text.strip(" "), clock) for text in raw.texts], np.int64)
            except ValueError:
                raise _Unusual from None
            return table[raw.index]
        texts = column.dictionary
        buffers = texts.buffers()
        bounds = np.frombuffer(buffers[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
        octets = np.frombuffer(buffers[2], np.uint8) if buffers[2] is not None else np.empty(0, np.uint8)
        used = octets[bounds[0] : bounds[-1]]
        return _known(clocks_us(used, bounds - bounds[0], slashes=clock == Clock.YEAR_FIRST))[raw.index]

    def _duration_us(self, columns: Mapping[str, pa.Array], ts_us: NDArray[np.int64]) -> NDArray[np.int64]:
        unset = self._values.unset_value("duration_us")
        column = columns.get("duration_us")
        if column is None:
            if "end_us" not in columns:
                return np.full(len(ts_us), unset, np.int64)
            between = self._times(columns["end_us"]) - ts_us
            if (between < 0).any():
                raise _Unusual
            return between
        duration_us = _known(times_us(_numbers(column.fill_null(0.0)), self._values.origin.duration_unit_us))
        if unset != 0 and column.null_count:
            duration_us[~column.is_valid().to_numpy(zero_copy_only=False)] = unset
        return duration_us

    def _count(self, name: str, column: pa.Array | None, rows: int) -> NDArray[np.int64]:
        unset = self._values.unset_value(name) if name in COUNT_INPUTS else MISSING
        if column is None:
            return np.full(rows, unset, np.int64)
        if len(column) and (pc.min(column).as_py() or 0) < 0:
            raise _Unusual
        return _numbers(column.fill_null(unset))

    def _ports(self, columns: Mapping[str, pa.Array], protocol: NDArray[np.uint8], dst: _Codes) -> NDArray[np.uint16]:
        """Return the destination ports, with the ICMP types in their place; mends the protocols of ICMP over IPv6."""
        port = columns["dst_port"]
        icmp = icmp_rows(protocol)
        if len(icmp):
            ipv6 = np.array([":" in text for text in dst.texts], bool)[dst.index[icmp]]
            protocol[icmp] = icmp_protocol(protocol[icmp], ipv6)
            types = np.array([ECHO_REQUEST[number] for number in protocol[icmp].tolist()], np.int64)
            if "icmp_type" in columns:
                column = columns["icmp_type"].take(pa.array(icmp))
                known = column.is_valid().to_numpy(zero_copy_only=False)
                if not self._is_json and not known.all():
                    raise _Unusual
                written = _known(ports(_numbers(column.fill_null(0))))
                shifted = written >> self._values.origin.icmp_shift & self._values.origin.icmp_mask
                types = np.where(known, shifted, types)
            port = _patched(port, icmp, types)
        return _known(ports(_numbers(port))).astype(np.uint16)

    def _outcomes(
        self, columns: Mapping[str, pa.Array], protocol: NDArray[np.uint8], counts: Mapping[str, NDArray[np.int64]]
    ) -> NDArray[np.uint8]:
        rows = len(protocol)
        sent, received = (
            filled(self._count(name, columns.get(name), rows), counts[otherwise])
            for name, otherwise in (("sent", "orig_packets"), ("received", "resp_packets"))
        )
        if "total" in columns:
            received = remainders(received, self._count("total", columns["total"], rows), sent)
        rule = self._values.origin.outcome
        if rule.judge is None:  # only ICMP asks for more than the state
            outcome = self._mapped(columns["state"], lambda text: rule.of_state(self._values.text(text)))
            icmp = icmp_rows(protocol) if rule.icmp_by_reply else np.empty(0, np.intp)
            outcome[icmp] = icmp_outcomes(sent[icmp], received[icmp])
            return outcome
        words = [self._words(columns.get(name), rows) for name in rule.words]
        numbers = (protocol.astype(np.int64), np.sign(sent) + 1, np.sign(received) + 1)
        key, sizes = np.zeros(rows, np.int64), (256, 3, 3, *(len(word.texts) for word in words))
        for part, size in zip((*numbers, *(word.index for word in words)), sizes, strict=True):
            key = key * size + part
        if math.prod(sizes) > _LARGEST_KEY:
            raise _Unusual
        distinct, index = np.unique(key, return_inverse=True)
        parts = np.unravel_index(distinct, sizes)
        table = np.empty(len(distinct), np.uint8)
        for row, (number, sent_sign, received_sign, *codes) in enumerate(
            zip(*(p.tolist() for p in parts), strict=True)
        ):
            texts = tuple(word.texts[code] for word, code in zip(words, codes, strict=True))
            table[row] = self._values.outcome(Evidence(number, texts, sent_sign - 1, received_sign - 1))
        return table[index]

    def _words(self, column: pa.DictionaryArray | None, rows: int) -> _Codes:
        """Return a column as `ValueParser.text` reads it."""
        if column is None:
            return _Codes(np.zeros(rows, np.int32), [""])
        raw = _codes(column)
        return _Codes(raw.index, [self._values.text(text) for text in raw.texts] or [""])

    def _addresses(self, column: pa.DictionaryArray) -> _Codes:
        raw = _codes(column)
        texts = [text.strip(" ") for text in raw.texts] if self._values.origin.padded else raw.texts
        try:
            canonical = list(map(self._canon.__getitem__, texts))
        except InputError:
            raise _Unusual from None
        return raw if canonical == raw.texts else _recode(raw, canonical)

    def _mapped(self, column: pa.DictionaryArray, value: Callable[[str], int]) -> NDArray[np.uint8]:
        raw = _codes(column)
        try:
            table = np.array([value(text) for text in raw.texts], np.uint8)
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


def _patched(column: pa.Array, rows: NDArray[np.intp], values: NDArray[np.int64]) -> pa.Array:
    """Return a column in which some rows have other values."""
    mask = np.zeros(len(column), bool)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(values))


def cut_lines(block: bytes, size: int) -> Iterator[bytes]:
    """Cut a block into pieces of whole lines, each about `size` bytes."""
    start = 0
    while start < len(block):
        stop = block.find(b"\n", min(start + size, len(block) - 1)) + 1 or len(block)
        yield block[start:stop]
        start = stop
