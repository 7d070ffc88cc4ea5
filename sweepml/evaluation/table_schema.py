"""What a table of results must look like: its columns, what they mean, and a check that refuses another frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from sweepml.errors import InputError
from sweepml.schema.connection import Column

_DTYPES: Final = {"string": "str", "int64": "int64", "float64": "float64", "bool": "bool"}
"""How a column's dtype is declared -> what pandas calls it."""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of a table, in order.

    Attributes
    ----------
    name
        Of the table and of its Parquet file.
    definition
        What one row is.
    columns
        ``string``, ``int64``, ``float64`` or ``bool``. Only a float may be missing: NaN is what cannot be computed.
    key
        Columns that together tell rows apart; empty where rows may repeat.
    """

    name: str
    definition: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def make(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Return a frame of some rows, which name every column and no other.

        Raises
        ------
        InputError
            As `check`, or if a value cannot be converted.
        """
        rows = list(rows)
        for row in rows:
            self._check_names(row)
        columns = {}
        for column in self.columns:
            values = [row[column.name] for row in rows]
            try:
                columns[column.name] = pd.Series(values, dtype=_DTYPES[column.dtype])
            except (TypeError, ValueError) as error:
                raise InputError(f"table {self.name}, column {column.name}: expected {column.dtype}: {error}") from None
        frame = pd.DataFrame(columns)
        self.check(frame)
        return frame

    def check(self, frame: pd.DataFrame) -> None:
        """Refuse a frame that is not this table.

        Raises
        ------
        InputError
            If columns are missing, strange or in another order; a dtype is another; text is missing; or two rows have
            one key.
        """
        self._check_names(frame.columns)
        if tuple(frame.columns) != self.names:
            raise InputError(f"table {self.name}: expected the columns in the order {', '.join(self.names)}")
        for column in self.columns:
            values = frame[column.name]
            if str(values.dtype) != _DTYPES[column.dtype]:
                raise InputError(
                    f"table {self.name}, column {column.name}: expected {column.dtype}, got {values.dtype}"
                )
            if column.dtype == "string" and values.isna().any():
                row = int(np.flatnonzero(values.isna())[0])
                raise InputError(f"table {self.name}, column {column.name}: row {row} has no text; empty text is ''")
        if self.key and frame.duplicated(list(self.key)).any():
            first = frame[frame.duplicated(list(self.key))].iloc[0]
            twice = ", ".join(f"{name}={first[name]}" for name in self.key)
            raise InputError(f"table {self.name}: two rows have the same key ({twice})")

    def _check_names(self, names: Iterable[str]) -> None:
        names = list(names)
        missing = [name for name in self.names if name not in names]
        strange = [name for name in names if name not in self.names]
        if missing or strange:
            raise InputError(
                f"table {self.name}: lacks the columns {', '.join(missing) or 'none'}, "
                f"has the unknown columns {', '.join(strange) or 'none'}"
            )
