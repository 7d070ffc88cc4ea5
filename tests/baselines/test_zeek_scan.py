"""Zeek's misc/scan, against counts worked out by hand."""

import pytest

from sweepml.baselines.zeek_scan import ZeekScan
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import SCANNER, probes, run, seconds
from tests.evaluation.handmade import US, Contact

RULE = ZeekScan()
FAR_S = 4000
"""Later than the hour for which a notice silences its source."""


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.window_s, RULE.suppress_s) == (25, 300, 3600)


def test_twenty_four_hosts_are_not_enough() -> None:
    assert not run(RULE, probes(24))


def test_twenty_fifth_host_raises_the_alert() -> None:
    assert run(RULE, probes(30, start_s=5)) == [
        AlertRow("hand", SCANNER, detected_us=29 * US, since_us=5 * US, score=30, horizon_s=300, detector="zeek_scan")
    ]


def test_repeated_probes_of_a_host_count_once() -> None:
    assert not run(RULE, [*probes(24), *probes(24, start_s=30)])


@pytest.mark.parametrize("other", [{"port": 139}, {"source": "10.0.0.2"}])
def test_ports_and_sources_count_apart(other: dict) -> None:
    assert not run(RULE, [*probes(24), *probes(24, start_s=30, first=24, **other)])


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.UNKNOWN])
def test_successes_and_unknown_outcomes_do_not_count(outcome: Outcome) -> None:
    assert not run(RULE, [*probes(24), *probes(40, start_s=30, first=24, outcome=outcome)])


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED])
def test_every_failure_counts(outcome: Outcome) -> None:
    assert len(run(RULE, probes(25, outcome=outcome))) == 1


@pytest.mark.parametrize(("protocol", "port"), [(Protocol.UDP, 161), (Protocol.ICMP, 8)])
def test_only_tcp_is_looked_at(protocol: Protocol, port: int) -> None:
    assert not run(RULE, probes(100, protocol=protocol, port=port))


def test_counts_start_at_zero_in_each_epoch() -> None:
    # The first record, an answered one at 100 s, sets epochs [100, 400), [400, 700).
    first = Contact(100, "10.0.0.7", "10.9.0.1", Outcome.ANSWERED)
    assert not run(RULE, [first, *probes(48, start_s=376)])  # 24 until 399 s, 24 from 400 s on
    assert seconds(run(RULE, [first, *probes(48, start_s=375)])) == [399]
    assert seconds(run(RULE, [first, *probes(49, start_s=376)])) == [424]


def test_a_notice_silences_its_source_for_an_hour_whatever_the_port() -> None:
    contacts = [*probes(25), *probes(25, start_s=600, port=22), *probes(25, start_s=FAR_S, port=139)]
    assert seconds(run(RULE, contacts)) == [24, FAR_S + 24]


def test_a_notice_does_not_silence_other_sources() -> None:
    assert len(run(RULE, [*probes(25), *probes(25, start_s=60, source="10.0.0.2")])) == 2


def test_silence_lasts_exactly_an_hour() -> None:
    # The notice comes at 24 s, so that one at 3,623 s is silenced and one at 3,624 s is not.
    assert seconds(run(RULE, [*probes(25), *probes(25, start_s=3623, every_s=0, port=22)])) == [24]
    assert seconds(run(RULE, [*probes(25), *probes(25, start_s=3624, every_s=0, port=22)])) == [24, 3624]
