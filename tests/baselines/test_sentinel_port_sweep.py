"""Sentinel's rule, against counts worked out by hand: bins are [0, 30), [30, 60), ..."""

import pytest

from sweepml.baselines.sentinel_port_sweep import SentinelPortSweep
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import OUTSIDER, SCANNER, probes, run, seconds
from tests.evaluation.handmade import US

RULE = SentinelPortSweep()


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.window_s) == (201, 30)


def test_two_hundred_hosts_are_not_enough() -> None:
    assert not run(RULE, probes(200, every_s=0.1))


def test_more_than_two_hundred_hosts_are_known_when_the_bin_is_over() -> None:
    assert run(RULE, probes(201, start_s=32, every_s=0.1)) == [
        AlertRow("hand", SCANNER, 60 * US, 32 * US, 201, 30, "sentinel_port_sweep")
    ]


def test_bins_begin_at_whole_multiples_of_thirty_seconds() -> None:
    assert not run(RULE, probes(400, start_s=10, every_s=0.1))  # 200 until 29.9 s, 200 from 30 s on
    assert seconds(run(RULE, probes(401, start_s=10, every_s=0.1))) == [60]


@pytest.mark.parametrize("port", [80, 443])
def test_web_ports_are_excluded(port: int) -> None:
    assert not run(RULE, probes(250, every_s=0.1, port=port))


def test_protocols_of_one_port_count_together_and_ports_apart() -> None:
    udp = probes(101, start_s=11, every_s=0.1, first=100, protocol=Protocol.UDP, port=53)
    assert len(run(RULE, [*probes(100, every_s=0.1, port=53), *udp])) == 1
    assert not run(RULE, [*probes(100, every_s=0.1, port=54), *udp])


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_counts(outcome: Outcome) -> None:
    assert len(run(RULE, probes(201, every_s=0.1, outcome=outcome))) == 1


def test_sources_outside_are_watched_too() -> None:
    assert len(run(RULE, probes(201, every_s=0.1, source=OUTSIDER))) == 1


def test_icmp_has_no_port() -> None:
    assert not run(RULE, probes(250, every_s=0.1, protocol=Protocol.ICMP, port=8))
