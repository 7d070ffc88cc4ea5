"""The ensemble beyond the contract: what its combiner sees, its reasons, and the parts that it refuses."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.models import registry
from sweepml.models.base import Detector, TrainingRows
from sweepml.models.ensemble.detector import Ensemble
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.contract.planted import planted_rows

QUICK: dict[str, Any] = {
    "parts": ["gradient_boosting", "logistic_regression"],
    "part_params": {"gradient_boosting": {"n_bags": 1, "max_iter": 10, "learning_rate": 0.3}},
    "folds": 2,
}


ROWS = planted_rows()
FRESH = planted_rows(300, seed=5, strangers=True).values


@dataclass
class Memory(Detector):
    """Knows the rows of the sources that it has seen sweep, and nothing else."""

    name: ClassVar[str] = "memory"
    supervised: ClassVar[bool] = True

    seen_: set[bytes] = field(default_factory=set, init=False)

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        sweeps = np.isin(rows.groups(), rows.groups()[rows.labels == 1])
        self.seen_ = {row.tobytes() for row in rows.values[sweeps]}
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array([row.tobytes() in self.seen_ for row in values], np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        raise NotImplementedError

    def feature_weights(self) -> NDArray[np.float64]:
        return np.full(len(FEATURE_NAMES), 1 / len(FEATURE_NAMES))


@dataclass
class Edged(Memory):
    """Looks at edges."""

    edges_per_row: ClassVar[int] = 8  # type: ignore[misc,assignment]


def test_a_part_that_only_remembers_gets_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MODELS", {**registry.MODELS, "memory": lambda: Memory})
    done = Ensemble(parts=["memory", "logistic_regression"], folds=3).fit(ROWS, 0)
    assert done.fitted_ is not None
    memory, regression = done.fitted_.combiner.weight
    assert memory == 0.0
    assert regression > 0.0


def test_contributions_are_what_the_suspicious_parts_add() -> None:
    done = Ensemble(**QUICK).fit(ROWS, 0)
    assert done.fitted_ is not None
    raw = np.column_stack([part.score(FRESH) for part in done.fitted_.parts])
    added = np.maximum(done.fitted_.combiner.terms(raw), 0.0).sum(axis=1)
    np.testing.assert_allclose(done.contributions(FRESH).sum(axis=1), added, rtol=1e-5, atol=1e-6)


def test_a_missing_value_contributes_nothing() -> None:
    done = Ensemble(parts=["gradient_boosting", "isolation_forest"], folds=2).fit(ROWS, 0)  # none has its own
    values = FRESH.copy()
    values[:, 3] = np.nan
    assert not done.contributions(values)[:, 3].any()


def test_params_name_those_of_every_part_and_no_place() -> None:
    model = Ensemble(part_params={"autoencoder": {"code": 3, "checkpoint_dir": "somewhere"}})
    said = model.params()["part_params"]
    assert set(said) == {"gradient_boosting", "logistic_regression", "autoencoder"}
    assert said["autoencoder"]["code"] == 3
    assert "checkpoint_dir" not in said["autoencoder"]


@pytest.mark.parametrize("parts", [["autoencoder"], ["autoencoder", "autoencoder"], ["autoencoder", "ensemble"]])
def test_parts_are_two_or_more_different_models(parts: list[str]) -> None:
    with pytest.raises(ConfigError, match="parts must be two or more different models, none an ensemble"):
        Ensemble(parts=parts)


def test_an_unknown_part_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"no model is called 'autoencodr'; did you mean autoencoder"):
        Ensemble(parts=["autoencodr", "gradient_boosting"])


def test_parameters_of_a_model_that_is_no_part_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"part_params are for isolation_forest, which is none of the parts"):
        Ensemble(part_params={"isolation_forest": {}})


def test_a_part_that_needs_edges_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MODELS", {**registry.MODELS, "edged": lambda: Edged})
    with pytest.raises(ConfigError, match="needs the edges of a window, and a part gets features only"):
        Ensemble(parts=["edged", "gradient_boosting"])


def test_sweeps_of_one_group_cannot_be_held_out() -> None:
    one = np.where(ROWS.labels == 1, 0, 1 + ROWS.groups())
    with pytest.raises(InputError, match="an ensemble needs sweeps of at least two groups of sources"):
        Ensemble(**QUICK).fit(TrainingRows(ROWS.values, ROWS.labels, ROWS.weights, one), 0)
