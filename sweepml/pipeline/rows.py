"""Captures -> labelled feature rows, the training table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connections import Connections

_PUSH_ROWS: Final = 500_000
"""Records pushed at once: bounds memory and does not change a bit of the result."""

Unit = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Feature rows of several captures with their labels; arrays have shape (n,) or (n, ...).

    Attributes
    ----------
    units
        (capture, source) of every unit that occurs.
    unit
        int32, place in `units` of each row.
    features
        Features, windows and times. `FeatureRows.source` holds codes of each capture's own host table.
    y
        int8: 1 sweep, 0 none, -1 unlabelled.
    """

    units: tuple[Unit, ...]
    unit: NDArray[np.int32]
    features: FeatureRows
    y: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> LabelledRows:
        """Return the rows that an index or mask picks; units keep their numbers."""
        return LabelledRows(self.units, self.unit[index], self.features.take(index), self.y[index])

    def of_captures(self, names: Collection[str]) -> LabelledRows:
        """Return the rows of some captures, with their units alone."""
        kept = [place for place, (capture, _) in enumerate(self.units) if capture in names]
        number = np.full(len(self.units), -1, np.int32)
        number[kept] = np.arange(len(kept), dtype=np.int32)
        rows = self.take(number[self.unit] >= 0)
        return replace(rows, units=tuple(self.units[place] for place in kept), unit=number[rows.unit])

    @classmethod
    def concat(cls, parts: Sequence[LabelledRows]) -> LabelledRows:
        """Return the rows of all parts, in order. The same unit in two parts stays one unit."""
        place: dict[Unit, int] = {}
        unit = []
        for part in parts:
            mapping = np.array([place.setdefault(u, len(place)) for u in part.units], np.int32)
            unit.append(mapping[part.unit] if len(part) else part.unit)
        return cls(
            tuple(place),
            np.concatenate(unit),
            FeatureRows.concat([part.features for part in parts]),
            np.concatenate([part.y for part in parts]),
        )


def feature_rows(connections: Connections, stream: FeatureStream) -> FeatureRows:
    """Push connections through a stream and return all rows, those of the windows left open included."""
    parts = [
        stream.push(connections.take(slice(start, start + _PUSH_ROWS)))
        for start in range(0, len(connections), _PUSH_ROWS)
    ]
    return FeatureRows.concat([*parts, stream.flush()])


def labelled_rows(
    capture: Capture,
    plan: FeaturePlan,
    positive_dst_count: int,
    connections: Connections | None = None,
) -> LabelledRows:
    """Compute the training rows of a capture.

    Parameters
    ----------
    capture
        With labels in its connections.
    plan
        Windows and gates.
    positive_dst_count
        Targets of a sweep from which a row is positive; below, but above zero, it is unlabelled.
    connections
        A varied copy of the capture's connections to use in their place.
    """
    stream = FeatureStream(plan, capture.hosts)
    features = feature_rows(capture.connections if connections is None else connections, stream)
    codes, unit = np.unique(features.source, return_inverse=True)
    units = tuple((capture.name, capture.hosts.name(code)) for code in codes.tolist())
    return LabelledRows(
        units, unit.astype(np.int32), features, row_labels(features.sweep_dst_count, positive_dst_count)
    )


def row_labels(sweep_dst_count: NDArray[np.int32], positive_dst_count: int) -> NDArray[np.int8]:
    """Return 1 where enough targets of a sweep were contacted, -1 where some, 0 where none; int8, shape (n,).

    >>> row_labels(np.array([0, 1, 4, 5]), 5)
    array([ 0, -1, -1,  1], dtype=int8)
    """
    labels = np.where(sweep_dst_count >= positive_dst_count, 1, np.where(sweep_dst_count > 0, -1, 0))
    return labels.astype(np.int8)


def thinned(rows: LabelledRows, limit: int) -> LabelledRows:
    """Return at most `limit` rows of each source, horizon and label, evenly over time and in their order.

    Windows overlap: ten thousand rows of one source say little more than a hundred, and cost a hundred times as much.

    Raises
    ------
    ConfigError
        If the limit is below 1.
    """
    if limit < 1:
        raise ConfigError(f"rows_per_source must be at least 1, got {limit}")
    features = rows.features
    order = np.lexsort((features.as_of_us, rows.y, features.length_s, rows.unit))
    keys = np.stack([rows.unit, features.length_s, rows.y])[:, order]
    first = np.flatnonzero(np.r_[True, (np.diff(keys) != 0).any(axis=0)][: len(order)])
    count = np.diff(np.r_[first, len(order)])
    place = np.arange(len(order)) - np.repeat(first, count)
    kept, of = np.minimum(count, limit).repeat(count), count.repeat(count)
    # Of n rows the i-th is kept where the share of rows to be kept passes a whole number.
    keep = (place + 1) * kept // of > place * kept // of
    return rows.take(np.sort(order[keep]))


def balanced_weights(y: NDArray[np.int8], group: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return how much each row counts in training.

    Sweeps and the rest weigh the same together. Within each, a group of sources weighs as the square root of
    its rows: between one vote a row, where the longest sweep decides, and one vote a group, where a source
    seen once counts as much as one watched for a day.

    Parameters
    ----------
    y
        int8, shape (n,): 1, 0 or -1; unlabelled rows weigh nothing.
    group
        Shape (n,): rows that tell one story.

    Returns
    -------
    ndarray of float64, shape (n,)
        Mean 1 over the labelled rows.
    """
    weights = np.zeros(len(y))
    for label in (0, 1):
        rows = y == label
        if rows.any():
            _, place, counts = np.unique(group[rows], return_inverse=True, return_counts=True)
            weight = 1.0 / np.sqrt(counts[place])
            weights[rows] = weight / weight.sum()
    known = y >= 0
    if known.any():
        weights[known] *= np.count_nonzero(known) / weights[known].sum()
    return weights
