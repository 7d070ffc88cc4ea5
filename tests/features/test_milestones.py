"""Feature rows of milestones: what is in them, and that chunks do not matter."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.windows import WindowSpec
from sweepml.schema.catalogue import CATALOGUE, FAMILIES, FEATURE_NAMES
from tests.oracle.oracle import US, Record, is_contact, milestone_features
from tests.oracle.traffic import (
    Case,
    assert_same_rows,
    bits_by_key,
    cases,
    one_window,
    random_records,
    to_connections,
)

EXAMPLES = settings(max_examples=500, deadline=None)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)
MILESTONES = st.sampled_from([(2, 4), (3,), (2, 3, 5, 8), (4, 6)])
DST_COUNT = FEATURE_NAMES.index("dst_count")
LENGTH = FEATURE_NAMES.index("window_length_s")


def rows_of(
    records: Sequence[Record],
    milestones: tuple[int, ...],
    cuts: Sequence[int] = (),
    windows: Sequence[tuple[int, int]] = ((60, 10), (600, 100)),
    min_dst_count: int = 1,
) -> tuple[FeatureRows, FeatureStream]:
    specs = tuple(WindowSpec(*window) for window in windows)
    stream = FeatureStream(FeaturePlan(specs, min_dst_count, milestones=milestones))
    bounds = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    parts = [stream.push(to_connections(records[a:b], stream.hosts)) for a, b in pairwise(bounds)]
    return FeatureRows.concat([*parts, stream.flush()]), stream


@EXAMPLES
@given(cases(max_rows=60), MILESTONES, CUTS)
def test_chunks_change_no_bit(case: Case, milestones: tuple[int, ...], cuts: list[int]) -> None:
    whole, _ = rows_of(case.records, milestones, windows=case.windows)
    cut, _ = rows_of(case.records, milestones, cuts, case.windows)
    assert_same_rows(whole, cut)


@EXAMPLES
@given(cases(max_rows=40), MILESTONES)
def test_record_by_record_equals_whole(case: Case, milestones: tuple[int, ...]) -> None:
    whole, _ = rows_of(case.records, milestones, windows=case.windows)
    one_by_one, _ = rows_of(case.records, milestones, range(len(case.records)), case.windows)
    assert_same_rows(whole, one_by_one)


@EXAMPLES
@given(cases(max_rows=60), MILESTONES)
def test_row_names_its_milestone_and_the_shortest_horizon(case: Case, milestones: tuple[int, ...]) -> None:
    rows, _ = rows_of(case.records, milestones, windows=case.windows)
    rows = rows.take(rows.milestone > 0)
    shortest = min(length for length, _ in case.windows)
    assert (rows.values[:, DST_COUNT] == rows.milestone).all()
    assert (rows.length_s == shortest).all()
    assert (rows.values[:, LENGTH] == shortest).all()
    assert (rows.end_us == rows.as_of_us + 1).all()
    assert (rows.end_us - rows.start_us == shortest * US).all()


@EXAMPLES
@given(cases(max_rows=60), MILESTONES)
def test_rows_of_windows_are_those_without_milestones(case: Case, milestones: tuple[int, ...]) -> None:
    rows, _ = rows_of(case.records, milestones, windows=case.windows)
    without, _ = rows_of(case.records, (), windows=case.windows)
    assert_same_rows(rows.take(rows.milestone == 0), without)


@EXAMPLES
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_row_is_that_of_its_records_alone(seed: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    records = [
        Record(int(ts), "10.0.0.1", f"10.1.0.{rng.integers(1, 60)}", port=int(rng.integers(1, 3)))
        for ts in np.sort(rng.integers(0, 90 * US, 30 + more))
    ]
    rows, stream = rows_of(records, (5, 10, 20))
    rows = rows.take(rows.milestone > 0)
    for i in range(len(rows)):
        start, end = int(rows.start_us[i]), int(rows.end_us[i])
        alone, hosts = one_window([r for r in records if start <= r.ts_us < end], start, 60)
        (values,) = bits_by_key(alone, hosts).values()
        got = rows.take(np.array([i]))
        # Of several records at one microsecond some may come after the one that reached the milestone.
        if sum(record.ts_us == end - 1 for record in records) == 1:
            assert bits_by_key(got, stream.hosts).popitem()[1][:-4] == values[:-4]


@EXAMPLES
@given(st.integers(0, 2**32 - 1), MILESTONES, st.sampled_from([((60, 10),), ((7, 7), (21, 21)), ((60, 60),)]))
def test_others_are_those_of_the_last_closed_window(
    seed: int, milestones: tuple[int, ...], windows: tuple[tuple[int, int], ...]
) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 120, int(rng.integers(20, 200)))
    # One record a microsecond, in order: the milestone's record is that of its time.
    records = [replace(one, ts_us=at) for one, at in zip(records, sorted({r.ts_us for r in records}), strict=False)]
    rows, stream = rows_of(records, milestones, windows=windows)
    rows = rows.take(rows.milestone > 0)
    for i in range(len(rows)):
        start, clock = int(rows.start_us[i]), int(rows.as_of_us[i])
        source = stream.hosts.name(int(rows.source[i]))
        seen = [record for record in records if record.ts_us <= clock]
        own = [one for one in seen if one.src == source and one.ts_us >= start and is_contact(one)]
        expected = milestone_features(own, seen, windows, start)
        for spec, value in zip(CATALOGUE, rows.values[i].tolist(), strict=True):
            np.testing.assert_allclose(value, expected[spec.name], rtol=1e-6, atol=1e-6, err_msg=spec.name)


def test_without_a_closed_window_features_about_others_are_missing() -> None:
    crowd = [Record(i * 1000, f"10.0.1.{i}", f"10.2.0.{i % 7}") for i in range(1, 50)]
    records = sorted(
        [*crowd, *(Record(i * 999, "10.0.0.1", f"10.2.0.{i}") for i in range(1, 12))], key=lambda one: one.ts_us
    )
    rows, _ = rows_of(records, (5, 10))
    rows = rows.take(rows.milestone > 0)
    assert len(rows) == 2
    missing = {spec.name for spec, value in zip(CATALOGUE, rows.values[0], strict=True) if np.isnan(value)}
    about_others = {spec.name for family in ("graph", "relative") for spec in FAMILIES[family]}
    assert about_others - {"silent_dst_ratio"} <= missing


def test_what_a_source_did_in_the_closed_window_is_not_counted_twice() -> None:
    crowd = [Record(i * US, f"10.0.1.{i}", "10.2.0.1") for i in range(1, 7)]
    before = [Record(7 * US + i, "10.0.0.1", f"10.2.0.{i}") for i in range(1, 5)]
    after = [Record(11 * US + i, "10.0.0.1", f"10.2.0.{i}") for i in range(1, 6)]
    rows, _ = rows_of([*crowd, *before, *after], (5,), windows=((10, 10),))
    values = dict(zip(FEATURE_NAMES, rows.values[rows.milestone == 5][0].tolist(), strict=True))
    assert values["dst_popularity_mean"] == np.float32((7 + 1 + 1 + 1 + 1) / 5)
    assert values["exclusive_dst_ratio"] == np.float32(4 / 5)
    assert values["top_port_source_count"] == 7
    assert values["top_port_edge_share"] == np.float32(5 / 11)
    assert (values["dst_count_rank_ratio"], values["dst_count_median_ratio"]) == (1, 5)


def test_gate_holds_for_milestones_too() -> None:
    records = [Record(i, "10.0.0.1", f"10.1.0.{i + 1}") for i in range(8)]
    rows, _ = rows_of(records, (2, 4, 8), min_dst_count=4)
    assert rows.milestone[rows.milestone > 0].tolist() == [4, 8]


def test_stride_closes_before_a_milestone_of_the_same_time() -> None:
    records = [Record(i, "10.0.0.1", f"10.1.0.{i + 1}") for i in range(2)]
    records.append(Record(10 * US, "10.0.0.1", "10.1.0.9"))
    rows, _ = rows_of(records, (3,), windows=((60, 10),))
    assert rows.as_of_us.tolist() == [10 * US] * 3  # the window that ends there, the milestone, the one that is cut
    assert rows.milestone.tolist() == [0, 3, 0]


def test_label_counts_targets_of_the_sweep_in_the_window() -> None:
    records = [Record(i, "10.0.0.1", f"10.1.0.{i + 1}", label=int(i >= 2)) for i in range(5)]
    rows, _ = rows_of(records, (5,))
    assert rows.sweep_dst_count[rows.milestone == 5].tolist() == [3]
