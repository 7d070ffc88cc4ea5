"""Thresholds from an alert budget, on scores written by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.rows import ScoredRows
from sweepml.evaluation.thresholds import AlertBudget, ThresholdChoice, choose_thresholds, clear_of, count_alerts
from tests.evaluation.handmade import HOUR_S, US

DAY = Exposure(source_days=1000.0, source_count=1000, span_s=86_400.0)
"""A budget of n a day per 1,000 sources allows n alerts."""

Row = tuple[str, float, int, float]
"""source, time in seconds, label, score."""


def to_rows(rows: list[Row], horizon_s: int | list[int] = 60) -> ScoredRows:
    sources, at_s, y, score = zip(*rows, strict=True)
    as_of_us = np.array(at_s) * US
    return ScoredRows.from_columns(
        ["lab"] * len(rows),
        sources,
        horizon_s=np.broadcast_to(horizon_s, len(rows)),
        start_us=as_of_us - 60 * US,
        as_of_us=as_of_us,
        y=y,
        score=score,
    )


def choose(rows: list[Row], allowed: float, **fields: float) -> ThresholdChoice:
    return choose_thresholds(to_rows(rows), DAY, AlertBudget(allowed, **fields))


LADDER: list[Row] = [
    ("A", 0, 0, 0.95),
    ("B", 0, 0, 0.85),
    ("C", 0, 0, 0.75),
    ("D", 0, 0, 0.65),
    ("S", 0, 1, 0.90),
    ("S", 60, 1, 0.70),
    ("U", 0, -1, 0.99),
]
"""Negatives at .95, .85, .75, .65; a sweep at .90 and .70; an unlabelled row at .99."""


@pytest.mark.parametrize(
    ("allowed", "threshold", "false_alerts"),
    [
        (0, (0.95 + 0.99) / 2, 0),  # above every negative row; the next score up is the unlabelled row's
        (1, (0.85 + 0.90) / 2, 1),
        (2, (0.75 + 0.85) / 2, 2),
        (2.9, (0.75 + 0.85) / 2, 2),
        (3, (0.65 + 0.70) / 2, 3),
        (4, 0.5, 4),  # everything is allowed: the floor
    ],
)
def test_threshold_is_midway_above_the_first_excess(allowed: float, threshold: float, false_alerts: int) -> None:
    (one,) = choose(LADDER, allowed).horizons
    assert one.threshold == pytest.approx(threshold, abs=1e-6)
    assert (one.false_alerts, one.within_budget) == (false_alerts, True)


def test_what_was_caught_is_counted() -> None:
    (strict,), (lax,) = choose(LADDER, 0).horizons, choose(LADDER, 1).horizons
    assert (strict.caught_units, strict.positive_units) == (0, 1)
    assert lax.caught_units == 1


def test_margin_is_the_distance_to_the_nearest_score() -> None:
    assert choose(LADDER, 2).horizons[0].margin == pytest.approx(0.05, abs=1e-6)


def test_rows_that_follow_closely_are_one_alert() -> None:
    rows: list[Row] = [("A", at, 0, 0.9) for at in (0, 3000, 6000)] + [("B", 0, 1, 0.8)]
    assert choose(rows, 1).horizons[0].false_alerts == 1
    assert choose(rows, 1, close_after_s=600).horizons[0].false_alerts == 0


def test_merging_at_lower_scores_does_not_excuse_alerts_above() -> None:
    # From .7 down a row at 3,000 s joins the two of .9 into one alert; at .9 there are two, one is allowed.
    rows: list[Row] = [("A", 0, 0, 0.9), ("A", 6000, 0, 0.9), ("A", 3000, 0, 0.7)]
    (one,) = choose(rows, 1).horizons
    assert (one.threshold, one.false_alerts) == (pytest.approx(0.95), 0)


def test_floor_is_kept() -> None:
    rows: list[Row] = [("A", 0, 0, 0.1), ("B", 0, 0, 0.3), ("S", 0, 1, 0.6)]
    assert choose(rows, 0).thresholds == {60: 0.5}
    assert choose(rows, 0, floor=0.2).thresholds[60] == pytest.approx(0.45)


def test_threshold_without_excess_lies_midway_above_the_floor() -> None:
    # .45 is below the floor and .8 above: .625 gives the same verdicts as .5 and is farther from both
    rows: list[Row] = [("A", 0, 0, 0.45), ("S", 0, 1, 0.8)]
    assert choose(rows, 0).thresholds[60] == pytest.approx(0.625)


def test_floor_is_never_rounded_down() -> None:
    choice = choose([("S", 0, 1, 0.9)], 0, floor=0.7)
    assert choice.thresholds[60] >= 0.7
    assert choice.thresholds[60] == pytest.approx(0.7)


def test_certain_false_alert_cannot_be_avoided() -> None:
    (one,) = choose([("A", 0, 0, 1.0), ("S", 0, 1, 0.8)], 0).horizons
    assert (one.threshold, one.false_alerts, one.within_budget) == (1.0, 1, False)


def test_neighbours_in_float32_are_told_apart() -> None:
    low = np.float32(0.75)
    high = np.nextafter(low, np.float32(1))
    (one,) = choose([("A", 0, 0, float(low)), ("S", 0, 1, float(high))], 0).horizons
    assert one.threshold == float(high)
    assert (one.false_alerts, one.caught_units) == (0, 1)


def test_budget_is_split_equally_over_horizons() -> None:
    rows = to_rows(LADDER + LADDER, [60] * 7 + [600] * 7)
    choice = choose_thresholds(rows, DAY, AlertBudget(4))
    assert [one.allowed for one in choice.horizons] == [2, 2]
    assert choice.false_alerts == 4


def test_shares_can_be_given() -> None:
    rows = to_rows(LADDER + LADDER, [60] * 7 + [600] * 7)
    choice = choose_thresholds(rows, DAY, AlertBudget(4, shares={60: 0.75, 600: 0.25}))
    assert [one.false_alerts for one in choice.horizons] == [3, 1]


def test_missing_share_is_named() -> None:
    with pytest.raises(ConfigError, match="horizon_s=60"):
        choose_thresholds(to_rows(LADDER), DAY, AlertBudget(4, shares={600: 1.0}))


def test_verdicts_compare_with_their_own_horizon() -> None:
    rows = to_rows(LADDER + LADDER, [60] * 7 + [600] * 7)
    verdicts = choose_thresholds(rows, DAY, AlertBudget(4, shares={60: 1.0, 600: 0.0})).verdicts(rows)
    assert (int(verdicts[:7].sum()), int(verdicts[7:].sum())) == (7, 1)


def test_verdicts_need_a_threshold() -> None:
    choice = choose(LADDER, 1)
    with pytest.raises(InputError, match="horizon_s=600"):
        choice.verdicts(to_rows(LADDER, 600))


def test_small_validation_sets_say_what_they_cannot_show() -> None:
    small = Exposure(source_days=1.5, source_count=100, span_s=1300.0)
    choice = choose_thresholds(to_rows(LADDER), small, AlertBudget(10))
    assert choice.false_alerts == 0
    assert choice.false_rate_upper == pytest.approx(2.996 / 1.5 * 1000, rel=1e-3)
    assert not choice.is_verifiable
    assert choose(LADDER, 3).is_verifiable


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.integers(0, 20).map(lambda at: float(at * 1800)),
            st.sampled_from([0, 0, 1, -1]),
            st.integers(0, 20).map(lambda score: score / 20),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 6),
)
def test_choice_agrees_with_trying_every_threshold(rows: list[Row], allowed: int) -> None:
    scored = to_rows(rows)
    (one,) = choose(rows, allowed).horizons

    def alerts_at(threshold: float) -> int:
        false = (scored.y == 0) & (scored.score >= threshold)
        return count_alerts(scored.unit[false], scored.as_of_us[false], HOUR_S)

    tried = [(i + 0.5) / 40 for i in range(20, 40)] + [0.5 + 1e-6]  # between the scores, from the floor up
    good = [t for t in tried if all(alerts_at(other) <= allowed for other in tried if other >= t)]
    assert 0.5 <= one.threshold <= 1
    assert one.false_alerts == alerts_at(one.threshold)
    if good:
        assert one.within_budget
        assert alerts_at(min(good)) == one.false_alerts or one.threshold == 0.5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=30), st.integers(0, 5))
def test_alerts_are_counted_as_by_a_loop(rows: list[tuple[int, int]], close_after_s: int) -> None:
    expected, last = 0, None
    for unit, at in sorted(rows):
        expected += last is None or last[0] != unit or at - last[1] > close_after_s
        last = (unit, at)
    unit = np.array([row[0] for row in rows], np.int32)
    as_of_us = np.array([row[1] for row in rows], np.int64) * US
    assert count_alerts(unit, as_of_us, close_after_s) == expected


@pytest.mark.parametrize("score", [-0.1, 1.5])
def test_scores_must_be_probabilities(score: float) -> None:
    with pytest.raises(InputError, match=r"scores in \[0, 1\]"):
        choose([("A", 0, 0, score)], 1)


def test_no_rows_are_refused() -> None:
    rows = to_rows(LADDER).take(np.zeros(7, bool))
    with pytest.raises(InputError, match="no validation rows"):
        choose_thresholds(rows, DAY, AlertBudget(1))


def test_zero_exposure_is_refused() -> None:
    with pytest.raises(ConfigError, match="no source for any time"):
        choose_thresholds(to_rows(LADDER), Exposure(0.0, 0, 0.0), AlertBudget(1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"per_day_per_1000": -1}, "budget must not be negative"),
        ({"per_day_per_1000": float("nan")}, "budget must not be negative"),
        ({"per_day_per_1000": 1, "floor": 1.5}, "floor"),
        ({"per_day_per_1000": 1, "close_after_s": -1}, "close_after_s"),
        ({"per_day_per_1000": 1, "shares": {60: 0.5}}, "sum to 1"),
        ({"per_day_per_1000": 1, "shares": {60: 1.5, 600: -0.5}}, "sum to 1"),
    ],
)
def test_budgets_out_of_range_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AlertBudget(**fields)


@given(
    scores=st.lists(st.floats(0, 1, width=32), max_size=40),
    threshold=st.floats(0, 1, width=32),
)
def test_a_cleared_threshold_is_not_lower_and_no_nearer_to_a_score(scores: list[float], threshold: float) -> None:
    levels = np.array(scores, np.float32)
    cleared = clear_of(threshold, levels, 1e-3)
    assert threshold <= cleared <= 1.0
    if len(levels) and cleared != threshold:
        assert np.abs(levels - cleared).min() >= np.abs(levels - np.float32(threshold)).min()


def test_a_threshold_that_is_clear_stays() -> None:
    assert clear_of(0.5, np.array([0.25, 0.75], np.float32), 0.125) == 0.5


def test_a_threshold_on_a_score_moves_to_the_first_gap_that_is_wide_enough() -> None:
    crowd = np.array([0.5, 0.5625, 0.625, 0.9375], np.float32)
    assert clear_of(0.5, crowd, 0.125) == 0.75


def test_in_a_crowd_a_threshold_takes_the_widest_gap_nearby() -> None:
    crowd = np.concatenate([0.5 + np.arange(20) / 1024, 0.53125 + np.arange(100) / 1024]).astype(np.float32)
    assert clear_of(0.5, crowd, 0.125) == pytest.approx((0.5 + 19 / 1024 + 0.53125) / 2)


def test_a_threshold_passes_no_more_than_a_few_scores() -> None:
    crowd = np.append(np.linspace(0.25, 0.75, 10_001), [0.9]).astype(np.float32)
    assert clear_of(0.25, crowd, 0.05) < 0.26


def test_a_horizon_that_no_capture_shows_is_as_sure_as_the_surest_shorter_one() -> None:
    rows = to_rows([*LADDER, ("S", 0, 1, 0.6), ("A", 0, 0, 0.2)], [60] * len(LADDER) + [86_400] * 2)
    short = Exposure(1000.0, 1000, 3600.0, longest_s=3600.0)
    chosen = choose_thresholds(rows, short, AlertBudget(2)).thresholds
    assert chosen[86_400] == chosen[60] > 0.6
    shown = Exposure(1000.0, 1000, 90_000.0, longest_s=43_200.0)
    assert choose_thresholds(rows, shown, AlertBudget(2)).thresholds[86_400] < 0.6
