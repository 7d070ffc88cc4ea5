"""Records that nobody recorded, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.simulation.addresses import Addresses

SIZE_COLUMNS: Final = ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")
"""What says how large a connection was; columns of `Records.sizes`, named as in the canonical table."""


@dataclass(frozen=True, slots=True)
class Records:
    """Connections with addresses in full; every array has n rows.

    Attributes
    ----------
    ts_us
        int64, start in microseconds since 1970 UTC.
    src, dst
        Who contacted whom.
    service
        uint32, ``protocol << 16 | port``.
    outcome
        uint8, `Outcome`.
    sizes
        int64, shape (n, 5), columns `SIZE_COLUMNS`; `MISSING` where the record does not say.
    """

    ts_us: NDArray[np.int64]
    src: Addresses
    dst: Addresses
    service: NDArray[np.uint32]
    outcome: NDArray[np.uint8]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ts_us)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Records:
        """Return the rows that an index, mask or slice picks."""
        return Records(
            self.ts_us[index],
            self.src.take(index),
            self.dst.take(index),
            self.service[index],
            self.outcome[index],
            self.sizes[index],
        )

    def in_time_order(self) -> Records:
        """Return the rows by start; equal starts keep their order."""
        return self.take(np.argsort(self.ts_us, kind="stable"))

    def to_batch(self) -> pa.RecordBatch:
        """Return the rows in the canonical columns, without labels and identities."""
        nothing = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(self), np.int32)), pa.array([""]))
        columns = {
            "ts_us": pa.array(self.ts_us),
            "src": self.src.to_arrow(),
            "dst": self.dst.to_arrow(),
            "protocol": pa.array((self.service >> np.uint32(16)).astype(np.uint8)),
            "dst_port": pa.array(self.service.astype(np.uint16)),
            "outcome": pa.array(self.outcome),
            **{name: pa.array(self.sizes[:, i]) for i, name in enumerate(SIZE_COLUMNS)},
            "label": nothing,
            "identity": nothing,
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in TABLE_SCHEMA.names], schema=TABLE_SCHEMA)

    @classmethod
    def concat(cls, parts: Sequence[Records]) -> Records:
        """Return the rows of all parts, in order; without parts none."""
        if not parts:
            none = np.empty(0, np.uint64)
            return cls(
                np.empty(0, np.int64),
                Addresses(none, none),
                Addresses(none, none),
                np.empty(0, np.uint32),
                np.empty(0, np.uint8),
                np.empty((0, len(SIZE_COLUMNS)), np.int64),
            )
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.ts_us for part in parts]),
            Addresses.concat([part.src for part in parts]),
            Addresses.concat([part.dst for part in parts]),
            np.concatenate([part.service for part in parts]),
            np.concatenate([part.outcome for part in parts]),
            np.concatenate([part.sizes for part in parts]),
        )
