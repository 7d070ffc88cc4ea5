"""Fitting a supervised model where only some of the sweeps are labelled, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.models.base import Detector, TrainingRows
from sweepml.models.calibration import PlattCalibration
from sweepml.models.training.folds import deal_folds
from sweepml.pipeline.rows import balanced_weights

_FOLDS: Final = 3
"""Of whole groups, for scores of rows that were not fitted on. Chosen, not tuned."""

_LEAST: Final = 0.01
"""Below this chance of being a sweep an unlabelled row is taken for none: its copy would cost time and change nothing.
Chosen, not tuned."""


def fit_positive_unlabelled(make: Callable[[], Detector], rows: TrainingRows, seed: int) -> Detector:
    """Fit on labelled sweeps and unlabelled rows, some of which are sweeps.

    A first model tells labelled rows from unlabelled ones. Of a sweep, labelled or not, it gives the same probability c
    in the mean, so that its odds on an unlabelled row say how likely that row is a sweep. The row then counts as a
    sweep by that share and as none by the rest.

    Parameters
    ----------
    make
        Makes the model, a supervised one.
    rows
        1 where a row is of a labelled sweep; all others count as unlabelled. Weights are not looked at.
    seed
        Of folds and models.

    Returns
    -------
    Detector
        Fitted.

    Raises
    ------
    InputError
        If fewer than two groups have a labelled sweep, or no row is unlabelled.

    References
    ----------
    Elkan and Noto 2008, "Learning classifiers from only positive and unlabeled data", eq. 3 and 4 and section 3. It
    holds where the labelled sweeps are a random draw of all of them, not the loudest.
    """
    group, labelled = rows.groups(), (rows.labels == 1).astype(np.int8)
    weights = balanced_weights(labelled, group)
    chance = _sweep_chance(make, replace(rows, labels=labelled, weights=weights), seed)
    likely = np.flatnonzero((labelled == 0) & (chance >= _LEAST))
    counted = np.where(labelled == 1, weights, weights * (1.0 - np.where(chance >= _LEAST, chance, 0.0)))
    return make().fit(
        TrainingRows(
            np.concatenate([rows.values, rows.values[likely]]),
            np.concatenate([labelled, np.ones(len(likely), np.int8)]),
            np.concatenate([counted, weights[likely] * chance[likely]]),
            np.concatenate([group, group[likely]]),
        ),
        seed,
    )


def _sweep_chance(make: Callable[[], Detector], rows: TrainingRows, seed: int) -> NDArray[np.float64]:
    """Return the probability that each row is of a sweep, given that it is not labelled; float64, shape (n,)."""
    fold = deal_folds(rows.groups(), rows.labels, _FOLDS, np.random.default_rng(seed))
    if not fold.any() or rows.labels.all():
        raise InputError(
            "learning from labelled sweeps and unlabelled rows needs both, and sweeps of at least two groups of "
            f"sources; got {int(rows.labels.sum())} rows of sweeps and {int((rows.labels == 0).sum())} others"
        )
    raw = np.empty(len(fold), np.float32)
    for number in range(int(fold.max()) + 1):
        here = fold == number
        raw[here] = make().fit(rows.take(~here), seed).score(rows.values[here])
    known = PlattCalibration.fit(raw, rows.labels, rows.weights).apply(raw).astype(np.float64)
    known = np.clip(known, 1e-6, 1.0 - 1e-6)
    labelled = rows.labels == 1
    c = float(np.average(known[labelled], weights=rows.weights[labelled]))
    return np.clip((1.0 - c) / c * known / (1.0 - known), 0.0, 1.0)
