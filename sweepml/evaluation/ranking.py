"""Findings ranked by score: how good the first of them are, and with what certainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweepml.errors import InputError
from sweepml.evaluation.alerts import Judgement, group_alerts
from sweepml.evaluation.episodes import Source
from sweepml.evaluation.intervals import Figure, percentiles, resamples, wilson_interval


@dataclass(frozen=True, slots=True)
class Finding:
    """What whoever reads the alerts takes for one thing.

    Attributes
    ----------
    capture, source
        Who it is about.
    score
        Highest of its alerts.
    detected_us
        Of its first alert.
    is_true
        Whether it is about a sweep.
    """

    capture: str
    source: str
    score: float
    detected_us: int
    is_true: bool


def findings_of(judged: Sequence[Judgement], close_after_s: float) -> list[Finding]:
    """Return the findings of one detector's alerts, best score first, then the earliest.

    All alerts of one source about one episode are one right finding; wrong ones are merged as by `group_alerts`.
    """
    right: dict[tuple[str, str, str], Finding] = {}
    for one in judged:
        alert = one.alert
        for sweep in one.sweeps:
            key = (alert.capture, sweep.episode_id, sweep.source)
            known = right.get(key)
            right[key] = Finding(
                alert.capture,
                alert.source,
                max(alert.score, known.score) if known else alert.score,
                min(alert.detected_us, known.detected_us) if known else alert.detected_us,
                is_true=True,
            )
    wrong = [
        Finding(group[0].capture, group[0].source, max(one.score for one in group), group[0].detected_us, is_true=False)
        for group in group_alerts((one.alert for one in judged if not one.sweeps), close_after_s)
    ]
    return sorted([*right.values(), *wrong], key=lambda one: (-one.score, one.detected_us, one.capture, one.source))


class Ranking:
    """Findings by falling score, to be asked how many of the first are right.

    Parameters
    ----------
    findings
        As `findings_of` gives them.
    relevant
        (capture, source) of every pair of an episode and a source of it, repeated for several episodes of one source:
        what could have been found. A finding is right for one of them.
    seed
        Of the bootstrap over sources.

    Raises
    ------
    InputError
        If more of a source's findings are right than it has relevant pairs.
    """

    def __init__(self, findings: Sequence[Finding], relevant: Iterable[Source], seed: int) -> None:
        self._hits = np.array([one.is_true for one in findings], bool)
        score = np.array([one.score for one in findings], np.float64)
        self._last = last_of_equals(score)
        self._seed = seed
        places: dict[Source, int] = {}
        self._cluster = np.array([places.setdefault((f.capture, f.source), len(places)) for f in findings], np.int64)
        wanted = [places.setdefault(source, len(places)) for source in relevant]
        self._clusters = len(places)
        self._relevant = np.bincount(np.array(wanted, np.int64), minlength=self._clusters)
        found = np.bincount(self._cluster[self._hits], minlength=self._clusters)
        if (found > self._relevant).any():
            raise InputError("more findings of a source are right than it has episodes")

    def precision_at(self, k: int) -> Figure:
        """Return the share of right ones among the first k findings, of all of them if they are fewer.

        Findings of equal score are taken by time, as they would be read. NaN where there is no finding. Where the first
        k agree, Wilson's interval over their sources.
        """
        first = self._hits[:k]
        if not len(first):
            return Figure(float("nan"), 0.0, 1.0)
        value = float(first.mean())
        if first.all() or not first.any():
            sources = len(np.unique(self._cluster[:k]))
            return Figure(value, *wilson_interval(sources if first.all() else 0, sources))
        shares = []
        for weight, _ in self._resampled():
            before = np.cumsum(weight, axis=1) - weight
            taken = np.clip(k - before, 0, weight)
            total = taken.sum(axis=1)
            shares.append((taken[:, self._hits].sum(axis=1) / np.maximum(total, 1))[total > 0])
        return Figure(value, *percentiles(np.concatenate(shares)))

    @property
    def average_precision(self) -> Figure:
        """Sum over falling scores of (share of the relevant gained) x precision; what is never found gains nothing.

        Findings of equal score stand or fall together. NaN where nothing is relevant. Where it is 0 or 1, Wilson's
        interval over the relevant sources.
        """
        relevant = int(self._relevant.sum())
        if not relevant:
            return Figure(float("nan"), 0.0, 1.0)
        ones = np.ones((1, len(self._hits)))
        value = float(weighted_average_precision(self._hits, self._last, ones, np.array([relevant]))[0])
        if value in (0.0, 1.0):
            sources = int(np.count_nonzero(self._relevant))
            return Figure(value, *wilson_interval(sources if value else 0, sources))
        drawn = [
            weighted_average_precision(self._hits, self._last, weight[total > 0], total[total > 0])
            for weight, total in self._resampled()
        ]
        return Figure(value, *percentiles(np.concatenate(drawn)))

    def _resampled(self) -> Iterable[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Yield how often each finding stands in some samples, and how many relevant pairs these hold."""
        for drawn in resamples(self._clusters, self._seed):
            offset = np.arange(len(drawn))[:, None] * self._clusters
            times = np.bincount((drawn + offset).ravel(), minlength=len(drawn) * self._clusters)
            times = times.reshape(len(drawn), self._clusters)
            yield times[:, self._cluster].astype(np.float64), times @ self._relevant


def last_of_equals(score: ArrayLike) -> NDArray[np.int64]:
    """Return the last place of every run of equal scores, of scores sorted by falling value.

    >>> last_of_equals([0.9, 0.5, 0.5]).tolist()
    [0, 2]
    """
    values = np.asarray(score, np.float64)
    return np.append(np.flatnonzero(np.diff(values)), len(values) - 1) if len(values) else np.empty(0, np.int64)


def weighted_average_precision(
    hits: NDArray[np.bool_],
    last: NDArray[np.int64],
    weight: NDArray[np.float64],
    relevant: NDArray[np.integer] | NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return the average precision of one ranking under several weightings.

    Parameters
    ----------
    hits
        bool, shape (n,), by falling score: which are right.
    last
        `last_of_equals` of the scores.
    weight
        Shape (weightings, n): how often each stands in the ranking.
    relevant
        Shape (weightings,), positive: weight of all that could be right, found or not.

    Returns
    -------
    ndarray of float64, shape (weightings,)

    Examples
    --------
    >>> hits, ones = np.array([True, False, True]), np.ones((1, 3))
    >>> weighted_average_precision(hits, np.arange(3), ones, np.array([4])).round(4).tolist()
    [0.4167]
    """
    right = np.cumsum(weight * hits, axis=1)[:, last]
    taken = np.cumsum(weight, axis=1)[:, last]
    precision = right / np.maximum(taken, 1)
    gained = np.diff(right, axis=1, prepend=0)
    return (gained * precision).sum(axis=1) / relevant
