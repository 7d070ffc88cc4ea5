"""Rows with planted sweeps, and rows made to hurt."""

import numpy as np
from numpy.typing import NDArray

from sweepml.features.edges import RowEdges
from sweepml.models.base import TrainingRows
from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES
from sweepml.schema.edge_catalogue import EDGE_CATALOGUE, EDGE_NAMES

SWEEP_FEATURES = ("dst_count", "top_port_dst_count", "edge_count")
"""What a planted sweep has more of."""

SWEEP_EDGES = ("is_unanswered", "own_port_edge_count_log2", "srv_fan_out_log2")
"""What the edges of a planted sweep have more of."""


def planted_rows(count: int = 600, seed: int = 0) -> TrainingRows:
    """Return rows of which a third are sweeps, a tenth unlabelled; values within each feature's range."""
    rng = np.random.default_rng(seed)
    values = rng.lognormal(1.0, 1.0, (count, len(FEATURE_NAMES)))
    labels = np.where(np.arange(count) % 3 == 0, 1, 0).astype(np.int8)
    for name in SWEEP_FEATURES:
        values[labels == 1, FEATURE_NAMES.index(name)] *= 20
    for column, spec in enumerate(CATALOGUE):
        if spec.high is not None:
            values[:, column] = spec.high * values[:, column] / values[:, column].max()
        if spec.missing is not None:
            values[rng.random(count) < 0.2, column] = np.nan
    edges = planted_edges(labels == 1, rng)
    labels[np.arange(count) % 10 == 9] = -1
    return TrainingRows(values.astype(np.float32), labels, (labels >= 0).astype(np.float64), edges=edges)


def planted_edges(sweeps: NDArray[np.bool_], rng: np.random.Generator) -> RowEdges:
    """Return five to twenty edges a row, within each column's range."""
    counts = rng.integers(5, 21, len(sweeps))
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values = rng.random((int(indptr[-1]), len(EDGE_NAMES))).astype(np.float32)
    in_sweep = np.repeat(sweeps, counts)
    for name in SWEEP_EDGES:
        values[in_sweep, EDGE_NAMES.index(name)] = 1.0
    values[:, [spec.high is None for spec in EDGE_CATALOGUE]] *= 6
    return RowEdges(indptr, values)


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
