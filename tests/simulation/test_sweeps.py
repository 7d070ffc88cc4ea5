"""Sweeps that are drawn: reproducible, within the log, answered by what the log shows."""

from pathlib import Path

import numpy as np
import pytest

from sweepml.errors import ConfigError
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.answers import Answers, Strangers
from sweepml.simulation.episodes import covering_networks
from sweepml.simulation.portrait import LogInput, Portrait, draw_portrait
from sweepml.simulation.scanners.registry import SCANNERS
from sweepml.simulation.sweeps import PlayedSweep, SweepMaker, SweepOptions
from sweepml.simulation.targets import free_address
from tests.simulation.logs import rows, write_log

EACH = pytest.mark.parametrize("scanner", SCANNERS)
HTTPS = 6 << 16 | 443


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    return draw_portrait(LogInput(write_log(tmp_path_factory.mktemp("log") / "conn.log", rows())))[0]


def maker(portrait: Portrait, seed: int = 0, **options: object) -> SweepMaker:
    return SweepMaker(portrait, SweepOptions(**options), seed, "here")  # type: ignore[arg-type]


def same(a: PlayedSweep, b: PlayedSweep) -> bool:
    return a.episode == b.episode and a.records.to_batch().equals(b.records.to_batch())


def test_a_sweep_depends_on_seed_and_number_alone(portrait: Portrait) -> None:
    one, other = maker(portrait), maker(portrait)
    for number in (3, 0, 7):
        other.play(number)
    assert same(one.play(3), other.play(3))
    assert not same(one.play(3), one.play(4))
    assert not same(one.play(3), maker(portrait, seed=1).play(3))


def test_ids_tell_networks_options_seeds_and_numbers_apart(portrait: Portrait) -> None:
    ids = [maker(portrait).play(number).episode.episode_id for number in range(5)]
    ids.append(maker(portrait, seed=1).play(0).episode.episode_id)
    ids.append(maker(portrait, sizes=(10, 99)).play(0).episode.episode_id)
    ids.append(SweepMaker(portrait, SweepOptions(), 0, "elsewhere").play(0).episode.episode_id)
    assert len(set(ids)) == len(ids)


@EACH
def test_a_sweep_stays_within_the_log_and_its_episode(portrait: Portrait, scanner: str) -> None:
    for number in range(10):
        played = maker(portrait, scanners=(scanner,)).play(number)
        ts_us = played.records.ts_us
        assert len(ts_us) > 0
        assert (np.diff(ts_us) >= 0).all()
        assert portrait.begin_us <= ts_us[0] == played.episode.start_us
        assert ts_us[-1] == played.episode.end_us <= portrait.end_us


@EACH
def test_sizes_stay_within_what_was_asked_for(portrait: Portrait, scanner: str) -> None:
    for number in range(10):
        played = maker(portrait, scanners=(scanner,), sizes=(12, 90)).play(number)
        assert int(played.episode.attributes["pairs_probed"]) <= 90


@EACH
def test_the_smallest_sweep_is_one_probe_and_never_of_the_source_itself(portrait: Portrait, scanner: str) -> None:
    for number in range(30):
        records = maker(portrait, scanners=(scanner,), sizes=(1, 2)).play(number).records
        assert len(records) > 0
        assert not (records.src.hash64 == records.dst.hash64).any()


def test_a_service_answers_as_in_the_log(portrait: Portrait) -> None:
    """Server 1 answers, 12 refuses, 14 is silent; 99 was never seen."""
    hosts = Addresses.from_texts([f"192.168.8.{host}" for host in (1, 12, 14, 99)])
    service = np.full(4, HTTPS, np.uint32)
    known = [Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED]
    for answering in (0.0, 1.0):
        outcome = Answers(portrait.services).to(hosts, service, Strangers(answering, 0.0, 1.0), salt=5)
        assert outcome[:3].tolist() == known
        assert (outcome[3] == Outcome.ANSWERED) == bool(answering)


def test_unseen_hosts_refuse_as_their_network_does(portrait: Portrait) -> None:
    """In 192.168.8.0/24 two services refuse and one is silent; of 10.0.0.0/16 nothing is known."""
    near = Addresses.from_texts([f"192.168.8.{host}" for host in range(100, 250)])
    far = Addresses.from_ipv4(np.arange(10 << 24, (10 << 24) + 5000))
    for hosts, share in ((near, 2 / 3), (far, 0.1)):
        service = np.full(len(hosts), 6 << 16 | 23, np.uint32)
        outcome = Answers(portrait.services).to(hosts, service, Strangers(0.0, 0.1, 1.0), salt=3)
        assert np.mean(outcome == Outcome.REFUSED) == pytest.approx(share, abs=0.12 if hosts is near else 0.02)


