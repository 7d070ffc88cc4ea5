"""What a row's bits must not depend on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.kernel import compute_features
from sweepml.graph.connection_graph import ConnectionGraph, stack_connections, stack_graphs
from sweepml.graph.hosts import HostTable
from tests.oracle.oracle import US, Record, is_contact
from tests.oracle.traffic import (
    DESTINATIONS,
    SOURCES,
    Case,
    bits_by_key,
    cases,
    encode,
    new_hosts,
    one_window,
    random_records,
    stream_rows,
    to_connections,
)

EXAMPLES = settings(max_examples=500, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
START_S = 1_700_000_000
LENGTH_S = 60


def _contacts(seed: int, rows: int = 60) -> list[Record]:
    """Return contacts inside [START_S, START_S + LENGTH_S)."""
    records = random_records(np.random.default_rng(seed), rows, LENGTH_S - 1, START_S)
    begin, end = START_S * US, (START_S + LENGTH_S) * US
    return [record for record in records if begin <= record.ts_us < end and is_contact(record)]


def _shuffled_hosts(rng: np.random.Generator) -> HostTable:
    hosts = new_hosts()
    for name in rng.permutation([*SOURCES, *DESTINATIONS, "9.9.9.9", "2001:db8::ffff"]).tolist():
        encode(hosts, name)
    return hosts


@EXAMPLES
@given(cases(), SEEDS)
def test_host_codes_change_no_bit(case: Case, seed: int) -> None:
    rows, stream = stream_rows(case)
    other, stream_2 = stream_rows(case, hosts=_shuffled_hosts(np.random.default_rng(seed)))
    assert bits_by_key(rows, stream.hosts) == bits_by_key(other, stream_2.hosts)


@EXAMPLES
@given(SEEDS)
def test_order_of_records_in_a_window_changes_no_bit(seed: int) -> None:
    records = _contacts(seed)
    shuffled = [records[i] for i in np.random.default_rng(seed).permutation(len(records))]
    rows, hosts = one_window(records, START_S * US, LENGTH_S)
    other, hosts_2 = one_window(shuffled, START_S * US, LENGTH_S)
    assert bits_by_key(rows, hosts) == bits_by_key(other, hosts_2)


@EXAMPLES
@given(SEEDS, st.integers(1, 5))
def test_company_in_the_stack_changes_no_bit(seed: int, windows: int) -> None:
    hosts = new_hosts()
    parts = [to_connections(_contacts(seed + i), hosts) for i in range(windows)]
    cell = np.repeat(np.arange(windows, dtype=np.int32), [len(part) for part in parts])
    start, length = np.full(windows, START_S * US), np.full(windows, LENGTH_S * US)
    together = compute_features(stack_connections(type(parts[0]).concat(parts), cell, windows), hosts, start, length)
    alone = [
        compute_features(stack_connections(part, np.zeros(len(part), np.int32), 1), hosts, start[:1], length[:1])
        for part in parts
    ]
    assert together.values.tobytes() == b"".join(rows.values.tobytes() for rows in alone)


@EXAMPLES
@given(SEEDS)
def test_windows_of_several_lengths_can_share_a_stack(seed: int) -> None:
    hosts = new_hosts()
    graph = ConnectionGraph.from_connections(to_connections(_contacts(seed), hosts))
    start, length = np.full(2, START_S * US), np.array([60, 600]) * US
    both = compute_features(stack_graphs([[graph], [graph]]), hosts, start, length)
    single = [compute_features(stack_graphs([[graph]]), hosts, start[i : i + 1], length[i : i + 1]) for i in (0, 1)]
    assert both.values.tobytes() == b"".join(rows.values.tobytes() for rows in single)


@EXAMPLES
@given(SEEDS, st.integers(1, 4))
def test_merged_graph_has_the_features_of_one_built_at_once(seed: int, parts: int) -> None:
    hosts = new_hosts()
    records = _contacts(seed)
    whole = to_connections(records, hosts)
    graphs = [ConnectionGraph.from_connections(to_connections(records[i::parts], hosts)) for i in range(parts)]
    start, length = np.array([START_S * US]), np.array([LENGTH_S * US])
    at_once = compute_features(stack_connections(whole, np.zeros(len(whole), np.int32), 1), hosts, start, length)
    merged = compute_features(stack_graphs([graphs]), hosts, start, length)
    assert at_once.values.tobytes() == merged.values.tobytes()


@EXAMPLES
@given(SEEDS)
def test_hosts_that_nobody_contacted_change_no_bit(seed: int) -> None:
    records = _contacts(seed)
    hosts = new_hosts()
    connections = to_connections(records, hosts)
    stack = stack_connections(connections, np.zeros(len(records), np.int32), 1)
    start, length = np.array([START_S * US]), np.array([LENGTH_S * US])
    before = compute_features(stack, hosts, start, length)
    hosts.encode_all(["0.0.0.1", "10.0.0.77", "::3", "fd00::8888"])
    after = compute_features(stack, hosts, start, length)
    assert before.values.tobytes() == after.values.tobytes()


@EXAMPLES
@given(SEEDS)
def test_labels_are_no_feature(seed: int) -> None:
    records = _contacts(seed)
    unlabelled = [Record(**{**_fields(record), "label": 0}) for record in records]
    rows, _ = one_window(records, START_S * US, LENGTH_S)
    other, _ = one_window(unlabelled, START_S * US, LENGTH_S)
    assert rows.values.tobytes() == other.values.tobytes()
    assert not other.sweep_dst_count.any()


def _fields(record: Record) -> dict:
    return {name: getattr(record, name) for name in Record.__slots__}
