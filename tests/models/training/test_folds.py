"""Folds of whole groups, sweeps in each."""

import numpy as np
import pytest

from sweepml.models.training.folds import deal_folds


def _rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 30, 400)
    return group, np.where((group % 3 == 0) & (rng.random(400) < 0.5), 1, 0).astype(np.int8)


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_in_one_fold(seed: int) -> None:
    group, labels = _rows(seed)
    fold = deal_folds(group, labels, 4, np.random.default_rng(seed))
    assert all(len(np.unique(fold[group == one])) == 1 for one in np.unique(group))


@pytest.mark.parametrize("seed", range(5))
def test_every_fold_has_sweeps_and_others(seed: int) -> None:
    group, labels = _rows(seed)
    fold = deal_folds(group, labels, 4, np.random.default_rng(seed))
    for number in range(4):
        assert set(labels[fold == number]) == {0, 1}


def test_there_are_no_more_folds_than_groups_with_a_sweep() -> None:
    group, labels = np.arange(9), np.array([1, 1, 0, 0, 0, 0, 0, 0, -1], np.int8)
    assert set(deal_folds(group, labels, 5, np.random.default_rng(0))) == {0, 1}


def test_one_group_with_sweeps_cannot_be_divided() -> None:
    group, labels = np.array([0, 0, 1, 2]), np.array([1, 1, 0, 0], np.int8)
    assert not deal_folds(group, labels, 3, np.random.default_rng(0)).any()
