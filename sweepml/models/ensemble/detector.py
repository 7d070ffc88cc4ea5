"""A stacked ensemble: several models, and a logistic regression of what they say of rows that they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnx
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.models.base import Detector, TrainingRows, check_values
from sweepml.models.ensemble.combiner import NonNegativeLogistic
from sweepml.models.ensemble.reasons import Attribution
from sweepml.models.normal_rows import BENIGN, normal_rows
from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.params import ABOVE_ZERO, check_numbers
from sweepml.models.registry import make_model
from sweepml.models.scaling import UNBOUNDED, FeatureScaling
from sweepml.models.training.folds import deal_folds
from sweepml.schema.manifest import INPUT_NAME

DEFAULT_PARTS: Final = ("gradient_boosting", "logistic_regression", "autoencoder")


@dataclass(frozen=True, slots=True)
class _Fitted:
    parts: tuple[Detector, ...]
    combiner: NonNegativeLogistic
    attribution: Attribution


@dataclass
class Ensemble(Detector):
    """Models that are wrong in different ways, weighed by how right they were on rows held out of them.

    Parameters
    ----------
    parts
        Registry names, at least two different ones. Models that need more than a row's features are refused.
    part_params
        Part -> constructor parameters; its own defaults where it is not named.
    folds
        Into so many folds the groups of rows are dealt, at least 2; each is scored by parts fitted on the others, and
        the combiner is fitted on those scores. Fewer where fewer groups have a sweep.
    strength
        Inverse of the penalty on the combiner's weights, above 0.

    Notes
    -----
    Scores are log-odds. The parts of the detector are fitted on all rows. Fitting costs ``folds + 1`` times what its
    parts cost.
    """

    name: ClassVar[str] = "ensemble"
    supervised: ClassVar[bool] = True

    parts: Sequence[str] = field(default_factory=lambda: list(DEFAULT_PARTS))
    part_params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folds: int = 3
    strength: float = 1.0
    fitted_: _Fitted | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_numbers(self, {"folds": (2, np.inf), "strength": (ABOVE_ZERO, np.inf)})
        names = list(self.parts)
        if len(names) < 2 or len(set(names)) < len(names) or self.name in names:
            raise ConfigError(f"ensemble: parts must be two or more different models, none an ensemble, got {names}")
        if strange := sorted(set(self.part_params) - set(names)):
            raise ConfigError(f"ensemble: part_params are for {strange[0]}, which is none of the parts {names}")
        for part in self._new_parts():
            if part.edges_per_row:
                raise ConfigError(f"ensemble: {part.name} needs the edges of a window, and a part gets features only")

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit the parts on each fold's others and the combiner on what they say, then the parts on everything.

        Raises
        ------
        InputError
            If rows of one class are missing, or all sweeps are of one group; or a part cannot be fitted.
        """
        check_values(rows.values)
        known = rows.labelled(self.name)
        fold = deal_folds(rows.groups(), rows.labels, self.folds, np.random.default_rng(seed))
        if not fold.any():
            raise InputError("an ensemble needs sweeps of at least two groups of sources: one to fit on, one to score")
        raw = np.empty((len(fold), len(self.parts)), np.float32)
        for number in range(int(fold.max()) + 1):
            here = fold == number
            raw[here] = _scores(self._fit_parts(rows.take(~here), seed), rows.values[here])
        combiner = NonNegativeLogistic.fit(raw[rows.labels >= 0], known.labels, known.weights, self.strength)
        parts = self._fit_parts(rows, seed)
        normal = normal_rows(rows, BENIGN)
        attribution = Attribution(
            FeatureScaling.fit(normal.values, normal.share, UNBOUNDED),
            np.stack([part.feature_weights() for part in parts]),
        )
        self.fitted_ = _Fitted(parts, combiner, attribution)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log-odds, float32, shape (n,)."""
        check_values(values)
        done = self._fitted()
        return done.combiner.apply(_scores(done.parts, values))

    def contributions(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each feature's part in what the parts add to the log-odds, float32, shape (n, features)."""
        check_values(values)
        done = self._fitted()
        terms = done.combiner.terms(_scores(done.parts, values))
        return done.attribution.apply(values, terms, [part.contributions(values) for part in done.parts])

    def to_onnx(self) -> onnx.ModelProto:
        """Return the parts, the combiner and the contributions as one graph."""
        done = self._fitted()
        graph = GraphBuilder()
        included = [graph.include(part.to_onnx(), f"{part.name}_") for part in done.parts]
        raw = graph.node("Concat", *(score for score, _ in included), axis=1)
        log_odds, terms = done.combiner.nodes(graph, raw)
        each = [
            graph.node("Gather", terms, graph.constant(np.array([number])), axis=1) for number in range(len(included))
        ]
        said = [contribution for _, contribution in included]
        return graph.model(log_odds, done.attribution.nodes(graph, INPUT_NAME, each, said))

    def feature_weights(self) -> NDArray[np.float64]:
        """Return the parts' feature weights, each part by its weight in the combiner, shape (features,)."""
        done = self._fitted()
        weight = done.combiner.weight
        share = weight / weight.sum() if weight.sum() > 0 else np.full(len(weight), 1 / len(weight))
        return share @ done.attribution.part_weights

    def params(self) -> dict[str, Any]:
        """Return the constructor parameters, with all parameters of each part."""
        return super().params() | {"part_params": {part.name: part.params() for part in self._new_parts()}}

    def _new_parts(self) -> list[Detector]:
        return [make_model(name, self.part_params.get(name, {})) for name in self.parts]

    def _fit_parts(self, rows: TrainingRows, seed: int) -> tuple[Detector, ...]:
        return tuple(part.fit(rows, seed) for part in self._new_parts())

    def _fitted(self) -> _Fitted:
        if self.fitted_ is None:
            raise self.not_fitted()
        return self.fitted_


def _scores(parts: Sequence[Detector], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the parts' raw scores, float32, shape (n, parts)."""
    return np.column_stack([part.score(values) for part in parts])
