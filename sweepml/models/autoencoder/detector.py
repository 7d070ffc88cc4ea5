"""An autoencoder of normal traffic: what it cannot reconstruct is odd."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from sweepml.models.autoencoder.objective import DenoisingObjective, ScaledRows
from sweepml.models.autoencoder.reconstruction import Reconstruction
from sweepml.models.base import PLACE, Detector, TrainingRows, check_values
from sweepml.models.dense import Perceptron, new_perceptron
from sweepml.models.normal_rows import BENIGN, TRAIN_ON, NormalRows, normal_rows
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.params import ABOVE_ZERO, check_choice, check_numbers
from sweepml.models.scaling import UNBOUNDED, FeatureScaling
from sweepml.models.tail import TailCalibration
from sweepml.models.training.checkpoint import Checkpoints, run_key
from sweepml.models.training.device import AUTO, DEVICES, choose_device
from sweepml.models.training.holdout import grouped_holdout
from sweepml.models.training.loop import Settings, Trained, train
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import INPUT_NAME

_HELD_OUT: Final = 0.2
"""Share of the normal rows, whole groups of them, for early stopping and for tail probabilities."""

_LEAST_USUAL: Final = 0.05
"""Smallest usual squared error of a feature, in squared scales: one that normal rows leave constant is otherwise an
alarm at the first digit that differs. Chosen, not tuned."""

_ODD: Final = 0.05
"""Share of the normal rows, the oddest of them, from which feature weights are taken."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    reconstruction: Reconstruction
    tail: TailCalibration
    weights: NDArray[np.float64]
    training: Trained


