"""Small CSV files that people write: rows with their line numbers, and errors that name the place."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import NoReturn

from sweepml.errors import InputError, LabelError
from sweepml.origins.files import open_binary
from sweepml.origins.values import canonical_address


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row of a CSV file.

    Attributes
    ----------
    path, line
        Where it stands.
    values
        Column -> text, stripped of surrounding blanks.
    """

    path: str
    line: int
    values: dict[str, str]

    def get(self, column: str | None) -> str:
        """Return the text of a column, empty if there is no such column."""
        return self.values.get(column, "") if column is not None else ""

    def fail(self, column: str | None, expected: str) -> NoReturn:
        """Raise a `LabelError` that names the line, the column and what stands there."""
        value = self.get(column)[:60]
        raise LabelError(f"{self.path}, line {self.line}, column {column}: expected {expected}, got {value!r}")

    def address(self, column: str) -> str:
        """Return the address of a column in canonical form."""
        try:
            return canonical_address(self.get(column))
        except InputError:
            self.fail(column, "an IPv4 or IPv6 address")


def find_column(names: Sequence[str], accepted: Sequence[str], path: str) -> str:
    """Return the first accepted name that a file has.

    Raises
    ------
    LabelError
        If it has none of them.
    """
    for name in accepted:
        if name in names:
            return name
    raise LabelError(f"{path}: expected a column {' or '.join(accepted)}, got {', '.join(names) or 'nothing'}")


def read_csv_rows(path: str | os.PathLike[str]) -> tuple[list[str], Iterator[CsvRow]]:
    """Return the column names of a CSV file and its rows.

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read.
    LabelError
        If it has no header, a name twice, a row of another width, or is not UTF-8 text.
    """
    name = os.fspath(path)
    lines = _records(name)
    _, header = next(lines, (1, []))
    columns = [column.strip() for column in header]
    if not any(columns):
        raise LabelError(f"{name}: expected a CSV file with a header line, but it is empty")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise LabelError(f"{name}: the column {twice[0]!r} stands twice in the header")
    return columns, _rows(name, columns, lines)


def _rows(name: str, columns: list[str], lines: Iterator[tuple[int, list[str]]]) -> Iterator[CsvRow]:
    for line, fields in lines:
        if len(fields) != len(columns):
            raise LabelError(f"{name}, line {line}: expected {len(columns)} fields, got {len(fields)}")
        values = (field.strip() for field in fields)
        yield CsvRow(name, line, dict(zip(columns, values, strict=True)))


def _records(name: str) -> Iterator[tuple[int, list[str]]]:
    with TextIOWrapper(open_binary(name), encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            for fields in reader:
                if any(field.strip() for field in fields):
                    yield reader.line_num, fields
        except UnicodeDecodeError:
            raise LabelError(f"{name}: expected UTF-8 text, got other bytes") from None
        except csv.Error as error:
            raise LabelError(f"{name}, line {reader.line_num}: is not CSV: {error}") from None
