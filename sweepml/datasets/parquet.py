"""Flow logs in Parquet files, as batches of the canonical columns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sweepml.datasets.batches import BATCH_ROWS, BatchReader
from sweepml.datasets.canonical import batch_of_rows
from sweepml.datasets.paths import open_input
from sweepml.errors import FormatError, InputError
from sweepml.origins.origin import Encoding, Origin
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import AUTO, detect_columns
from sweepml.origins.report import ReadReport

MAGIC: Final = b"PAR1"
"""First bytes of every file (Apache Parquet, "File Format")."""

_READ_ROWS: Final = 1 << 14
"""Rows that are taken apart at once. Chosen, not tuned."""


class ParquetReader(BatchReader):
    """Reads a Parquet file as batches, as often as it is iterated.

    Columns may be nested; times may be numbers, texts or Arrow's timestamps. Rejected rows are counted as lines of
    text logs are, by their numbers from 1.

    Parameters
    ----------
    path
        File or its URL.
    batch_rows
        Largest number of rows in a batch.
    origin
        A format or its name, or ``auto`` to tell it from the columns.

    Raises
    ------
    FormatError
        If it is no Parquet file, or its columns are those of no known format.
    InputError
        If it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], batch_rows: int = BATCH_ROWS, origin: str | Origin = AUTO) -> None:
        super().__init__(path, batch_rows)
        with open_input(self.path) as file:
            names = _tree(_opened(self.path, file).schema_arrow)
        try:
            self._origin = detect_columns(names, origin)
        except FormatError as error:
            raise FormatError(f"{self.path}: {error}") from None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the file from its beginning; bad rows are counted, left out and logged once at the end."""
        self.report = report = ReadReport(self.path)
        self.bytes_read = 0
        parser = LineParser(self._origin, Encoding.PARQUET, report)
        first = 1
        try:
            with open_input(self.path) as file:
                table = _opened(self.path, file)
                wanted = {name.split(".")[0] for names in self._origin.fields.values() for name in names}
                wanted |= {name for names in self._origin.fields.values() for name in names}
                columns = [field.name for field in table.schema_arrow if field.name in wanted]
                _note_naive_times(table.schema_arrow, columns, report)
                for batch in table.iter_batches(_READ_ROWS, columns=columns):
                    records = _plain(batch).to_pylist()
                    yield from self._bounded([batch_of_rows(parser.parse_records(records, first))])
                    first += len(records)
                    self.bytes_read = file.tell()
                yield from self._bounded([batch_of_rows(parser.flush())])
        except pa.ArrowException as error:
            raise InputError(
                f"{self.path}: cannot be read: {error}; {report.rows} rows were read before that"
            ) from None
        finally:
            report.log()
        report.refuse_if_nothing_was_read()


def _opened(path: str, file: Any) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except pa.ArrowException as error:
        raise FormatError(f"{path}: expected a Parquet file: {error}") from None


def _tree(schema: pa.Schema | pa.StructType) -> dict[str, Any]:
    """Return the names of columns as a record has them; what is no structure is True."""
    return {
        field.name: _tree(field.type) if pa.types.is_struct(field.type) else True
        for field in (schema.field(i) for i in range(_width(schema)))
    }


def _width(schema: pa.Schema | pa.StructType) -> int:
    return len(schema) if isinstance(schema, pa.Schema) else schema.num_fields


def _note_naive_times(schema: pa.Schema, columns: list[str], report: ReadReport) -> None:
    for name in columns:
        kind = schema.field(name).type
        if pa.types.is_timestamp(kind) and kind.tz is None:
            report.assume("times do not say their offset and are read as UTC")


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose columns become what JSON would hold: no timestamps, no NaN."""
    return pa.RecordBatch.from_arrays([_plain_column(column) for column in batch.columns], names=batch.schema.names)


def _plain_column(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_column(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        # As text, so that the parser sees what it sees in other layouts; a time without a zone is UTC.
        micros = column.cast(pa.timestamp("us", kind.tz), safe=False)
        utc = micros.cast(pa.timestamp("us", "UTC")) if kind.tz is not None else micros
        return pc.strftime(utc, format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_floating(kind):
        # pandas writes NaN for "no value", also among whole numbers.
        return pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    if pa.types.is_struct(kind):
        parts: Mapping[str, pa.Array] = {
            kind.field(i).name: _plain_column(pc.struct_field(column, [i])) for i in range(kind.num_fields)
        }
        return pa.StructArray.from_arrays(list(parts.values()), list(parts), mask=column.is_null())
    return column
