"""Connections in, features out: data with which an agent in another language can check itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from sweepml.datasets.canonical import batch_of_rows
from sweepml.datasets.encode import table_to_connections
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S, WindowSpec
from sweepml.origins.rows import Row
from sweepml.pipeline.rows import feature_rows
from sweepml.pipeline.table import plan_facts, table_of_rows
from sweepml.schema.catalogue import FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome

PLAN: Final = FeaturePlan(
    windows=(WindowSpec(60, 30), WindowSpec(600, 300)), min_dst_count=1, milestones=(5, 10, 20, 40)
)
"""Two horizons, few strides and no gate: every kind of row in a small file."""

FILES: Final = ("connections.json", "features.json", "features.parquet")

_SEED: Final = 20  # chosen, not tuned
_BEGIN_S: Final = 1_700_000_100
"""Begin of a window of both horizons."""
_CODES: Final = {outcome.label: int(outcome) for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Record:
    """One connection in the canonical columns; None where the log does not say."""

    ts_us: int
    src: str
    dst: str
    protocol: int
    dst_port: int
    outcome: str
    duration_us: int | None = None
    orig_bytes: int | None = None
    resp_bytes: int | None = None
    orig_packets: int | None = None
    resp_packets: int | None = None


def conformance_records() -> list[Record]:
    """Return the connections, in arrival order; always the same.

    No two start at the same microsecond. Some arrive late, a few too late for every window; some contact nobody.
    """
    rng = np.random.default_rng(_SEED)
    made = sorted(_records(rng), key=lambda record: record.ts_us)
    assert len({record.ts_us for record in made}) == len(made)
    arrival = np.array([record.ts_us for record in made], float)
    late = rng.random(len(made)) < 0.1
    arrival[late] += rng.exponential(20 * US_PER_S, int(late.sum()))
    arrival[:2] += 1000 * US_PER_S  # when no window that holds them is open any more
    return [made[i] for i in np.argsort(arrival, kind="stable").tolist()]


def conformance_rows() -> tuple[FeatureRows, HostTable]:
    """Return the kernel's rows of the connections."""
    hosts = PLAN.new_hosts()
    connections = table_to_connections(batch_of_rows(map(_canonical, conformance_records())), hosts)
    return feature_rows(connections, FeatureStream(PLAN, hosts)), hosts


def write_conformance(folder: Path) -> tuple[Path, ...]:
    """Write `FILES` into a folder and return them."""
    rows, hosts = conformance_rows()
    folder.mkdir(parents=True, exist_ok=True)
    # What bounds memory in a flood is left out: so few connections do not come near it.
    plan = {name: facts for name, facts in plan_facts(PLAN).items() if not name.startswith("max_")}
    head = {"feature_schema": SCHEMA_HASH, "plan": plan}
    connections = folder / FILES[0]
    connections.write_text(_json(head, "connections", [asdict(record) for record in conformance_records()]))
    features = folder / FILES[1]
    features.write_text(_json(head | {"features": list(FEATURE_NAMES)}, "rows", list(_rows_as_json(rows, hosts))))
    table = table_of_rows(rows, hosts, "conformance")
    metadata = {"sweepml.feature_schema": SCHEMA_HASH, "sweepml.feature_plan": json.dumps(plan)}
    parquet = folder / FILES[2]
    pq.write_table(table.replace_schema_metadata(metadata), parquet, compression="zstd")
    return connections, features, parquet


@dataclass(frozen=True, slots=True)
class _Probes:
    """One probe per target and port, evenly spread; `answer` is the share that is answered, None if unknown."""

    src: str
    targets: list[str]
    begin_s: float
    span_s: float
    ports: tuple[int, ...]
    protocol: int = Protocol.TCP
    answer: float | None = 0.3


