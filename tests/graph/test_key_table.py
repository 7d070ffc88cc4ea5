"""A hash table whose operations take arrays, against a dictionary."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.graph.key_table import KeyTable

BATCHES = st.lists(st.lists(st.integers(0, 400), max_size=40), max_size=8)


def _keys(numbers: list[int], spread: int) -> np.ndarray:
    # All keys of a spread want the same few slots.
    return (np.array(numbers, np.uint64) + np.uint64(1)) * np.uint64(spread)


@settings(max_examples=500, deadline=None)
@given(BATCHES, st.sampled_from([1, 1 << 10, 1 << 20, (1 << 64) // 402]))
def test_each_key_keeps_the_number_that_it_got(batches: list[list[int]], spread: int) -> None:
    table, expected = KeyTable(), {}
    for batch in batches:
        keys = _keys(batch, spread)
        found = table.find(keys)
        assert found.tolist() == [expected.get(key, -1) for key in batch]
        new = list(dict.fromkeys(key for key in batch if key not in expected))
        expected |= {key: len(expected) + i for i, key in enumerate(new)}
        assert table.add(_keys(new, spread)).tolist() == [expected[key] for key in new]
    every = list(range(401))
    assert table.find(_keys(every, spread)).tolist() == [expected.get(key, -1) for key in every]
    assert len(table) == len(expected)


def test_table_grows_and_finds_a_key_many_times() -> None:
    rng = np.random.default_rng(1)
    keys = np.unique(rng.integers(1, 1 << 62, 50_000).astype(np.uint64))
    table = KeyTable()
    for part in np.array_split(keys, 7):
        table.add(part)
    twice = np.concatenate([keys, keys])
    assert (table.find(twice) == np.tile(np.arange(len(keys)), 2)).all()
    assert (table.find(keys + np.uint64(1 << 63)) == -1).all()


def test_zero_is_a_key_like_others() -> None:
    table = KeyTable()
    assert table.find(np.zeros(1, np.uint64)).tolist() == [-1]
    assert table.add(np.array([0, 5], np.uint64)).tolist() == [0, 1]
    assert table.find(np.array([5, 0], np.uint64)).tolist() == [1, 0]
