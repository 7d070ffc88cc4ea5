"""Which features made the parts of an ensemble suspicious."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import FeatureScaling

_TINY = float(np.finfo(np.float32).tiny)
"""Below every sum of strengths that is none."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a part adds to the log-odds, divided among the features by their strength in that part.

    Attributes
    ----------
    scaling
        Of the features, fitted on rows without sweeps.
    part_weights
        float64, shape (parts, features): how much each feature matters to each part on the whole.

    Notes
    -----
    A feature's strength is its contribution, where the part says what it is; else its weight in the part times how far
    it lies from what is ordinary, in scales. A part that finds a row ordinary, or less than that, blames nobody. Own
    definition.
    """

    scaling: FeatureScaling
    part_weights: NDArray[np.float64]

    def apply(
        self, values: NDArray[np.float32], terms: NDArray[np.float64], own: list[NDArray[np.float32] | None]
    ) -> NDArray[np.float32]:
        """Return what each feature adds to the score, float32, shape (n, features), not negative.

        Parameters
        ----------
        values
            float32, shape (n, features).
        terms
            float64, shape (n, parts): what each part adds to the log-odds.
        own
            Each part's own contributions, float32, shape (n, features), None of one that has none.
        """
        z, _ = self.scaling.apply(values)
        total = np.zeros(values.shape)
        for term, weight, said in zip(terms.T, self.part_weights, own, strict=True):
            strength = np.abs(z) * weight if said is None else said.astype(np.float64)
            share = strength / np.maximum(strength.sum(axis=1, keepdims=True), _TINY)
            total += share * np.maximum(term, 0.0)[:, None]
        return total.astype(np.float32)

    def nodes(self, graph: GraphBuilder, values: str, terms: list[str], own: list[str | None]) -> str:
        """Add the same to a graph.

        Parameters
        ----------
        values, terms, own
            Names of the same arrays; each part's term is a float64 (n, 1).

        Returns
        -------
        str
            Name of a float32 (n, features).
        """
        z, _ = self.scaling.nodes(graph, values)
        distance, zero, tiny = graph.node("Abs", z), graph.constant(np.array(0.0)), graph.constant(np.array(_TINY))
        added = []
        for term, weight, said in zip(terms, self.part_weights, own, strict=True):
            strength = (
                graph.node("Mul", distance, graph.constant(weight[None, :])) if said is None else graph.to_float64(said)
            )
            share = graph.node("Div", strength, graph.node("Max", graph.row_sum(strength), tiny))
            added.append(graph.node("Mul", share, graph.node("Max", term, zero)))
        return graph.to_float32(graph.node("Sum", *added))
