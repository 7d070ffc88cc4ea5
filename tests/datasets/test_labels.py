import ipaddress
import logging
from dataclasses import replace

import numpy as np
import pytest

from sweepml.datasets.capture import Episode
from sweepml.datasets.labels import episodes_from_labels, label_connections
from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL, Connections
from sweepml.graph.hosts import HostTable

HOSTS = ["10.0.0.1", "10.0.0.2", "10.1.0.3", "2001:db8::4"]


def made(rows: list[tuple[int, str, str, int, int]], label: list[int] | None = None) -> tuple[Connections, HostTable]:
    hosts = HostTable()
    n = len(rows)
    zeros = np.zeros(n, np.int64)
    return Connections(
        ts_us=np.array([row[0] for row in rows], np.int64),
        source=hosts.encode_all(row[1] for row in rows),
        destination=hosts.encode_all(row[2] for row in rows),
        service=np.array([row[3] << 16 | row[4] for row in rows], np.uint32),
        outcome=np.zeros(n, np.uint8),
        duration_us=zeros,
        orig_bytes=zeros,
        resp_bytes=zeros,
        orig_packets=zeros,
        resp_packets=zeros,
        label=np.array(label or [0] * n, np.uint8),
    ), hosts


def sweep(**changed: object) -> Episode:
    values = {"episode_id": "A", "source": HOSTS[0], "start_us": 10_000, "end_us": 20_000, "kind": "sweep"}
    return Episode(**(values | changed))  # type: ignore[arg-type]


def labels_of(rows: list[tuple[int, str, str, int, int]], *episodes: Episode) -> list[int]:
    connections, hosts = made(rows)
    return label_connections(connections, hosts, episodes).tolist()


@pytest.mark.parametrize(
    ("ts_us", "label"), [(8_999, 0), (9_000, 1), (10_000, 1), (20_000, 1), (21_000, 1), (21_001, 0)]
)
def test_both_ends_belong_to_an_episode(ts_us: int, label: int) -> None:
    assert labels_of([(ts_us, HOSTS[0], HOSTS[1], 6, 22)], sweep()) == [label]


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ((10_000, HOSTS[0], HOSTS[1], 6, 22), 1),
        ((10_000, HOSTS[1], HOSTS[0], 6, 22), 0),
        ((10_000, HOSTS[0], HOSTS[1], 17, 22), 0),
        ((10_000, HOSTS[0], HOSTS[1], 6, 23), 0),
        ((10_000, HOSTS[0], HOSTS[1], 6, 81), 1),
        ((10_000, HOSTS[0], HOSTS[2], 6, 22), 0),
        ((10_000, HOSTS[0], HOSTS[3], 6, 22), 1),
    ],
)
def test_source_protocol_port_and_target_must_match(row: tuple[int, str, str, int, int], label: int) -> None:
    episode = sweep(protocols=(6,), ports=((22, 22), (80, 90)), targets=("10.0.0.0/24", "2001:db8::/64"))
    assert labels_of([row], episode) == [label]


def test_networks_hold_what_the_standard_library_says() -> None:
    rng = np.random.default_rng(3)
    addresses = [str(ipaddress.IPv4Address(int(n))) for n in rng.integers(0, 2**32, 200)]
    addresses += [str(ipaddress.IPv6Address(int(n) << 100)) for n in rng.integers(0, 2**28, 200)]
    rows = [(10_000, HOSTS[0], address, 6, 22) for address in addresses]
    for network in (
        "0.0.0.0/0",
        "128.0.0.0/1",
        "::/0",
        "4000::/2",
        f"{addresses[0]}/32",
        f"{addresses[-1]}/128",
    ):
        net = ipaddress.ip_network(network)
        inside = [int(ipaddress.ip_address(a) in net) for a in addresses]
        assert labels_of(rows, sweep(targets=(network,))) == inside


def test_a_sweep_wins_whatever_the_order() -> None:
    row = [(10_000, HOSTS[0], HOSTS[1], 6, 22)]
    other = sweep(kind="vertical_scan")
    assert labels_of(row, other) == [OTHER_ATTACK_LABEL]
    assert labels_of(row, other, sweep()) == labels_of(row, sweep(), other) == [SWEEP_LABEL]


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("sweep", 1),
        ("distributed_sweep", 1),
        ("vertical_scan", 2),
        ("benign_fanout", 0),
        ("malicious_not_sweep", 0),
    ],
)
def test_kinds_have_their_labels(kind: str, label: int) -> None:
    assert labels_of([(10_000, HOSTS[0], HOSTS[1], 6, 22)], sweep(kind=kind)) == [label]


def test_episodes_without_connections_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    rows = [(10_000, HOSTS[0], HOSTS[1], 6, 22)]
    assert labels_of(rows, sweep(source="10.9.9.9"), sweep()) == [1]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "1 of 2 episodes match no connection: A"


def test_the_host_table_is_not_changed() -> None:
    connections, hosts = made([(10_000, HOSTS[0], HOSTS[1], 6, 22)])
    label_connections(connections, hosts, [sweep(source="10.9.9.9")])
    assert hosts.names == (HOSTS[0], HOSTS[1])


def test_labels_become_episodes_split_at_long_pauses() -> None:
    hour = 3600 * 10**6
    rows = [
        (3 * hour, HOSTS[0], HOSTS[2], 6, 23),
        (0, HOSTS[0], HOSTS[1], 6, 22),
        (hour, HOSTS[0], HOSTS[2], 6, 23),
        (2 * hour + 1, HOSTS[0], HOSTS[2], 6, 24),
        (0, HOSTS[1], HOSTS[2], 17, 53),
        (5, HOSTS[1], HOSTS[2], 17, 53),
        (6, HOSTS[1], HOSTS[2], 17, 53),
    ]
    episodes = episodes_from_labels(*made(rows, [1, 1, 1, 1, 2, 0, 2]))
    found = [(e.source, e.kind, e.start_us, e.end_us, e.protocols, e.ports) for e in episodes]
    assert found == [
        (HOSTS[0], "sweep", 0, hour, (6,), ((22, 23),)),
        (HOSTS[0], "sweep", 2 * hour + 1, 3 * hour, (6,), ((23, 24),)),
        (HOSTS[1], "other_attack", 0, 6, (17,), ((53, 53),)),
    ]
    assert len({e.episode_id for e in episodes}) == 3


def test_no_labels_are_no_episodes() -> None:
    assert episodes_from_labels(*made([(0, HOSTS[0], HOSTS[1], 6, 22)])) == ()
    assert episodes_from_labels(*made([])) == ()


def test_many_ports_are_any() -> None:
    rows = [(i, HOSTS[0], HOSTS[1], 6, 2 * i) for i in range(100)]
    (episode,) = episodes_from_labels(*made(rows, [2] * 100))
    assert episode.ports == ()


def test_episode_may_name_an_identity_whatever_address_it_has() -> None:
    rows = [(10_000 + i, HOSTS[i % 2], HOSTS[2], 6, 22) for i in range(4)]
    connections, hosts = made(rows)
    workload = hosts.encode_identity("workload")
    connections = replace(connections, identity=np.array([workload, workload, -1, -1], np.int32))
    assert label_connections(connections, hosts, [sweep(source="workload")]).tolist() == [1, 1, 0, 0]
    assert label_connections(connections, hosts, [sweep()]).tolist() == [1, 0, 1, 0]
