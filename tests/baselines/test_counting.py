"""Counting distinct destinations, against sets."""

import numpy as np
import pytest

from sweepml.baselines.counting import count_destinations, count_destinations_at, first_rows, idle_states
from tests.baselines.traces import probes
from tests.evaluation.handmade import US, to_connections


def test_first_rows_agree_with_a_set() -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 4, (2, 200))
    seen: set[tuple[int, int]] = set()
    expected = []
    for i, key in enumerate(zip(*keys.tolist(), strict=True)):
        if key not in seen:
            seen.add(key)
            expected.append(i)
    assert first_rows(*keys).tolist() == expected


def test_a_gap_of_exactly_the_idle_time_keeps_the_state() -> None:
    assert idle_states(np.array([0, 10, 21]), 10, np.zeros(3, int)).tolist() == [0, 0, 1]


def test_gaps_are_those_of_one_key() -> None:
    assert idle_states(np.array([0, 5, 10, 15]), 10, np.array([1, 2, 1, 2])).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_states_of_few_rows(count: int) -> None:
    assert idle_states(np.zeros(count, int), 10, np.zeros(count, int)).tolist() == [0] * count


def test_destinations_rise_by_one_where_one_is_new() -> None:
    connections, _ = to_connections([*probes(2), *probes(3, start_s=10)])
    counted = count_destinations(connections, np.zeros(5, int))
    assert counted.statistic.tolist() == [1, 2, 3]
    assert (counted.ts_us // US).tolist() == [0, 1, 12]
    assert counted.since_us.tolist() == [0, 0, 0]


def test_a_search_knows_its_count_when_it_runs() -> None:
    connections, _ = to_connections(probes(5))
    known_us = np.array([100, 100, 100, 200, 200])
    counted = count_destinations_at(connections, known_us, connections.source)
    assert (counted.ts_us.tolist(), counted.statistic.tolist()) == ([100, 200], [3, 2])
    assert (counted.since_us // US).tolist() == [0, 3]
