"""Sources with an identity: the same rows as if the identity were the address, whatever addresses it had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connection_graph import ConnectionGraph
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostKind, HostTable
from sweepml.graph.windows import WindowSpec
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import Case, assert_same_graph, assert_same_rows, cases, new_hosts, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)
NAMES = ("pod/a", "pod/b", "10.0.0.1", "instance/i-0123")
"""One is named like an address, which it is not."""


def named(records: Sequence[Record], names: Sequence[str | None], hosts: HostTable) -> Connections:
    """Return connections of which record i carries the identity names[i]."""
    connections = to_connections(records, hosts)
    codes = [-1 if name is None else hosts.encode_identity(name) for name in names]
    return replace(connections, identity=np.array(codes, np.int32))


def _draw(seed: int, rows: int) -> list[str | None]:
    rng = np.random.default_rng(seed)
    return [None if rng.random() < 0.3 else NAMES[int(rng.integers(len(NAMES)))] for _ in range(rows)]


def _rows(
    case: Case, names: Sequence[str | None], cuts: Sequence[int] = (), *, compacts: bool = False
) -> tuple[FeatureRows, FeatureStream]:
    stream = FeatureStream(FeaturePlan(tuple(WindowSpec(*w) for w in case.windows), 1, milestones=(2, 4)))
    for name in NAMES:  # in this order, whatever the chunks are
        stream.hosts.encode_identity(name)
    bounds = [0, *sorted(cut % (len(case.records) + 1) for cut in cuts), len(case.records)]
    parts = [stream.push(named(case.records[a:b], names[a:b], stream.hosts)) for a, b in pairwise(bounds)]
    return FeatureRows.concat([*parts, stream.flush()]), stream


@EXAMPLES
@given(cases(max_rows=50), SEEDS, CUTS)
def test_chunks_change_no_bit(case: Case, seed: int, cuts: list[int]) -> None:
    names = _draw(seed, len(case.records))
    whole, one = _rows(case, names)
    cut, other = _rows(case, names, cuts)
    assert_same_rows(whole, cut)
    assert one.counts == other.counts


@EXAMPLES
@given(cases(max_rows=50), SEEDS)
def test_rows_are_those_of_sources_of_that_name(case: Case, seed: int) -> None:
    names = _draw(seed, len(case.records))
    rows, stream = _rows(case, names)
    # The same records, said to come from the identity alone; what an address rules out is left out beforehand.
    hosts = new_hosts()
    kept = is_contact(named(case.records, names, hosts), hosts)
    records = [
        record if name is None else replace(record, src=f"as/{name}")
        for record, name, keep in zip(case.records, names, kept, strict=True)
        if keep
    ]
    if len(records) < len(case.records):
        return  # the clock moves with records that are no contacts too
    other = FeatureStream(stream.plan)
    got = FeatureRows.concat([other.push(to_connections(records, other.hosts)), other.flush()])
    assert _by_name(rows, stream.hosts, prefix="as/") == _by_name(got, other.hosts, prefix="")


def _by_name(rows: FeatureRows, hosts: HostTable, prefix: str) -> Counter:
    def name(code: int) -> str:
        is_drawn = hosts.kind[code] == HostKind.IDENTITY and hosts.name(code) in NAMES
        return (prefix if is_drawn else "") + hosts.name(code)

    return Counter(
        (name(int(rows.source[i])), int(rows.end_us[i]), int(rows.milestone[i]), rows.values[i].tobytes())
        for i in range(len(rows))
    )


def _graph(records: Sequence[Record], names: Sequence[str | None]) -> tuple[ConnectionGraph, HostTable]:
    hosts = new_hosts()
    return ConnectionGraph.from_connections(named(records, names, hosts)), hosts


def test_address_that_is_used_again_is_two_sources() -> None:
    records = [Record(i, "10.0.0.5", f"10.1.0.{i}") for i in range(1, 7)]
    graph, hosts = _graph(records, ["pod/a"] * 3 + ["pod/b"] * 3)
    assert sorted(hosts.name(code) for code in graph.sources.tolist()) == ["pod/a", "pod/b"]
    assert np.bincount(graph.edges.row).tolist() == [3, 3]


def test_identity_with_two_addresses_is_one_source() -> None:
    records = [Record(i, f"10.0.0.{5 + i % 2}", f"10.1.0.{i}") for i in range(1, 7)]
    graph, _ = _graph(records, ["pod/a"] * 6)
    assert len(graph.sources) == 1
    assert len(graph.edges) == 6


def test_identity_is_not_the_address_of_that_name() -> None:
    records = [Record(1, "10.0.0.5", "10.1.0.1"), Record(2, "10.0.0.6", "10.1.0.2")]
    graph, hosts = _graph(records, ["10.0.0.6", None])
    assert [hosts.name(code) for code in graph.sources.tolist()] == ["10.0.0.6", "10.0.0.6"]
    assert len(graph.sources) == 2


def test_sweep_of_a_moving_identity_reaches_its_milestone() -> None:
    records = [Record(i * US, f"10.0.0.{i}", f"10.1.0.{i}") for i in range(1, 6)]
    stream = FeatureStream(FeaturePlan())
    rows = stream.push(named(records, ["pod/a"] * 5, stream.hosts))
    assert rows.milestone.tolist() == [5]
    assert [stream.hosts.name(int(code)) for code in rows.source] == ["pod/a"]


def test_identity_has_no_address_of_its_own_to_be_contacted() -> None:
    records = [Record(1, "10.0.0.5", "10.1.0.1"), Record(2, "10.0.0.6", "10.0.0.5")]
    stream = FeatureStream(FeaturePlan(min_dst_count=1))
    stream.push(named(records, ["pod/a", None], stream.hosts))
    rows = stream.flush()
    in_degree = rows.values[:, FEATURE_NAMES.index("source_in_degree")]
    of_identity = stream.hosts.kind[rows.source] == HostKind.IDENTITY
    assert np.isin(in_degree[of_identity], [0]).all() or np.isnan(in_degree[of_identity]).all()


def test_who_contacts_himself_is_told_by_the_address() -> None:
    hosts = new_hosts()
    own = named([Record(1, "10.0.0.5", "10.0.0.5"), Record(2, "10.0.0.5", "10.0.0.6")], ["pod/a", "pod/a"], hosts)
    assert is_contact(own, hosts).tolist() == [False, True]


def test_source_with_an_identity_needs_no_usable_address() -> None:
    hosts = new_hosts()
    records = [Record(1, "0.0.0.0", "10.0.0.5"), Record(2, "0.0.0.0", "10.0.0.5"), Record(3, "0.0.0.0", "127.0.0.1")]
    assert is_contact(named(records, ["pod/a", None, "pod/a"], hosts), hosts).tolist() == [True, False, False]


def test_identities_survive_cutting_joining_and_new_codes() -> None:
    hosts = new_hosts()
    records = [Record(i, "10.0.0.5", f"10.1.0.{i}") for i in range(1, 5)]
    whole = named(records, ["pod/a", None, "pod/b", None], hosts)
    plain = to_connections(records[:1], hosts)
    joined = Connections.concat([whole.take(slice(0, 2)), whole.take(slice(2, 4)), plain])
    assert [hosts.name(code) for code in joined.identity[[0, 2]].tolist()] == ["pod/a", "pod/b"]
    assert joined.identity[[1, 3, 4]].tolist() == [-1, -1, -1]
    keep = np.zeros(len(hosts), bool)
    whole.mark_hosts(keep)
    assert keep.all()
    hosts.encode("10.9.9.9")
    forgotten = np.append(keep, False)
    forgotten[hosts.encode_identity("pod/a")] = True
    again = whole.recode(hosts.compact(forgotten))
    assert [hosts.name(code) for code in again.identity[[0, 2]].tolist()] == ["pod/a", "pod/b"]
    assert again.identity[[1, 3]].tolist() == [-1, -1]


def test_graph_of_named_connections_is_that_of_the_stream() -> None:
    hosts = new_hosts()
    connections = named([Record(i, "10.0.0.5", f"10.1.0.{i}") for i in range(1, 5)], ["pod/a"] * 4, hosts)
    assert_same_graph(
        ConnectionGraph.from_connections(connections), ConnectionGraph.from_connections(connections.by_identity())
    )
