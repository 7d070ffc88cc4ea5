"""What the autoencoder learns: to put right a normal row of which a part was taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

ROWS_PER_EPOCH: Final = 32_768
"""At most so many rows are drawn for an epoch: its cost then does not grow with the capture. Chosen, not tuned."""

_LEARN_FIRST: Final = 2
"""Epochs before rows are left out: an untrained network finds every row equally odd."""


@dataclass(frozen=True, slots=True)
class ScaledRows:
    """Rows as tensors.

    Attributes
    ----------
    z, known
        float32, shape (n, features), on the network's device: scaled values, and 1 where there is one.
    share
        float64, shape (n,), on the processor, summing to 1: how much each row counts.
    """

    z: Tensor
    known: Tensor
    share: Tensor


@dataclass
class DenoisingObjective:
    """Masked squared error of the reconstruction (Vincent et al. 2008).

    Attributes
    ----------
    network
        From (z, known), shape (n, 2 features), to z.
    fitting, held_out
        Rows to train on, drawn by their share, and rows to stop by.
    hidden_share
        Share of the values hidden from the network, anew in each step.
    trim_share
        Share of the rows drawn for an epoch that is left out of it, those with the largest error; see README.md.
    """

    network: nn.Module
    fitting: ScaledRows
    held_out: ScaledRows
    hidden_share: float
    trim_share: float

    def epoch_rows(self, epoch: int, rng: torch.Generator) -> Tensor:
        """Draw rows by their share; with trimming, leave out those that are reconstructed worst."""
        count = min(len(self.fitting.share), ROWS_PER_EPOCH)
        rows = torch.multinomial(self.fitting.share, count, replacement=True, generator=rng)
        if self.trim_share > 0 and epoch >= _LEARN_FIRST:
            with torch.no_grad():
                errors = self._row_errors(
                    self.fitting.z[rows], self.fitting.known[rows], self.fitting.z[rows], self.fitting.known[rows]
                ).cpu()
            rows = rows[errors <= torch.quantile(errors, 1.0 - self.trim_share)]
        return rows

    def loss(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        """Return the mean error of rows of which a part is hidden; what was hidden counts too."""
        z, known = self.fitting.z[rows], self.fitting.known[rows]
        seen = (torch.rand(z.shape, generator=rng) >= self.hidden_share).to(z)
        return self._row_errors(z, known, z * seen, known * seen).mean()

    def held_out_loss(self) -> float:
        """Return the mean error of rows that are held out, nothing hidden; with trimming, without the worst."""
        with torch.no_grad():
            errors = self._row_errors(self.held_out.z, self.held_out.known, self.held_out.z, self.held_out.known)
        errors = errors.cpu().double()
        kept = errors <= torch.quantile(errors, 1.0 - self.trim_share)
        return float((errors * self.held_out.share)[kept].sum() / self.held_out.share[kept].sum())

    def _row_errors(self, z: Tensor, known: Tensor, seen_z: Tensor, seen_known: Tensor) -> Tensor:
        made = self.network(torch.cat([seen_z, seen_known], dim=1))
        return ((z - made) ** 2 * known).sum(dim=1) / known.sum(dim=1).clamp(min=1.0)
