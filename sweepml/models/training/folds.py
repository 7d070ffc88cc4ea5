"""Folds for a model that needs scores of rows that it was not fitted on, whole groups at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def deal_folds(
    group: NDArray[np.int64], labels: NDArray[np.int8], folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal groups to folds at random, those with a sweep and those without alike.

    Parameters
    ----------
    group
        int64, shape (n,): rows that tell one story, such as those of one source, and end in one fold.
    labels
        int8, shape (n,): 1 sweep, 0 none, -1 unlabelled.
    folds
        At most so many, at least 2; fewer where fewer groups have a sweep.
    rng
        Decides which goes where.

    Returns
    -------
    ndarray of int64, shape (n,)
        Fold of each row, counted from 0. Without two groups with a sweep there is one fold.
    """
    names, place = np.unique(group, return_inverse=True)
    sweeps = np.bincount(place, weights=labels == 1, minlength=len(names)) > 0
    folds = max(min(folds, int(sweeps.sum())), 1)
    fold = np.zeros(len(names), np.int64)
    for kind in (sweeps, ~sweeps):
        fold[rng.permutation(np.flatnonzero(kind))] = np.arange(np.count_nonzero(kind)) % folds
    return fold[place]
