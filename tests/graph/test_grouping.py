"""Grouping equals the slow and obvious way."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.graph.grouping import (
    Runs,
    count_between,
    group_starts,
    number_groups,
    sort_by,
    sort_within,
    starts_of_runs,
    sum_between,
)

EXAMPLES = settings(max_examples=500, deadline=None)
DTYPES = (np.uint8, np.int32, np.uint32, np.int64)


@st.composite
def columns(draw: st.DrawFn) -> list[np.ndarray]:
    """Draw up to four columns of up to 62 bits each, so that keys both fit and do not fit 64."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(0, 200))
    bits = draw(st.lists(st.sampled_from([0, 1, 7, 16, 31, 32, 62]), min_size=1, max_size=4))
    out = []
    for width in bits:
        fitting = [dtype for dtype in DTYPES if np.iinfo(dtype).max >= (1 << width) - 1]
        values = rng.integers(0, 1 << width, rows) if rng.random() < 0.5 else rng.choice([0, (1 << width) - 1], rows)
        out.append(values.astype(fitting[int(rng.integers(0, len(fitting)))]))
    return out


@EXAMPLES
@given(columns())
def test_sort_by_equals_sorting_tuples(cols: list[np.ndarray]) -> None:
    order = sort_by(*cols)
    assert sorted(order.tolist()) == list(range(len(cols[0])))
    rows = list(zip(*(col.tolist() for col in cols), strict=True))
    assert [rows[i] for i in order] == sorted(rows)


@EXAMPLES
@given(columns())
def test_sort_by_leaves_its_arguments_alone(cols: list[np.ndarray]) -> None:
    copies = [col.copy() for col in cols]
    sort_by(*cols)
    assert all(np.array_equal(col, copy) for col, copy in zip(cols, copies, strict=True))


@EXAMPLES
@given(columns(), st.integers(1, 3))
def test_stable_sort_keeps_the_order_of_equal_rows(cols: list[np.ndarray], repeats: int) -> None:
    repeated = [np.tile(col, repeats) for col in cols]
    rows = list(zip(*(col.tolist() for col in repeated), strict=True))
    assert sort_by(*repeated, stable=True).tolist() == sorted(range(len(rows)), key=rows.__getitem__)


@EXAMPLES
@given(columns(), st.integers(1, 3))
def test_equal_rows_and_no_others_share_a_group_number(cols: list[np.ndarray], repeats: int) -> None:
    repeated = [np.tile(col >> 1, repeats) for col in cols]
    number, size = number_groups(*repeated)
    rows = list(zip(*(col.tolist() for col in repeated), strict=True))
    assert len({*zip(rows, number.tolist(), strict=True)}) == len(set(rows)) == len(set(number.tolist()))
    assert all(0 <= value < size <= 16 * len(rows) for value in number.tolist())


@EXAMPLES
@given(columns())
def test_runs_start_where_the_row_changes(cols: list[np.ndarray]) -> None:
    rows = sorted(zip(*(col.tolist() for col in cols), strict=True))
    ordered = [np.array([row[i] for row in rows], np.int64) for i in range(len(cols))]
    expected = [i for i, row in enumerate(rows) if i == 0 or row != rows[i - 1]]
    assert starts_of_runs(*ordered).tolist() == expected


@EXAMPLES
@given(st.lists(st.integers(0, 9)))
def test_group_starts_count_the_smaller_groups(groups: list[int]) -> None:
    expected = [sum(other < group for other in groups) for group in range(10)]
    assert group_starts(np.array(sorted(groups), np.int64), 10).tolist() == expected


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**62)), max_size=30))
def test_sort_within_equals_sorting_each_group(pairs: list[tuple[int, int]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    group = np.array([group for group, _ in pairs], np.int32)
    values = np.array([value for _, value in pairs], np.int64)
    assert sort_within(group, values).tolist() == [value for _, value in sorted(pairs)]


@EXAMPLES
@given(st.lists(st.booleans()), st.lists(st.integers(0, 30), max_size=6))
def test_count_between_equals_counting_slices(mask: list[bool], cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(mask)) for cut in cuts), len(mask)]
    expected = [sum(mask[first:last]) for first, last in pairwise(bounds)]
    assert count_between(np.array(bounds), np.array(mask, bool)).tolist() == expected


@EXAMPLES
@given(st.lists(st.integers(-(2**61), 2**61), max_size=30))
def test_sum_between_is_exact_where_the_running_sum_is_not(values: list[int]) -> None:
    bounds = np.arange(len(values) + 1)
    assert sum_between(bounds, np.array(values, np.int64)).tolist() == values


@EXAMPLES
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([(), (3,)]), st.sampled_from([0.0, 0.1, 1.0]))
def test_reducing_runs_is_what_reduceat_gives(seed: int, length: int, lead: tuple[int, ...], disorder: float) -> None:
    rng = np.random.default_rng(seed)
    starts = np.flatnonzero(np.concatenate([[True], rng.random(length - 1) < rng.random()]))
    values = np.sort(rng.integers(0, 9, (*lead, length)).astype(np.uint32), axis=-1)
    mixed = rng.random(values.shape) < disorder
    values[mixed] = rng.integers(0, 9, int(mixed.sum()))
    runs = Runs(starts, length)
    for got, operation in (
        (runs.minimum(values), np.minimum),
        (runs.maximum(values), np.maximum),
        (runs.bitwise_or(values), np.bitwise_or),
    ):
        expected = operation.reduceat(values, starts, axis=-1)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
