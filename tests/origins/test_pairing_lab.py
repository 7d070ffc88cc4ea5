"""The laboratory capture as unidirectional records gives the same fan-out as Zeek's view of the same packets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

import pytest

from sweepml.graph.hosts import HostTable
from sweepml.origins.pairing import Flow, Pairer
from sweepml.origins.rows import Row
from sweepml.runtime.lines import LineReader
from sweepml.schema.outcome import Outcome
from tests.origins.flows import S, nfdump_flows

Edge = tuple[int, str, str, int]
"""Protocol, source, destination, port."""

SHARED_LAB = Path("shared") / "data" / "lab"
CAMPAIGNS = ("train", "train2")


@pytest.fixture(scope="module", params=CAMPAIGNS)
def campaign(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def flows(campaign: str, repo_root: Path) -> list[Flow]:
    path = repo_root.parent / SHARED_LAB / campaign / "nfdump.csv.gz"
    if not path.exists():
        pytest.skip(f"the laboratory capture as nfdump records is not at {path}")
    return list(nfdump_flows(path))


@pytest.fixture(scope="module")
def zeek(campaign: str, lab_dir: Path) -> dict[Edge, set[int]]:
    """Return edge -> outcomes, of Zeek's TCP and UDP connections."""
    found = defaultdict(set)
    hosts = HostTable()
    for batch in LineReader(lab_dir / campaign / "conn.log.gz", hosts):
        columns = (batch.service, batch.source, batch.destination, batch.outcome)
        for service, source, destination, outcome in zip(*(column.tolist() for column in columns), strict=True):
            if service >> 16 in (6, 17):
                edge = (service >> 16, hosts.name(source), hosts.name(destination), service & 0xFFFF)
                found[edge].add(outcome)
    return dict(found)


def paired(flows: Iterable[Flow]) -> list[Row]:
    pairer = Pairer()
    return pairer.push(flows) + pairer.flush()


def edges_of(rows: Iterable[Row]) -> dict[Edge, set[int]]:
    found = defaultdict(set)
    for row in rows:
        if row.protocol in (6, 17):
            found[row.protocol, row.src, row.dst, row.dst_port].add(row.outcome)
    return dict(found)


def fan_out(edges: Iterable[Edge]) -> dict[str, int]:
    targets = defaultdict(set)
    for _, source, destination, _ in edges:
        targets[source].add(destination)
    return {source: len(found) for source, found in targets.items()}


@pytest.fixture(scope="module")
def edges(flows: list[Flow]) -> dict[Edge, set[int]]:
    return edges_of(paired(flows))


@pytest.fixture(scope="module")
def vpc_edges(flows: list[Flow], zeek: dict[Edge, set[int]]) -> dict[Edge, set[int]]:
    return edges_of(paired(vpc_shaped(flows, zeek)))


def assert_no_source_exceeds(found: dict[str, int], zeek: dict[str, int], tolerance: int) -> None:
    excess = {source: count - zeek.get(source, 0) for source, count in found.items()}
    worst = max(excess, key=lambda source: excess[source])
    assert excess[worst] <= tolerance, f"{worst} has {found[worst]} destinations, {zeek.get(worst, 0)} in Zeek's view"


def test_no_server_becomes_a_sweep(edges: dict[Edge, set[int]], zeek: dict[Edge, set[int]]) -> None:
    assert_no_source_exceeds(fan_out(edges), fan_out(zeek), tolerance=1)


def test_no_source_loses_more_than_a_few_targets(edges: dict[Edge, set[int]], zeek: dict[Edge, set[int]]) -> None:
    found, expected = fan_out(edges), fan_out(zeek)
    # Peers that use the service's port on both sides: within one second nothing tells who began.
    for source, count in expected.items():
        assert found.get(source, 0) >= 0.95 * count - 3, source


def test_edges_and_outcomes_are_those_of_zeek(
    edges: dict[Edge, set[int]], zeek: dict[Edge, set[int]], campaign: str
) -> None:
    shared = edges.keys() & zeek.keys()
    assert len(shared) >= {"train": 1.0, "train2": 0.995}[campaign] * len(zeek)
    # Zeek calls an ACK that a reset answers unknown (OTH, RSTRH); the pair of records shows the refusal.
    differ = [edge for edge in shared if min(edges[edge]) != min(zeek[edge]) != Outcome.UNKNOWN]
    assert len(differ) <= 0.001 * len(shared)


def vpc_shaped(flows: Iterable[Flow], zeek: dict[Edge, set[int]]) -> Iterator[Flow]:
    """Yield records as a VPC flow log without the optional fields has them.

    One record a minute and direction, whole seconds, neither TCP flags nor ICMP types, a minute's records in no order.
    A security group rejects what the laboratory's hosts refused: the request is logged as rejected, no reply exists.
    """
    rejected = {edge for edge, outcomes in zeek.items() if outcomes == {Outcome.REFUSED}}
    minute: list[Flow] = []
    for flow in sorted(flows, key=lambda flow: flow.ts_us // (60 * S)):
        if (flow.protocol, flow.dst, flow.src, flow.src_port) in rejected:
            continue
        record = flow._replace(
            tcp_flags=-1,
            icmp_type=-1,
            end_us=flow.end_us // S * S,
            blocked=(flow.protocol, flow.src, flow.dst, flow.dst_port) in rejected,
        )
        if minute and minute[0].ts_us // (60 * S) != record.ts_us // (60 * S):
            yield from _mixed(minute)
            minute = []
        minute.append(record)
    yield from _mixed(minute)


def _mixed(minute: list[Flow]) -> list[Flow]:
    return sorted(minute, key=attrgetter("bytes", "dst", "src", "src_port"))


def test_no_server_of_a_vpc_becomes_a_sweep(vpc_edges: dict[Edge, set[int]], zeek: dict[Edge, set[int]]) -> None:
    assert_no_source_exceeds(fan_out(vpc_edges), fan_out(zeek), tolerance=1)


def test_what_a_vpc_rejects_is_blocked(vpc_edges: dict[Edge, set[int]], zeek: dict[Edge, set[int]]) -> None:
    refused = {edge for edge, outcomes in zeek.items() if outcomes == {Outcome.REFUSED}}
    blocked = {edge for edge, outcomes in vpc_edges.items() if Outcome.BLOCKED in outcomes}
    assert blocked <= refused
    assert len(blocked) >= 0.99 * len(refused)
