"""The training loop: gradient descent with early stopping and checkpoints."""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn

from sweepml.errors import InputError
from sweepml.models.training.checkpoint import Checkpoints

logger = logging.getLogger(__name__)

_BETTER: Final = 1e-3
"""Share by which the held-out loss must fall to count as better. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast to train.

    Attributes
    ----------
    epochs
        At most so many.
    patience
        Epochs without a better held-out loss after which training ends.
    batch_size
        Rows a step.
    learning_rate
        Of Adam (Kingma, Ba 2015).
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float


class Objective(Protocol):
    """What a network is to learn. Whatever is random is drawn from the generator that is passed in."""

    @property
    def network(self) -> nn.Module:
        """Return the network, which training changes."""

    def epoch_rows(self, epoch: int, rng: torch.Generator) -> Tensor:
        """Return the numbers of the rows to train on in this epoch, in order."""

    def loss(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        """Return the mean loss over some rows, with a gradient."""

    def held_out_loss(self) -> float:
        """Return the loss over the rows that are held out."""


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went.

    Attributes
    ----------
    best_epoch
        Counted from 1; its weights are the network's.
    loss, held_out_loss
        After each epoch: the mean loss of its steps, and that over the rows that are held out.
    """

    best_epoch: int
    loss: tuple[float, ...]
    held_out_loss: tuple[float, ...]


def train(objective: Objective, settings: Settings, seed: int, checkpoints: Checkpoints) -> Trained:
    """Train the objective's network in place, and leave it as it was in its best epoch.

    Deterministic by seed on one machine; a run that goes on from a checkpoint ends as if it had never stopped.
    Progress is logged at INFO. `torch.set_num_threads` is left to whoever calls.

    Raises
    ------
    InputError
        If the loss is not finite: the learning rate is too high, or the data are not.
    """
    network = objective.network
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    rng = torch.Generator().manual_seed(seed)
    progress: dict[str, Any] = {"epoch": 0, "best_epoch": 0, "best_loss": math.inf, "loss": [], "held_out": []}
    best = copy.deepcopy(network.state_dict())
    if (saved := checkpoints.load()) is not None:
        progress = saved["progress"]
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        rng.set_state(saved["rng"])
        best = saved["best"]
    while progress["epoch"] < settings.epochs and progress["epoch"] - progress["best_epoch"] < settings.patience:
        network.train()
        steps = []
        for rows in objective.epoch_rows(progress["epoch"], rng).split(settings.batch_size):
            optimizer.zero_grad()
            step_loss = objective.loss(rows, rng)
            step_loss.backward()
            optimizer.step()
            steps.append(step_loss.detach())
        network.eval()
        loss = objective.held_out_loss()
        if not math.isfinite(loss):
            raise InputError(f"training diverged: the held-out loss is {loss}; lower learning_rate")
        progress["epoch"] += 1
        progress["loss"].append(float(torch.stack(steps).mean()))
        progress["held_out"].append(loss)
        if loss < progress["best_loss"] * (1 - _BETTER):
            progress["best_loss"], progress["best_epoch"] = loss, progress["epoch"]
            best = copy.deepcopy(network.state_dict())
        logger.info("epoch %d: held-out loss %.5f, best %.5f", progress["epoch"], loss, progress["best_loss"])
        checkpoints.save(
            {
                "progress": progress,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "rng": rng.get_state(),
                "best": best,
            }
        )
    network.load_state_dict(best)
    network.eval()
    return Trained(progress["best_epoch"], tuple(progress["loss"]), tuple(progress["held_out"]))
