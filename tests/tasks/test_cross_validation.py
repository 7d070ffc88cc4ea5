"""Cross-validation: nothing leaks, nothing of a fold decides about that fold, and time is cut where it says."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from sweepml.config.train import SplitConfig, VariantsConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.splits import SourceGroups, assign_groups, grouped_folds
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.graph.windows import US_PER_S, WindowSpec
from sweepml.models.base import Detector, TrainingRows
from sweepml.pipeline.rows import LabelledRows
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.tasks.cross_validation import (
    CrossValidated,
    OutOfFold,
    fit_on,
    fold_verdicts,
    judge,
    judge_seen_otherwise,
    judged_captures,
    out_of_fold,
)
from sweepml.tasks.data import TrainingTable, training_table
from sweepml.tasks.progress import Silent
from tests.evaluation.handmade import Contact, episode, to_capture

PLAN = FeaturePlan(windows=(WindowSpec(60, 10), WindowSpec(600, 100)), min_dst_count=3)
BEGIN_S = 1_700_000_000
SPAN_S = 4 * 3600
BUDGET = AlertBudget(1000.0, close_after_s=600)
FOLDS = SplitConfig(folds=3)
IN_TIME = SplitConfig(folds=3, time_cut=0.5, gap_s=600)


@dataclass
class ByDestinations(Detector):
    """Scores by the number of destinations, and remembers what it was fitted on."""

    name: ClassVar[str] = "by_destinations"
    supervised: ClassVar[bool] = True

    seen: list[TrainingRows] = field(default_factory=list)

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        self.seen.append(rows)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values[:, FEATURE_NAMES.index("dst_count")] / np.float32(10)

    def to_onnx(self) -> onnx.ModelProto:
        raise NotImplementedError

    def feature_weights(self) -> NDArray[np.float64]:
        raise NotImplementedError


def small_capture(name: str, seed: int) -> Capture:
    """Return four hours of 20 sources; eight sweep, two of them together, at all times of the span."""
    rng = np.random.default_rng(seed)
    contacts, episodes = [], []
    for number in range(20):
        source = f"10.0.{seed}.{number + 1}"
        contacts += [
            Contact(BEGIN_S + start, source, f"10.9.0.{rng.integers(1, 30)}", port=443)
            for start in rng.uniform(0, SPAN_S, 240)
        ]
        if number < 8:
            start = BEGIN_S + 600 + number * 1700
            kind, key = ("distributed_sweep", "D") if number in {3, 4} else ("sweep", f"S{number}")
            times = start + np.arange(40) * 4.0
            contacts += [
                Contact(time, source, f"10.8.{number}.{i + 1}", label=SWEEP_LABEL) for i, time in enumerate(times)
            ]
            episodes.append(episode(key, source, times[0], times[-1], kind))
    contacts.sort(key=lambda contact: contact.ts_s)
    return to_capture(name, contacts, episodes)


@dataclass(frozen=True)
class World:
    captures: tuple[Capture, ...]
    groups: SourceGroups
    table: TrainingTable

    def run(self, split: SplitConfig = FOLDS) -> OutOfFold:
        return out_of_fold(ByDestinations, self.table, self.groups, split, 0, Silent())

    def judge(self, found: OutOfFold, rows: LabelledRows | None = None) -> CrossValidated:
        return judge(found, self.table.rows if rows is None else rows, self.groups, self.captures, BUDGET)


@pytest.fixture(scope="module")
def world() -> World:
    captures = (small_capture("a", 0), small_capture("b", 1))
    table = training_table(captures, PLAN, 5, VariantsConfig([2.0]), 0, Silent())
    return World(captures, assign_groups(captures), table)


def test_every_row_is_scored_once(world: World) -> None:
    found = world.run()
    assert sorted(found.place.tolist()) == list(range(len(world.table.rows)))
    dst_count = world.table.rows.features.values[found.place, FEATURE_NAMES.index("dst_count")]
    np.testing.assert_array_equal(found.raw, dst_count / np.float32(10))


@pytest.mark.parametrize("split", [FOLDS, IN_TIME, SplitConfig(folds=5)])
def test_no_model_saw_a_group_that_it_scores(world: World, split: SplitConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its sources, nor their episodes, nor varied copies of them."""
    seen: list[tuple[LabelledRows, LabelledRows]] = []

    def record(make: Any, rows: LabelledRows, varied: LabelledRows, *_: Any, **__: Any) -> Detector:
        seen.append((rows, varied))
        return ByDestinations()

    monkeypatch.setattr("sweepml.tasks.cross_validation.fit_on", record)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one worker: folds in order
    found = world.run(split)
    rows, groups = world.table.rows, world.groups
    assert len(seen) == split.folds

    def groups_of(some: LabelledRows) -> set[int]:
        return set(groups.group[groups.places(some.units)][some.unit].tolist())

    for fold, (fitted, varied) in enumerate(seen):
        tested = groups_of(rows.take(found.place[found.fold == fold]))
        assert tested
        assert groups_of(fitted)
        assert not tested & groups_of(fitted)
        assert not tested & groups_of(varied)
        assert (len(varied) == 0) == (split.time_cut is not None)


