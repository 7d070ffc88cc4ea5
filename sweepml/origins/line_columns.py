"""Columns of raw values as connections, with exactly the values that `sweepml.origins.rows` would give."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import compress
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import Connections
from sweepml.origins.columns import (
    LABEL_BY_KIND,
    clocks_us,
    filled,
    icmp_outcomes,
    icmp_protocol,
    icmp_rows,
    remainders,
    times_us,
)
from sweepml.origins.layout import TextLayout
from sweepml.origins.origin import COUNT_INPUTS, ECHO_REQUEST, EVIDENCE_INPUTS, Clock, Evidence
from sweepml.origins.rows import ValueParser
from sweepml.origins.splitting import Column, Unusual, split_json, split_text
from sweepml.origins.values import canonical_address, clock_us
from sweepml.schema.connection import MISSING, Protocol

_MEMO_SIZE: Final = 1 << 16
"""Texts remembered per column before it is forgotten: ports and small counts repeat, big ones do not."""

_PLAIN: Final = re.compile(r"[0-9.,\-]*")
"""Digits and points, joined by commas. What float() makes of them is what `number_us` makes of them; of other
characters float() accepts some that no log should write."""

_Int = TypeVar("_Int", np.uint8, np.uint32, np.int64)
Encode = Callable[[Column, Column], tuple[NDArray[np.int32], NDArray[np.int32]]]


class _Memo(dict[Any, int]):
    """Remembers what a parser made of a value."""

    def __init__(self, parse: Callable[[Any], int]) -> None:
        self._parse = parse

    def __missing__(self, value: Any) -> int:
        if len(self) > _MEMO_SIZE:
            self.clear()
        self[value] = number = self._parse(value)
        return number

    def numbers(self, column: Column, dtype: type[_Int]) -> NDArray[_Int]:
        return np.fromiter(map(self.__getitem__, column), dtype, len(column))


class _Words(dict[Any, str]):
    """Remembers what a parser made of a word."""

    def __init__(self, parse: Callable[[Any], str]) -> None:
        self._parse = parse

    def __missing__(self, value: Any) -> str:
        if len(self) > _MEMO_SIZE:
            self.clear()
        self[value] = text = self._parse(value)
        return text


class LineColumns:
    """Takes blocks of one layout by columns."""

    def __init__(self, values: ValueParser, layout: TextLayout | None) -> None:
        self.values = values
        self._layout = layout
        self._fields = values.origin.fields
        self._memo = {
            "protocol": _Memo(values.protocol),
            "dst_port": _Memo(values.port),
            "state": _Memo(lambda value: int(values.origin.outcome.of_state(values.text(value)))),
            **{name: _Memo(partial(values.count, name)) for name in (*COUNT_INPUTS, *EVIDENCE_INPUTS)},
        }
        self._outcome = _Memo(lambda key: values.outcome(Evidence(key[0], key[3:], key[1], key[2])))
        self._word = _Words(values.text)
        self._is_connection = _Memo(values.is_connection)
        self._kind = _Memo(lambda pair: LABEL_BY_KIND.get(values.label_kind(*pair), 0))
        self._clock = _Memo(lambda text: clock_us(text.strip(" "), values.origin.clock))

    def split(self, body: bytes) -> tuple[int, dict[str, Column], list[int]]:
        """Return the number of rows, input -> its values, one per row, and which lines hold other records."""
        text = body.decode("utf-8")
        if self._layout is None:
            rows, inputs = split_json(text, self._fields)
        elif self._layout.is_usable:
            rows, inputs = split_text(text, self._layout)
        else:
            raise Unusual
        return self._connections_only(rows, inputs)

    def connections(self, rows: int, inputs: dict[str, Column], encode: Encode) -> Connections:
        """Return the connections of columns."""
        if "identity" in inputs or ("swapped" in inputs and self._any_swapped(inputs["swapped"])):
            raise Unusual
        ts_us = self._times(inputs["ts_us"])
        duration_us = self._durations(inputs, ts_us)
        counts = {name: self._counts(name, inputs.get(name), rows) for name in COUNT_INPUTS}
        if "total_packets" in inputs:
            total = self._counts("total_packets", inputs["total_packets"], rows)
            counts["resp_packets"] = remainders(counts["resp_packets"], total, counts["orig_packets"])
        protocol = self._numbers("protocol", inputs["protocol"], np.uint8)
        port = self._ports(inputs, protocol)
        outcome = self._outcomes(inputs, protocol, counts)
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

    def _connections_only(self, rows: int, inputs: dict[str, Column]) -> tuple[int, dict[str, Column], list[int]]:
        """Take out the rows of other records."""
        keep = None
        for name in self.values.origin.required if self._layout is None else ():
            if None in inputs[name]:
                present = [value is not None for value in inputs[name]]
                keep = present if keep is None else [a and b for a, b in zip(keep, present, strict=True)]
        if "kind" in inputs:
            if self._layout is None and not {str, int, type(None)}.issuperset(map(type, inputs["kind"])):
                raise Unusual
            of_kind = [bool(self._is_connection[value]) for value in inputs["kind"]]
            if not all(of_kind):
                keep = of_kind if keep is None else [a and b for a, b in zip(keep, of_kind, strict=True)]
        if keep is None:
            return rows, inputs, []
        others = [row for row, kept in enumerate(keep) if not kept]
        return rows - len(others), {name: list(compress(column, keep)) for name, column in inputs.items()}, others

    def _any_swapped(self, column: Column) -> bool:
        return not self.values.origin.swapped.isdisjoint(map(self._word.__getitem__, set(column)))

    def _ports(self, inputs: dict[str, Column], protocol: NDArray[np.uint8]) -> NDArray[np.uint32]:
        """Return the destination ports, with the ICMP types in their place; mends the protocols of ICMP over IPv6."""
        icmp = icmp_rows(protocol)
        if not len(icmp):
            return self._numbers("dst_port", inputs["dst_port"], np.uint32)
        where = icmp.tolist()
        ipv6 = np.array([_is_ipv6(inputs["dst"][i]) for i in where], bool)
        protocol[icmp] = icmp_protocol(protocol[icmp], ipv6)
        types = inputs.get("icmp_type")
        column = list(inputs["dst_port"])
        for i in where:
            value = None if types is None else types[i]
            if value is None:
                column[i] = ECHO_REQUEST[Protocol(int(protocol[i]))]
            else:
                column[i] = self.values.icmp_type(value)
        return self._numbers("dst_port", column, np.uint32)

    def _outcomes(
        self, inputs: dict[str, Column], protocol: NDArray[np.uint8], counts: dict[str, NDArray[np.int64]]
    ) -> NDArray[np.uint8]:
        rows = len(protocol)
        sent, received = (
            filled(self._counts(name, inputs.get(name), rows), counts[otherwise])
            for name, otherwise in (("sent", "orig_packets"), ("received", "resp_packets"))
        )
        if "total" in inputs:
            received = remainders(received, self._counts("total", inputs["total"], rows), sent)
        rule = self.values.origin.outcome
        if rule.judge is None:  # only ICMP asks for more than the state
            outcome = self._numbers("state", inputs["state"], np.uint8)
            icmp = icmp_rows(protocol) if rule.icmp_by_reply else np.empty(0, np.intp)
            outcome[icmp] = icmp_outcomes(sent[icmp], received[icmp])
            return outcome
        words = [self._words(inputs.get(name), rows) for name in rule.words]
        signs = (np.sign(sent).tolist(), np.sign(received).tolist())
        keys = zip(protocol.tolist(), *signs, *words, strict=True)
        return np.fromiter(map(self._outcome.__getitem__, keys), np.uint8, rows)

    def _words(self, column: Column | None, rows: int) -> Column:
        """Return a column as `ValueParser.text` reads it."""
        if column is None:
            return [""] * rows
        if self._layout is not None and not self.values.origin.padded:
            unset = self.values.unset
            return column if unset.isdisjoint(column) else ["" if text in unset else text for text in column]
        # 1, 1.0 and True are one key, but three texts.
        if self._layout is None and not {str, type(None)}.issuperset(map(type, column)):
            return [self.values.text(value) for value in column]
        return list(map(self._word.__getitem__, column))

    def _numbers(self, name: str, column: Column, dtype: type[_Int]) -> NDArray[_Int]:
        # True equals 1 and would be remembered as such; types other than text and int go the slow way.
        if self._layout is None and not {str, int}.issuperset(map(type, column)):
            raise Unusual
        return self._memo[name].numbers(column, dtype)

    def _times(self, column: Column) -> NDArray[np.int64]:
        if self._layout is None:
            types = set(map(type, column))
            if types == {str}:
                return self._written_times(column)
            if not {int, float}.issuperset(types):
                raise Unusual
            return self._in_range(np.array(column, np.float64), self.values.time_unit_us)
        if column and ":" in column[0]:
            return self._written_times(column)
        return self._in_range(_plain_numbers(column), self.values.time_unit_us)

    def _written_times(self, column: Column) -> NDArray[np.int64]:
        """Return times that are no numbers."""
        clock = self.values.origin.clock
        if clock == Clock.DAY_FIRST:
            if not all(":" in text for text in set(column)):
                raise Unusual
            return self._clock.numbers(column, np.int64)
        raw = np.frombuffer("".join(column).encode("ascii"), np.uint8)
        bounds = np.zeros(len(column) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, column), np.int64, len(column)), out=bounds[1:])
        found = clocks_us(raw, bounds, slashes=clock == Clock.YEAR_FIRST)
        if found is None:
            raise Unusual
        return found

    def _in_range(self, numbers: NDArray[np.float64], unit_us: float) -> NDArray[np.int64]:
        found = times_us(numbers, unit_us)
        if found is None:
            raise Unusual
        return found

    def _durations(self, inputs: dict[str, Column], ts_us: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = len(ts_us)
        column = inputs.get("duration_us")
        if column is None:
            if "end_us" not in inputs:
                return np.full(rows, MISSING, np.int64)
            duration_us = self._times(inputs["end_us"]) - ts_us
            if (duration_us < 0).any():
                raise Unusual
            return duration_us
        nothing = (None,) if self._layout is None else self.values.unset
        zero = 0 if self._layout is None else "0"
        filled = [zero if value in nothing else value for value in column]
        if self._layout is None and not {int, float}.issuperset(map(type, filled)):
            raise Unusual
        numbers = np.array(filled, np.float64) if self._layout is None else _plain_numbers(filled)
        duration_us = self._in_range(numbers, self.values.origin.duration_unit_us)
        missing = self.values.unset_value("duration_us")
        if missing != 0:
            duration_us[[value in nothing for value in column]] = missing
        return duration_us

    def _counts(self, name: str, column: Column | None, rows: int) -> NDArray[np.int64]:
        if column is None:
            return np.full(rows, MISSING, np.int64)
        if self._layout is not None:
            return self._numbers(name, column, np.int64)
        unset = self.values.unset_value(name) if name in COUNT_INPUTS else MISSING
        types = set(map(type, column))
        if not {int, type(None)}.issuperset(types):
            raise Unusual
        numbers = np.array([value or 0 for value in column], np.int64)
        if len(numbers) and numbers.min() < 0:
            raise Unusual
        if unset != 0 and type(None) in types:
            numbers[[value is None for value in column]] = unset
        return numbers

    def _labels(self, inputs: dict[str, Column], rows: int) -> NDArray[np.uint8]:
        columns = [inputs.get(name) for name in ("label", "label_detail")]
        if not any(columns):
            return np.zeros(rows, np.uint8)
        label, detail = (column or [""] * rows for column in columns)
        return self._kind.numbers(list(zip(label, detail, strict=True)), np.uint8)


def _plain_numbers(column: Column) -> NDArray[np.float64]:
    if not _PLAIN.fullmatch(",".join(column)):
        raise Unusual
    return np.fromiter(map(float, column), np.float64, len(column))


def _is_ipv6(text: str) -> bool:
    return ":" in text and ":" in canonical_address(text)
