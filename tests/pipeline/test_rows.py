"""Labelled feature rows: labels, weights, joining, and that chunks do not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.graph.windows import WindowSpec
from sweepml.pipeline import rows as module
from sweepml.pipeline.rows import LabelledRows, balanced_weights, feature_rows, labelled_rows, row_labels, thinned
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.evaluation.handmade import Contact, to_capture
from tests.oracle.traffic import assert_same_rows

PLAN = FeaturePlan(windows=(WindowSpec(60, 10), WindowSpec(600, 100)), min_dst_count=1)
LABELS = hnp.arrays(np.int8, st.integers(1, 60), elements=st.sampled_from([-1, 0, 1]))


def capture(name: str = "a", seed: int = 0, count: int = 400) -> Capture:
    rng = np.random.default_rng(seed)
    contacts = [
        Contact(
            1_700_000_000 + i * 2.5,
            f"10.0.0.{rng.integers(1, 6)}",
            f"10.0.1.{rng.integers(1, 200)}",
            label=SWEEP_LABEL if rng.random() < 0.1 else 0,
        )
        for i in range(count)
    ]
    return to_capture(name, contacts)


@pytest.mark.parametrize("chunk", [1, 7, 100, 399, 400, 401])
def test_the_size_of_the_chunks_does_not_change_a_bit(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = capture()
    whole = feature_rows(one.connections, FeatureStream(PLAN, one.hosts))
    monkeypatch.setattr(module, "_PUSH_ROWS", chunk)
    assert_same_rows(feature_rows(one.connections, FeatureStream(PLAN, one.hosts)), whole)
    assert len(whole) > 100


def test_windows_left_open_have_rows() -> None:
    one = capture(count=20)  # 50 s: no window of 600 s closes
    rows = feature_rows(one.connections, FeatureStream(PLAN, one.hosts))
    assert set(rows.length_s.tolist()) == {60, 600}


def test_no_connections_give_no_rows() -> None:
    one = capture(count=1)
    rows = feature_rows(one.connections.take(slice(0, 0)), FeatureStream(PLAN, one.hosts))
    assert rows.values.shape == (0, len(FEATURE_NAMES))


def test_units_are_the_sources_of_the_rows() -> None:
    one = capture()
    rows = labelled_rows(one, PLAN, 2)
    assert rows.unit.dtype == np.int32
    assert {name for name, _ in rows.units} == {"a"}
    named = [one.hosts.name(code) for code in rows.features.source.tolist()]
    assert [rows.units[unit][1] for unit in rows.unit.tolist()] == named


def test_labels_come_from_the_targets_touched() -> None:
    one = capture()
    rows = labelled_rows(one, PLAN, 2)
    np.testing.assert_array_equal(rows.y, row_labels(rows.features.sweep_dst_count, 2))
    assert set(rows.y.tolist()) == {-1, 0, 1}


def test_rows_of_a_varied_copy_take_its_connections() -> None:
    one = capture()
    few = labelled_rows(one, PLAN, 2, one.connections.take(slice(0, 50)))
    assert 0 < len(few) < len(labelled_rows(one, PLAN, 2))


@given(hnp.arrays(np.int32, st.integers(0, 50), elements=st.integers(0, 20)), st.integers(1, 10))
def test_row_labels(count: NDArray[np.int32], positive: int) -> None:
    labels = row_labels(count, positive)
    assert labels.dtype == np.int8
    np.testing.assert_array_equal(labels == 1, count >= positive)
    np.testing.assert_array_equal(labels == 0, count == 0)


def test_concat_keeps_rows_in_order_and_a_shared_unit_as_one() -> None:
    a, b = labelled_rows(capture("a"), PLAN, 2), labelled_rows(capture("b", 1), PLAN, 2)
    joined = LabelledRows.concat([a, b, a])
    assert len(joined) == 2 * len(a) + len(b)
    assert len(joined.units) == len(set(joined.units)) == len(a.units) + len(b.units)
    expected = [part.units[unit] for part in (a, b, a) for unit in part.unit.tolist()]
    assert [joined.units[unit] for unit in joined.unit.tolist()] == expected
    np.testing.assert_array_equal(joined.y, np.concatenate([a.y, b.y, a.y]))
    assert_same_rows(joined.features, FeatureRows.concat([a.features, b.features, a.features]))


def test_concat_takes_a_part_without_rows() -> None:
    a = labelled_rows(capture("a"), PLAN, 2)
    none = a.take(np.zeros(len(a), bool))
    joined = LabelledRows.concat([none, a])
    np.testing.assert_array_equal(joined.unit, a.unit)
    assert joined.unit.dtype == np.int32


def test_take_keeps_the_numbers_of_units() -> None:
    a = labelled_rows(capture("a"), PLAN, 2)
    some = a.take(np.arange(0, len(a), 3))
    assert some.units == a.units
    np.testing.assert_array_equal(some.unit, a.unit[::3])
    np.testing.assert_array_equal(some.features.values, a.features.values[::3])


@given(LABELS, st.data())
def test_weights_have_mean_one_over_labelled_rows(y: NDArray[np.int8], data: st.DataObject) -> None:
    group = data.draw(hnp.arrays(np.int32, len(y), elements=st.integers(0, 5)))
    weights = balanced_weights(y, group)
    assert (weights[y < 0] == 0).all()
    assert (weights[y >= 0] > 0).all()
    if (y >= 0).any():
        assert weights[y >= 0].mean() == pytest.approx(1.0)


@given(LABELS, st.data())
def test_sweeps_and_the_rest_weigh_the_same(y: NDArray[np.int8], data: st.DataObject) -> None:
    group = data.draw(hnp.arrays(np.int32, len(y), elements=st.integers(0, 5)))
    weights = balanced_weights(y, group)
    if (y == 1).any() and (y == 0).any():
        assert weights[y == 1].sum() == pytest.approx(weights[y == 0].sum())


@given(LABELS, st.data())
def test_a_group_weighs_as_the_root_of_its_rows(y: NDArray[np.int8], data: st.DataObject) -> None:
    group = data.draw(hnp.arrays(np.int32, len(y), elements=st.integers(0, 5)))
    weights = balanced_weights(y, group)
    for label in (0, 1):
        ratios = [
            weights[(y == label) & (group == one)].sum() / np.sqrt(((y == label) & (group == one)).sum())
            for one in np.unique(group[y == label])
        ]
        assert ratios == pytest.approx(ratios[:1] * len(ratios))


@given(LABELS, st.randoms(use_true_random=False))
def test_weights_follow_their_rows(y: NDArray[np.int8], random: object) -> None:
    group = np.arange(len(y)) % 3
    order = list(range(len(y)))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_allclose(balanced_weights(y[order], group[order]), balanced_weights(y, group)[order])


def test_no_rows_have_no_weights() -> None:
    assert balanced_weights(np.empty(0, np.int8), np.empty(0, np.int32)).shape == (0,)


def counts(rows: LabelledRows) -> dict[tuple[int, ...], int]:
    keys, count = np.unique(np.stack([rows.unit, rows.features.length_s, rows.y]), axis=1, return_counts=True)
    return dict(zip(map(tuple, keys.T.tolist()), count.tolist(), strict=True))


@pytest.mark.parametrize("limit", [1, 3, 10_000])
def test_of_each_source_horizon_and_label_so_many_rows_are_left(limit: int) -> None:
    rows = labelled_rows(capture(), PLAN, 1)
    thin = thinned(rows, limit)
    assert counts(thin) == {key: min(count, limit) for key, count in counts(rows).items()}
    assert (np.diff(thin.features.as_of_us) >= 0).all()


def test_what_is_left_is_spread_over_the_time() -> None:
    rows = labelled_rows(capture(), PLAN, 1)
    one = rows.take((rows.unit == 0) & (rows.features.length_s == 60) & (rows.y == 0))
    left = thinned(one, 4).features.as_of_us
    parts = np.array_split(one.features.as_of_us, 4)
    assert [int(((part[0] <= left) & (left <= part[-1])).sum()) for part in parts] == [1, 1, 1, 1]


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="rows_per_source must be at least 1, got 0"):
        thinned(labelled_rows(capture(), PLAN, 1), 0)
