"""Window-level figures: how well single rows are told apart. Episodes come first, see `episodes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.rows import NEGATIVE, POSITIVE, UNLABELLED, check_labels, check_scores


@dataclass(frozen=True, slots=True)
class WindowScores:
    """Counts and figures over rows; unlabelled rows are in none of them.

    Attributes
    ----------
    true_positives, false_positives, false_negatives, true_negatives
        Rows by verdict and truth.
    average_precision
        Of the scores, 0 to 1; NaN where no row is positive. A random score gets the share of positive rows.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    average_precision: float

    @property
    def positives(self) -> int:
        """Rows with a sweep."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        """Rows without one."""
        return self.false_positives + self.true_negatives

    @property
    def precision(self) -> float:
        """Share of the positive verdicts that are right; NaN where there is none."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the positive rows that are found; NaN where there is none."""
        return _ratio(self.true_positives, self.positives)

    @property
    def false_positive_ratio(self) -> float:
        """Share of the negative rows that are called positive; NaN where there is none."""
        return _ratio(self.false_positives, self.negatives)

    def precision_at(self, prior: float) -> float:
        """Return the precision that these rates would give where a share `prior` of the rows holds a sweep.

        Laboratory captures hold far more sweeps than a network does: precision on them is not precision in
        life (Axelsson 2000, the base-rate fallacy).

        Raises
        ------
        ConfigError
            If the prior is not in (0, 1).

        Examples
        --------
        >>> round(WindowScores(90, 10, 10, 990, 0.9).precision_at(1e-3), 3)
        0.083
        """
        if not 0 < prior < 1:
            raise ConfigError(f"a prior is the share of rows that hold a sweep, between 0 and 1, got {prior}")
        right = prior * self.recall
        wrong = (1 - prior) * self.false_positive_ratio
        return right / (right + wrong) if right + wrong else float("nan")


@dataclass(frozen=True, slots=True)
class WindowReport:
    """Figures of all rows and per horizon.

    Attributes
    ----------
    overall
        Of all labelled rows together.
    by_horizon
        Horizon in seconds -> figures, by growing horizon.
    unlabelled
        Rows that were left out.
    """

    overall: WindowScores
    by_horizon: dict[int, WindowScores]
    unlabelled: int


def evaluate_windows(
    y: NDArray[np.integer],
    scores: NDArray[np.floating],
    verdicts: NDArray[np.bool_],
    horizon_s: NDArray[np.integer],
) -> WindowReport:
    """Judge every row for itself.

    Parameters
    ----------
    y
        Shape (n,): 1 sweep, 0 none, -1 unlabelled (left out).
    scores
        Shape (n,), finite, higher is more suspicious.
    verdicts
        bool, shape (n,): whether the row raises an alert.
    horizon_s
        Shape (n,), seconds.

    Returns
    -------
    WindowReport

    Raises
    ------
    InputError
        If lengths differ, a score is NaN or infinite, or a label is none of the three.
    """
    lengths = {"y": len(y), "scores": len(scores), "verdicts": len(verdicts), "horizon_s": len(horizon_s)}
    if len(set(lengths.values())) > 1:
        raise InputError(f"expected one value a row in every column, got lengths {lengths}")
    check_labels(y)
    check_scores(scores)
    verdicts = np.asarray(verdicts, bool)
    labelled = y != UNLABELLED
    by_horizon = {}
    for horizon in np.unique(horizon_s).tolist():
        rows = labelled & (horizon_s == horizon)
        by_horizon[horizon] = _judge(y[rows], scores[rows], verdicts[rows])
    overall = _judge(y[labelled], scores[labelled], verdicts[labelled])
    return WindowReport(overall, by_horizon, int((~labelled).sum()))


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Return sum over thresholds of (recall gained) x precision; rows of one score stand or fall together.

    Parameters
    ----------
    positive
        bool, shape (n,).
    scores
        Shape (n,), finite.

    Returns
    -------
    float
        0 to 1; NaN where no row is positive.

    Examples
    --------
    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.1]))
    0.8333333333333333
    """
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last_of_score = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = hits[last_of_score]
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * hits / (last_of_score + 1)).sum())


def _judge(y: NDArray[np.integer], scores: NDArray[np.floating], verdicts: NDArray[np.bool_]) -> WindowScores:
    positive, negative = y == POSITIVE, y == NEGATIVE
    return WindowScores(
        true_positives=int((positive & verdicts).sum()),
        false_positives=int((negative & verdicts).sum()),
        false_negatives=int((positive & ~verdicts).sum()),
        true_negatives=int((negative & ~verdicts).sum()),
        average_precision=average_precision(positive, scores),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
