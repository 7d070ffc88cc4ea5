"""The canonical columns as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

from sweepml.origins.rows import Row
from sweepml.schema.connection import CONNECTION_COLUMNS

TEXT: Final = pa.dictionary(pa.int32(), pa.string())

TABLE_SCHEMA: Final = pa.schema(
    [
        (column.name, TEXT if column.dtype == "string" else pa.type_for_alias(column.dtype))
        for column in CONNECTION_COLUMNS
    ]
)
"""`CONNECTION_COLUMNS` as Arrow types; the text columns are dictionary-encoded."""


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
