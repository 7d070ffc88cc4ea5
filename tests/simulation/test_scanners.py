"""Scanner profiles: what all keep, and what each is known for."""

import ipaddress

import numpy as np
import pytest

from sweepml.errors import ConfigError
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses, network_addresses
from sweepml.simulation.scanners.base import Assignment, Pairs, Schedule
from sweepml.simulation.scanners.registry import SCANNERS, make_scanner

SSH, WEB = 6 << 16 | 22, 6 << 16 | 80
EACH = pytest.mark.parametrize("name", SCANNERS)
WITH_RANGE = pytest.mark.parametrize("name", [name for name, one in SCANNERS.items() if not one.own_targets])


def given_to(
    count: int = 300, network: str = "10.9.0.0/22", services: tuple[int, ...] = (SSH, WEB), source: str = "10.1.2.3"
) -> Assignment:
    return Assignment(
        Addresses.from_texts([source]), network_addresses(network), np.array(services, np.uint32), count, 5.0
    )


def order_of(name: str, assignment: Assignment, seed: int = 0) -> Pairs:
    return make_scanner(name).order(assignment, np.random.default_rng(seed))


def schedule_of(name: str, outcome: np.ndarray, rate_hz: float, seed: int = 0) -> Schedule:
    return make_scanner(name).schedule(outcome.astype(np.uint8), rate_hz, np.random.default_rng(seed))


def sent(name: str, outcome: np.ndarray, rate_hz: float) -> np.ndarray:
    return np.sort(schedule_of(name, outcome, rate_hz).offset_s)


ANSWERED = np.full(300, Outcome.ANSWERED)
SILENT = np.full(300, Outcome.UNANSWERED)


@EACH
def test_no_more_pairs_than_asked_for(name: str) -> None:
    for count in (1, 7, 300):
        assert 0 < len(order_of(name, given_to(count))) <= count


@EACH
def test_every_pair_is_probed_and_time_runs_forward(name: str) -> None:
    low, high = SCANNERS[name].rates_hz
    for outcome in (ANSWERED, SILENT, ANSWERED[:1], SILENT[:1]):
        schedule = schedule_of(name, outcome, (low * high) ** 0.5)
        assert set(schedule.pair.tolist()) == set(range(len(outcome)))
        assert schedule.offset_s.min() >= 0
        assert len(schedule.offset_s) == len(schedule.pair)


@EACH
def test_pace_against_answering_hosts_is_the_one_set(name: str) -> None:
    low, high = SCANNERS[name].rates_hz
    rate_hz = min(max(low, 2.0), high)
    span_s = np.ptp(sent(name, ANSWERED, rate_hz))
    assert len(ANSWERED) / span_s == pytest.approx(rate_hz, rel=0.25)


@WITH_RANGE
def test_no_pair_of_a_range_is_chosen_twice(name: str) -> None:
    pairs = order_of(name, given_to(1500))
    keys = set(zip(pairs.targets.texts(), pairs.services.tolist(), strict=True))
    assert len(keys) == len(pairs)


@WITH_RANGE
def test_targets_lie_in_the_range(name: str) -> None:
    for network in ("10.9.0.0/24", "2001:db8::/120"):
        texts = order_of(name, given_to(network=network)).targets.texts()
        assert all(ipaddress.ip_address(text) in ipaddress.ip_network(network) for text in texts)


@WITH_RANGE
def test_a_range_that_is_wholly_scanned_is_wholly_visited(name: str) -> None:
    pairs = order_of(name, given_to(512, "10.9.0.0/24"))
    assert len(set(pairs.targets.texts())) == 256


@EACH
def test_the_generator_decides_all(name: str) -> None:
    first, again = order_of(name, given_to(), 3), order_of(name, given_to(), 3)
    assert first.targets.texts() == again.targets.texts()
    assert first.services.tolist() == again.services.tolist()


