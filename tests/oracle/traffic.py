"""Random traffic for property tests, and the way from the oracle's records to the kernel's arrays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sweepml.features.kernel import FeatureRows, compute_features
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connection_graph import ConnectionGraph, Edges, stack_connections
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable, InternalNetworks
from sweepml.graph.windows import WindowSpec
from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES
from sweepml.schema.connection import MISSING
from tests.oracle.oracle import ICMP, ICMP6, INTERNAL, TCP, UDP, US, Record, Row

WINDOWS = (
    ((60, 60),),
    ((60, 10),),
    ((1, 1),),
    ((10, 5), (60, 30)),
    ((7, 7), (21, 21)),
    ((60, 10), (600, 100), (3600, 600)),
    ((60, 20), (120, 20)),
    ((600, 60), (60, 30)),
)
"""As (length_s, stride_s): tumbling, sliding, one second, equal strides, and lengths in any order."""

SOURCES = (
    "10.0.0.1",
    "10.0.0.2",
    "172.31.255.1",
    "203.0.113.9",
    "fd00::1",
    "2001:db8::5",
    "pod/web",
    "pod/db",
)
DESTINATIONS = (
    *(f"10.0.0.{i}" for i in (1, 2, 3, 4, 128, 254, 255)),
    *(f"10.0.1.{i}" for i in (0, 1, 255)),
    "192.168.7.7",
    "100.64.0.1",
    "100.128.0.1",
    "172.15.255.255",
    "172.16.0.0",
    *(f"198.51.100.{i}" for i in (1, 2, 3, 255)),
    "8.8.8.8",
    "fd00::1",
    "fd00::2",
    "fd00:0:0:1::2",
    *(f"2001:db8::{i}" for i in (1, 2, 5)),
    "2001:db8:0:0:ffff:ffff:ffff:ffff",
    "2001:db8:0:1::",
    "2001:db8:0:1::1",
    "2606:4700::1111",
    "::2",
)
NOT_TARGETS = (
    "224.0.0.251",
    "255.255.255.255",
    "127.0.0.1",
    "169.254.1.1",
    "0.0.0.0",
    "240.0.0.1",
    "ff02::1",
    "fe80::1",
    "::",
    "::1",
)
SERVICES = (
    (TCP, 0),
    (TCP, 22),
    (TCP, 445),
    (TCP, 65535),
    (UDP, 0),
    (UDP, 53),
    (UDP, 65535),
    (ICMP, 8),
    (ICMP, 3),
    (ICMP6, 128),
    (ICMP6, 135),
    (255, 1),
)


@dataclass(frozen=True, slots=True)
class Case:
    """Records in arrival order and the windows to cut them into."""

    records: tuple[Record, ...]
    windows: tuple[tuple[int, int], ...]


def random_records(rng: np.random.Generator, rows: int, span_s: int, base_s: int = 1_700_000_000) -> list[Record]:
    """Return records over about `span_s` seconds: repeats, duplicates, window edges, out-of-order arrival."""
    ts_us = base_s * US + np.sort(rng.integers(0, span_s * US, rows))
    on_edge = rng.random(rows) < 0.3
    ts_us[on_edge] = ts_us[on_edge] // (10 * US) * (10 * US) + rng.integers(-1, 2, int(on_edge.sum()))
    late = rng.random(rows) < rng.choice([0.0, 0.3])
    ts_us[late] -= (rng.exponential(span_s / 4, int(late.sum())) * US).astype(np.int64)
    source = rng.integers(0, rng.integers(1, len(SOURCES) + 1), rows)
    destination = rng.integers(0, rng.integers(1, len(DESTINATIONS) + 1), rows)
    service = rng.integers(0, rng.integers(1, len(SERVICES) + 1), rows)
    outcome = rng.choice(5, rows, p=rng.dirichlet(np.ones(5)))
    label = rng.choice(3, rows, p=[0.8, 0.1, 0.1])
    sizes = np.where(rng.random((rows, 5)) < 0.3, 0, rng.integers(0, 10 ** rng.integers(1, 10), (rows, 5)))
    missing = rng.random((rows, 5)) < rng.choice([0.0, 0.2, 1.0])
    odd = rng.random(rows) < 0.05
    records = []
    for i in range(rows):
        volume = [None if missing[i, j] else int(sizes[i, j]) for j in range(5)]
        dst = NOT_TARGETS[i % len(NOT_TARGETS)] if odd[i] else DESTINATIONS[destination[i]]
        records.append(
            Record(
                int(ts_us[i]),
                SOURCES[source[i]],
                dst,
                *SERVICES[service[i]],
                int(outcome[i]),
                *volume,
                label=int(label[i]),
            )
        )
    for i in np.flatnonzero(rng.random(rows) < 0.1):
        records[i] = records[rng.integers(0, rows)]
    return records


@st.composite
def cases(draw: st.DrawFn, max_rows: int = 32) -> Case:
    """Draw a seed and a shape; numpy makes the records, which is much cheaper than drawing each."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(0, max_rows))
    windows = draw(st.sampled_from(WINDOWS))
    span = max(1, int(windows[0][0] * draw(st.sampled_from([0.2, 1.0, 3.0, 12.0]))))
    base_s = draw(st.sampled_from([1_700_000_000, 1_699_999_200, 0, -100]))
    return Case(tuple(random_records(rng, rows, span, base_s)), windows)