def test_a_live_host_refuses_or_drops_on_other_ports(portrait: Portrait) -> None:
    host, closed = Addresses.from_texts(["192.168.8.1"]), np.array([6 << 16 | 23], np.uint32)
    for share, expected in ((1.0, Outcome.REFUSED), (0.0, Outcome.UNANSWERED)):
        outcome = Answers(portrait.services).to(host, closed, Strangers(1.0, 0.0, share), salt=1)
        assert outcome.tolist() == [expected]


def test_shares_of_strangers_are_kept(portrait: Portrait) -> None:
    hosts = Addresses.from_ipv4(np.arange(1 << 24, (1 << 24) + 20_000))
    service = np.full(len(hosts), HTTPS, np.uint32)
    outcome = Answers(portrait.services).to(hosts, service, Strangers(0.3, 0.5, 1.0), salt=9)
    assert np.mean(outcome == Outcome.ANSWERED) == pytest.approx(0.3, abs=0.02)
    assert np.mean(outcome == Outcome.REFUSED) == pytest.approx(0.35, abs=0.02)


def test_new_sources_are_new_and_existing_ones_known(portrait: Portrait) -> None:
    known = set(portrait.sources.texts())
    new = {maker(portrait, existing_share=0.0).play(number).episode.source for number in range(20)}
    old = {maker(portrait, existing_share=1.0).play(number).episode.source for number in range(20)}
    assert not new & known
    assert old <= known
    assert len(old) > 3
    assert all(source.startswith("192.168.7.") for source in new)


def test_an_excluded_source_never_sweeps(portrait: Portrait) -> None:
    known = portrait.sources.texts()
    chosen = maker(portrait, existing_share=1.0, excluded=frozenset(known[1:]))
    assert {chosen.play(number).episode.source for number in range(10)} == {known[0]}
    with pytest.raises(ConfigError, match="no source that is not a labelled attacker"):
        maker(portrait, excluded=frozenset(known))


def test_a_free_address_is_found_in_a_full_network() -> None:
    taken = {f"10.0.0.{host}" for host in range(256)}
    found = free_address(Addresses.from_texts(["10.0.0.9"]), taken, np.random.default_rng(0)).texts()[0]
    assert found.startswith("10.0.1.")


def test_an_ipv6_log_gets_ipv6_sweeps(tmp_path: Path) -> None:
    own, _ = draw_portrait(LogInput(write_log(tmp_path / "conn.log", rows(ipv6=True))))
    for number in range(30):
        played = maker(own).play(number)
        assert ":" in played.episode.source
        assert not played.records.dst.is_ipv4.any()
        assert played.episode.attributes["tool"] != "mirai"


def test_a_scanner_of_ipv4_alone_finds_no_place_in_an_ipv6_log(tmp_path: Path) -> None:
    own, _ = draw_portrait(LogInput(write_log(tmp_path / "conn.log", rows(ipv6=True))))
    with pytest.raises(ConfigError, match="no IPv4 source, and the scanners asked for know nothing else"):
        maker(own, scanners=("mirai",))


def test_a_log_too_short_for_the_scanners_is_refused(tmp_path: Path) -> None:
    only = rows(1)[0][1:]
    short, _ = draw_portrait(LogInput(write_log(tmp_path / "conn.log", [(0.0, *only), (9.0, *only)])))
    with pytest.raises(ConfigError, match="the log spans 9 s, in which none of nmap_t1 probes 10 targets"):
        maker(short, scanners=("nmap_t1",))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"existing_share": 1.5}, "existing_share must lie between 0 and 1, got 1.5"),
        ({"sizes": (10, 9)}, "fewest and the most pairs"),
        ({"scanners": ("nmapp",)}, "no scanner is called 'nmapp'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SweepOptions(**options)


def test_covering_networks_hold_all_targets_and_little_else() -> None:
    few = Addresses.from_texts(["10.0.0.0", "10.0.0.1", "2001:db8::5"])
    assert covering_networks(few) == ("10.0.0.0/31", "2001:db8::5/128")
    assert covering_networks(Addresses.from_ipv4(np.arange(10 << 24, (10 << 24) + 512))) == ("10.0.0.0/23",)
    assert covering_networks(Addresses.from_ipv4(np.arange(0, 1000) << 9)) == ()
