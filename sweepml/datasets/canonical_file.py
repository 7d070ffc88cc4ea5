"""The canonical table as a Parquet file: what `sweepml simulate` and `sweepml inject` write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sweepml.datasets.batches import BATCH_ROWS, BatchReader
from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.datasets.finish import Canon
from sweepml.datasets.paths import open_input
from sweepml.errors import InputError
from sweepml.origins.report import ReadReport, RejectReason
from sweepml.origins.values import LIMIT_US
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome

CANONICAL: Final = "canonical"

_SIZES: Final = ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")


def is_canonical(path: str | os.PathLike[str]) -> bool:
    """Whether a Parquet file has the columns of the canonical table, by name and type."""
    with open_input(os.fspath(path)) as file:
        try:
            return bool(pq.read_schema(file).remove_metadata().equals(TABLE_SCHEMA))
        except pa.ArrowException:
            return False


class CanonicalReader(BatchReader):
    """Reads a canonical table as batches, as often as it is iterated; rows with impossible values are left out.

    Raises
    ------
    InputError
        If the file cannot be read to its end; the rows before were given.
    """

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the file from its beginning; bad rows are counted, left out and logged once at the end."""
        self.report = report = ReadReport(self.path, CANONICAL, "parquet")
        self.bytes_read = 0
        canon = Canon()
        first = 1
        try:
            with open_input(self.path) as file:
                for batch in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
                    yield from self._bounded([self._usable(batch.cast(TABLE_SCHEMA), canon, first)])
                    first += batch.num_rows
                    self.bytes_read = file.tell()
        except pa.ArrowException as error:
            raise InputError(
                f"{self.path}: cannot be read: {error}; {report.rows} rows were read before that"
            ) from None
        finally:
            report.log()
        report.refuse_if_nothing_was_read()

    def _usable(self, batch: pa.RecordBatch, canon: Canon, first: int) -> pa.RecordBatch:
        """Return the rows whose values are possible; the others are counted by reason, from row number `first` on."""
        good = np.ones(batch.num_rows, bool)
        for reason, fits in (
            (RejectReason.NUMBER, _are_filled(batch) & _sizes_fit(batch)),
            (RejectReason.TIME, _in_range(batch.column("ts_us"), 0, int(LIMIT_US) - 1)),
            (RejectReason.ADDRESS, _are_addresses(batch.column("src"), canon)),
            (RejectReason.ADDRESS, _are_addresses(batch.column("dst"), canon)),
        ):
            for row in np.flatnonzero(good & ~fits).tolist():
                self.report.reject(reason, first + row, repr(batch.slice(row, 1).to_pylist()[0]).encode())
            good &= fits
        return batch if good.all() else batch.filter(pa.array(good))


def _are_filled(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    filled = np.ones(batch.num_rows, bool)
    for column in batch.columns:
        filled &= column.is_valid().to_numpy(zero_copy_only=False)
    return filled


def _sizes_fit(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    fits = _in_range(batch.column("outcome"), 0, max(Outcome))
    for name in _SIZES:
        fits &= _in_range(batch.column(name), MISSING, np.iinfo(np.int64).max)
    return fits


def _in_range(column: pa.Array, low: int, high: int) -> NDArray[np.bool_]:
    values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.asarray((values >= low) & (values <= high))


def _are_addresses(column: pa.DictionaryArray, canon: Canon) -> NDArray[np.bool_]:
    """Return which rows hold an address in canonical form; codes rely on one spelling."""
    known = np.array(
        [text is not None and _is_canonical_address(text, canon) for text in column.dictionary.to_pylist()]
    )
    indices = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return known[indices] if len(known) else np.zeros(len(column), bool)


def _is_canonical_address(text: str, canon: Canon) -> bool:
    try:
        return canon[text] == text
    except InputError:
        return False