@st.composite
def window_records(draw: st.DrawFn, length_s: int = 60, max_size: int = 12) -> list[Record]:
    """Draw a few contacts inside [0, length_s) one by one: extremes that shrink well."""
    size = st.sampled_from([None, 0, 1, 1460, 2**40])
    one = st.builds(
        Record,
        ts_us=st.one_of(st.sampled_from([0, 1, length_s * US - 1]), st.integers(0, length_s * US - 1)),
        src=st.sampled_from(["10.0.0.2", "fd00::1", "10.9.9.9", "pod/web", "pod/db", "203.0.113.9"]),
        dst=st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "8.8.8.8", "fd00::1", "2001:db8::1"]),
        protocol=st.sampled_from([0, 6, 17, 132, 255]),
        port=st.sampled_from([0, 1, 445, 65535]),
        outcome=st.integers(0, 4),
        duration_us=size,
        orig_bytes=size,
        resp_bytes=size,
        orig_packets=size,
        resp_packets=size,
        label=st.integers(0, 2),
    )
    return draw(st.lists(one.filter(lambda record: record.src != record.dst), min_size=1, max_size=max_size))


def encode(hosts: HostTable, name: str) -> int:
    """Return the code of an address or an identity."""
    return hosts.encode_identity(name) if "/" in name else hosts.encode(name)


def to_connections(records: Sequence[Record], hosts: HostTable) -> Connections:
    """Return records as the kernel takes them."""

    def sizes(name: str) -> np.ndarray:
        values = [getattr(record, name) for record in records]
        return np.array([MISSING if value is None else value for value in values], np.int64)

    # Record by record, so that codes do not depend on how records are cut into chunks.
    codes = np.array([(encode(hosts, record.src), encode(hosts, record.dst)) for record in records], np.int32)
    return Connections(
        ts_us=np.array([record.ts_us for record in records], np.int64),
        source=codes.reshape(-1, 2)[:, 0].copy(),
        destination=codes.reshape(-1, 2)[:, 1].copy(),
        service=np.array([record.protocol << 16 | record.port for record in records], np.uint32),
        outcome=np.array([record.outcome for record in records], np.uint8),
        duration_us=sizes("duration_us"),
        orig_bytes=sizes("orig_bytes"),
        resp_bytes=sizes("resp_bytes"),
        orig_packets=sizes("orig_packets"),
        resp_packets=sizes("resp_packets"),
        label=np.array([record.label for record in records], np.uint8),
    )


def new_hosts(internal: Sequence[str] = INTERNAL) -> HostTable:
    """Return an empty table."""
    return HostTable(InternalNetworks(internal))


def plan_of(windows: Sequence[tuple[int, int]], min_dst_count: int = 1, **more: Any) -> FeaturePlan:
    """Return the plan of windows given as (length_s, stride_s).

    By default without milestones: the oracle's stream knows windows only, the oracle of milestones stands in
    tests/graph/test_milestones.py.
    """
    specs = tuple(WindowSpec(*window) for window in windows)
    return FeaturePlan(specs, min_dst_count, **({"milestones": ()} | more))


def one_window(
    records: Sequence[Record], start_us: int, length_s: int, hosts: HostTable | None = None, edges_per_row: int = 0
) -> tuple[FeatureRows, HostTable]:
    """Return the rows of records that all lie in one window."""
    hosts = new_hosts() if hosts is None else hosts
    connections = to_connections(records, hosts)
    stack = stack_connections(connections, np.zeros(len(records), np.int32), 1)
    start, length = np.array([start_us], np.int64), np.array([length_s * US], np.int64)
    return compute_features(stack, hosts, start, length, edges_per_row=edges_per_row), hosts


