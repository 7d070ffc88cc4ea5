"""What a model may know of the labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sweepml.config.train import LabelsConfig
from sweepml.errors import ConfigError
from sweepml.models.base import TrainingRows
from sweepml.models.registry import make_model
from sweepml.tasks.labels import LimitedLabels, check_labels

LABELS = np.array([1, 1, 1, 1, 0, 0, -1, 1], np.int8)
GROUP = np.array([0, 0, 1, 2, 3, 0, 1, 4])
EPISODES = [1, 1, 3, 0, 1]


def _known(use: str, episodes: int | None, seed: int = 0) -> np.ndarray:
    labels = LimitedLabels(lambda: make_model("logistic_regression", {}), LabelsConfig(use, episodes), EPISODES)
    return labels.known(LABELS, GROUP, seed)


def test_with_all_labels_nothing_is_hidden() -> None:
    np.testing.assert_array_equal(_known("all", None), LABELS)


def test_without_labels_everything_is_hidden() -> None:
    assert (_known("none", None) == -1).all()


def test_positive_labels_are_those_of_sweeps() -> None:
    np.testing.assert_array_equal(_known("positive_unlabelled", None), np.where(LABELS == 1, 1, -1))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("wanted", [1, 2, 4])
def test_so_many_episodes_are_known_and_no_group_more_than_needed(seed: int, wanted: int) -> None:
    groups = np.unique(GROUP[_known("all", wanted, seed) == 1])
    counts = [EPISODES[group] for group in groups]
    assert sum(counts) >= wanted
    assert sum(counts) - max(counts) < wanted


@pytest.mark.parametrize("seed", range(5))
def test_a_hidden_sweep_is_unlabelled_and_no_benign_row(seed: int) -> None:
    known = _known("all", 1, seed)
    assert ((known == LABELS) | ((LABELS == 1) & (known == -1))).all()


def test_other_seeds_draw_other_sweeps() -> None:
    assert len({tuple(_known("all", 1, seed)) for seed in range(10)}) > 1


@dataclass
class Recording:
    """Keeps what it is fitted on."""

    rows: TrainingRows | None = None

    def fit(self, rows: TrainingRows, seed: int) -> Any:
        self.rows = rows
        return self


@pytest.mark.parametrize(
    ("use", "expected"),
    [("all", LABELS), ("positive_unlabelled", (LABELS == 1).astype(np.int8)), ("none", np.full(8, -1))],
)
def test_unlabelled_rows_are_the_other_class_only_where_sweeps_alone_are_known(use: str, expected: np.ndarray) -> None:
    rows = TrainingRows(np.zeros((8, 1), np.float32), LABELS, np.ones(8), GROUP)
    seen = LimitedLabels(Recording, LabelsConfig(use), EPISODES).fit(rows, 0).rows
    np.testing.assert_array_equal(seen.labels, expected)


def test_weights_are_balanced_anew_over_what_is_known() -> None:
    rows = TrainingRows(np.zeros((8, 1), np.float32), LABELS, np.ones(8), GROUP)
    seen = LimitedLabels(Recording, LabelsConfig("all", 1), EPISODES).fit(rows, 0).rows
    assert seen.weights[seen.labels == 1].sum() == pytest.approx(seen.weights[seen.labels == 0].sum())
    assert not seen.weights[seen.labels == -1].any()


@pytest.mark.parametrize(
    ("labels", "model", "said"),
    [
        (LabelsConfig("non"), "autoencoder", r"there is no labels.use='non'; did you mean none\?"),
        (LabelsConfig("all", 0), "autoencoder", "labels.episodes must be at least 1, or null for all, got 0"),
        (LabelsConfig("none"), "gradient_boosting", "leaves gradient_boosting nothing to learn from: take a model of"),
        (LabelsConfig("positive_unlabelled"), "autoencoder", "is of no use to autoencoder, which does not learn from"),
    ],
)
def test_labels_from_which_a_model_cannot_learn_are_refused(labels: LabelsConfig, model: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_labels(labels, make_model(model, {}))
