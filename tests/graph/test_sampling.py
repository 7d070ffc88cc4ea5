"""Samples of graphs that are too large: exact below the limit, the same however merged, unbiased beyond it."""

from __future__ import annotations

from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph import panes
from sweepml.graph.connection_graph import ConnectionGraph, stack_connections, stack_graphs
from sweepml.graph.hosts import HostTable
from sweepml.graph.sampling import GraphLimits, GraphSampler
from sweepml.graph.windows import WindowSpec
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import (
    DESTINATIONS,
    SOURCES,
    Case,
    assert_same_graph,
    assert_same_rows,
    bits_by_key,
    cases,
    encode,
    new_hosts,
    random_records,
    to_connections,
)

EXAMPLES = settings(max_examples=500, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
LIMITS = st.builds(GraphLimits, st.integers(3, 12), st.integers(1, 6))
CUTS = st.lists(st.integers(0, 10**6), max_size=12)


def _records(seed: int, rows: int = 120) -> list[Record]:
    return random_records(np.random.default_rng(seed), rows, 60)


def _graph(records: list[Record], hosts: HostTable) -> ConnectionGraph:
    return ConnectionGraph.from_connections(to_connections(records, hosts))


@EXAMPLES
@given(SEEDS, LIMITS, st.lists(st.integers(0, 120), max_size=5))
def test_merging_samples_gives_the_sample_of_the_whole(seed: int, limits: GraphLimits, cuts: list[int]) -> None:
    hosts, records = new_hosts(), _records(seed)
    sampler = GraphSampler(hosts, limits)
    whole = sampler.merge([_graph(records, hosts)])
    bounds = [0, *sorted(cuts), len(records)]
    parts = [sampler.merge([_graph(records[a:b], hosts)]) for a, b in pairwise(bounds) if a < b]
    at_once = sampler.merge(parts)
    by_two = parts[-1]
    for part in parts[-2::-1]:
        by_two = sampler.merge([by_two, part])
    assert_same_graph(at_once, whole)
    assert_same_graph(by_two, whole)


@EXAMPLES
@given(SEEDS, LIMITS)
def test_what_is_kept_is_exact(seed: int, limits: GraphLimits) -> None:
    hosts, records = new_hosts(), _records(seed)
    whole = _graph(records, hosts)
    kept = GraphSampler(hosts, limits).merge([whole])
    full = _edges(whole)
    assert _edges(kept).items() <= full.items()
    assert len(kept.sources) == min(len(whole.sources), limits.sources)
    by_source = np.bincount(kept.edges.row, minlength=len(kept.sources))
    totals = dict(zip(whole.sources.tolist(), whole.totals.tolist(), strict=True))
    for i, source in enumerate(kept.sources.tolist()):
        assert by_source[i] == min(sum(key[0] == source for key in full), limits.edges_per_source)
        assert kept.totals[i].tolist() == totals[source]


def _edges(graph: ConnectionGraph) -> dict[tuple[int, int, int], tuple[int, ...]]:
    edges = graph.edges
    return {
        (int(graph.sources[edges.row[i]]), int(edges.service[i]), int(edges.destination[i])): (
            int(edges.connections[i]),
            int(edges.flags[i]),
            int(edges.first_key[i]),
            int(edges.last_us[i]),
        )
        for i in range(len(edges))
    }


@EXAMPLES
@given(SEEDS, LIMITS)
def test_sample_does_not_depend_on_codes(seed: int, limits: GraphLimits) -> None:
    records = _records(seed)
    hosts, shuffled = new_hosts(), new_hosts()
    for name in np.random.default_rng(seed).permutation([*SOURCES, *DESTINATIONS]).tolist():
        encode(shuffled, name)
    named = []
    for table in (hosts, shuffled):
        kept = GraphSampler(table, limits).merge([_graph(records, table)])
        named.append({(table.name(s), service, table.name(d)): v for (s, service, d), v in _edges(kept).items()})
    assert named[0] == named[1]


@EXAMPLES
@given(SEEDS, LIMITS)
def test_stack_is_sampled_as_each_of_its_graphs(seed: int, limits: GraphLimits) -> None:
    hosts, records = new_hosts(), _records(seed)
    connections = to_connections(records, hosts)
    cell = np.random.default_rng(seed).integers(0, 3, len(records)).astype(np.int32)
    sampler = GraphSampler(hosts, limits)
    stack = stack_connections(connections, cell, 3)
    sampled = sampler.stack(stack)
    assert len(sampled) == 3
    for i in range(3):
        assert_same_graph(sampled[i], sampler.merge([stack[i]]))
    full = np.diff(sampled.edge_indptr) >= limits.edges_per_source
    scale = np.ones(len(full)) if sampled.sample_scale is None else sampled.sample_scale
    assert (scale >= 1).all()
    assert (scale[~full] == 1).all()


def test_below_the_limit_nothing_changes() -> None:
    hosts = new_hosts()
    records = [Record(i, "10.0.0.1", f"10.1.0.{i}") for i in range(1, 10)]
    stack = stack_graphs([[_graph(records, hosts)]])
    assert GraphSampler(hosts, GraphLimits(10, 1)).stack(stack) is stack


def test_estimate_is_unbiased() -> None:
    targets, limit, rng = 2000, 100, np.random.default_rng(0)
    estimates = []
    for _ in range(60):
        hosts = new_hosts()
        net = rng.integers(0, 256, 3)
        chosen = rng.choice(1 << 16, targets, replace=False)
        records = [Record(0, "192.168.0.1", f"10.{net[0]}.{at >> 8}.{at & 255}") for at in chosen.tolist()]
        sampled = GraphSampler(hosts, GraphLimits(limit)).stack(stack_graphs([[_graph(records, hosts)]]))
        assert sampled.sample_scale is not None
        estimates.append(float(sampled.sample_scale[0]) * limit)
    error = targets / np.sqrt(limit - 2)  # of one estimate
    assert abs(np.mean(estimates) - targets) < 3 * error / np.sqrt(len(estimates))
    assert 0.7 * error < np.std(estimates) < 1.3 * error


def _rows(case: Case, limits: GraphLimits, cuts: list[int]) -> tuple[FeatureRows, FeatureStream]:
    specs = tuple(WindowSpec(*window) for window in case.windows)
    stream = FeatureStream(FeaturePlan(specs, 1, (), (3, 5), limits.edges_per_source, limits.sources))
    bounds = [0, *sorted(cut % (len(case.records) + 1) for cut in cuts), len(case.records)]
    parts = [stream.push(to_connections(case.records[a:b], stream.hosts)) for a, b in pairwise(bounds)]
    return FeatureRows.concat([*parts, stream.flush()]), stream


@EXAMPLES
@given(cases(max_rows=80), LIMITS, CUTS, st.integers(1, 20))
def test_stream_equals_batch_at_the_limit(case: Case, limits: GraphLimits, cuts: list[int], pending: int) -> None:
    whole, one = _rows(case, limits, [])
    with mock.patch.object(panes, "_PENDING_ROWS", pending):
        cut, other = _rows(case, limits, cuts)
    assert_same_rows(whole, cut)
    assert one.counts == other.counts


@EXAMPLES
@given(cases(max_rows=80), LIMITS)
def test_rows_within_the_limits_are_those_without(case: Case, limits: GraphLimits) -> None:
    limited, stream = _rows(case, limits, [])
    free, free_stream = _rows(case, GraphLimits(), [])
    if not stream.counts.sampled_rows and not stream.counts.full_windows:
        assert_same_rows(limited, free)
    kept = bits_by_key(limited.take(limited.milestone == 0), stream.hosts)
    assert kept.keys() <= bits_by_key(free.take(free.milestone == 0), free_stream.hosts).keys()


def test_counts_say_what_was_sampled() -> None:
    sweep = [Record(i * US, "10.0.0.1", f"10.1.0.{i}") for i in range(1, 31)]
    others = [Record(31 * US, f"10.0.1.{i}", "10.9.9.9") for i in range(1, 6)]
    case = Case((*sweep, *others), ((60, 60),))
    _, stream = _rows(case, GraphLimits(10, 100), [])
    assert (stream.counts.sampled_rows, stream.counts.full_windows) == (1, 0)
    rows, stream = _rows(case, GraphLimits(100, 6), [])
    assert (stream.counts.sampled_rows, stream.counts.full_windows, len(rows.take(rows.milestone == 0))) == (0, 1, 6)
    rows, _ = _rows(case, GraphLimits(100, 5), [])
    assert len(rows.take(rows.milestone == 0)) == 5


def test_memory_of_a_pane_is_bounded() -> None:
    stream = FeatureStream(FeaturePlan((WindowSpec(60, 10),), max_edges_per_source=50))
    with mock.patch.object(panes, "_PENDING_ROWS", 100):
        for i in range(40):
            records = [Record(i, "10.0.0.1", f"10.1.{i}.{j}") for j in range(1, 101)]
            stream.push(to_connections(records, stream.hosts))
    assert [len(graph.edges) for graph in stream._panes._folded.values()] == [50]


@pytest.mark.parametrize(
    ("field", "bad", "match"),
    [("max_edges_per_source", 2, "at least 3"), ("max_sources_per_pane", 0, "at least 1")],
)
def test_limits_that_are_none_are_refused(field: str, bad: int, match: str) -> None:
    with pytest.raises(ConfigError, match=f"{field} must be {match}"):
        FeaturePlan(**{field: bad})