def window_values(records: Sequence[Record], length_s: int = 60) -> dict[str, dict[str, float]]:
    """Return the features of each source, by name, of records that all lie in the window [0, length_s)."""
    rows, hosts = one_window(records, 0, length_s)
    return {
        hosts.name(code): dict(zip(FEATURE_NAMES, values, strict=True))
        for code, values in zip(rows.source.tolist(), rows.values.tolist(), strict=True)
    }


def stream_rows(
    case: Case, chunks: Sequence[int] = (), hosts: HostTable | None = None, min_dst_count: int = 1, **more: Any
) -> tuple[FeatureRows, FeatureStream]:
    """Return what a stream gives when the records are cut before the rows named in `chunks`."""
    stream = FeatureStream(plan_of(case.windows, min_dst_count, **more), hosts)
    cuts = [0, *sorted(cut % (len(case.records) + 1) for cut in chunks), len(case.records)]
    parts = [stream.push(to_connections(case.records[first:last], stream.hosts)) for first, last in pairwise(cuts)]
    return FeatureRows.concat([*parts, stream.flush()]), stream


def bits_by_key(rows: FeatureRows, hosts: HostTable) -> dict[tuple[str, int, int, int], bytes]:
    """Return the exact bytes of each row's values and label, by what names the row whatever the codes are."""
    keyed = {
        (
            hosts.name(int(rows.source[i])),
            int(rows.end_us[i]),
            int(rows.length_s[i]),
            int(rows.as_of_us[i]),
        ): (rows.values[i].tobytes() + rows.sweep_dst_count[i].tobytes())
        for i in range(len(rows))
    }
    assert len(keyed) == len(rows), "a row occurs twice"
    return keyed


def assert_same_rows(left: FeatureRows, right: FeatureRows) -> None:
    """Fail unless two results agree in order and in every bit."""
    columns = [(one.name, getattr(left, one.name), getattr(right, one.name)) for one in fields(FeatureRows)]
    assert (left.edges is None) == (right.edges is None)
    if left.edges is not None and right.edges is not None:
        columns += [(name, getattr(left.edges, name), getattr(right.edges, name)) for name in ("indptr", "values")]
    for name, a, b in columns:
        if name == "edges":
            continue
        assert a.dtype == b.dtype, name
        assert a.shape == b.shape, name
        assert a.tobytes() == b.tobytes(), name


def _numbered(pairs: Sequence[tuple[tuple, Any]]) -> dict[tuple, Any]:
    """Key by (key, which occurrence): after a restart of the clock a window may come again."""
    seen: Counter[tuple] = Counter()
    out = {}
    for key, value in pairs:
        out[key, seen[key]] = value
        seen[key] += 1
    return out


def assert_rows_match(rows: FeatureRows, hosts: HostTable, expected: Sequence[Row]) -> None:
    """Fail unless the kernel's rows are the oracle's: counts exactly, the rest to 1e-6."""
    want = _numbered([(row.key, row) for row in expected])
    got = _numbered(
        [
            ((hosts.name(code), int(rows.end_us[i]), int(rows.length_s[i]), int(rows.as_of_us[i])), i)
            for i, code in enumerate(rows.source.tolist())
        ]
    )
    assert got.keys() == want.keys()
    for key, i in got.items():
        row = want[key]
        assert int(rows.start_us[i]) == row.start_us
        assert int(rows.sweep_dst_count[i]) == row.sweep_dst_count
        for spec, value in zip(CATALOGUE, rows.values[i].tolist(), strict=True):
            exact = row.values[spec.name]
            if spec.unit == "count":
                assert value == exact or (math.isnan(value) and math.isnan(exact)), (key, spec.name, value, exact)
            else:
                np.testing.assert_allclose(value, exact, rtol=1e-6, atol=1e-6, err_msg=f"{key} {spec.name}")
        assert row.values.keys() == set(FEATURE_NAMES)


def assert_same_graph(left: ConnectionGraph, right: ConnectionGraph) -> None:
    """Fail unless two graphs agree in every column, type and value."""
    columns = [(f.name, getattr(left.edges, f.name), getattr(right.edges, f.name)) for f in fields(Edges)]
    for name, a, b in [
        *columns,
        ("sources", left.sources, right.sources),
        ("totals", left.totals, right.totals),
    ]:
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)
