"""Blocks of lines as connections, with numpy and the standard library: the fast way of the line reader.

A block is either taken by columns, with exactly the values that `sweepml.origins.rows` would give, or row by
row through that module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.columns import LABEL_BY_KIND, icmp_outcomes, icmp_protocol, icmp_rows, times_us
from sweepml.origins.layout import TAIL_SEPARATOR, TsvLayout
from sweepml.origins.origin import COUNT_INPUTS
from sweepml.origins.rows import LineParser, Row, ValueParser
from sweepml.origins.values import canonical_address
from sweepml.schema.connection import MISSING

_MEMO_SIZE: Final = 1 << 16
"""Texts remembered per column before it is forgotten: ports and small counts repeat, big ones do not."""

_PLAIN: Final = re.compile(r"[0-9.,\-]*")
"""Digits and points, joined by commas. What float() makes of them is what `number_us` makes of them; of other
characters float() accepts some that no log should write."""

_decoder: Any = json.JSONDecoder()  # Any, because typeshed does not list its scanner

Column = Sequence[Any]
_Int = TypeVar("_Int", np.uint8, np.uint32, np.int64)
Encode = Callable[[Column, Column], tuple[NDArray[np.int32], NDArray[np.int32]]]


class _Unusual(Exception):  # noqa: N818 (it is control flow, not an error)
    """The block needs the slow way."""


class _Memo(dict[Any, int]):
    """Remembers what a parser made of a value."""

    def __init__(self, parse: Callable[[Any], int]) -> None:
        self._parse = parse

    def __missing__(self, value: Any) -> int:
        self[value] = number = self._parse(value)
        return number

    def numbers(self, column: Column, dtype: type[_Int]) -> NDArray[_Int]:
        if len(self) > _MEMO_SIZE:
            self.clear()
        return np.fromiter(map(self.__getitem__, column), dtype, len(column))


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
        self._columns: _Columns | None = None

    def read(self, block: bytes) -> Iterator[Connections]:
        """Yield the connections of a block of complete lines."""
        for piece, lines in self._pieces(block):
            stop = self._line + lines
            trimmed, body, tail = self._parser.trim(piece)
            if body:
                self._line += trimmed
                yield self._connections(body)
            if tail:
                self._parser.parse_block(tail, stop - tail.count(b"\n"))
            self._line = stop

    def _pieces(self, block: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield a block in pieces of at most `batch_rows` lines, each with its number of line ends."""
        ends = block.count(b"\n")
        if ends <= self._batch_rows:
            yield block, ends
            return
        lines = block.splitlines(keepends=True) if b"\r" not in block else re.findall(rb"[^\n]*\n|[^\n]+", block)
        for start in range(0, len(lines), self._batch_rows):
            piece = b"".join(lines[start : start + self._batch_rows])
            yield piece, piece.count(b"\n")

    def _connections(self, body: bytes) -> Connections:
        values = self._parser.values
        if self._columns is None or self._columns.values is not values:  # a header changed the layout
            self._columns = _Columns(values, self._parser.layout)
        try:
            rows, inputs = self._columns.split(body)
            return self._columns.connections(rows, inputs, self._encode)
        except (_Unusual, ValueError, TypeError, OverflowError, RecursionError, StopIteration):
            # Nothing is lost: the row-wise way judges each line, and says what is wrong with it.
            return self._of_rows(self._parser.parse_block(body, self._line))

    def _of_rows(self, rows: list[Row]) -> Connections:
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
            identity=np.full(len(rows), -1, np.int32),
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
                raise _Unusual from None
            for text, address in zip(new, canonical, strict=True):
                codes[text] = self._hosts.encode(address)
        return self._known(src), self._known(dst)

    def _known(self, column: Column) -> NDArray[np.int32]:
        return np.fromiter(map(self._codes.__getitem__, column), np.int32, len(column))


