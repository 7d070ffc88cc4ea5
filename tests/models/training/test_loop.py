"""The training loop: early stopping, and interruptions that leave no trace in the weights."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sweepml.errors import InputError
from sweepml.models.dense import new_perceptron
from sweepml.models.training.checkpoint import Checkpoints
from sweepml.models.training.loop import Settings, Trained, train

SETTINGS = Settings(epochs=8, patience=8, batch_size=32, learning_rate=0.01)
X = torch.randn(200, 5, generator=torch.Generator().manual_seed(1))
Y = X.sum(dim=1, keepdim=True).tanh()
KEPT = slice(150, 200)


class Regression:
    """Learns tanh(sum(x)) from noisy rows; `stop_at` interrupts that step, as Ctrl-C would."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.network: nn.Module = new_perceptron([5, 16, 1], torch.Generator().manual_seed(0))
        self._stop_at = stop_at
        self._steps = 0

    def epoch_rows(self, epoch: int, rng: torch.Generator) -> Tensor:
        return torch.randperm(150, generator=rng)

    def loss(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        if self._steps == self._stop_at:
            raise KeyboardInterrupt
        self._steps += 1
        noise = 0.1 * torch.randn(len(rows), 5, generator=rng)
        return ((self.network(X[rows] + noise) - Y[rows]) ** 2).mean()

    def held_out_loss(self) -> float:
        with torch.no_grad():
            return float(((self.network(X[KEPT]) - Y[KEPT]) ** 2).mean())


def weights(objective: Regression) -> bytes:
    return b"".join(value.numpy().tobytes() for value in objective.network.state_dict().values())


def trained(folder: Path | None, settings: Settings = SETTINGS, seed: int = 0) -> tuple[bytes, Trained]:
    objective = Regression()
    done = train(objective, settings, seed, Checkpoints(None if folder is None else str(folder), "run"))
    return weights(objective), done


@pytest.mark.parametrize("stop_at", [0, 3, 5, 22, 39])
def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path, stop_at: int) -> None:
    """Five steps an epoch: within the first epoch, between two, in the middle, in the last step of all."""
    whole, told = trained(None)
    with pytest.raises(KeyboardInterrupt):
        train(Regression(stop_at), SETTINGS, 0, Checkpoints(str(tmp_path), "run"))
    resumed, told_again = trained(tmp_path)
    assert resumed == whole, "byte for byte"
    assert told_again == told, "with the whole curve"
    assert len(told.loss) == len(told.held_out_loss) == 8


def test_a_training_that_was_over_is_not_begun_again(tmp_path: Path) -> None:
    first = trained(tmp_path)
    objective = Regression(stop_at=0)
    done = train(objective, SETTINGS, 0, Checkpoints(str(tmp_path), "run"))
    assert (weights(objective), done) == first


def test_the_same_seed_gives_the_same_weights_and_another_one_does_not() -> None:
    assert trained(None) == trained(None)
    assert trained(None)[0] != trained(None, seed=1)[0]


def test_training_stops_when_nothing_gets_better_and_leaves_the_best_weights() -> None:
    class Worsening(Regression):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[bytes] = []

        def held_out_loss(self) -> float:
            self.seen.append(weights(self))
            return [5.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0][len(self.seen) - 1]

    objective = Worsening()
    done = train(objective, Settings(8, 3, 32, 0.01), 0, Checkpoints(None, "run"))
    assert done.best_epoch == 2
    assert done.held_out_loss == (5.0, 3.0, 4.0, 4.0, 4.0)
    assert weights(objective) == objective.seen[1]


def test_training_that_diverges_is_refused() -> None:
    with pytest.raises(InputError, match=r"training diverged: the held-out loss is .*; lower learning_rate"):
        trained(None, Settings(8, 8, 32, 1e30))
