"""What every bulk reader is: an input that gives batches of the canonical columns, as often as it is iterated."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.errors import ConfigError
from sweepml.origins.report import ReadReport

BATCH_ROWS: Final = 1 << 17
"""Rows of a batch at most. Chosen, not tuned."""


class BatchReader(ABC):
    """Reads an input as batches.

    Parameters
    ----------
    path
        File or its URL.
    batch_rows
        Largest number of rows in a batch.

    Attributes
    ----------
    report
        What the present or last iteration saw; final once it ended.
    bytes_read
        How much of the file, as it stands on the disk, the present or last iteration has read; for progress.

    Raises
    ------
    ConfigError
        If `batch_rows` is below 1.
    """

    def __init__(self, path: str | os.PathLike[str], batch_rows: int = BATCH_ROWS) -> None:
        if batch_rows < 1:
            raise ConfigError(f"batch_rows must be at least 1, got {batch_rows}")
        self.path = os.fspath(path)
        self.batch_rows = batch_rows
        self.report = ReadReport(self.path)
        self.bytes_read = 0

    @property
    def schema(self) -> pa.Schema:
        """Schema of every batch: `CONNECTION_COLUMNS`, text dictionary-encoded."""
        return TABLE_SCHEMA

    @abstractmethod
    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the input from its beginning; what is left out is counted and logged once at the end."""

    def read_all(self) -> pa.Table:
        """Return the whole input as one table, with one dictionary a column."""
        return pa.Table.from_batches(self, schema=TABLE_SCHEMA).unify_dictionaries()

    def _bounded(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches of at most `batch_rows` rows, and count their rows."""
        for batch in batches:
            if not batch.num_rows:
                continue
            span = pc.min_max(batch.column("ts_us")).as_py()
            self.report.accept(batch.num_rows, span["min"], span["max"])
            for start in range(0, batch.num_rows, self.batch_rows):
                yield batch.slice(start, self.batch_rows)
