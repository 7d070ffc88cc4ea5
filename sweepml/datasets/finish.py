"""Arrow columns of inputs as the canonical columns, with exactly the values that `sweepml.origins.rows` would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sweepml.datasets.canonical import TABLE_SCHEMA, TEXT
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
from sweepml.origins.origin import COUNT_INPUTS, ECHO_REQUEST, EVIDENCE_INPUTS, Clock, Evidence
from sweepml.origins.report import RowError
from sweepml.origins.rows import ValueParser
from sweepml.origins.splitting import Unusual
from sweepml.origins.values import canonical_address, clock_us
from sweepml.schema.connection import MISSING

NUMBERS: Final = {
    "duration_us": pa.float64(),
    **dict.fromkeys(("dst_port", "icmp_type", *COUNT_INPUTS, *EVIDENCE_INPUTS), pa.int64()),
}
"""Inputs that are numbers in every log -> their type."""

TIMES: Final = ("ts_us", "end_us")
"""Inputs that are numbers in some logs and written in others."""

_LARGEST_KEY: Final = 1 << 62
"""Combinations of words that one 64-bit number can tell apart."""

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


@dataclass(frozen=True, slots=True)
class Codes:
    """A text column: indices into its distinct texts."""

    index: NDArray[np.int32]
    texts: list[str]


class Finisher:
    """Turns Arrow columns of inputs into the canonical columns."""

    def __init__(self, values: ValueParser, canon: Canon, *, is_json: bool) -> None:
        self._values = values
        self._canon = canon
        self._is_json = is_json

    def batch(self, columns: Mapping[str, pa.Array], rows: int) -> tuple[pa.RecordBatch, list[int]]:
        """Return the rows of a block, and the numbers of those that are other records.

        Raises
        ------
        Unusual, pyarrow.ArrowInvalid
            If a value needs a second look.
        """
        columns, others = self._connections_only(columns)
        rows -= len(others)
        columns = {name: self._as_text(name, column) for name, column in columns.items()}
        if "identity" in columns or ("swapped" in columns and self._any_swapped(columns["swapped"])):
            raise Unusual
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
            "identity": _text_array(Codes(np.zeros(rows, np.int32), [""])),
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
        if self._is_json and name not in NUMBERS and pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        return pc.fill_null(column, "").dictionary_encode() if pa.types.is_string(column.type) else column

    def _any_swapped(self, column: pa.DictionaryArray) -> bool:
        return not self._values.origin.swapped.isdisjoint(map(self._values.text, _codes(column).texts))

    def _times(self, column: pa.Array) -> NDArray[np.int64]:
        if column.type != TEXT:
            return _known(times_us(_numbers(column), self._values.time_unit_us))
        raw, clock = _codes(column), self._values.origin.clock
        if not all(":" in text for text in raw.texts):
            raise Unusual
        if clock == Clock.DAY_FIRST:
            try:
                table = np.array([clock_us(text.strip(" "), clock) for text in raw.texts], np.int64)
            except ValueError:
                raise Unusual from None
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
                raise Unusual
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
            raise Unusual
        return _numbers(column.fill_null(unset))

    def _ports(self, columns: Mapping[str, pa.Array], protocol: NDArray[np.uint8], dst: Codes) -> NDArray[np.uint16]:
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
                    raise Unusual
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
            raise Unusual
        distinct, index = np.unique(key, return_inverse=True)
        parts = np.unravel_index(distinct, sizes)
        table = np.empty(len(distinct), np.uint8)
        for row, (number, sent_sign, received_sign, *codes) in enumerate(
            zip(*(p.tolist() for p in parts), strict=True)
        ):
            texts = tuple(word.texts[code] for word, code in zip(words, codes, strict=True))
            table[row] = self._values.outcome(Evidence(number, texts, sent_sign - 1, received_sign - 1))
        return table[index]

    def _words(self, column: pa.DictionaryArray | None, rows: int) -> Codes:
        """Return a column as `ValueParser.text` reads it."""
        if column is None:
            return Codes(np.zeros(rows, np.int32), [""])
        raw = _codes(column)
        return Codes(raw.index, [self._values.text(text) for text in raw.texts] or [""])

    def _addresses(self, column: pa.DictionaryArray) -> Codes:
        raw = _codes(column)
        texts = [text.strip(" ") for text in raw.texts] if self._values.origin.padded else raw.texts
        try:
            canonical = list(map(self._canon.__getitem__, texts))
        except InputError:
            raise Unusual from None
        return raw if canonical == raw.texts else _recode(raw, canonical)

    def _mapped(self, column: pa.DictionaryArray, value: Callable[[str], int]) -> NDArray[np.uint8]:
        raw = _codes(column)
        try:
            table = np.array([value(text) for text in raw.texts], np.uint8)
        except RowError:
            raise Unusual from None
        return table[raw.index]

    def _kinds(self, columns: Mapping[str, pa.Array], rows: int) -> Codes:
        if "label" not in columns and "label_detail" not in columns:
            return Codes(np.zeros(rows, np.int32), [""])
        label, detail = (
            _codes(columns[name]) if name in columns else Codes(np.zeros(rows, np.int32), [""])
            for name in ("label", "label_detail")
        )
        pair = label.index.astype(np.int64) * len(detail.texts) + detail.index
        pairs, index = np.unique(pair, return_inverse=True)
        kinds = [
            self._values.label_kind(label.texts[p // len(detail.texts)], detail.texts[p % len(detail.texts)])
            for p in pairs.tolist()
        ]
        return _recode(Codes(index.astype(np.int32), [""] * len(kinds)), kinds)


def _numbers(column: pa.Array) -> NDArray:
    if column.null_count:
        raise Unusual  # a value that every row must have
    return column.to_numpy()


def _known(values: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if values is None:
        raise Unusual
    return values


def _codes(column: pa.DictionaryArray) -> Codes:
    return Codes(column.indices.to_numpy(), column.dictionary.to_pylist())


def _recode(raw: Codes, texts: list[str]) -> Codes:
    """Return codes of new texts for the old ones, of which several may have become the same."""
    distinct: dict[str, int] = {}
    table = np.fromiter((distinct.setdefault(text, len(distinct)) for text in texts), np.int32, len(texts))
    return Codes(table[raw.index], list(distinct))


def _text_array(codes: Codes) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.index), pa.array(codes.texts, pa.string()))


def _patched(column: pa.Array, rows: NDArray[np.intp], values: NDArray[np.int64]) -> pa.Array:
    """Return a column in which some rows have other values."""
    mask = np.zeros(len(column), bool)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(values))
