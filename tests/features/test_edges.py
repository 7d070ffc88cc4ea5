"""The edges of rows: against an oracle, and what their bits must not depend on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.features.edges import RowEdges
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.schema.edge_catalogue import EDGE_CATALOGUE, EDGE_NAMES
from tests.oracle.edges import edge_columns
from tests.oracle.oracle import US, Record, is_contact
from tests.oracle.traffic import (
    DESTINATIONS,
    SOURCES,
    Case,
    assert_same_rows,
    cases,
    encode,
    new_hosts,
    one_window,
    random_records,
    stream_rows,
    to_connections,
    window_records,
)

EXAMPLES = settings(max_examples=200, deadline=None)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)
SEEDS = st.integers(0, 2**32 - 1)
MILESTONES = st.sampled_from([(2, 4), (3,), (2, 3, 5, 8)])
MANY = 1000


def edges_of(rows: FeatureRows, i: int) -> np.ndarray:
    assert rows.edges is not None
    return rows.edges.values[rows.edges.indptr[i] : rows.edges.indptr[i + 1]]


def as_set(values: np.ndarray) -> list[tuple[float, ...]]:
    """Edges in an order of their own: an oracle knows no hashes."""
    return sorted(map(tuple, values.astype(np.float64).round(5).tolist()))


def assert_edges_match(
    rows: FeatureRows, i: int, own: Sequence[Record], window: Sequence[Record], length_s: int
) -> None:
    wanted = edge_columns(own, window, int(rows.start_us[i]), length_s)
    expected = np.array([[columns[name] for name in EDGE_NAMES] for columns in wanted.values()])
    np.testing.assert_allclose(as_set(edges_of(rows, i)), as_set(expected), rtol=0, atol=2e-5)


@EXAMPLES
@given(window_records())
def test_edges_of_a_window_equal_oracle(records: list[Record]) -> None:
    rows, hosts = one_window(records, 0, 60, edges_per_row=MANY)
    for i, code in enumerate(rows.source.tolist()):
        own = [one for one in records if one.src == hosts.name(code)]
        assert_edges_match(rows, i, own, records, 60)


@EXAMPLES
@given(SEEDS, MILESTONES, st.sampled_from([((60, 10),), ((7, 7), (21, 21)), ((60, 60),)]))
def test_others_of_a_milestone_are_those_of_the_last_closed_window(
    seed: int, milestones: tuple[int, ...], windows: tuple[tuple[int, int], ...]
) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 100, int(rng.integers(20, 200)))
    # One record a microsecond, in order: the milestone's record is that of its time.
    records = [replace(one, ts_us=at) for one, at in zip(records, sorted({r.ts_us for r in records}), strict=False)]
    rows, stream = stream_rows(Case(tuple(records), windows), edges_per_row=MANY, milestones=milestones)
    rows = rows.take(rows.milestone > 0)
    length_s, stride_s = min(windows)
    for i in range(len(rows)):
        start, clock = int(rows.start_us[i]), int(rows.as_of_us[i])
        source = stream.hosts.name(int(rows.source[i]))
        contacts = [one for one in records if is_contact(one) and one.ts_us <= clock]
        own = [one for one in contacts if one.src == source and one.ts_us >= start]
        end = clock // (stride_s * US) * stride_s * US
        closed = [one for one in contacts if end - length_s * US <= one.ts_us < end]
        assert_edges_match(rows, i, own, closed, length_s)


@EXAMPLES
@given(cases(max_rows=60), MILESTONES, CUTS, st.sampled_from([1, 2, MANY]))
def test_chunks_change_no_bit(case: Case, milestones: tuple[int, ...], cuts: list[int], per_row: int) -> None:
    whole, _ = stream_rows(case, milestones=milestones, edges_per_row=per_row)
    cut, _ = stream_rows(case, cuts, milestones=milestones, edges_per_row=per_row)
    assert_same_rows(whole, cut)


@EXAMPLES
@given(cases(max_rows=40), MILESTONES)
def test_record_by_record_equals_whole(case: Case, milestones: tuple[int, ...]) -> None:
    whole, _ = stream_rows(case, milestones=milestones, edges_per_row=2)
    one_by_one, _ = stream_rows(case, range(len(case.records)), milestones=milestones, edges_per_row=2)
    assert_same_rows(whole, one_by_one)


@EXAMPLES
@given(cases(), SEEDS)
def test_host_codes_change_no_bit(case: Case, seed: int) -> None:
    hosts = new_hosts()
    for name in np.random.default_rng(seed).permutation([*SOURCES, *DESTINATIONS, "9.9.9.9"]).tolist():
        encode(hosts, name)
    by_key = []
    for rows, stream in (stream_rows(case, edges_per_row=3), stream_rows(case, hosts=hosts, edges_per_row=3)):
        names = [stream.hosts.name(code) for code in rows.source.tolist()]
        ends = zip(names, rows.end_us.tolist(), rows.length_s.tolist(), rows.as_of_us.tolist(), strict=True)
        by_key.append({key: edges_of(rows, i).tobytes() for i, key in enumerate(ends)})
    assert by_key[0] == by_key[1]


@EXAMPLES
@given(cases())
def test_features_are_those_without_edges(case: Case) -> None:
    with_edges, _ = stream_rows(case, edges_per_row=MANY)
    without, _ = stream_rows(case)
    assert_same_rows(replace(with_edges, edges=None), without)


@EXAMPLES
@given(cases(), st.integers(1, 4))
def test_a_sample_is_a_part_of_all_edges(case: Case, per_row: int) -> None:
    every, _ = stream_rows(case, edges_per_row=MANY)
    some, _ = stream_rows(case, edges_per_row=per_row)
    for i in range(len(every)):
        np.testing.assert_array_equal(edges_of(some, i), edges_of(every, i)[:per_row])


def test_ports_do_not_matter_by_their_number() -> None:
    records = [Record(i * US, f"10.0.0.{i % 3}", f"10.1.0.{i}", port=22 + i % 2) for i in range(1, 40)]
    moved = [replace(one, port=one.port + 40_000) for one in records]
    rows, _ = stream_rows(Case(tuple(records), ((60, 60),)), edges_per_row=MANY)
    others, _ = stream_rows(Case(tuple(moved), ((60, 60),)), edges_per_row=MANY)
    for i in range(len(rows)):
        assert as_set(edges_of(rows, i)) == as_set(edges_of(others, i))


def test_values_keep_the_ranges_of_the_catalogue() -> None:
    records = random_records(np.random.default_rng(0), 300, 120)
    rows, _ = stream_rows(Case(tuple(records), ((60, 10),)), milestones=(2, 4), edges_per_row=MANY)
    assert rows.edges is not None
    assert rows.edges.values.dtype == np.float32
    assert not np.isnan(rows.edges.values).any()
    for column, spec in zip(rows.edges.values.T, EDGE_CATALOGUE, strict=True):
        assert column.min() >= 0, spec.name
        assert spec.high is None or column.max() <= spec.high, spec.name


@given(st.lists(st.integers(0, 4), max_size=8), st.data())
def test_taken_rows_keep_their_edges(lengths: list[int], data: st.DataObject) -> None:
    indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    values = np.arange(indptr[-1] * len(EDGE_NAMES), dtype=np.float32).reshape(-1, len(EDGE_NAMES))
    edges = RowEdges(indptr, values)
    index = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=8) if lengths else st.just([]))
    taken = edges.take(np.array(index, np.int64))
    assert len(taken) == len(index)
    for place, row in enumerate(index):
        got = taken.values[taken.indptr[place] : taken.indptr[place + 1]]
        np.testing.assert_array_equal(got, values[indptr[row] : indptr[row + 1]])
    joined = RowEdges.concat([edges, taken])
    assert len(joined) == len(lengths) + len(index)
    assert joined.indptr[-1] == len(joined.values) == indptr[-1] + taken.indptr[-1]


def test_a_stream_gives_no_edges_unless_asked() -> None:
    stream = FeatureStream(FeaturePlan(milestones=()))
    stream.push(to_connections([Record(i * US, "10.0.0.1", f"10.1.0.{i}") for i in range(1, 9)], stream.hosts))
    assert stream.flush().edges is None


def test_a_negative_number_of_edges_is_refused() -> None:
    with pytest.raises(ConfigError, match="edges_per_row must not be negative, got -1"):
        FeaturePlan(edges_per_row=-1)
