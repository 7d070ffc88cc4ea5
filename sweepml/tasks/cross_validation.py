"""Cross-validation by groups of sources: every row scored by a model that never saw its source or episode."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sweepml.config.train import SplitConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.splits import RowKeys, SourceGroups, Split, grouped_folds, time_holdout
from sweepml.errors import ConfigError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.rows import ScoredRows
from sweepml.evaluation.thresholds import AlertBudget, ThresholdChoice, choose_thresholds
from sweepml.graph.windows import US_PER_S
from sweepml.models.base import Detector, TrainingRows
from sweepml.models.calibration import PlattCalibration
from sweepml.pipeline.rows import LabelledRows, balanced_weights
from sweepml.tasks.data import TrainingTable
from sweepml.tasks.progress import Progress


class Fittable(Protocol):
    """What a detector comes of: an unfitted one, or one that is kept from seeing some of the labels."""

    def fit(self, rows: TrainingRows, seed: int) -> Detector:
        """Return a fitted detector."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Raw scores of rows that the scoring model was not fitted on; arrays have shape (tested rows,).

    Attributes
    ----------
    place
        int64, place of each tested row in the training table's rows.
    fold
        int32.
    raw
        float32, raw scores.
    models
        The model of each fold, which was fitted on the others.
    """

    place: NDArray[np.int64]
    fold: NDArray[np.int32]
    raw: NDArray[np.float32]
    models: tuple[Detector, ...]


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """What cross-validation says; arrays have shape (tested rows,).

    Attributes
    ----------
    scored
        Rows with calibrated scores.
    verdicts
        bool. Calibration and thresholds of each fold come from the other folds' rows alone.
    thresholds
        Of each fold.
    """

    scored: ScoredRows
    verdicts: NDArray[np.bool_]
    thresholds: tuple[ThresholdChoice, ...]


def fit_on(
    make: Callable[[], Fittable],
    rows: LabelledRows,
    varied: LabelledRows,
    groups: SourceGroups,
    seed: int,
    threads: int | None = None,
) -> Detector:
    """Fit a new model on rows and on varied copies, balanced by `balanced_weights`.

    `threads` limits the OpenMP threads of the fit; None leaves them alone.
    """
    both = LabelledRows.concat([rows, varied])
    group = groups.group[groups.places(both.units)][both.unit]
    features = both.features
    weights = balanced_weights(both.y, group)
    training = TrainingRows(features.values, both.y, weights, group.astype(np.int64), features.edges)
    # OpenMP only, whose limit is each thread's own: that of a BLAS is the process's, and folds that end in
    # another order than they began would leave the process with one thread.
    with threadpool_limits(threads, user_api="openmp"):
        return make().fit(training, seed)


def out_of_fold(
    make: Callable[[], Fittable],
    table: TrainingTable,
    groups: SourceGroups,
    split: SplitConfig,
    seed: int,
    progress: Progress,
) -> OutOfFold:
    """Score every row with a model fitted on the other folds.

    Raises
    ------
    LeakError
        If a fold's split has a source, group or episode on both sides; never expected, always checked.
    ConfigError
        If the split cannot be made of these captures.
    """
    rows, varied = table.rows, table.varied
    unit_fold = grouped_folds(groups, split.folds, seed)
    row_fold = unit_fold[groups.places(rows.units)][rows.unit]
    varied_fold = unit_fold[groups.places(varied.units)][varied.unit] if len(varied) else np.empty(0, np.int32)
    keys = RowKeys(rows.units, rows.unit, rows.features.start_us, rows.features.end_us)
    before, after = _time_sides(rows, split)

    def one(fold: int) -> tuple[NDArray[np.int64], NDArray[np.float32], Detector]:
        train, test = (row_fold != fold) & before, (row_fold == fold) & after
        Split(keys, groups, train, test)  # raises where anything leaks
        # A copy of an excluded hour would bring that hour back, so that a split in time trains without
        # copies.
        kept = varied_fold != fold if split.time_cut is None else np.zeros(len(varied), bool)
        # Folds run side by side, hence one native thread each.
        model = fit_on(make, table.fitted(train), varied.take(kept), groups, seed, threads=1)
        place = np.flatnonzero(test)
        tested = rows.features.take(place)
        return place, model.score_rows(tested.values, tested.edges), model

    progress.stage("cross-validating", split.folds)
    done = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(one, range(split.folds)):
            done.append(result)
            progress.step()
    return OutOfFold(
        np.concatenate([place for place, _, _ in done]),
        np.concatenate([np.full(len(place), fold, np.int32) for fold, (place, _, _) in enumerate(done)]),
        np.concatenate([raw for _, raw, _ in done]),
        tuple(model for _, _, model in done),
    )


@dataclass(frozen=True, slots=True)
class FoldVerdicts:
    """What turns one fold's raw scores into verdicts; it comes from the other folds' rows alone."""

    calibration: PlattCalibration
    choice: ThresholdChoice


def fold_verdicts(
    found: OutOfFold,
    rows: LabelledRows,
    groups: SourceGroups,
    captures: Sequence[Capture],
    budget: AlertBudget,
) -> dict[int, FoldVerdicts]:
    """Calibrate and choose thresholds for each fold on all others."""
    tested = rows.take(found.place)
    exposure = Exposure.of(captures)
    made = {}
    for fold in np.unique(found.fold).tolist():
        here = found.fold == fold
        calibration = calibrate(found.raw[~here], tested.take(~here), groups)
        others = scored_rows(tested.take(~here), calibration.apply(found.raw[~here]))
        # The other folds watched their share of the sources.
        share = len(np.unique(others.unit)) / max(len(np.unique(tested.unit)), 1)
        watched = replace(
            exposure,
            source_days=exposure.source_days * share,
            source_count=round(exposure.source_count * share),
        )
        made[fold] = FoldVerdicts(calibration, choose_thresholds(others, watched, budget))
    return made


def judge(
    found: OutOfFold,
    rows: LabelledRows,
    groups: SourceGroups,
    captures: Sequence[Capture],
    budget: AlertBudget,
) -> CrossValidated:
    """Turn raw scores into verdicts, each fold by the calibration and thresholds of the others."""
    return judge_by(fold_verdicts(found, rows, groups, captures, budget), found, rows)


def judge_by(made: Mapping[int, FoldVerdicts], found: OutOfFold, rows: LabelledRows) -> CrossValidated:
    """Turn raw scores of some of the rows into verdicts, with what `fold_verdicts` made of them."""
    return _judged(made, rows.take(found.place), found.fold, found.raw)


def judge_seen_otherwise(
    found: OutOfFold, made: Mapping[int, FoldVerdicts], rows: LabelledRows, fold: NDArray[np.int32]
) -> CrossValidated:
    """Judge rows of the same sources as another sensor shows them, each by the fold that did not learn its source.

    Parameters
    ----------
    found
        Of the captures as they were trained on; its models are used again.
    made
        `fold_verdicts` of the same.
    rows
        To be judged.
    fold
        int32, shape (rows,): the fold in which each row's source was tested.
    """
    raw = np.empty(len(rows), np.float32)
    for number in np.unique(fold).tolist():
        here = fold == number
        judged = rows.features.take(here)
        raw[here] = found.models[number].score_rows(judged.values, judged.edges)
    return _judged(made, rows, fold, raw)


def _judged(
    made: Mapping[int, FoldVerdicts], rows: LabelledRows, fold: NDArray[np.int32], raw: NDArray[np.float32]
) -> CrossValidated:
    probability = np.empty(len(raw), np.float32)
    verdicts = np.zeros(len(raw), bool)
    for number, one in made.items():
        here = fold == number
        probability[here] = one.calibration.apply(raw[here])
        verdicts[here] = one.choice.verdicts(scored_rows(rows.take(here), probability[here]))
    return CrossValidated(scored_rows(rows, probability), verdicts, tuple(one.choice for one in made.values()))


def calibrate(raw: NDArray[np.float32], rows: LabelledRows, groups: SourceGroups) -> PlattCalibration:
    """Fit the calibration on out-of-fold scores, weighted as training was."""
    group = groups.group[groups.places(rows.units)][rows.unit]
    return PlattCalibration.fit(raw, rows.y, balanced_weights(rows.y, group))


def scored_rows(rows: LabelledRows, score: NDArray[np.float32]) -> ScoredRows:
    """Return rows with scores, as evaluation takes them."""
    features = rows.features
    return ScoredRows(rows.units, rows.unit, features.length_s, features.start_us, features.as_of_us, rows.y, score)


def judged_captures(captures: Sequence[Capture], rows: LabelledRows, split: SplitConfig) -> tuple[Capture, ...]:
    """Return what of the captures was tested: with `time_cut`, what begins after each one's cut.

    Rates must not count hours that nobody judged, nor recall count episodes that were over by then. An
    episode that runs over the cut counts from the cut on.
    """
    if split.time_cut is None:
        return tuple(captures)
    cuts = _cuts_us(rows, split.time_cut)
    tested = []
    for capture in captures:
        if capture.name in cuts:
            cut_us = cuts[capture.name]
            episodes = tuple(
                replace(episode, start_us=max(episode.start_us, cut_us))
                for episode in capture.episodes
                if episode.end_us >= cut_us
            )
            late = capture.connections.take(capture.connections.ts_us >= cut_us)
            tested.append(replace(capture, connections=late, episodes=episodes))
    return tuple(tested)


def _cuts_us(rows: LabelledRows, time_cut: float) -> dict[str, int]:
    """Return the moment at which each capture with rows is cut."""
    if not 0 < time_cut < 1:
        raise ConfigError(f"split.time_cut must lie between 0 and 1, got {time_cut:g}")
    capture = np.array([name for name, _ in rows.units])[rows.unit]
    cuts = {}
    for name in np.unique(capture).tolist():
        here = capture == name
        first, last = int(rows.features.start_us[here].min()), int(rows.features.end_us[here].max())
        cuts[name] = first + round((last - first) * time_cut)
    return cuts


def _time_sides(rows: LabelledRows, split: SplitConfig) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows may be fitted on and which may be tested on, capture by capture."""
    before, after = np.ones(len(rows), bool), np.ones(len(rows), bool)
    if split.time_cut is None:
        return before, after
    capture = np.array([name for name, _ in rows.units])[rows.unit]
    start_us, end_us = rows.features.start_us, rows.features.end_us
    for name, cut_us in _cuts_us(rows, split.time_cut).items():
        here = capture == name
        before[here], after[here] = time_holdout(start_us[here], end_us[here], cut_us, split.gap_s * US_PER_S)
    if not before.any() or not after.any():
        raise ConfigError(
            f"time_cut={split.time_cut:g} with gap_s={split.gap_s} leaves no rows on one side: the captures "
            "are too short for a split in time"
        )
    return before, after
