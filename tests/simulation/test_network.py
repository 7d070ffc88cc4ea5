"""The made-up network: every hard negative is there, addresses are where they belong, nothing depends on the past."""

import ipaddress

import numpy as np
import pytest

from sweepml.errors import ConfigError
from sweepml.graph.hosts import HostKind, InternalNetworks
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.network import HOSTS_MAX, ROLES, Network, NetworkPlan
from sweepml.simulation.records import Records

NOON_US = 1_767_607_200_000_000
HOUR_US = 3_600_000_000

HARD_NEGATIVES = (
    *("prometheus", "lb_healthcheck", "config_management", "dns_resolver", "mail_server", "p2p", "crawler"),
    *("failed_service_client", "ntp_pool_client", "backscatter", "vulnerability_scanner", "inventory", "backup_server"),
    *("patch_management", "printer_monitor", "snmp_poller", "ping_monitor", "nat_gateway", "mesh_client", "web_proxy"),
)


def plan(seed: int = 0, hosts: int = 300, hours: float = 2, dual_stack: float = 0.25) -> NetworkPlan:
    return NetworkPlan(seed, hosts, NOON_US, NOON_US + round(hours * HOUR_US), dual_stack)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(plan())


@pytest.fixture(scope="module")
def records(network: Network) -> Records:
    return Records.concat([network.records(number) for number in range(network.slices)])


def names_of(network: Network) -> dict[str, str]:
    return {address: name for address, name, _, _ in network.roles()}


def of_role(network: Network, records: Records, name: str) -> Records:
    addresses = {address for address, role in names_of(network).items() if role == name}
    return records.take(np.array([text in addresses for text in records.src.texts()]))


@pytest.fixture(scope="module")
def busy_in_a_day() -> set[str]:
    """Return the roles that do something within a day."""
    day = Network(plan(hosts=100, hours=24))
    names = names_of(day)
    slices = (day.records(number).src.to_arrow().dictionary.to_pylist() for number in range(day.slices))
    return {names[address] for addresses in slices for address in addresses}


@pytest.mark.parametrize("name", HARD_NEGATIVES)
def test_every_hard_negative_is_there_and_busy(busy_in_a_day: set[str], name: str) -> None:
    assert name in busy_in_a_day


def test_multicast_discovery_and_neighbour_discovery_are_there(records: Records) -> None:
    kinds = InternalNetworks().classify(records.dst.high, records.dst.low)
    assert (kinds == HostKind.NOT_A_TARGET).any()
    assert (records.service == (Protocol.ICMP6 << 16 | 135)).any()


def test_every_source_has_a_role(network: Network, records: Records) -> None:
    assert set(records.src.to_arrow().dictionary.to_pylist()) <= names_of(network).keys()


def test_clients_servers_and_monitors_are_internal_and_visitors_are_not(network: Network) -> None:
    internal = [ipaddress.ip_network(cidr) for cidr in ("10.0.0.0/8", "fc00::/7")]
    for address, name, _, _ in network.roles():
        inside = any(ipaddress.ip_address(address) in cidr for cidr in internal)
        assert inside == (not name.startswith(("inbound", "backscatter"))), (address, name)


def test_pools_do_not_run_into_each_other_in_the_largest_network() -> None:
    largest = Network(plan(hosts=HOSTS_MAX, hours=0.001))
    addresses = [address for address, _, _, _ in largest.roles()]
    assert len(addresses) == len(set(addresses))
    portrait = largest.portrait()
    assert (InternalNetworks().classify(portrait.sources.high, portrait.sources.low) == HostKind.INTERNAL).all()


def test_a_slice_depends_on_its_number_alone() -> None:
    one, other = Network(plan(hours=9)), Network(plan(hours=9))
    assert one.slices > 3
    for number in (1, 0):
        other.records(number)
    assert one.records(2).to_batch().equals(other.records(2).to_batch())
    assert not one.records(2).to_batch().equals(Network(plan(seed=1, hours=9)).records(2).to_batch())


def test_no_record_begins_before_its_slice(network: Network) -> None:
    for number in range(network.slices):
        assert network.records(number).ts_us.min() >= network.span_us(number)[0]


def test_a_longer_time_begins_like_a_shorter() -> None:
    short, long = Network(plan(hours=6)), Network(plan(hours=60))
    assert short.slice_us == long.slice_us
    assert short.records(0).to_batch().equals(long.records(0).to_batch())


@pytest.mark.parametrize(("dual_stack", "versions"), [(0.0, {True}), (1.0, {False}), (0.5, {True, False})])
def test_dual_stack_decides_which_versions_there_are(dual_stack: float, versions: set[bool]) -> None:
    small = Network(plan(hours=0.2, dual_stack=dual_stack))
    records = small.records(0)
    assert set(records.src.is_ipv4.tolist()) == versions
    assert (records.src.is_ipv4 == records.dst.is_ipv4).all()


def test_containers_change_their_addresses(network: Network, records: Records) -> None:
    callers = of_role(network, records, "mesh_client")
    begins = callers.ts_us < NOON_US + HOUR_US // 4
    ends = callers.ts_us > NOON_US + 7 * HOUR_US // 4
    early, late = (set(callers.take(mask).src.texts()) for mask in (begins, ends))
    assert len(late - early) > len(late) / 2


def test_peers_fail_and_databases_answer(network: Network, records: Records) -> None:
    assert np.mean(of_role(network, records, "p2p").outcome != Outcome.ANSWERED) > 0.15
    assert np.mean(of_role(network, records, "application").outcome == Outcome.ANSWERED) > 0.95


def test_a_failed_service_fails_for_all_its_clients_at_once(network: Network, records: Records) -> None:
    calls = of_role(network, records, "failed_service_client")
    piece = calls.ts_us // 1_200_000_000
    states = {}
    for text, when, outcome in zip(calls.dst.texts(), piece.tolist(), calls.outcome.tolist(), strict=True):
        states.setdefault((text, when), []).append(outcome != Outcome.ANSWERED)
    shares = np.array([np.mean(failed) for failed in states.values() if len(failed) > 10])
    assert (shares > 0.95).any()
    assert ((shares > 0.95) | (shares < 0.1)).all()


def test_the_scanner_that_is_allowed_to_tries_many_ports_of_a_host() -> None:
    day = Network(plan(hosts=100, hours=24))
    scans = Records.concat(
        [of_role(day, day.records(number), "vulnerability_scanner") for number in range(0, day.slices, 5)]
    )
    hosts, count = np.unique(scans.dst.hash64, return_counts=True)
    assert len(hosts) > 2
    assert max(len(np.unique(scans.service[scans.dst.hash64 == host])) for host in hosts) > 90
    assert count.max() > 90


def test_roles_of_a_pool_are_played_by_different_hosts() -> None:
    for pool in ("infrastructure", "monitors"):
        firsts = [role.first for role in ROLES if role.sources == pool]
        assert len(firsts) == len(set(firsts))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hosts": 99}, "hosts must lie between 100 and 100,000, got 99"),
        ({"hosts": 100_001}, "hosts must lie between"),
        ({"dual_stack": 1.1}, "dual_stack must lie between 0 and 1"),
        ({"hours": 0}, "at least a second"),
    ],
)
def test_a_plan_out_of_range_is_refused(changed: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(**changed)
