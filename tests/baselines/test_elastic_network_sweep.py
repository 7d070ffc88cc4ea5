"""Elastic's sweep rule, against searches worked out by hand: they run at whole multiples of 300 s."""

import pytest

from sweepml.baselines.elastic_network_sweep import PORTS, ElasticNetworkSweep
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import OUTSIDER, SCANNER, probes, run, seconds
from tests.evaluation.handmade import US

RULE = ElasticNetworkSweep()


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.window_s, RULE.every_s) == (100, 540, 300)
    assert PORTS == (21, 22, 23, 25, 139, 445, 3389, 5985, 5986)


def test_ninety_nine_hosts_are_not_enough() -> None:
    assert not run(RULE, probes(99, start_s=10))


def test_a_hundred_hosts_are_known_to_each_search_that_looks_back_on_them() -> None:
    # Probes from 10 s to 109 s: the search at 300 s sees them all, that at 600 s sees from 60 s on.
    (alert,) = run(RULE, probes(100, start_s=10))
    assert alert == AlertRow("hand", SCANNER, 300 * US, 10 * US, 100, 540, "elastic_network_sweep")
    assert seconds(run(RULE, probes(150, start_s=10))) == [300, 600]


def test_search_looks_back_nine_minutes_and_not_on_its_own_moment() -> None:
    # The search at 600 s sees [60, 600).
    assert 600 in seconds(run(RULE, [*probes(1, start_s=60), *probes(99, start_s=500, every_s=0.1, first=1)]))
    assert not run(RULE, [*probes(1, start_s=59.999), *probes(99, start_s=500, every_s=0.1, first=1)])
    assert seconds(run(RULE, [*probes(99, start_s=500, every_s=0.1), *probes(1, start_s=600, first=99)])) == [900]


def test_ports_count_together_and_others_not_at_all() -> None:
    halves = [*probes(50, start_s=10, port=22), *probes(50, start_s=70, first=50, port=3389)]
    assert seconds(run(RULE, halves)) == [300]
    assert not run(RULE, probes(200, start_s=10, port=8080))


def test_a_host_on_two_ports_counts_once() -> None:
    assert not run(RULE, [*probes(99, start_s=10, port=22), *probes(99, start_s=120, port=23)])


@pytest.mark.parametrize("source", ["10.255.0.1", "172.31.0.1", "192.168.9.9"])
def test_private_sources_are_watched(source: str) -> None:
    assert run(RULE, probes(100, start_s=10, source=source))


@pytest.mark.parametrize("source", [OUTSIDER, "172.32.0.1", "100.64.0.1", "fd00::1"])
def test_other_sources_are_not(source: str) -> None:
    assert not run(RULE, probes(100, start_s=10, source=source))


def test_successes_count_too() -> None:
    assert run(RULE, probes(100, start_s=10, outcome=Outcome.ANSWERED))


def test_icmp_types_are_no_ports() -> None:
    assert not run(RULE, probes(100, start_s=10, protocol=Protocol.ICMP, port=8))
