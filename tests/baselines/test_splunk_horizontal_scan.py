"""Splunk's rule, against counts worked out by hand."""

import pytest

from sweepml.baselines.splunk_horizontal_scan import SplunkHorizontalScan
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import OUTSIDER, SCANNER, probes, run
from tests.evaluation.handmade import US

RULE = SplunkHorizontalScan()


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.window_s) == (250, 3600)


def test_two_hundred_and_forty_nine_hosts_are_not_enough() -> None:
    assert not run(RULE, probes(249))


def test_two_hundred_and_fifty_hosts_are_known_when_the_hour_is_over() -> None:
    assert run(RULE, probes(250, start_s=3700)) == [
        AlertRow("hand", SCANNER, 7200 * US, 3700 * US, 250, 3600, "splunk_horizontal_scan")
    ]


def test_hours_begin_on_the_hour() -> None:
    assert not run(RULE, probes(498, start_s=3600 - 249))
    assert len(run(RULE, probes(499, start_s=3600 - 250))) == 1


@pytest.mark.parametrize("other", [{"port": 22}, {"protocol": Protocol.UDP}, {"source": "10.0.0.2"}])
def test_ports_protocols_and_sources_count_apart(other: dict) -> None:
    assert not run(RULE, [*probes(249), *probes(249, start_s=300, first=249, **other)])


@pytest.mark.parametrize("source", [OUTSIDER, "172.32.0.1", "fd00::1"])
def test_only_private_sources_are_watched(source: str) -> None:
    assert not run(RULE, probes(250, source=source))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_counts(outcome: Outcome) -> None:
    assert len(run(RULE, probes(250, outcome=outcome))) == 1


def test_icmp_has_no_port() -> None:
    assert not run(RULE, probes(300, protocol=Protocol.ICMP, port=8))