def test_a_split_in_time_keeps_its_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[LabelledRows] = []

    def record(make: Any, rows: LabelledRows, *_: Any, **__: Any) -> Detector:
        fitted.append(rows)
        return ByDestinations()

    monkeypatch.setattr("sweepml.tasks.cross_validation.fit_on", record)
    found = world.run(IN_TIME)
    first_test = world.table.rows.features.start_us[found.place].min()
    last_train = max(rows.features.end_us.max() for rows in fitted)
    assert first_test - last_train >= IN_TIME.gap_s * US_PER_S


def test_a_split_in_time_judges_the_later_half_only(world: World) -> None:
    found = world.run(IN_TIME)
    rows = world.table.rows
    tested = judged_captures(world.captures, rows, IN_TIME)
    cut_us = rows.features.start_us[found.place].min()
    assert cut_us >= (BEGIN_S + SPAN_S * 0.45) * US_PER_S
    whole, half = Exposure.of(world.captures), Exposure.of(tested)
    assert half.source_days == pytest.approx(whole.source_days / 2, rel=0.1)
    for capture, before in zip(tested, world.captures, strict=True):
        assert 0 < len(capture.episodes) < len(before.episodes)
        begin = capture.connections.ts_us.min()
        later = {one.episode_id for one in before.episodes if one.end_us >= begin}
        assert {one.episode_id for one in capture.episodes} == later
        assert min(one.start_us for one in capture.episodes) >= begin - 60 * US_PER_S
    validated = judge(found, rows, world.groups, tested, BUDGET)
    assert validated.verdicts.any()


def test_an_episode_over_the_cut_counts_from_the_cut_on(world: World) -> None:
    rows = world.table.rows
    first = int(rows.features.start_us.min())
    span = int(rows.features.end_us.max()) - first
    (running, *_) = world.captures[0].episodes
    middle = (running.start_us + running.end_us) // 2
    split = SplitConfig(folds=3, time_cut=(middle - first) / span, gap_s=600)
    (capture,) = judged_captures(world.captures[:1], rows.take(rows.unit >= 0), split)
    (same,) = [one for one in capture.episodes if one.episode_id == running.episode_id]
    assert running.start_us < same.start_us < running.end_us == same.end_us


def test_without_a_cut_everything_is_tested(world: World) -> None:
    assert judged_captures(world.captures, world.table.rows, FOLDS) == world.captures


@pytest.mark.parametrize("cut", [0.0, 1.0, -0.5, 1.5])
def test_a_cut_outside_the_capture_is_refused(world: World, cut: float) -> None:
    with pytest.raises(ConfigError, match=r"split\.time_cut must lie between 0 and 1, got"):
        world.run(replace(IN_TIME, time_cut=cut))


def test_a_gap_shorter_than_a_window_is_refused(world: World) -> None:
    with pytest.raises(ConfigError, match="the gap must be at least the longest window, 600 s"):
        world.run(replace(IN_TIME, gap_s=60))


