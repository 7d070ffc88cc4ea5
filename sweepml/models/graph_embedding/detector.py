"""A graph neural network over the edges of each row, with a head on its features and their mean message."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.features.edges import EDGES_PER_ROW, RowEdges
from sweepml.models.base import PLACE, Detector, TrainingRows, check_values
from sweepml.models.dense import Perceptron
from sweepml.models.graph_embedding.anomaly import NormalCloud
from sweepml.models.graph_embedding.batches import EdgeScale, GraphNetwork, GraphRows
from sweepml.models.graph_embedding.embedding import EdgeEmbedding
from sweepml.models.graph_embedding.objectives import LabelObjective, LinkObjective
from sweepml.models.graph_embedding.stages import AnomalyHead, Head, HeadInputs, LabelHead, without_marks
from sweepml.models.normal_rows import BENIGN, TRAIN_ON, normal_share
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.params import ABOVE_ZERO, check_choice, check_numbers
from sweepml.models.scaling import UNBOUNDED, FeatureScaling
from sweepml.models.tail import TailCalibration
from sweepml.models.training.checkpoint import Checkpoints, run_key
from sweepml.models.training.device import AUTO, DEVICES, choose_device
from sweepml.models.training.holdout import grouped_holdout
from sweepml.models.training.loop import Settings, train
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.edge_catalogue import EDGE_NAMES

SUPERVISED: Final = "supervised"
SELF_SUPERVISED: Final = "self_supervised"
OBJECTIVES: Final = (SUPERVISED, SELF_SUPERVISED)

_HELD_OUT: Final = 0.2
"""Share of the rows, whole groups of them, for early stopping and for tail probabilities."""

_ODD: Final = 0.05
"""Share of the normal rows, the oddest of them, from which feature weights are taken."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    inputs: HeadInputs
    head: Head


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows to fit on or rows held out, with how much each counts, summing to 1."""

    rows: TrainingRows
    share: NDArray[np.float64]

    def take(self, mask: NDArray[np.bool_]) -> _Part:
        return _Part(self.rows.take(mask), self.share[mask] / self.share[mask].sum())


@dataclass
class GraphEmbedding(Detector):
    """Messages from the ends of a source's edges, and a head on them and on the source's features.

    Parameters
    ----------
    objective
        ``supervised``: log-odds learned from labels. ``self_supervised``: messages learned by telling real edges from
        edges with another destination, and a score that says how far a row lies from normal ones.
    message_passing
        False leaves the edges out: the same head on the features alone.
    message
        Length of a message.
    hidden
        Width of the supervised head's hidden layer.
    hidden_share
        Share of the features that is hidden from the supervised head in each step, in [0, 1).
    train_on
        Of the self-supervised objective. ``benign``: rows known to hold no sweep; ``all``: every row, labelled or not.
    epochs, patience, batch_size, learning_rate
        See `Settings`.
    device
        ``auto``, ``cpu`` or ``cuda``; where to train.
    checkpoint_dir
        Folder from which an interrupted fit goes on; None keeps nothing.
    """

    name: ClassVar[str] = "graph_embedding"

    objective: str = SUPERVISED
    message_passing: bool = True
    message: int = 16
    hidden: int = 32
    hidden_share: float = 0.2
    train_on: str = BENIGN
    epochs: int = 30
    patience: int = 6
    batch_size: int = 512
    learning_rate: float = 2e-3
    device: str = field(default=AUTO, metadata=PLACE)
    checkpoint_dir: str | None = field(default=None, metadata=PLACE)
    fitted_: _Fitted | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_choice(self, "objective", OBJECTIVES)
        if not isinstance(self.message_passing, bool):
            raise ConfigError(f"{self.name}: message_passing must be true or false, got {self.message_passing!r}")
        check_choice(self, "train_on", TRAIN_ON)
        check_choice(self, "device", DEVICES)
        check_numbers(
            self,
            {
                "message": (1, np.inf),
                "hidden": (1, np.inf),
                "hidden_share": (0, float(np.nextafter(1.0, 0.0))),
                "epochs": (1, np.inf),
                "patience": (1, np.inf),
                "batch_size": (1, np.inf),
                "learning_rate": (ABOVE_ZERO, np.inf),
            },
        )

    @property
    def supervised(self) -> bool:  # type: ignore[override]  # one class, since only the objective differs
        """Whether the objective needs labels."""
        return self.objective == SUPERVISED

    @property
    def edges_per_row(self) -> int:
        """Edges of each row that the model reads at most."""
        return EDGES_PER_ROW if self.message_passing else 0

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit, a fifth of the groups held out.

        Raises
        ------
        InputError
            If there are no edges, no rows to learn from, or training diverges.
        ConfigError
            If the device is not there, or a checkpoint cannot be read.
        """
        check_values(rows.values)
        self._check_edges(len(rows.values), rows.edges)
        whole = self._usable(rows if self.message_passing else replace(rows, edges=None))
        held = grouped_holdout(whole.rows.groups(), whole.share, _HELD_OUT, np.random.default_rng(seed))
        if held.all():  # a single row cannot be divided
            held = np.zeros(len(held), bool)
        fitting = whole.take(~held)
        validation = whole.take(held) if held.any() else fitting
        scaling = FeatureScaling.fit(fitting.rows.values, fitting.share, UNBOUNDED)
        embedding, network = self._train(scaling, fitting, validation, seed)
        inputs = HeadInputs(scaling, embedding)
        head = LabelHead(Perceptron.of(network.head)) if self.supervised else _anomaly_head(inputs, fitting, validation)
        self.fitted_ = _Fitted(inputs, head)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return raw scores, float32, shape (n,); only without message passing, see `score_rows`."""
        return self.score_rows(values, None)

    def score_rows(self, values: NDArray[np.float32], edges: RowEdges | None) -> NDArray[np.float32]:
        """Return log-odds of the supervised objective, nats of the self-supervised one, float32, shape (n,).

        Raises
        ------
        InputError
            If there are no edges.
        """
        check_values(values)
        done = self._fitted()
        if not len(values):
            return np.empty(0, np.float32)
        self._check_edges(len(values), edges)
        return done.head.score(done.inputs.apply(values, edges))

    def to_onnx(self) -> onnx.ModelProto:
        """Return scaling, messages and head as one graph."""
        done = self._fitted()
        graph = GraphBuilder()
        return graph.model(done.head.nodes(graph, done.inputs.nodes(graph)))

    def feature_weights(self) -> NDArray[np.float64]:
        """Return each feature's share of what the head makes of the features, shape (features,)."""
        size = self._fitted().head.weights()
        total = size.sum()
        return size / total if total > 0 else np.full(len(size), 1 / len(size))

    def _usable(self, rows: TrainingRows) -> _Part:
        if self.supervised:
            rows = rows.labelled("graph embedding")
            weights = rows.weights
        else:
            weights = normal_share(rows, self.train_on)
        return _Part(rows, weights).take(weights > 0)

    def _train(
        self, scaling: FeatureScaling, fitting: _Part, validation: _Part, seed: int
    ) -> tuple[EdgeEmbedding | None, GraphNetwork]:
        device = choose_device(self.device)
        message = self.message if self.message_passing else 0
        rng = torch.Generator().manual_seed(seed)
        network = GraphNetwork(2 * len(FEATURE_NAMES), len(EDGE_NAMES), message, self.hidden, rng).to(device)
        edge_scale = EdgeScale.fit(fitting.rows.edges or RowEdges.none(0))

        def tensors(part: _Part) -> GraphRows:
            return GraphRows.of(part.rows, part.share, scaling, edge_scale, device)

        objective: LabelObjective | LinkObjective
        if self.supervised:
            objective = LabelObjective(network, tensors(fitting), tensors(validation), self.hidden_share)
        elif self.message_passing:
            objective = LinkObjective(network, tensors(fitting), tensors(validation), seed)
        else:
            return None, network  # nothing to learn: the head is fitted to the features as they are
        arrays: list[NDArray[Any]] = [fitting.rows.values, fitting.share, fitting.rows.labels, validation.rows.values]
        if fitting.rows.edges is not None:
            arrays.append(fitting.rows.edges.values)
        key = run_key(self.name, self.params(), seed, *arrays)
        settings = Settings(self.epochs, self.patience, self.batch_size, self.learning_rate)
        train(objective, settings, seed, Checkpoints(self.checkpoint_dir, key))
        if network.encoder is None:
            return None, network
        return EdgeEmbedding.of(Perceptron.of(network.encoder), edge_scale.center, edge_scale.scale), network

    def _check_edges(self, rows: int, edges: RowEdges | None) -> None:
        if self.message_passing and (edges is None or len(edges) != rows):
            raise InputError(
                f"{self.name} reads the edges of each row: expected those of {rows} rows, got "
                f"{'none' if edges is None else len(edges)}; make the rows with edges_per_row={EDGES_PER_ROW}"
            )

    def _fitted(self) -> _Fitted:
        if self.fitted_ is None:
            raise self.not_fitted()
        return self.fitted_


def _anomaly_head(inputs: HeadInputs, fitting: _Part, validation: _Part) -> AnomalyHead:
    """Fit the cloud on the rows that were fitted on, its tail on those that were not."""
    x = without_marks(inputs.apply(fitting.rows.values, fitting.rows.edges))
    cloud = NormalCloud.fit(x, fitting.share)
    held = without_marks(inputs.apply(validation.rows.values, validation.rows.edges))
    statistic = cloud.statistic(held)
    odd = held[statistic >= np.quantile(statistic, 1.0 - _ODD)]
    weights = cloud.parts(odd).sum(axis=0)[: len(FEATURE_NAMES)]
    return AnomalyHead(cloud, TailCalibration.fit(statistic, validation.share), weights)
