"""A multilayer perceptron: how it begins in torch, and what is left of it once it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sweepml.models.onnx_graph import GraphBuilder


def new_perceptron(widths: Sequence[int], rng: torch.Generator) -> nn.Sequential:
    """Return linear layers with rectifiers between them.

    Parameters
    ----------
    widths
        Of input, hidden layers and output.
    rng
        Draws the weights (He et al. 2015, eq. 14). torch's own generator is the process's: folds that are trained side
        by side would draw from it in any order.
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layer = nn.Linear(fan_in, fan_out, device="meta").to_empty(device="cpu")
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=rng)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@dataclass(frozen=True, slots=True)
class Perceptron:
    """Linear layers with rectifiers between them, in float64.

    Attributes
    ----------
    weights, biases
        float64, shapes (in, out) and (out,) of each layer.

    Notes
    -----
    Trained in float32 and served in float64, on both sides: results then do not depend on the batch or the library, up
    to a rounding that a float32 score does not show. Networks of this size lose nothing by it.
    """

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]

    @classmethod
    def of(cls, network: nn.Sequential) -> Perceptron:
        """Return what was trained."""
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        return cls(
            tuple(layer.weight.detach().cpu().numpy().T.astype(np.float64) for layer in linear),
            tuple(layer.bias.detach().cpu().numpy().astype(np.float64) for layer in linear),
        )

    def apply(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the last layer's output, float64, shape (n, out)."""
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weight + bias
            x = x if i == last else np.maximum(x, 0.0)
        return x

    def nodes(self, graph: GraphBuilder, x: str) -> str:
        """Add the same to a graph; `x` names a float64 (n, in)."""
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = graph.node("Gemm", x, graph.constant(weight), graph.constant(bias))
            x = x if i == last else graph.node("Relu", x)
        return x
