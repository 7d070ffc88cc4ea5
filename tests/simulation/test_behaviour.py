"""What roles do: slices fit together without gap or overlap, and rates are those of the table."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.simulation.behaviour import Behaviour, Contacts, Population, Rounds, Visits
from sweepml.simulation.rhythm import ALWAYS, EVENING, OFFICE, activity

MONDAY_US = 1_767_571_200_000_000
HOUR_US = 3_600_000_000


def contacts(behaviour: Behaviour, begin_us: int, end_us: int, sources: int = 7, targets: int = 50) -> Contacts:
    population = Population(sources, targets, salt=11)
    return behaviour.contacts(population, begin_us, end_us, np.random.default_rng(begin_us % 1000))


Steps = set[tuple[int, ...]]


def steps(made: Contacts) -> Steps:
    columns = (made.ts_us, made.source, made.target, made.number)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def rounds(sources: int, period_s: float, targets: int, gap_s: float, services: int, rotate: int) -> Steps:
    """Return the steps of the first hour, made at once."""
    behaviour = Rounds(period_s, targets, gap_s, services=services, rotate=rotate)
    whole = contacts(behaviour, MONDAY_US, MONDAY_US + HOUR_US, sources)
    return set(
        zip(whole.ts_us.tolist(), whole.source.tolist(), whole.target.tolist(), whole.number.tolist(), strict=True)
    )


@given(
    cuts=st.lists(st.integers(1, HOUR_US - 1), max_size=6, unique=True),
    period_s=st.sampled_from([5.0, 60.0, 900.0, 86_400.0]),
    targets=st.integers(1, 30),
    services=st.integers(1, 3),
    rotate=st.integers(0, 2),
)
def test_rounds_are_the_same_however_time_is_cut(
    cuts: list[int], period_s: float, targets: int, services: int, rotate: int
) -> None:
    gap_s = period_s / (targets * services)
    behaviour = Rounds(period_s, targets, gap_s, services=services, rotate=rotate)
    edges = [0, *sorted(cuts), HOUR_US]
    pieces = set()
    total = 0
    for begin, end in pairwise(edges):
        part = contacts(behaviour, MONDAY_US + begin, MONDAY_US + end)
        assert ((part.ts_us >= MONDAY_US + begin) & (part.ts_us < MONDAY_US + end)).all()
        total += len(part)
        pieces |= set(
            zip(part.ts_us.tolist(), part.source.tolist(), part.target.tolist(), part.number.tolist(), strict=True)
        )
    assert total == len(pieces)
    assert pieces == rounds(7, period_s, targets, gap_s, services, rotate)


def test_a_round_visits_each_target_once_with_each_service() -> None:
    behaviour = Rounds(period_s=60, targets=5, gap_s=1, services=2, consecutive=True)
    one = contacts(behaviour, MONDAY_US, MONDAY_US + 60_000_000, sources=1, targets=5)
    assert sorted(zip(one.target.tolist(), one.number.tolist(), strict=True)) == [
        (t, n) for t in range(5) for n in (0, 1)
    ]


@pytest.mark.parametrize("behaviour", [Rounds(30, 6, 0.4), Visits(20, contacts_mean=3), Visits(20)])
def test_the_rate_is_the_one_stated(behaviour: Behaviour) -> None:
    made = contacts(behaviour, MONDAY_US, MONDAY_US + HOUR_US, sources=50)
    assert len(made) / 3600 == pytest.approx(behaviour.rate_hz(Population(50, 50, 11)), rel=0.05)


def test_favourites_are_kept_over_time() -> None:
    visits = Visits(1, favourites=3, new_share=0.0, skew=1)
    early = contacts(visits, MONDAY_US, MONDAY_US + HOUR_US, sources=1, targets=100_000)
    late = contacts(visits, MONDAY_US + 50 * HOUR_US, MONDAY_US + 51 * HOUR_US, sources=1, targets=100_000)
    assert np.isin(late.target, early.target).mean() > 0.95


def test_new_targets_are_new() -> None:
    visits = Visits(1, new_share=1.0, skew=1)
    made = contacts(visits, MONDAY_US, MONDAY_US + HOUR_US, sources=1, targets=10_000_000)
    assert len(np.unique(made.target)) > 0.99 * len(made)


def test_contacts_of_a_visit_follow_its_begin() -> None:
    made = contacts(Visits(1, contacts_mean=5, spread_s=60), MONDAY_US, MONDAY_US + HOUR_US)
    assert made.ts_us.min() >= MONDAY_US
    assert made.ts_us.max() < MONDAY_US + 2 * HOUR_US


@pytest.mark.parametrize("rhythm", [ALWAYS, OFFICE, EVENING])
def test_activity_is_a_share_and_reaches_the_whole(rhythm: str) -> None:
    level = activity(MONDAY_US + np.arange(0, 7 * 24 * HOUR_US, HOUR_US // 4), rhythm)
    assert level.min() > 0
    assert level.max() == 1


def test_offices_are_quiet_at_night_and_on_sundays() -> None:
    noon, night, sunday = activity(MONDAY_US + np.array([10, 3, 6 * 24 + 10]) * HOUR_US, OFFICE)
    assert noon == 1
    assert night < 0.1
    assert sunday < 0.2


def test_a_rhythm_thins_visits_out() -> None:
    visits = Visits(1, rhythm=OFFICE)
    night = len(contacts(visits, MONDAY_US + 2 * HOUR_US, MONDAY_US + 3 * HOUR_US))
    noon = len(contacts(visits, MONDAY_US + 9 * HOUR_US, MONDAY_US + 10 * HOUR_US))
    assert night == pytest.approx(0.06 * noon, rel=0.2)