def _records(rng: np.random.Generator) -> Iterator[Record]:
    """Give sources that between them exercise every feature, one habit each."""
    stepped = [f"fd00:0:0:{net}::{16 * i:x}" for net in (1, 2) for i in range(1, 13)]
    scattered = [f"198.51.{i}.{j}" for i, j in rng.integers(1, 250, (16, 2)).tolist()]
    for probes in (
        # A sweep of a /26, in order, and one of two ports, downwards, over a window's edge.
        _Probes("10.1.0.5", [f"10.2.0.{i}" for i in range(1, 60)], 3.0, 50.0, (445,)),
        _Probes("10.1.0.5", [f"10.2.0.{i}" for i in range(60, 20, -2)], 330.0, 40.0, (22, 3389)),
        # IPv6, by echo request, in steps, over two networks; nobody answers.
        _Probes("fd00::17", stepped, 61.0, 25.0, (128,), Protocol.ICMP6, answer=0.0),
        # IPv4, by echo request, public targets in random order; every outcome unknown.
        _Probes("10.1.0.9", scattered, 200.0, 300.0, (8,), Protocol.ICMP, answer=None),
        # A vertical scan of two hosts.
        _Probes("192.168.7.7", ["10.2.0.3", "10.2.0.4"], 120.0, 20.0, tuple(range(20, 45)), answer=0.1),
        # When the memory is warm: a sweep of what was swept before and of what was not, and a client's usual visits.
        _Probes("10.1.0.5", [f"10.2.0.{i}" for i in range(44, 71)], 905.0, 20.0, (445,)),
        _Probes("10.1.0.20", ["10.2.0.3", "203.0.113.80", "203.0.113.81"], 910.0, 9.0, (443,), answer=1.0),
        # Somebody at last, alone, so that every window but the last is closed by a record.
        _Probes("10.1.0.30", ["10.2.0.1", "10.2.0.2", "10.2.0.3"], 993.0, 1.0, (80,)),
    ):
        yield from _probed(rng, probes)
    # A client that returns to the same servers, with volumes, and one of a log without them.
    servers = ["10.2.0.3", "203.0.113.80", "203.0.113.81", "2001:db8::53", "8.8.8.8"]
    yield from _client(rng, "10.1.0.20", servers, 45, with_volumes=True)
    yield from _client(rng, "10.1.0.21", servers, 25, with_volumes=False)
    yield from _client(rng, "2001:db8::99", ["2001:db8::53", "2606:4700::1111", "fd00::17"], 15, with_volumes=True)
    # What contacts nobody: multicast, broadcast, neighbour discovery, an ICMP error, itself.
    for i, (dst, protocol, port) in enumerate(
        [
            ("224.0.0.251", Protocol.UDP, 5353),
            ("10.1.0.255", Protocol.UDP, 137),
            ("ff02::1", Protocol.ICMP6, 135),
            ("10.2.0.9", Protocol.ICMP, 3),
            ("10.1.0.20", Protocol.TCP, 80),
        ]
    ):
        yield Record(_at(70.0 + 31 * i) + i, "10.1.0.20", dst, protocol, port, Outcome.ANSWERED.label)


def _probed(rng: np.random.Generator, probes: _Probes) -> Iterator[Record]:
    pairs = [(dst, port) for dst in probes.targets for port in probes.ports]
    for (dst, port), place in zip(pairs, np.linspace(0, probes.span_s, len(pairs)).tolist(), strict=True):
        ts_us = _at(probes.begin_s + place) + int(rng.integers(0, 40_000))
        where = (ts_us, probes.src, dst, int(probes.protocol), port)
        if probes.answer is None:
            yield Record(*where, Outcome.UNKNOWN.label)
        elif rng.random() < probes.answer:
            sent, received = rng.integers(40, 4000, 2).tolist()
            yield Record(*where, Outcome.ANSWERED.label, 250_000, sent, received, 5, 4)
        else:
            outcome = rng.choice([Outcome.UNANSWERED, Outcome.UNANSWERED, Outcome.REFUSED, Outcome.BLOCKED])
            yield Record(*where, Outcome(outcome).label, None, 0, 0, 1, 0)


def _client(
    rng: np.random.Generator, src: str, servers: list[str], count: int, *, with_volumes: bool
) -> Iterator[Record]:
    """Give visits at random moments of the ten minutes."""
    for start_s in np.sort(rng.random(count) * 595).tolist():
        dst, outcome = servers[int(rng.integers(0, len(servers)))], Outcome.ANSWERED
        protocol, port = (Protocol.UDP, 53) if dst in ("8.8.8.8", "2001:db8::53") else (Protocol.TCP, 443)
        if rng.random() < 0.1:
            outcome = Outcome.REFUSED
        if with_volumes:
            measures = [int(size) for size in rng.integers(0, [30_000_000, 2_000, 90_000, 30, 90])]
            yield Record(_at(start_s), src, dst, protocol, port, outcome.label, *measures)
        else:
            yield Record(_at(start_s), src, dst, protocol, port, outcome.label)


def _at(seconds: float) -> int:
    return _BEGIN_S * US_PER_S + round(seconds * US_PER_S)


def _canonical(record: Record) -> Row:
    values: dict[str, Any] = {name: MISSING if value is None else value for name, value in asdict(record).items()}
    return Row(**(values | {"outcome": _CODES[record.outcome], "label": ""}))


def _rows_as_json(rows: FeatureRows, hosts: HostTable) -> Iterator[dict[str, Any]]:
    for i in range(len(rows)):
        yield {
            "source": hosts.name(int(rows.source[i])),
            "start_us": int(rows.start_us[i]),
            "end_us": int(rows.end_us[i]),
            "as_of_us": int(rows.as_of_us[i]),
            "length_s": int(rows.length_s[i]),
            "milestone": int(rows.milestone[i]),
            # str of a float32 is the shortest decimal that gives this float32 again.
            "values": [None if np.isnan(value) else float(str(value)) for value in rows.values[i]],
        }


def _json(head: dict[str, Any], name: str, lines: list[dict[str, Any]]) -> str:
    """Return an object as JSON whose list has a line for each member, so that a change shows."""
    body = ",\n".join(json.dumps(line) for line in lines)
    return json.dumps(head)[:-1] + f', "{name}": [\n{body}\n]}}\n'
