"""What the network learns: which rows are sweeps, or which edges are real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from sweepml.models.graph_embedding.batches import GraphNetwork, GraphRows
from sweepml.schema.edge_catalogue import EDGE_CATALOGUE

ROWS_PER_EPOCH: Final = 16_384
"""At most so many rows are drawn for an epoch: its cost then does not grow with the capture. Chosen, not tuned."""

_SMOOTHING: Final = 0.02
"""Share of doubt in every label (Szegedy et al. 2016, 7): without it the log-odds of rows that are plain grow for as
long as training lasts, and all probabilities worth a threshold crowd next to 1, where float32 cannot tell them apart.
Chosen, not tuned."""

_FEWEST_ROWS: Final = 4096
"""An epoch draws at least so many, some of them twice where there are fewer: a small capture would otherwise have too
few steps to learn anything before training ends. Chosen, not tuned."""

_DESTINATION: Final = [i for i, spec in enumerate(EDGE_CATALOGUE) if spec.family == "dst"]
"""Columns that say what others did at the destination of an edge."""

_HELD_OUT_ROWS: Final = 4096
"""Rows whose held-out loss is computed at once: bounds memory."""


@dataclass
class LabelObjective:
    """Cross entropy of smoothed labels, a part of the features hidden.

    Attributes
    ----------
    network
        To be trained.
    fitting, held_out
        Rows to train on, drawn by their share, and rows to stop by.
    hidden_share
        Share of the features hidden from the network, anew in each step: it must not lean on one of them.
    """

    network: GraphNetwork
    fitting: GraphRows
    held_out: GraphRows
    hidden_share: float

    def epoch_rows(self, epoch: int, rng: torch.Generator) -> Tensor:
        """Draw rows by their share."""
        return _drawn(self.fitting, rng)

    def loss(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        """Return the mean cross entropy of some rows."""
        x = self.fitting.x[rows]
        seen = (torch.rand((len(x), x.shape[1] // 2), generator=rng) >= self.hidden_share).to(x)
        odds = self.network.log_odds(x * seen.repeat(1, 2), *self.fitting.edges_of(rows))
        return cross_entropy(odds, _smoothed(self.fitting.target[rows]))

    def held_out_loss(self) -> float:
        """Return the cross entropy of the rows that are held out, by their share, nothing hidden."""
        total = 0.0
        with torch.no_grad():
            for rows in torch.arange(len(self.held_out.share)).split(_HELD_OUT_ROWS):
                odds = self.network.log_odds(self.held_out.x[rows], *self.held_out.edges_of(rows))
                losses = cross_entropy(odds, _smoothed(self.held_out.target[rows]), reduction="none")
                total += float((losses.cpu().double() * self.held_out.share[rows]).sum())
        return total


@dataclass
class LinkObjective:
    """Tell real edges from edges whose destination is another one's.

    Attributes
    ----------
    network
        To be trained: its encoder and its link.
    fitting, held_out
        Rows to train on, drawn by their share, and rows to stop by.
    seed
        Of the corruption of the held-out edges, the same in every epoch.
    """

    network: GraphNetwork
    fitting: GraphRows
    held_out: GraphRows
    seed: int

    def epoch_rows(self, epoch: int, rng: torch.Generator) -> Tensor:
        """Draw rows by their share."""
        return _drawn(self.fitting, rng)

    def loss(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        """Return the mean cross entropy of the edges of some rows, and of as many corrupted ones."""
        _, edges = self.fitting.edges_of(rows)
        return self._loss(edges, rng)

    def held_out_loss(self) -> float:
        """Return the same of the rows that are held out."""
        rng = torch.Generator().manual_seed(self.seed)
        rows = torch.arange(len(self.held_out.share))[:_HELD_OUT_ROWS]
        with torch.no_grad():
            return float(self._loss(self.held_out.edges_of(rows)[1], rng))

    def _loss(self, edges: Tensor, rng: torch.Generator) -> Tensor:
        assert self.network.link is not None  # without messages there are no links to learn
        other = edges[torch.randperm(len(edges), generator=rng).to(edges.device)]
        broken = edges.clone()
        broken[:, _DESTINATION] = other[:, _DESTINATION]
        odds = self.network.link(self.network.messages(torch.cat([edges, broken])))[:, 0]
        real = torch.cat([torch.ones(len(edges)), torch.zeros(len(edges))]).to(odds)
        return cross_entropy(odds, real)


def _smoothed(target: Tensor) -> Tensor:
    return target * (1 - _SMOOTHING) + _SMOOTHING / 2


def _drawn(rows: GraphRows, rng: torch.Generator) -> Tensor:
    count = min(max(len(rows.share), _FEWEST_ROWS), ROWS_PER_EPOCH)
    return torch.multinomial(rows.share, count, replacement=True, generator=rng)
