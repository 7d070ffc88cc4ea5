"""Blocks of lines taken apart: one column of raw values per input."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from sweepml.origins.layout import TAIL_SEPARATOR, TextLayout, has_clean_quotes

Column = Sequence[Any]

_decoder: Any = json.JSONDecoder()  # Any, because typeshed does not list its scanner

_NOTHING: Final[dict[str, Any]] = {}


class Unusual(Exception):  # noqa: N818 (it is control flow, not an error)
    """The block needs the slow way."""


def split_text(text: str, layout: TextLayout) -> tuple[int, dict[str, Column]]:
    """Return the number of rows of delimited text, and input -> its texts, one per row.

    Raises
    ------
    Unusual, ValueError
        If something is not as in every good row.
    """
    text = text.removesuffix("\n")
    if "\r" in text:
        text = (text + "\n").replace("\r\n", "\n").removesuffix("\n")
        if "\r" in text:
            raise Unusual
    if layout.encoding.is_quoted and '"' in text:
        return _split_quoted(text, layout)
    rows = text.count("\n") + 1
    # One split for the whole block, with a column of line ends: each row has the right number of fields
    # if and only if that column holds all of them.
    mark, step = layout.delimiter, layout.width + 1
    flat = text.replace("\n", f"{mark}\n{mark}").split(mark)
    flat.append("\n")
    if len(flat) != rows * step or flat[layout.width :: step].count("\n") != rows:
        raise Unusual
    last = layout.width - 1
    inputs: dict[str, Column] = {name: flat[i::step] for name, i in layout.index.items() if i < last or not layout.tail}
    if layout.tail:
        parts = [field.split(TAIL_SEPARATOR) for field in flat[last::step]]
        tail = list(zip(*parts, strict=True))
        if len(tail) != len(layout.tail):
            raise Unusual
        inputs |= {name: tail[i - last] for name, i in layout.index.items() if i >= last}
    return rows, inputs


def _split_quoted(text: str, layout: TextLayout) -> tuple[int, dict[str, Column]]:
    if not has_clean_quotes(text, layout.delimiter):
        raise Unusual
    rows = list(csv.reader(text.split("\n"), delimiter=layout.delimiter))
    columns = list(zip(*rows, strict=True))
    if len(columns) != layout.width or layout.tail:
        raise Unusual
    return len(rows), {name: columns[i] for name, i in layout.index.items()}


def split_json(text: str, fields: Mapping[str, tuple[str, ...]]) -> tuple[int, dict[str, Column]]:
    """Return the number of rows of JSON lines, and input -> its values, None where there is none.

    Raises
    ------
    Unusual, ValueError, TypeError, StopIteration, RecursionError
        If a line is not one object and nothing else, or a value stands in an array.
    """
    records: list[Any] = []
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        # As json.loads does, without its overhead per call. Blanks around an object go the slow way.
        record, end = _decoder.scan_once(line, 0)
        if end != len(line):
            raise Unusual
        records.append(record)
    return len(records), {name: _json_column(records, spellings) for name, spellings in fields.items()}


def _json_column(records: list[Any], fields: tuple[str, ...]) -> Column:
    """Return what `first_value` gives for each record."""
    column: list[Any] = [None] * len(records)
    for field in fields:
        column = _filled(column, list(map(dict.get, records, repeat(field))))
        if "." in field and None in column:
            column = _filled(column, _nested_column(records, field.split(".")))
        if None not in column:
            break
    if list in set(map(type, column)):
        raise Unusual
    return column


def _filled(column: list[Any], others: list[Any]) -> list[Any]:
    """Return a column, and the other's values where it has none."""
    lacking = column.count(None)
    if lacking == len(column):
        return others
    return [b if a is None else a for a, b in zip(column, others, strict=True)] if lacking else column


def _nested_column(records: list[Any], path: list[str]) -> list[Any]:
    """Return what stands at the end of a path through objects."""
    *way, last = path
    objects: list[Any] = records
    for part in way:
        objects = list(map(dict.get, objects, repeat(part)))
        types = set(map(type, objects))
        if types == {type(None)}:
            return objects
        if not {dict, type(None)}.issuperset(types):
            raise Unusual
        if type(None) in types:
            objects = [_NOTHING if found is None else found for found in objects]
    return list(map(dict.get, objects, repeat(last)))
