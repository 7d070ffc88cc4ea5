"""Rows with planted sweeps, and rows made to hurt."""

import numpy as np
from numpy.typing import NDArray

from sweepml.features.edges import RowEdges
from sweepml.models.base import TrainingRows
from sweepml.pipeline.rows import LabelledRows
from sweepml.schema.edge_catalogue import EDGE_CATALOGUE, EDGE_NAMES
from tests.contract.pool import pool

SWEEP_FEATURES = ("first_failed_ratio", "top_port_dst_ratio", "dst_evenness_ratio", "new_edge_ratio")
"""What planted sweeps have more of: the sum of these alone tells most of them."""


def planted_rows(count: int = 600, seed: int = 0, *, strangers: bool = False) -> TrainingRows:
    """Return rows of which a third are sweeps and a tenth unlabelled, of half of the pool's sources.

    Sources with many rows are drawn from less often, a row. `strangers` are of the other half: of sources that no model
    has met that was fitted on rows without it.
    """
    rng = np.random.default_rng(seed)
    rows = pool()
    rows = rows.take(rows.unit % 2 == int(strangers))
    sweeps = count // 3
    picked = np.concatenate([_drawn(rows, label, size, rng) for label, size in ((1, sweeps), (0, count - sweeps))])
    rows = rows.take(rng.permutation(picked))
    labels = np.where(np.arange(count) % 10 == 9, -1, rows.y).astype(np.int8)
    known = (labels >= 0).astype(np.float64)
    return TrainingRows(rows.features.values, labels, known, rows.unit.astype(np.int64), rows.features.edges)


def _drawn(rows: LabelledRows, label: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    here = np.flatnonzero(rows.y == label)
    _, place, sizes = np.unique(rows.unit[here], return_inverse=True, return_counts=True)
    chance = 1.0 / np.sqrt(sizes[place])
    return rng.choice(here, count, replace=False, p=chance / chance.sum())


def hostile_edges(rows: int, seed: int = 1) -> RowEdges:
    """Return the edges of rows of which most have a few, some none, and a few hubs thousands, with extreme values."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, rows)
    counts[rng.integers(rows, size=4)] = 20_000
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values = rng.random((int(indptr[-1]), len(EDGE_NAMES))).astype(np.float32)
    values[:, [spec.high is None for spec in EDGE_CATALOGUE]] *= 20
    odd = np.array([0.0, 1.0, np.finfo(np.float32).tiny], np.float32)
    use = rng.random(values.shape) < 0.3
    values[use] = rng.choice(odd, values.shape)[use]
    return RowEdges(indptr, values)


def hostile_rows(
    values: NDArray[np.float32], thresholds: NDArray[np.float32], count: int = 10_000, seed: int = 1
) -> NDArray[np.float32]:
    """Return rows that a serving side gets wrong first.

    Parameters
    ----------
    values
        float32, shape (m, features): rows to mutate.
    thresholds
        float32, shape (features, k): values at which the model's decision changes, NaN where there are fewer.
    count
        Rows to make.
    seed
        Of the local random generator.

    Returns
    -------
    ndarray of float32, shape (count, features)
        Each cell is taken from the rows, or is a threshold or a float32 neighbour of one, zero of either
        sign, a float32 extreme, or NaN.
    """
    rng = np.random.default_rng(seed)
    out = values[rng.integers(len(values), size=count)].copy()
    features = values.shape[1]
    column = np.broadcast_to(np.arange(features), out.shape)
    if thresholds.shape[1]:
        exact = thresholds[column, rng.integers(thresholds.shape[1], size=out.shape)]
        towards = rng.choice(np.array([-np.inf, 0.0, np.inf], np.float32), out.shape)
        near = np.where(towards == 0, exact, np.nextafter(exact, towards))
        use = (rng.random(out.shape) < 0.5) & np.isfinite(exact)
        out[use] = near[use]
    largest = np.finfo(np.float32).max
    odd = np.array([0.0, -0.0, largest, -largest, np.finfo(np.float32).tiny, np.nan, np.nan, np.nan], np.float32)
    use = rng.random(out.shape) < 0.15
    out[use] = rng.choice(odd, out.shape)[use]
    return out