@dataclass
class Autoencoder(Detector):
    """How badly a row of features is reconstructed by a network that has learned normal ones.

    Parameters
    ----------
    hidden, code
        Width of the hidden layers, and of the narrow one between them.
    hidden_share
        Share of the values that are hidden from the network in each step, in [0, 1).
    trim_share
        Share of the rows left out of each epoch, those with the largest error, in [0, 1). Above 0 for training data
        that may hold sweeps.
    train_on
        ``benign``: rows known to hold no sweep; ``all``: every row, labelled or not.
    epochs, patience, batch_size, learning_rate
        See `Settings`.
    device
        ``auto``, ``cpu`` or ``cuda``; where to train.
    checkpoint_dir
        Folder from which an interrupted fit goes on; None keeps nothing.

    Notes
    -----
    Scores are nats: minus the logarithm of the probability that a normal row is reconstructed as badly. A feature's
    contribution is its part in the error.
    """

    name: ClassVar[str] = "autoencoder"
    supervised: ClassVar[bool] = False

    hidden: int = 64
    code: int = 12
    hidden_share: float = 0.1
    trim_share: float = 0.0
    train_on: str = BENIGN
    epochs: int = 40
    patience: int = 6
    batch_size: int = 512
    learning_rate: float = 2e-3
    device: str = field(default=AUTO, metadata=PLACE)
    checkpoint_dir: str | None = field(default=None, metadata=PLACE)
    fitted_: _Fitted | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        below_one = float(np.nextafter(1.0, 0.0))
        check_numbers(
            self,
            {
                "hidden": (1, np.inf),
                "code": (1, np.inf),
                "hidden_share": (0, below_one),
                "trim_share": (0, below_one),
                "epochs": (1, np.inf),
                "patience": (1, np.inf),
                "batch_size": (1, np.inf),
                "learning_rate": (ABOVE_ZERO, np.inf),
            },
        )
        check_choice(self, "train_on", TRAIN_ON)
        check_choice(self, "device", DEVICES)

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit on normal rows, a fifth of whose groups is held out.

        Raises
        ------
        InputError
            If there are none, or training diverges.
        ConfigError
            If the device is not there, or a checkpoint cannot be read.
        """
        check_values(rows.values)
        normal = normal_rows(rows, self.train_on)
        held = grouped_holdout(normal.group, normal.share, _HELD_OUT, np.random.default_rng(seed))
        if held.all():  # a single row cannot be divided
            held = np.zeros(len(held), bool)
        fitting = _part(normal, ~held)
        validation = _part(normal, held) if held.any() else fitting
        scaling = FeatureScaling.fit(fitting.values, fitting.share, UNBOUNDED)
        network, training = self._train(scaling, fitting, validation, seed)
        self.fitted_ = self._finish(Reconstruction(scaling, network, np.ones(len(FEATURE_NAMES))), validation, training)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return nats, float32, shape (n,)."""
        check_values(values)
        done = self._fitted()
        return done.tail.apply(done.reconstruction.statistic(values))

    def contributions(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each feature's part in the reconstruction error, float32, shape (n, features)."""
        check_values(values)
        return self._fitted().reconstruction.feature_errors(values).astype(np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        """Return scaling, network, error and tail probability as one graph."""
        done = self._fitted()
        graph = GraphBuilder()
        return graph.model(*done.reconstruction.nodes(graph, INPUT_NAME, done.tail))

    def feature_weights(self) -> NDArray[np.float64]:
        """Return each feature's share of the error of the oddest normal rows, shape (features,)."""
        return self._fitted().weights

    def learning_curves(self) -> dict[str, tuple[float, ...]]:
        """Return the loss and the held-out loss after each epoch."""
        done = self._fitted().training
        return {"loss": done.loss, "held_out_loss": done.held_out_loss}

    def _train(
        self, scaling: FeatureScaling, fitting: NormalRows, validation: NormalRows, seed: int
    ) -> tuple[Perceptron, Trained]:
        device = choose_device(self.device)
        features = len(FEATURE_NAMES)
        network = new_perceptron(
            [2 * features, self.hidden, self.code, self.hidden, features], torch.Generator().manual_seed(seed)
        ).to(device)

        def scaled(rows: NormalRows) -> ScaledRows:
            z, known = (torch.from_numpy(part.astype(np.float32)).to(device) for part in scaling.apply(rows.values))
            return ScaledRows(z, known, torch.from_numpy(rows.share))

        objective = DenoisingObjective(network, scaled(fitting), scaled(validation), self.hidden_share, self.trim_share)
        key = run_key(self.name, self.params(), seed, fitting.values, fitting.share, validation.values)
        settings = Settings(self.epochs, self.patience, self.batch_size, self.learning_rate)
        training = train(objective, settings, seed, Checkpoints(self.checkpoint_dir, key))
        return Perceptron.of(network), training

    def _finish(self, raw: Reconstruction, validation: NormalRows, training: Trained) -> _Fitted:
        """Measure what errors are usual, and how rare larger ones are, on rows that were not fitted on."""
        if self.trim_share > 0:
            statistic = raw.statistic(validation.values)
            validation = _part(validation, statistic <= np.quantile(statistic, 1.0 - self.trim_share))
        squared, known = raw.squared_errors(validation.values)
        weight = known * validation.share[:, None]
        mean = (squared * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
        done = Reconstruction(raw.scaling, raw.network, np.maximum(mean, _LEAST_USUAL))
        statistic = done.statistic(validation.values)
        errors = done.feature_errors(validation.values[statistic >= np.quantile(statistic, 1.0 - _ODD)]).sum(axis=0)
        weights = errors / errors.sum() if errors.sum() > 0 else np.full(len(errors), 1 / len(errors))
        return _Fitted(done, TailCalibration.fit(statistic, validation.share), weights, training)

    def _fitted(self) -> _Fitted:
        if self.fitted_ is None:
            raise self.not_fitted()
        return self.fitted_


def _part(rows: NormalRows, mask: NDArray[np.bool_]) -> NormalRows:
    share = rows.share[mask]
    return NormalRows(rows.values[mask], share / share.sum(), rows.group[mask])
