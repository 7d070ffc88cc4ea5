"""Memory: what is new to a window, what is alive, when it says nothing, and that nothing grows for ever."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.features import memory as family
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.schema.catalogue import CATALOGUE, FAMILIES, FEATURE_NAMES
from tests.oracle import oracle
from tests.oracle.oracle import ANSWERED, REFUSED, US, Memory, Record, is_contact
from tests.oracle.traffic import (
    Case,
    assert_rows_match,
    assert_same_rows,
    cases,
    plan_of,
    random_records,
    to_connections,
)

EXAMPLES = settings(max_examples=500, deadline=None)
NAMES = [spec.name for spec in FAMILIES["memory"]]
COLUMNS = [FEATURE_NAMES.index(name) for name in NAMES]
BEGIN = 1_700_000_400
"""A multiple of all strides, in seconds."""


def rows_of(
    plan: FeaturePlan, records: Sequence[Record], cuts: Sequence[int] = ()
) -> tuple[FeatureRows, FeatureStream]:
    stream = FeatureStream(plan)
    bounds = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    parts = [stream.push(to_connections(records[a:b], stream.hosts)) for a, b in pairwise(bounds)]
    return FeatureRows.concat([*parts, stream.flush()]), stream


def lengths(case: Case, factor: int) -> int:
    return factor * max(length for length, _ in case.windows)


@EXAMPLES
@given(cases(max_rows=60), st.sampled_from([1, 2, 100]))
def test_rows_are_the_oracles(case: Case, factor: int) -> None:
    memory_s = lengths(case, factor)
    expected = oracle.stream(case.records, case.windows, memory_s=memory_s, min_span_s=0)
    with mock.patch.object(family, "MIN_SPAN_S", 0):
        rows, stream = rows_of(plan_of(case.windows, memory_s=memory_s), case.records)
    assert_rows_match(rows, stream.hosts, expected.rows)


@EXAMPLES
@given(
    cases(max_rows=60),
    st.lists(st.integers(0, 10**6), max_size=12),
    st.sampled_from([1, 2, 100]),
    st.sampled_from([1, 3, 10, 10**6]),
)
def test_chunks_change_no_bit(case: Case, cuts: list[int], factor: int, room: int) -> None:
    plan = replace(plan_of(case.windows, memory_s=lengths(case, factor), max_remembered=room), milestones=(2, 3, 5))
    with mock.patch.object(family, "MIN_SPAN_S", 0):
        whole, one = rows_of(plan, case.records)
        cut, other = rows_of(plan, case.records, cuts)
    assert_same_rows(whole, cut)
    assert one.counts == other.counts


@EXAMPLES
@given(st.integers(0, 2**32 - 1), st.sampled_from([60, 120, 10_000]))
def test_milestone_knows_what_had_arrived_before_its_pane(seed: int, memory_s: int) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 100, int(rng.integers(60, 300)), BEGIN)
    records = [replace(one, ts_us=at) for one, at in zip(records, sorted({r.ts_us for r in records}), strict=False)]
    plan = plan_of(((60, 10),), memory_s=memory_s, milestones=(2, 3, 5))
    with mock.patch.object(family, "MIN_SPAN_S", 0):
        rows, stream = rows_of(plan, records)
    memory = Memory(10, memory_s, 0)
    memory.begin_us = records[0].ts_us
    for record in filter(is_contact, records):
        memory.learn(record, memory.pane(record.ts_us))
    rows = rows.take(rows.milestone > 0)
    for i in range(len(rows)):
        start, clock = int(rows.start_us[i]), int(rows.as_of_us[i])
        now = memory.pane(clock)
        source = stream.hosts.name(int(rows.source[i]))
        own = [one for one in records if one.src == source and start <= one.ts_us <= clock and is_contact(one)]
        expected = memory.features([(one, now - 1, now) for one in own], start, 60)
        for name, column in zip(NAMES, COLUMNS, strict=True):
            np.testing.assert_allclose(rows.values[i, column], expected[name], rtol=1e-6, err_msg=name)


def _every_minute(src: str, dsts: Sequence[int], minutes: range, outcome: int = ANSWERED) -> list[Record]:
    return [
        Record((BEGIN + 60 * minute) * US + 1000 * dst, src, f"10.1.0.{dst}", outcome=outcome)
        for minute in minutes
        for dst in dsts
    ]


def _last(records: Sequence[Record], source: str = "10.0.0.1", **more: int) -> dict[str, float]:
    """Return the family of a source in the last whole minute."""
    ordered = sorted(records, key=lambda one: one.ts_us)
    rows, stream = rows_of(plan_of(((60, 60),), **more), ordered)
    codes = np.array([stream.hosts.name(code) == source for code in rows.source.tolist()])
    return dict(zip(NAMES, rows.values[codes][-1, COLUMNS].tolist(), strict=True))


def test_who_does_what_he_always_does_finds_nothing_new() -> None:
    got = _last(_every_minute("10.0.0.1", range(1, 6), range(20)))
    assert got == {
        "new_edge_ratio": 0,
        "new_service_ratio": 0,
        "alive_service_ratio": 1,
        "failed_not_alive_count": 0,
    }


def test_what_only_others_knew_is_new_to_the_source_and_no_new_service() -> None:
    others = _every_minute("10.0.0.2", range(1, 4), range(20))
    got = _last(others + _every_minute("10.0.0.1", range(1, 5), range(19, 20), REFUSED))
    assert (got["new_edge_ratio"], got["new_service_ratio"]) == (1, 0.25)
    assert (got["alive_service_ratio"], got["failed_not_alive_count"]) == (0.75, 1)


def test_service_that_never_answered_is_known_and_not_alive() -> None:
    got = _last(_every_minute("10.0.0.1", range(1, 6), range(20), REFUSED))
    assert (got["new_service_ratio"], got["alive_service_ratio"], got["failed_not_alive_count"]) == (0, 0, 5)


def test_cold_memory_says_nothing() -> None:
    records = _every_minute("10.0.0.1", range(1, 6), range(20))
    rows, _ = rows_of(plan_of(((60, 60), (300, 60), (1200, 60))), records)
    missing = np.isnan(rows.values[:, COLUMNS])
    since_s = rows.start_us // US - BEGIN
    # Ten minutes at least, and not less than the window's own length; the first record is 1 ms late.
    assert (missing.all(axis=1) == (since_s < np.maximum(601, rows.length_s + 1))).all()
    assert (missing.any(axis=1) == missing.all(axis=1)).all()
    assert set(rows.length_s[~missing[:, 0]].tolist()) == {60, 300}


def test_what_does_not_occur_for_long_is_new_again() -> None:
    records = _every_minute("10.0.0.1", range(1, 6), range(1))
    keepalive = _every_minute("10.0.0.9", [9], range(30))
    again = _every_minute("10.0.0.1", range(1, 6), range(29, 30))
    assert _last(records + keepalive + again, memory_s=28 * 60)["new_edge_ratio"] == 1
    assert _last(records + keepalive + again, memory_s=29 * 60)["new_edge_ratio"] == 0


def test_pauses_shorter_than_the_memory_do_not_add_up() -> None:
    records = _every_minute("10.0.0.1", range(1, 6), range(0, 40, 3)) + _every_minute("10.0.0.9", [9], range(40))
    assert _last(records, memory_s=200)["new_edge_ratio"] == 0


def test_memory_is_bounded_and_what_it_has_no_room_for_is_counted() -> None:
    records = [
        Record(BEGIN * US + i * US // 10, f"10.0.0.{i % 5}", f"10.{i % 50}.{i // 250}.{i % 250}", port=i % 7)
        for i in range(4000)
    ]
    plan = plan_of(((60, 60),), memory_s=3600, max_remembered=500)
    _, stream = rows_of(plan, records)
    assert stream.counts.not_remembered > 1000
    stream = FeatureStream(plan)
    sizes = []
    for start in range(0, len(records), 100):
        stream.push(to_connections(records[start : start + 100], stream.hosts))
        sizes.append(max(len(things._table) for things in stream._panes._memory._things))
    assert max(sizes) <= 500 + 600  # a pane that began with room


def test_sweep_is_seen_through_a_memory_that_had_no_room_before() -> None:
    # Full in the first minute, it has room again once that is forgotten.
    first = [Record(BEGIN * US + i, "10.0.0.3", f"10.2.{i // 200}.{i % 200}") for i in range(1000)]
    daily = _every_minute("10.0.0.1", range(1, 6), range(60))
    got = _last(first + daily, memory_s=600, max_remembered=900)
    assert got["new_edge_ratio"] == 0


def test_no_memory_is_missing_and_changes_nothing_else() -> None:
    records = random_records(np.random.default_rng(3), 400, 3000)
    without, _ = rows_of(plan_of(((60, 10), (600, 100)), memory_s=0), records)
    rows, _ = rows_of(plan_of(((60, 10), (600, 100))), records)
    others = [spec.family != "memory" for spec in CATALOGUE]
    assert np.isnan(without.values[:, COLUMNS]).all()
    assert not np.isnan(rows.values[:, COLUMNS]).all()
    np.testing.assert_array_equal(rows.values[:, others], without.values[:, others])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("memory_s", 59, "longest window"), ("memory_s", -1, "0"), ("max_remembered", 0, "1")],
)
def test_plan_refuses_what_cannot_be_remembered(name: str, value: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of(((60, 10),), **{name: value})


def test_codes_that_are_given_anew_change_nothing() -> None:
    records = random_records(np.random.default_rng(5), 600, 3000)
    plan = plan_of(((60, 10), (600, 100)))
    whole, one = rows_of(plan, records)
    stream, parts = FeatureStream(plan), []
    for start in range(0, len(records), 50):
        rows = stream.push(to_connections(records[start : start + 50], stream.hosts))
        parts += [
            (stream.hosts.name(code), values.tobytes()) for code, values in zip(rows.source, rows.values, strict=True)
        ]
        stream.compact()
    rows = stream.flush()
    parts += [
        (stream.hosts.name(code), values.tobytes()) for code, values in zip(rows.source, rows.values, strict=True)
    ]
    expected = [
        (one.hosts.name(code), values.tobytes()) for code, values in zip(whole.source, whole.values, strict=True)
    ]
    assert sorted(parts) == sorted(expected)