@pytest.mark.parametrize(("name", "gap_s"), [("nmap_t1", 15.0), ("nmap_t2", 0.4)])
def test_polite_nmap_pauses_between_any_two_probes(name: str, gap_s: float) -> None:
    offset_s = sent(name, SILENT, 1 / gap_s)
    assert len(offset_s) == 600  # the silent ones twice
    assert np.diff(offset_s).min() >= gap_s * 0.999
    assert np.diff(offset_s).max() <= gap_s * 1.03


def test_nmap_goes_through_every_host_of_a_group_before_the_next_port() -> None:
    pairs = order_of("nmap_t4", given_to(128))
    assert len(set(pairs.services[:64].tolist())) == 1
    assert len(set(pairs.services[64:].tolist())) == 1
    assert pairs.targets.texts()[:64] == pairs.targets.texts()[64:]


@pytest.mark.parametrize("name", ["masscan", "zmap", "mirai"])
def test_stateless_scanners_never_try_twice(name: str) -> None:
    assert len(schedule_of(name, SILENT, 100.0).pair) == len(SILENT)


@pytest.mark.parametrize("name", ["masscan", "zmap"])
def test_stateless_scanners_keep_a_constant_rate(name: str) -> None:
    gaps_s = np.diff(sent(name, SILENT, 100.0))
    assert gaps_s.std() < 0.1 * gaps_s.mean()


def test_masscan_mixes_ports_and_zmap_takes_one() -> None:
    assert 0.3 < np.mean(order_of("masscan", given_to(1000, "10.9.0.0/23")).services == SSH) < 0.7
    assert set(order_of("zmap", given_to(1000)).services.tolist()) == {SSH}


@pytest.mark.parametrize(("name", "own_16", "own_8"), [("worm_codered2", 3 / 8, 7 / 8), ("worm_nimda", 1 / 2, 3 / 4)])
def test_worms_prefer_their_own_networks(name: str, own_16: float, own_8: float) -> None:
    texts = order_of(name, given_to(20_000)).targets.texts()
    assert np.mean([text.startswith("10.1.") for text in texts]) == pytest.approx(own_16, abs=0.02)
    assert np.mean([text.startswith("10.") for text in texts]) == pytest.approx(own_8, abs=0.02)


def test_a_worm_on_an_ipv6_host_stays_in_its_network() -> None:
    texts = order_of("worm_nimda", given_to(source="2001:db8:1::7")).targets.texts()
    assert all(ipaddress.ip_address(text) in ipaddress.ip_network("2001:db8:1::/64") for text in texts)


def test_mirai_probes_telnet_nine_times_in_ten() -> None:
    services = order_of("mirai", given_to(20_000)).services
    assert np.mean(services == (6 << 16 | 23)) == pytest.approx(0.9, abs=0.01)
    assert set(services.tolist()) == {6 << 16 | 23, 6 << 16 | 2323}


def test_mirai_leaves_out_private_military_and_unroutable_networks() -> None:
    addresses = [ipaddress.ip_address(text) for text in order_of("mirai", given_to(50_000)).targets.texts()]
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "55.0.0.0/8", "224.0.0.0/3"):
        assert not any(address in ipaddress.ip_network(cidr) for address in addresses), cidr


def test_mirai_sends_a_burst_at_each_second() -> None:
    offset_s = sent("mirai", SILENT, 100.0)
    assert np.mean(offset_s % 1.0 < 0.01) == 1.0
    assert set(np.floor(offset_s).tolist()) == {0.0, 1.0, 2.0}


def test_silent_targets_slow_a_connect_loop_down() -> None:
    slow = [np.ptp(sent("connect_loop", SILENT, 90.0)), np.ptp(sent("connect_loop", ANSWERED, 90.0))]
    assert slow[0] > 2 * slow[1]


def test_an_unknown_scanner_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match="no scanner is called 'nmap_t6'; did you mean nmap_t5"):
        make_scanner("nmap_t6")
