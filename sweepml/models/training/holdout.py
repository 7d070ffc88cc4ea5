"""Rows held out of a fit, whole groups at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def grouped_holdout(
    group: NDArray[np.int64], share: NDArray[np.float64], wanted: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose groups at random until their rows count for enough.

    Parameters
    ----------
    group
        int64, shape (n,): rows that tell one story, such as those of one source. Rows of one group are never on both
        sides, unless there is one group only: its rows are then chosen one by one.
    share
        float64, shape (n,), not negative, summing to 1: how much each row counts.
    wanted
        Share to hold out, in (0, 1). As long as there are two rows, at least one stays and one is held out.
    rng
        Decides which.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether a row is held out.
    """
    names, place = np.unique(group, return_inverse=True)
    if len(names) == 1:
        names, place = np.arange(len(group)), np.arange(len(group))
    order = rng.permutation(len(names))
    counted = np.bincount(place, weights=share, minlength=len(names))[order].cumsum()
    count = int(np.clip(np.searchsorted(counted, wanted) + 1, 1, max(len(names) - 1, 1)))
    held = np.zeros(len(names), bool)
    held[order[:count]] = True
    return held[place]
