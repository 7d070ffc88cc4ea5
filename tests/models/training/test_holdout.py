"""Held-out rows: whole groups, and enough of them."""

import numpy as np

from sweepml.models.training.holdout import grouped_holdout


def test_no_group_is_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 40, 1000)
    held = grouped_holdout(group, np.full(1000, 1e-3), 0.2, rng)
    assert not set(group[held]) & set(group[~held])
    assert 0.2 <= held.mean() < 0.3


def test_two_groups_are_divided_whatever_they_weigh() -> None:
    held = grouped_holdout(np.array([1, 1, 1, 2]), np.full(4, 0.25), 0.9, np.random.default_rng(0))
    assert held[:3].all() != held[3]


def test_rows_of_a_single_group_are_chosen_one_by_one() -> None:
    held = grouped_holdout(np.zeros(10, np.int64), np.full(10, 0.1), 0.2, np.random.default_rng(0))
    assert 0 < held.sum() < 10
