"""What a model of normal traffic is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.models.base import TrainingRows

BENIGN: Final = "benign"
ALL: Final = "all"
TRAIN_ON: Final = (BENIGN, ALL)


@dataclass(frozen=True, slots=True)
class NormalRows:
    """Rows that pass for normal.

    Attributes
    ----------
    values
        float32, shape (n, features).
    share
        float64, shape (n,), positive, summing to 1: how much each row counts.
    group
        int64, shape (n,): rows that tell one story.
    """

    values: NDArray[np.float32]
    share: NDArray[np.float64]
    group: NDArray[np.int64]


def normal_rows(rows: TrainingRows, train_on: str) -> NormalRows:
    """Return the rows of `normal_share`, without the others."""
    share = normal_share(rows, train_on)
    use = share > 0
    return NormalRows(rows.values[use], share[use], rows.groups()[use])


def normal_share(rows: TrainingRows, train_on: str) -> NDArray[np.float64]:
    """Return how much each row counts as a normal one, summing to 1, 0 for a row that is left out.

    Parameters
    ----------
    rows
        Labelled or not.
    train_on
        `BENIGN`: rows that are known to hold no sweep, by their weights. `ALL`: every row counts the same and
        labels are not looked at, for captures that nobody has labelled.

    Raises
    ------
    InputError
        If there are no such rows.
    """
    use = np.ones(len(rows.labels), bool) if train_on == ALL else (rows.labels == 0) & (rows.weights > 0)
    if not use.any():
        hint = "" if train_on == ALL else ", or train on unlabelled traffic with model.params.train_on=all"
        raise InputError(f"a model of normal traffic needs rows without a sweep, got none: add captures{hint}")
    weights = np.ones(len(use)) if train_on == ALL else np.where(use, rows.weights, 0.0)
    share: NDArray[np.float64] = weights / weights.sum()
    return share
