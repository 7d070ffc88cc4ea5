"""A trained embedding: from the edges of a row to the mean of their messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.edges import RowEdges
from sweepml.models.dense import Perceptron
from sweepml.models.onnx_graph import GraphBuilder

LARGEST_MESSAGE: Final = 16.0
"""Messages lie in [0, 16]."""

_UNITS: Final = 2.0**28
"""Messages are rounded to multiples of 2**-28 before they are summed. Sums of up to 2**21 edges are then exact in
float64, so that neither their order, nor the number of threads, nor what else is in the batch can change a digit."""


_BLOCK_EDGES: Final = 1 << 16
"""Edges whose messages are made at once, which bounds memory. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class EdgeEmbedding:
    """``m_r = mean over the edges e of row r of clip(perceptron(e), 0, 16)``.

    Attributes
    ----------
    encoder
        From the columns of an edge to its message.
    """

    encoder: Perceptron

    @classmethod
    def of(cls, encoder: Perceptron, center: NDArray[np.float64], scale: NDArray[np.float64]) -> EdgeEmbedding:
        """Return the embedding of an encoder that was trained on ``(columns - center) / scale``, both (columns,)."""
        first = encoder.weights[0] / scale[:, None]
        shifted = encoder.biases[0] - center @ first
        return cls(Perceptron((first, *encoder.weights[1:]), (shifted, *encoder.biases[1:])))

    @property
    def width(self) -> int:
        """Length of a message."""
        return len(self.encoder.biases[-1])

    def apply(self, edges: RowEdges) -> NDArray[np.float64]:
        """Return the mean message of each row, 0 of a row without edges; float64, shape (rows, width)."""
        running = np.zeros((len(edges.values) + 1, self.width))
        for begin in range(0, len(edges.values), _BLOCK_EDGES):
            block = edges.values[begin : begin + _BLOCK_EDGES].astype(np.float64)
            message = np.clip(self.encoder.apply(block), 0.0, LARGEST_MESSAGE)
            running[1 + begin : 1 + begin + len(block)] = np.rint(message * _UNITS)
        np.cumsum(running, axis=0, out=running)
        total = np.diff(running.take(edges.indptr, axis=0), axis=0)
        count = np.maximum(np.diff(edges.indptr), 1)[:, None]
        mean: NDArray[np.float64] = total / (count * _UNITS)
        return mean

    def nodes(self, graph: GraphBuilder, indptr: str, edges: str) -> str:
        """Add the same to a graph; return the name of a float64 (rows, width).

        Differences of a running sum, and no scatter: onnxruntime adds to one place from several threads at once, and
        loses what another has just added (measured: 121 of 150 runs on a graph with hubs).
        """
        first, second = graph.constant(np.array([0], np.int64)), graph.constant(np.array([1], np.int64))
        last, end = graph.constant(np.array([-1], np.int64)), graph.constant(np.array([np.iinfo(np.int64).max]))

        def differences(name: str) -> str:
            """Return each entry along the first axis minus the one before it."""
            return graph.node(
                "Sub", graph.node("Slice", name, second, end, first), graph.node("Slice", name, first, last, first)
            )

        message = self.encoder.nodes(graph, graph.to_float64(edges))
        message = graph.node("Clip", message, graph.constant(np.array(0.0)), graph.constant(np.array(LARGEST_MESSAGE)))
        units = graph.node("Round", graph.node("Mul", message, graph.constant(np.array(_UNITS))))
        nothing = graph.constant(np.zeros((1, self.width)))
        running = graph.node("CumSum", graph.node("Concat", nothing, units, axis=0), graph.constant(np.array(0)))
        total = differences(graph.node("Gather", running, indptr, axis=0))
        count = graph.node("Max", graph.to_float64(differences(indptr)), graph.constant(np.array(1.0)))
        divisor = graph.node("Mul", graph.node("Unsqueeze", count, second), graph.constant(np.array(_UNITS)))
        return graph.node("Div", total, divisor)
