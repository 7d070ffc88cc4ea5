"""The feature table: feature rows as Parquet, with what is needed to know where they come from."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sweepml.errors import InputError, InputMissingError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.graph.hosts import HostTable
from sweepml.schema.catalogue import FEATURE_NAMES, SCHEMA_HASH

TABLE_COLUMNS: Final = ("capture", "source", "start_us", "end_us", "as_of_us", "length_s")
"""What a row is about; the catalogue's columns follow."""

FEATURE_TABLE_SCHEMA: Final = pa.schema(
    [
        ("capture", pa.string()),
        ("source", pa.string()),
        ("start_us", pa.int64()),
        ("end_us", pa.int64()),
        ("as_of_us", pa.int64()),
        ("length_s", pa.int32()),
        *((name, pa.float32()) for name in FEATURE_NAMES),
    ]
)

_KEY: Final = "sweepml."
_GROUP_ROWS: Final = 1 << 16
"""Rows of a row group: what a writer holds in memory. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A log file: its name as it was given and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InputStamp:
    """What became of one capture.

    Attributes
    ----------
    capture
        Its name.
    files
        In arrival order.
    origin
        Log format that was asked for.
    connections, rejected, rows
        Records read, lines left out, feature rows made.
    """

    capture: str
    files: tuple[FileStamp, ...]
    origin: str
    connections: int = 0
    rejected: int = 0
    rows: int = 0

    @property
    def identity(self) -> tuple[str, tuple[FileStamp, ...], str]:
        """What decides the rows."""
        return self.capture, self.files, self.origin


@dataclass(frozen=True, slots=True)
class TableStamp:
    """Everything that decides what is in a feature table; it stands in the file's key-value metadata.

    Attributes
    ----------
    inputs
        The captures, in the order of their rows.
    feature_plan
        The plan as plain JSON values.
    version, git_commit
        Of sweepml.
    feature_schema
        Hash of the catalogue.
    """

    inputs: tuple[InputStamp, ...]
    feature_plan: Mapping[str, Any]
    version: str
    git_commit: str
    feature_schema: str = field(default=SCHEMA_HASH)

    def is_same_as(self, other: TableStamp | None) -> bool:
        """Return whether the other file was made of the same inputs in the same way."""
        return other is not None and self._identity() == other._identity()

    def _identity(self) -> tuple[object, ...]:
        inputs = tuple(one.identity for one in self.inputs)
        return inputs, self.feature_plan, self.version, self.git_commit, self.feature_schema

    def to_metadata(self) -> dict[str, str]:
        """Return the key-value metadata: text by key, structures as JSON."""
        return {
            f"{_KEY}feature_schema": self.feature_schema,
            f"{_KEY}feature_plan": json.dumps(self.feature_plan),
            f"{_KEY}version": self.version,
            f"{_KEY}git_commit": self.git_commit,
            f"{_KEY}inputs": json.dumps([asdict(one) for one in self.inputs]),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[bytes, bytes]) -> TableStamp | None:
        """Return the stamp in a file's metadata, None where there is none."""
        try:
            text = {name: metadata[f"{_KEY}{name}".encode()].decode() for name in cls.__slots__}
            inputs = tuple(
                InputStamp(**(one | {"files": tuple(FileStamp(**file) for file in one["files"])}))
                for one in json.loads(text["inputs"])
            )
            plan = json.loads(text["feature_plan"])
        except (KeyError, TypeError, ValueError):
            return None
        return cls(inputs, plan, text["version"], text["git_commit"], text["feature_schema"])


def plan_facts(plan: FeaturePlan) -> dict[str, Any]:
    """Return a plan as what JSON would give back."""
    facts: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return facts


def read_stamp(path: str | os.PathLike[str]) -> TableStamp | None:
    """Return the stamp of a feature table; None if there is no such file, or it is damaged or no feature table."""
    try:
        return TableStamp.from_metadata(pq.read_metadata(path).metadata or {})
    except (OSError, pa.ArrowException):
        return None


def read_features(path: str | os.PathLike[str]) -> pa.Table:
    """Read a whole feature table.

    Raises
    ------
    InputMissingError
        If there is no such file.
    InputError
        If it is no feature table, or one of another feature schema.
    """
    stamp = read_stamp(path)
    if stamp is None:
        if not Path(path).exists():
            raise InputMissingError(f"{path}: no such file")
        raise InputError(f"{path}: is no feature table; make one with: sweepml features input=LOG output={path}")
    if stamp.feature_schema != SCHEMA_HASH:
        raise InputError(
            f"{path}: holds features of schema {stamp.feature_schema}, this sweepml makes {SCHEMA_HASH}; "
            "make the table again"
        )
    return pq.read_table(path)


def table_of_rows(rows: FeatureRows, hosts: HostTable, capture: str) -> pa.Table:
    """Return feature rows as a table of `FEATURE_TABLE_SCHEMA`."""
    code, place = np.unique(rows.source, return_inverse=True)
    names = pa.array([hosts.name(one) for one in code.tolist()], pa.string())
    columns = [
        pa.array([capture], pa.string()).take(pa.array(np.zeros(len(rows), np.int32))),
        names.take(pa.array(place)),
        *(pa.array(getattr(rows, name)) for name in TABLE_COLUMNS[2:]),
        *(pa.array(column) for column in np.ascontiguousarray(rows.values.T)),
    ]
    return pa.Table.from_arrays(columns, schema=FEATURE_TABLE_SCHEMA)


class FeatureTableWriter:
    """Writes a feature table so that it is there whole or not at all.

    Parameters
    ----------
    path
        Where to; what stands there is replaced when `finish` is called, and left alone otherwise.

    Notes
    -----
    Holds at most one row group in memory, which has the same size however the rows come: the same rows give the same
    bytes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.rows = 0
        self._draft = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}.draft")
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._writer = pq.ParquetWriter(self._draft, FEATURE_TABLE_SCHEMA, compression="zstd")

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self.rows += table.num_rows
        self._held.append(table)
        self._held_rows += table.num_rows
        while self._held_rows >= _GROUP_ROWS:
            self._write_group(_GROUP_ROWS)

    def finish(self, stamp: TableStamp) -> None:
        """Write what is held and the metadata, and put the file in its place."""
        if self._held_rows or not self.rows:
            self._write_group(self._held_rows)
        self._writer.add_key_value_metadata(stamp.to_metadata())
        self._writer.close()
        self._draft.replace(self.path)

    def __enter__(self) -> FeatureTableWriter:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the draft of a file that was not finished."""
        self._writer.close()
        self._draft.unlink(missing_ok=True)

    def _write_group(self, rows: int) -> None:
        held = pa.concat_tables(self._held) if self._held else FEATURE_TABLE_SCHEMA.empty_table()
        self._writer.write_table(held.slice(0, rows).combine_chunks(), row_group_size=_GROUP_ROWS)
        rest = held.slice(rows)
        self._held, self._held_rows = ([rest] if rest.num_rows else []), rest.num_rows