def test_more_folds_than_groups_are_refused(world: World) -> None:
    with pytest.raises(ConfigError, match="folds need as many groups"):
        world.run(SplitConfig(folds=500))


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_a_folds_labels_do_not_decide_about_that_fold(world: World, fold: int) -> None:
    found = world.run()
    honest = world.judge(found)
    y = world.table.rows.y.copy()
    here = found.fold == fold
    poisoned = found.place[here]
    y[poisoned] = np.where(y[poisoned] == 1, 0, 1)
    other = world.judge(found, replace(world.table.rows, y=y))
    np.testing.assert_array_equal(other.verdicts[here], honest.verdicts[here])
    np.testing.assert_array_equal(other.scored.score[here], honest.scored.score[here])
    assert (other.scored.score[~here] != honest.scored.score[~here]).any(), "the poison works elsewhere"


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_a_folds_scores_do_not_decide_about_other_rows_of_that_fold(world: World, fold: int) -> None:
    found = world.run()
    honest = world.judge(found)
    here = np.flatnonzero(found.fold == fold)
    raw = found.raw.copy()
    raw[here[::2]] = 99
    other = world.judge(replace(found, raw=raw))
    np.testing.assert_array_equal(other.verdicts[here[1::2]], honest.verdicts[here[1::2]])


def test_there_are_thresholds_for_every_fold(world: World) -> None:
    validated = world.judge(world.run())
    assert len(validated.thresholds) == 3
    assert all(set(choice.thresholds) == {60, 600} for choice in validated.thresholds)
    total = Exposure.of(world.captures).source_days
    shares = [choice.exposure.source_days / total for choice in validated.thresholds]
    assert sum(shares) == pytest.approx(2.0), "each source is watched by two of three folds"


def test_scores_are_probabilities_and_separate(world: World) -> None:
    scored = world.judge(world.run()).scored
    assert scored.score.min() >= 0
    assert scored.score.max() <= 1
    assert scored.score[scored.y == 1].mean() > scored.score[scored.y == 0].mean()


def test_folds_without_a_sweep_to_calibrate_on_are_refused(world: World) -> None:
    with pytest.raises(InputError, match="calibration needs validation rows with and without a sweep"):
        world.judge(world.run(), replace(world.table.rows, y=np.zeros(len(world.table.rows), np.int8)))


def test_folds_do_not_depend_on_the_number_of_workers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many = world.run()
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    one = world.run()
    np.testing.assert_array_equal(many.place, one.place)
    np.testing.assert_array_equal(many.raw, one.raw)


def test_fit_on_takes_rows_and_copies_with_balanced_weights(world: World) -> None:
    model = ByDestinations()
    fit_on(lambda: model, world.table.rows, world.table.varied, world.groups, seed=0)
    (rows,) = model.seen
    assert len(rows.values) == len(world.table.rows) + len(world.table.varied)
    assert rows.weights[rows.labels == 1].sum() == pytest.approx(rows.weights[rows.labels == 0].sum())
    assert (rows.weights[rows.labels < 0] == 0).all()


def test_the_folds_are_those_of_the_groups(world: World) -> None:
    found = world.run()
    fold_of = grouped_folds(world.groups, 3, 0)
    rows = world.table.rows
    expected = fold_of[world.groups.places(rows.units)][rows.unit]
    np.testing.assert_array_equal(expected[found.place], found.fold)


def test_rows_seen_as_they_were_trained_on_are_judged_as_in_cross_validation(world: World) -> None:
    found = world.run()
    judged = world.judge(found)
    made = fold_verdicts(found, world.table.rows, world.groups, world.captures, BUDGET)
    again = judge_seen_otherwise(found, made, world.table.rows.take(found.place), found.fold)
    np.testing.assert_array_equal(again.scored.score, judged.scored.score)
    np.testing.assert_array_equal(again.verdicts, judged.verdicts)
    assert judged.verdicts.any()


def test_rows_seen_otherwise_are_scored_by_the_fold_that_did_not_learn_their_source(world: World) -> None:
    found = world.run()
    # Each fold's model gives its own number, so that a score tells who gave it.
    models = tuple(_Constant(number) for number in range(FOLDS.folds))
    made = fold_verdicts(found, world.table.rows, world.groups, world.captures, BUDGET)
    rows = world.table.rows
    fold = grouped_folds(world.groups, FOLDS.folds, 0)[world.groups.places(rows.units)][rows.unit]
    judged = judge_seen_otherwise(replace(found, models=models), made, rows, fold)
    for number in range(FOLDS.folds):
        expected = made[number].calibration.apply(np.array([number], np.float32))
        assert set(judged.scored.score[fold == number]) == set(expected)


class _Constant(ByDestinations):
    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = np.float32(value)

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full(len(values), self._value)
