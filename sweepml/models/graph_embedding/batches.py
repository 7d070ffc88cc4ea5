"""Rows with their edges as tensors, and the network that reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sweepml.features.edges import RowEdges
from sweepml.graph.grouping import ranges
from sweepml.models.base import TrainingRows
from sweepml.models.dense import new_perceptron
from sweepml.models.graph_embedding.embedding import LARGEST_MESSAGE
from sweepml.models.scaling import FeatureScaling
from sweepml.schema.edge_catalogue import EDGE_NAMES


@dataclass(frozen=True, slots=True)
class EdgeScale:
    """Mean and standard deviation of each edge column, 1 for a constant one; float64, shape (columns,)."""

    center: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, edges: RowEdges) -> EdgeScale:
        """Fit to all edges of some rows."""
        if not len(edges.values):
            return cls(np.zeros(len(EDGE_NAMES)), np.ones(len(EDGE_NAMES)))
        # Column by column: a capture has millions of edges, and a copy of them all in float64 takes gigabytes.
        center = np.array([column.mean(dtype=np.float64) for column in edges.values.T])
        deviation = np.array([column.std(dtype=np.float64) for column in edges.values.T])
        return cls(center, np.where(deviation > 0, deviation, 1.0))

    def apply(self, edges: RowEdges) -> NDArray[np.float32]:
        """Return scaled edges, shape (edges, columns)."""
        scaled: NDArray[np.float32] = edges.values - self.center.astype(np.float32)
        scaled /= self.scale.astype(np.float32)
        return scaled


@dataclass(frozen=True, slots=True)
class GraphRows:
    """Rows to train on.

    Attributes
    ----------
    x
        float32, shape (n, 2 features), on the network's device: scaled features, and 1 where there is one.
    share
        float64, shape (n,), on the processor, summing to 1: how much each row counts.
    target
        float32, shape (n,), on the network's device: 1 for a sweep.
    edges
        float32, shape (edges, columns), on the network's device, scaled; none where no messages are passed.
    indptr
        int64, shape (n + 1,): see `RowEdges`.
    """

    x: Tensor
    share: Tensor
    target: Tensor
    edges: Tensor
    indptr: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        rows: TrainingRows,
        share: NDArray[np.float64],
        scaling: FeatureScaling,
        edges: EdgeScale,
        device: torch.device,
    ) -> GraphRows:
        """Return rows as tensors, scaled; `share` sums to 1."""
        x = np.hstack(scaling.apply(rows.values)).astype(np.float32)
        given = RowEdges.none(len(x)) if rows.edges is None else rows.edges
        return cls(
            torch.from_numpy(x).to(device),
            torch.from_numpy(share),
            torch.from_numpy((rows.labels == 1).astype(np.float32)).to(device),
            torch.from_numpy(edges.apply(given)).to(device),
            given.indptr,
        )

    def edges_of(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the place among `rows` to which each edge belongs, and the edges, of some rows in order."""
        picked = rows.numpy()
        begin = self.indptr.take(picked)
        place, edge = ranges(begin, self.indptr.take(picked + 1) - begin)
        device = self.edges.device
        return torch.from_numpy(place).to(device), self.edges[torch.from_numpy(edge).to(device)]


class GraphNetwork(nn.Module):
    """Messages of the edges, and a head on a row's features and the mean of its messages.

    Parameters
    ----------
    features, columns, message, hidden
        Widths: of the features with their marks, of an edge, of a message (0 passes none), of the head's hidden layer.
    rng
        Draws the weights.

    Attributes
    ----------
    encoder
        Columns of an edge -> message, before it is clipped; None without messages.
    head
        Features, marks and mean message -> log-odds.
    link
        Message -> log-odds that the edge is a real one, for the self-supervised objective.
    """

    def __init__(self, features: int, columns: int, message: int, hidden: int, rng: torch.Generator) -> None:
        super().__init__()
        self.encoder = new_perceptron([columns, message, message], rng) if message else None
        self.head = new_perceptron([features + message, hidden, 1], rng)
        self.link = new_perceptron([message, 1], rng) if message else None

    def messages(self, edges: Tensor) -> Tensor:
        """Return the messages of edges, shape (edges, message)."""
        assert self.encoder is not None  # callers ask only where messages are passed
        made: Tensor = self.encoder(edges).clamp(0.0, LARGEST_MESSAGE)
        return made

    def log_odds(self, x: Tensor, place: Tensor, edges: Tensor) -> Tensor:
        """Return the head's log-odds of rows, shape (n,), whose edges belong to the places given."""
        if self.encoder is not None:
            x = torch.cat([x, mean_by_place(self.messages(edges), place, len(x))], dim=1)
        odds: Tensor = self.head(x)[:, 0]
        return odds


def mean_by_place(messages: Tensor, place: Tensor, count: int) -> Tensor:
    """Return the mean message of each of `count` places, 0 without any."""
    total = messages.new_zeros(count, messages.shape[1]).index_add(0, place, messages)
    return total / torch.bincount(place, minlength=count).clamp(min=1)[:, None]
