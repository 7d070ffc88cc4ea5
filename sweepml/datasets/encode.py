"""From canonical tables to the kernel's arrays and to pandas, and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError
from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL, Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.columns import LABEL_BY_KIND
from sweepml.origins.registry import AUTO
from sweepml.schema.connection import MISSING, PROTOCOL_BY_NAME, protocol_label
from sweepml.schema.outcome import Outcome

_OPTIONAL = ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")
_KIND_BY_LABEL = {SWEEP_LABEL: "sweep", OTHER_ATTACK_LABEL: "other_attack", 0: ""}


def table_to_connections(table: pa.Table | pa.RecordBatch, hosts: HostTable) -> Connections:
    """Return a canonical table as arrays, its addresses encoded into `hosts`.

    Parameters
    ----------
    table
        Columns of `CONNECTION_COLUMNS`, of which ``identity`` may be absent; addresses in canonical text,
        dictionary-encoded or not.
    hosts
        Takes new hosts; each distinct address is looked up once.

    Returns
    -------
    Connections
        Rows in the table's order. `label` says what the log's own label says.

    Raises
    ------
    InputError
        If a column is absent or an address is none.
    """
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    absent = [name for name in TABLE_SCHEMA.names if name not in table.column_names and name != "identity"]
    if absent:
        raise InputError(f"expected the canonical connection columns, but there is no {', '.join(absent)}")
    numbers = {name: table.column(name).to_numpy() for name in table.column_names if name in ("ts_us", *_OPTIONAL)}
    service = table.column("protocol").to_numpy().astype(np.uint32) << np.uint32(16)
    service |= table.column("dst_port").to_numpy().astype(np.uint32)
    identity = np.empty(0, np.int32)
    if "identity" in table.column_names:
        identity = _looked_up(table.column("identity"), lambda name: _identity_code(name, hosts), np.int32)
    return Connections(
        ts_us=numbers["ts_us"].astype(np.int64, copy=False),
        source=_looked_up(table.column("src"), hosts.encode, np.int32),
        destination=_looked_up(table.column("dst"), hosts.encode, np.int32),
        service=service,
        outcome=table.column("outcome").to_numpy().astype(np.uint8, copy=False),
        **{name: numbers[name].astype(np.int64, copy=False) for name in _OPTIONAL},
        label=_looked_up(table.column("label"), lambda kind: LABEL_BY_KIND.get(kind, 0), np.uint8),
        identity=identity,
    )


def connections_to_frame(connections: Connections, hosts: HostTable) -> pd.DataFrame:
    """Return connections as a frame that people can read.

    Returns
    -------
    DataFrame
        ``ts`` (datetime, UTC), ``src``, ``dst``, ``protocol``, ``outcome``, ``label`` (categories),
        ``dst_port``, ``duration_s`` (float, NaN where missing), ``orig_bytes``, ``resp_bytes``,
        ``orig_packets``, ``resp_packets`` (Int64, NA where missing), ``identity`` (category, empty where the record
        names none); one row per connection, in order.
    """
    names = pd.Index(hosts.names, dtype="str")
    protocol = connections.service >> np.uint32(16)
    counts = {name: _with_missing(getattr(connections, name)) for name in _OPTIONAL if name != "duration_us"}
    duration_s = np.where(connections.duration_us == MISSING, np.nan, connections.duration_us / 1e6)
    return pd.DataFrame(
        {
            "ts": pd.to_datetime(connections.ts_us, unit="us", utc=True),
            "src": _categories(connections.source, names),
            "dst": _categories(connections.destination, names),
            "protocol": _named(protocol, protocol_label),
            "dst_port": (connections.service & np.uint32(0xFFFF)).astype(np.uint16),
            "outcome": _named(connections.outcome, lambda code: Outcome(code).label),
            "duration_s": duration_s,
            **counts,
            "label": _named(connections.label, _KIND_BY_LABEL.__getitem__),
            "identity": _named(connections.identity, lambda code: hosts.name(code) if code >= 0 else ""),
        }
    )


def frame_to_connections(frame: pd.DataFrame, hosts: HostTable) -> Connections:
    """Return a frame made by `connections_to_frame`, or of the same columns, as arrays.

    Only ``ts``, ``src``, ``dst``, ``protocol`` and ``dst_port`` are needed; what else is absent is missing.

    Raises
    ------
    InputError
        If a needed column is absent, or a value is none of its kind.
    """
    absent = [name for name in ("ts", "src", "dst", "protocol", "dst_port") if name not in frame]
    if absent:
        raise InputError(f"expected the columns of connections_to_frame, but there is no {', '.join(absent)}")
    ts = pd.to_datetime(frame["ts"], utc=True).astype("datetime64[us, UTC]")
    duration_s = frame.get("duration_s", pd.Series(np.nan, frame.index)).astype(float)
    counts: dict[str, Any] = {
        name: np.asarray(frame.get(name, pd.Series(MISSING, frame.index)).fillna(MISSING), np.int64)
        for name in _OPTIONAL
        if name != "duration_us"
    }
    outcome = frame.get("outcome", pd.Series(Outcome.UNKNOWN.label, frame.index))
    protocol = _mapped(frame["protocol"], _protocol_number, np.uint32)
    return Connections(
        ts_us=np.asarray(ts.astype("int64"), np.int64),
        source=_mapped(frame["src"], hosts.encode, np.int32),
        destination=_mapped(frame["dst"], hosts.encode, np.int32),
        service=protocol << np.uint32(16) | frame["dst_port"].to_numpy(np.uint32),
        outcome=_mapped(outcome, _outcome_code, np.uint8),
        duration_us=np.rint(duration_s.fillna(MISSING / 1e6).to_numpy() * 1e6).astype(np.int64),
        orig_bytes=counts["orig_bytes"],
        resp_bytes=counts["resp_bytes"],
        orig_packets=counts["orig_packets"],
        resp_packets=counts["resp_packets"],
        label=_mapped(
            frame.get("label", pd.Series("", frame.index)), lambda kind: LABEL_BY_KIND.get(kind, 0), np.uint8
        ),
        identity=_mapped(
            frame.get("identity", pd.Series("", frame.index)), lambda name: _identity_code(name, hosts), np.int32
        ),
    )


def read_frame(path: str | os.PathLike[str], origin: str = AUTO) -> pd.DataFrame:
    """Read a whole log as a frame, see `connections_to_frame`; bad rows are left out with one warning."""
    hosts = HostTable()
    table = read_connections(path, origin).read_all()
    return connections_to_frame(table_to_connections(table, hosts), hosts)


def _identity_code(name: str, hosts: HostTable) -> int:
    return hosts.encode_identity(name) if name else -1


def _looked_up(column: pa.ChunkedArray, code: Callable[[str], int], dtype: type[np.integer]) -> NDArray[Any]:
    parts = []
    for chunk in column.chunks:
        encoded = chunk if isinstance(chunk, pa.DictionaryArray) else chunk.dictionary_encode()
        indices = encoded.indices.to_numpy()
        # A slice keeps its whole dictionary: look up only what it refers to.
        used = np.zeros(len(encoded.dictionary), bool)
        used[indices] = True
        texts = encoded.dictionary.take(pa.array(np.flatnonzero(used))).to_pylist()
        table = np.zeros(len(used), dtype)
        table[used] = np.fromiter((code(text) for text in texts), dtype, len(texts))
        parts.append(table[indices])
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _with_missing(values: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values.copy(), values == MISSING)


def _categories(codes: NDArray[np.int32], names: pd.Index) -> pd.Categorical:
    used, index = np.unique(codes, return_inverse=True)
    return pd.Categorical.from_codes(index, names[used])


def _named(codes: NDArray[Any], name: Callable[[int], str]) -> pd.Categorical:
    used, index = np.unique(codes, return_inverse=True)
    return pd.Categorical.from_codes(index, pd.Index([name(int(code)) for code in used], dtype="str"))


def _mapped(column: pd.Series, code: Callable[[Any], int], dtype: type[np.integer]) -> NDArray[Any]:
    index, texts = pd.factorize(column)
    if (index < 0).any():
        raise InputError(f"column {column.name!r} has empty values, at row {int(np.argmin(index))} for example")
    return np.fromiter((code(text) for text in texts), dtype, len(texts))[index]


def _protocol_number(value: object) -> int:
    text = str(value).lower()
    if text in PROTOCOL_BY_NAME:
        return PROTOCOL_BY_NAME[text]
    if text.isascii() and text.isdigit() and int(text) <= 255:
        return int(text)
    raise InputError(f"expected a protocol such as tcp or 6, got {value!r}")


def _outcome_code(value: object) -> int:
    for outcome in Outcome:
        if value in (outcome.label, int(outcome)):
            return int(outcome)
    raise InputError(f"expected an outcome ({', '.join(o.label for o in Outcome)}), got {value!r}")
