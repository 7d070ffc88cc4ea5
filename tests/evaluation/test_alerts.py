"""What an alert is about."""

from dataclasses import replace

import pytest

from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.alerts import (
    BACKGROUND,
    OUTSIDE_EPISODE,
    AlertRow,
    JudgementRules,
    judge_alerts,
    merge_alerts,
)
from sweepml.evaluation.exposure import Exposure
from tests.evaluation.handmade import US, Contact, episode, to_capture

SWEEPER, SCANNER, USER = "10.0.0.1", "10.0.0.2", "10.0.0.3"
CAPTURE = to_capture(
    "lab",
    [Contact(0, source, "10.1.0.1") for source in (SWEEPER, SCANNER, USER)],
    [episode("E1", SWEEPER, 1000, 2000), episode("V1", SCANNER, 1000, 2000, "vertical_scan")],
)


def alert(since_s: float, detected_s: float, source: str = SWEEPER, horizon_s: int = 0) -> AlertRow:
    return AlertRow("lab", source, round(detected_s * US), round(since_s * US), 1.0, horizon_s, "rule")


def is_true(row: AlertRow, rules: JudgementRules | None = None) -> bool:
    (judged,) = judge_alerts([CAPTURE], [row], rules or JudgementRules())
    return bool(judged.sweeps)


@pytest.mark.parametrize(
    ("since_s", "detected_s", "horizon_s", "expected"),
    [
        (1000, 1000, 0, True),  # both ends of the episode are part of it
        (900, 999.9, 60, False),  # raised before the first probe
        (900, 1000, 60, True),  # evidence begins before the episode
        (2000, 2060, 0, True),  # 60 s of grace without a horizon
        (2000, 2060.1, 0, False),
        (2001, 2010, 0, False),  # no evidence from the episode
        (1900, 2070, 60, True),  # 60 s and a stride of 10 s
        (1900, 2070.1, 60, False),
        (1900, 6200, 3600, True),  # 3600 s and a stride of 600 s
        (1900, 6200.1, 3600, False),
    ],
)
def test_alert_is_true_within_episode_and_grace(
    since_s: float, detected_s: float, horizon_s: int, expected: bool
) -> None:
    assert is_true(alert(since_s, detected_s, horizon_s=horizon_s)) is expected


def test_grace_can_be_set() -> None:
    assert is_true(alert(1900, 2005), JudgementRules(grace_s=5))
    assert not is_true(alert(1900, 2006, horizon_s=3600), JudgementRules(grace_s=5))


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (alert(1500, 1500), ""),
        (alert(10, 20), OUTSIDE_EPISODE),
        (alert(1500, 1500, SCANNER), "vertical_scan"),
        (alert(10, 20, SCANNER), BACKGROUND),
        (alert(1500, 1500, USER), BACKGROUND),
    ],
)
def test_false_alerts_have_a_kind(row: AlertRow, kind: str) -> None:
    assert [one.kind for one in judge_alerts([CAPTURE], [row], JudgementRules())] == [kind]


def test_alert_of_another_capture_is_refused() -> None:
    stray = AlertRow("lab2", SWEEPER, 1, 1, 1.0, 0, "rule")
    with pytest.raises(InputError, match=r"lab2.*did you mean lab"):
        judge_alerts([CAPTURE], [stray], JudgementRules())


def test_evidence_after_detection_is_refused() -> None:
    with pytest.raises(InputError, match="since_us=20000000, detected_us=10000000"):
        judge_alerts([CAPTURE], [alert(20, 10)], JudgementRules())


def test_captures_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="unique"):
        judge_alerts([CAPTURE, CAPTURE], [], JudgementRules())


def test_negative_grace_is_refused() -> None:
    with pytest.raises(ConfigError, match="grace_s=-1"):
        JudgementRules(grace_s=-1)


def test_alerts_that_follow_closely_are_one() -> None:
    rows = [alert(at, at) for at in (0, 100, 200, 301)] + [alert(150, 150, USER)]
    merged = merge_alerts(rows[::-1], close_after_s=100)
    assert [(row.source, row.detected_us // US) for row in merged] == [
        (SWEEPER, 0),
        (SWEEPER, 301),
        (USER, 150),
    ]


def test_alert_on_a_source_that_is_not_judged_is_neither_right_nor_wrong() -> None:
    judged = replace(CAPTURE, judged=frozenset({SWEEPER}))
    rows = [alert(1100, 1200), alert(1100, 1200, USER), alert(1100, 1200, SCANNER)]
    assert [one.alert.source for one in judge_alerts([judged], rows, JudgementRules())] == [SWEEPER]
    watched = replace(judged, judged=frozenset({USER}))
    assert Exposure.of([watched]).source_count == 1
    assert Exposure.of([CAPTURE]).source_count == 3
