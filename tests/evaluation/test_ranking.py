"""Rankings of findings, by hand."""

import math

import numpy as np
import pytest

from sweepml.errors import InputError
from sweepml.evaluation.alerts import JudgementRules, judge_alerts
from sweepml.evaluation.intervals import wilson_interval
from sweepml.evaluation.ranking import Finding, Ranking, findings_of, weighted_average_precision
from sweepml.evaluation.windows import average_precision
from tests.evaluation.handmade import US
from tests.evaluation.small_arena import ALERTS, CRAWLER, SWEEPER, day


def finding(source: str, score: float, *, is_true: bool) -> Finding:
    return Finding("net", source, score, 0, is_true)


def ranking(*findings: Finding, relevant: str = "", seed: int = 0) -> Ranking:
    """Return a ranking; each letter of `relevant` is a source with an episode."""
    return Ranking(findings, [("net", source) for source in relevant], seed)


RIGHT_WRONG_RIGHT = (
    finding("a", 9, is_true=True),
    finding("x", 7, is_true=False),
    finding("b", 5, is_true=True),
)


def test_a_finding_has_the_best_score_and_the_first_time_of_its_alerts() -> None:
    found = findings_of(judge_alerts([day()], ALERTS, JudgementRules()), close_after_s=3600)
    assert found == [
        Finding("day", SWEEPER, 9.0, 1050 * US, is_true=True),
        Finding("day", CRAWLER, 7.0, 3600 * US, is_true=False),
    ]


def test_wrong_alerts_far_apart_are_two_findings() -> None:
    found = findings_of(judge_alerts([day()], ALERTS, JudgementRules()), close_after_s=99)
    assert [(one.source, one.score) for one in found] == [(SWEEPER, 9), (CRAWLER, 7), (CRAWLER, 3)]


def test_precision_at_k_looks_at_the_first_k() -> None:
    ranked = ranking(*RIGHT_WRONG_RIGHT, relevant="ab")
    assert [ranked.precision_at(k).value for k in (1, 2, 3, 10)] == [1, 1 / 2, 2 / 3, 2 / 3]


def test_average_precision_counts_what_is_never_found() -> None:
    # (1/1 + 2/3) over the 2 that there are, then over the 4
    assert ranking(*RIGHT_WRONG_RIGHT, relevant="ab").average_precision.value == pytest.approx(5 / 6)
    assert ranking(*RIGHT_WRONG_RIGHT, relevant="abcd").average_precision.value == pytest.approx(5 / 12)


def test_findings_of_one_score_stand_or_fall_together() -> None:
    tied = (finding("x", 5, is_true=False), finding("a", 5, is_true=True))
    assert ranking(*tied, relevant="a").average_precision.value == 1 / 2


def test_it_agrees_with_the_average_precision_of_rows_where_all_is_found() -> None:
    rng = np.random.default_rng(4)
    hits, score = rng.random(60) < 0.4, np.sort(rng.integers(0, 20, 60))[::-1]
    pairs = zip(hits.tolist(), score.tolist(), strict=True)
    findings = [Finding("net", str(i), s, 0, is_true=hit) for i, (hit, s) in enumerate(pairs)]
    ranked = Ranking(findings, [(one.capture, one.source) for one in findings if one.is_true], seed=0)
    assert ranked.average_precision.value == pytest.approx(average_precision(hits, score))


def test_weights_are_repeats() -> None:
    hits = np.array([True, False, True])
    weighted = weighted_average_precision(hits, np.arange(3), np.array([[1.0, 3.0, 0.0]]), np.array([2]))
    assert weighted.tolist() == [1 / 2]
    assert weighted_average_precision(hits, np.arange(3), np.array([[0.0, 1.0, 2.0]]), np.array([2])) == pytest.approx(
        2 / 3  # of the three findings left, the last two, which stand together
    )


def test_intervals_hold_the_figure_and_repeat() -> None:
    findings = [finding(chr(97 + i), 20 - i, is_true=i % 3 != 1) for i in range(15)]
    relevant = "".join(one.source for one in findings if one.is_true) + "yz"
    for figure in (
        ranking(*findings, relevant=relevant).precision_at(10),
        ranking(*findings, relevant=relevant).average_precision,
    ):
        assert 0 < figure.low < figure.value < figure.high < 1
    first, second = (ranking(*findings, relevant=relevant, seed=3).average_precision for _ in range(2))
    assert first == second


def test_sources_are_resampled_not_findings() -> None:
    """Ten findings of one source tell no more than one: each resample has all of them or none."""
    many = [*(finding("a", 9, is_true=True) for _ in range(10)), *(finding("x", 9, is_true=False) for _ in range(10))]
    low, high = (getattr(Ranking(many, [("net", "a")] * 10, 0).precision_at(20), end) for end in ("low", "high"))
    assert (low, high) == (0, 1)


@pytest.mark.parametrize(("is_true", "hits"), [(True, 2), (False, 0)])
def test_where_the_first_agree_the_interval_is_wilsons_over_their_sources(is_true: bool, hits: int) -> None:
    ranked = ranking(
        finding("a", 3, is_true=is_true),
        finding("a", 2, is_true=is_true),
        finding("b", 1, is_true=is_true),
        relevant="aab",
    )
    figure = ranked.precision_at(3)
    assert (figure.low, figure.high) == wilson_interval(hits, 2)
    assert (ranked.average_precision.low, ranked.average_precision.high) == wilson_interval(hits, 2)


def test_nothing_raised_finds_nothing() -> None:
    empty = ranking(relevant="ab")
    assert math.isnan(empty.precision_at(10).value)
    assert empty.average_precision.value == 0


def test_nothing_to_find_has_no_average_precision() -> None:
    assert math.isnan(ranking(finding("x", 1, is_true=False)).average_precision.value)


def test_more_right_findings_than_episodes_are_refused() -> None:
    with pytest.raises(InputError, match="more findings of a source are right"):
        ranking(finding("a", 2, is_true=True), finding("a", 1, is_true=True), relevant="a")
