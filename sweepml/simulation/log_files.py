"""Batches of the canonical columns as a log file: Parquet, or a Zeek conn.log.

A file appears under its name when it is complete; until then it stands beside it as ``<name>.draft``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.errors import ConfigError
from sweepml.graph.hosts import mix_bits
from sweepml.schema.connection import MISSING
from sweepml.schema.connection import Protocol as Transport
from sweepml.schema.outcome import Outcome
from sweepml.simulation.zeek_log import zeek_header

LOG_SUFFIXES: Final = (".parquet", ".log", ".log.gz")
"""What the name of a log that is written may end in."""

STATES: Final = {
    Outcome.ANSWERED: "SF",
    Outcome.REFUSED: "REJ",
    Outcome.BLOCKED: "REJ",  # Zeek has no state for a device that rejects on the way
    Outcome.UNANSWERED: "S0",
    Outcome.UNKNOWN: "OTH",
}
"""Outcome -> the conn_state that stands for it."""

_EPHEMERAL_FIRST: Final = 32_768
_EPHEMERAL_COUNT: Final = 28_232
"""Linux' default range of source ports: 32768 to 60999."""

_KNOWN: Final = frozenset(int(protocol) for protocol in Transport)
_US_DIGITS: Final = 6
_ZSTD: Final = "zstd"


class LogWriter(Protocol):
    """Takes batches of the canonical columns, in the order in which they shall stand in the log."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch."""

    def close(self) -> None:
        """Write what is still held back."""


@contextmanager
def open_log(path: str | os.PathLike[str]) -> Iterator[LogWriter]:
    """Open a log for writing; its name decides the format.

    ``.parquet`` is the canonical table, ``.log`` a Zeek conn.log, ``.log.gz`` the same compressed. The folder is
    made if it is not there. Where the block ends with an error nothing is left under the name.

    Raises
    ------
    ConfigError
        If the name ends in something else.
    """
    final = check_log_name(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(final.name + ".draft")
    writer: LogWriter = (
        _ParquetLog(draft) if final.suffix == ".parquet" else _ZeekLog(draft, compressed=final.suffix == ".gz")
    )
    try:
        yield writer
    except BaseException:
        writer.close()
        draft.unlink(missing_ok=True)
        raise
    writer.close()
    draft.replace(final)


def check_log_name(path: str | os.PathLike[str]) -> Path:
    """Return the path if a log can have this name.

    Raises
    ------
    ConfigError
        If it does not end in one of `LOG_SUFFIXES`.
    """
    if not os.fspath(path).endswith(LOG_SUFFIXES):
        raise ConfigError(f"a log to write ends in {' or '.join(LOG_SUFFIXES)}, got {os.fspath(path)!r}")
    return Path(path)


class _ParquetLog:
    def __init__(self, path: Path) -> None:
        # Without statistics: those of text columns hold the strings of every row group until the end.
        self._writer = pq.ParquetWriter(path, TABLE_SCHEMA, compression=_ZSTD, write_statistics=False)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _ZeekLog:
    def __init__(self, path: Path, *, compressed: bool) -> None:
        self._file = pa.output_stream(str(path), compression="gzip" if compressed else None)
        self._file.write(zeek_header().encode("ascii"))
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        pyarrow.csv.write_csv(
            _zeek_columns(batch, self._rows),
            self._file,
            pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"),
        )
        self._rows += batch.num_rows

    def close(self) -> None:
        self._file.close()


def _zeek_columns(batch: pa.RecordBatch, first_row: int) -> pa.Table:
    """Return a batch in Zeek's columns, all of them text or integers."""
    protocol = batch.column("protocol").to_numpy()
    port = batch.column("dst_port").to_numpy()
    number = np.arange(first_row, first_row + batch.num_rows, dtype=np.uint64)
    ephemeral = (mix_bits(number) % np.uint64(_EPHEMERAL_COUNT) + np.uint64(_EPHEMERAL_FIRST)).astype(np.uint16)
    # Zeek writes the ICMP type where the source port would be, and the code as destination port.
    icmp = (protocol == Transport.ICMP) | (protocol == Transport.ICMP6)
    outcome = batch.column("outcome").to_numpy()
    packets = [batch.column(name).to_numpy() for name in ("orig_packets", "resp_packets")]
    # Zeek leaves duration and sizes of a single packet unset; where the record has them all the same they are kept.
    lone = packets[0] + packets[1] == 1
    columns = {
        "ts": _seconds(batch.column("ts_us").to_numpy()),
        "uid": pc.binary_join_element_wise("C", pa.array(number).cast(pa.string()), ""),
        "orig_h": batch.column("src").cast(pa.string()),
        "orig_p": pa.array(np.where(icmp, port, ephemeral)),
        "resp_h": batch.column("dst").cast(pa.string()),
        "resp_p": pa.array(np.where(icmp, 0, port)),
        "proto": _named(protocol, _zeek_protocol),
        "duration": _seconds(_without_zeros(batch, "duration_us", lone)),
        "orig_bytes": _counts(_without_zeros(batch, "orig_bytes", lone)),
        "resp_bytes": _counts(_without_zeros(batch, "resp_bytes", lone)),
        "state": _named(np.where(icmp, np.uint8(Outcome.UNKNOWN), outcome), lambda code: STATES[Outcome(code)]),
        "orig_pkts": _counts(packets[0]),
        "resp_pkts": _counts(packets[1]),
    }
    return pa.table(columns)


def _zeek_protocol(number: int) -> str:
    if number == Transport.ICMP6:  # Zeek calls both versions by one name; the addresses tell them apart
        return Transport.ICMP.label
    return Transport(number).label if number in _KNOWN else "unknown_transport"


def _seconds(values_us: NDArray[np.int64]) -> pa.Array:
    """Return microseconds as decimal seconds; a missing value as unset."""
    missing = values_us < 0
    whole, rest = np.divmod(np.where(missing, 0, values_us), 1_000_000)
    digits = np.empty((len(rest), _US_DIGITS), np.uint8)
    for place in range(_US_DIGITS - 1, -1, -1):
        rest, digits[:, place] = np.divmod(rest, 10)
    digits += ord("0")
    offsets = np.arange(0, digits.size + 1, _US_DIGITS, dtype=np.int32)
    fraction = pa.StringArray.from_buffers(len(rest), pa.py_buffer(offsets), pa.py_buffer(digits))
    texts = pc.binary_join_element_wise(pa.array(whole).cast(pa.string()), fraction, ".")
    return _unset(texts, missing)


def _without_zeros(batch: pa.RecordBatch, name: str, where: NDArray[np.bool_]) -> NDArray[np.int64]:
    values = batch.column(name).to_numpy()
    return np.where(where & (values == 0), MISSING, values)


def _counts(values: NDArray[np.int64]) -> pa.Array:
    return _unset(pa.array(values).cast(pa.string()), values < 0)


def _unset(texts: pa.Array, mask: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(mask), "-", texts) if mask.any() else texts


def _named(codes: NDArray[np.uint8], name: Callable[[int], str]) -> pa.Array:
    table = np.zeros(256, np.int32)
    used = np.unique(codes)
    table[used] = np.arange(len(used))
    return pa.array([name(int(code)) for code in used]).take(pa.array(table[codes]))