class _Columns:
    """Takes blocks of one layout by columns."""

    def __init__(self, values: ValueParser, layout: TsvLayout | None) -> None:
        self.values = values
        self._layout = layout
        self._memo = {
            "protocol": _Memo(values.protocol),
            "state": _Memo(values.state),
            "dst_port": _Memo(values.port),
            **{name: _Memo(partial(values.count, name)) for name in COUNT_INPUTS},
        }
        self._kind = _Memo(lambda pair: LABEL_BY_KIND.get(values.kind(*pair), 0))

    def split(self, body: bytes) -> tuple[int, dict[str, Column]]:
        """Return the number of rows and input -> its values, one per row."""
        text = body.decode("utf-8")
        if self._layout is None:
            return self._split_json(text)
        if not self._layout.is_usable:
            raise _Unusual
        return self._split_tsv(text, self._layout)

    def connections(self, rows: int, inputs: dict[str, Column], encode: Encode) -> Connections:
        """Return the connections of columns."""
        ts_us = self._times(inputs["ts_us"])
        duration_us = self._durations(inputs.get("duration_us"), rows)
        counts = {name: self._counts(name, inputs.get(name), rows) for name in COUNT_INPUTS}
        protocol = self._numbers("protocol", inputs["protocol"], np.uint8)
        outcome = self._numbers("state", inputs["state"], np.uint8)
        port = self._numbers("dst_port", inputs["dst_port"], np.uint32)
        icmp = icmp_rows(protocol)
        if len(icmp):
            where = icmp.tolist()
            ipv6 = np.array([_is_ipv6(inputs["dst"][i]) for i in where], bool)
            protocol[icmp] = icmp_protocol(protocol[icmp], ipv6)
            types = inputs.get("icmp_type", inputs["dst_port"])
            port[icmp] = [self.values.port(types[i]) for i in where]
            if self.values.origin.outcome.icmp_by_reply:
                outcome[icmp] = icmp_outcomes(counts["orig_packets"][icmp], counts["resp_packets"][icmp])
        label = self._labels(inputs, rows)
        source, destination = encode(inputs["src"], inputs["dst"])
        return Connections(
            ts_us=ts_us,
            source=source,
            destination=destination,
            service=protocol.astype(np.uint32) << np.uint32(16) | port,
            outcome=outcome,
            duration_us=duration_us,
            orig_bytes=counts["orig_bytes"],
            resp_bytes=counts["resp_bytes"],
            orig_packets=counts["orig_packets"],
            resp_packets=counts["resp_packets"],
            label=label,
        )

    def _split_tsv(self, text: str, layout: TsvLayout) -> tuple[int, dict[str, Column]]:
        text = text.removesuffix("\n")
        if "\r" in text:
            text = (text + "\n").replace("\r\n", "\n").removesuffix("\n")
            if "\r" in text:
                raise _Unusual
        rows = text.count("\n") + 1
        # One split for the whole block, with a column of line ends: each row has the right number of fields
        # if and only if that column holds all of them.
        mark, step = layout.delimiter, layout.width + 1
        flat = text.replace("\n", f"{mark}\n{mark}").split(mark)
        flat.append("\n")
        if len(flat) != rows * step or flat[layout.width :: step].count("\n") != rows:
            raise _Unusual
        last = layout.width - 1
        inputs: dict[str, Column] = {
            name: flat[i::step] for name, i in layout.index.items() if i < last or not layout.tail
        }
        if layout.tail:
            parts = [field.split(TAIL_SEPARATOR) for field in flat[last::step]]
            tail = list(zip(*parts, strict=True))
            if len(tail) != len(layout.tail):
                raise _Unusual
            inputs |= {name: tail[i - last] for name, i in layout.index.items() if i >= last}
        return rows, inputs

    def _split_json(self, text: str) -> tuple[int, dict[str, Column]]:
        records: list[Any] = []
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            # As json.loads does, without its overhead per call. Blanks around an object go the slow way.
            record, end = _decoder.scan_once(line, 0)
            if end != len(line):
                raise _Unusual
            records.append(record)
        inputs: dict[str, Column] = {}
        for name, fields in self.values.origin.fields.items():
            column: list[Any] = list(map(dict.get, records, repeat(fields[0])))
            for field in fields[1:]:
                lacking = column.count(None)
                if lacking == len(records):
                    column = list(map(dict.get, records, repeat(field)))
                elif lacking:
                    pairs = zip(records, column, strict=True)
                    column = [record.get(field) if value is None else value for record, value in pairs]
            if name in self.values.origin.required and None in column:
                raise _Unusual
            inputs[name] = column
        return len(records), inputs

    def _numbers(self, name: str, column: Column, dtype: type[_Int]) -> NDArray[_Int]:
        # True equals 1 and would be remembered as such; types other than text and int go the slow way.
        if self._layout is None and not {str, int}.issuperset(map(type, column)):
            raise _Unusual
        return self._memo[name].numbers(column, dtype)

    def _times(self, column: Column) -> NDArray[np.int64]:
        if self._layout is None:
            if not {int, float}.issuperset(map(type, column)):
                raise _Unusual
            seconds = np.array(column, np.float64)
        else:
            if not _PLAIN.fullmatch(",".join(column)):
                raise _Unusual
            seconds = np.fromiter(map(float, column), np.float64, len(column))
        found = times_us(seconds, self.values.origin.time_unit_us)
        if found is None:
            raise _Unusual
        return found

    def _durations(self, column: Column | None, rows: int) -> NDArray[np.int64]:
        if column is None:
            return np.full(rows, MISSING, np.int64)
        nothing = (None,) if self._layout is None else self.values.unset
        zero = 0 if self._layout is None else "0"
        duration_us = self._times([zero if value in nothing else value for value in column])
        missing = self.values.origin.unset_value("duration_us")
        if missing != 0:
            duration_us[[value in nothing for value in column]] = missing
        return duration_us

    def _counts(self, name: str, column: Column | None, rows: int) -> NDArray[np.int64]:
        if column is None:
            return np.full(rows, MISSING, np.int64)
        if self._layout is not None:
            return self._numbers(name, column, np.int64)
        unset = self.values.origin.unset_value(name)
        types = set(map(type, column))
        if not {int, type(None)}.issuperset(types):
            raise _Unusual
        numbers = np.array([value or 0 for value in column], np.int64)
        if len(numbers) and numbers.min() < 0:
            raise _Unusual
        if unset != 0 and type(None) in types:
            numbers[[value is None for value in column]] = unset
        return numbers

    def _labels(self, inputs: dict[str, Column], rows: int) -> NDArray[np.uint8]:
        columns = [inputs.get(name) for name in ("label", "label_detail")]
        if not any(columns):
            return np.zeros(rows, np.uint8)
        label, detail = (column or [""] * rows for column in columns)
        return self._kind.numbers(list(zip(label, detail, strict=True)), np.uint8)


def _is_ipv6(text: str) -> bool:
    return ":" in text and ":" in canonical_address(text)
