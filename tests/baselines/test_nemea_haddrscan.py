"""NEMEA's haddrscan, against counts worked out by hand."""

import pytest

from sweepml.baselines.nemea_haddrscan import NemeaHaddrscan
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import probes, run, seconds

RULE = NemeaHaddrscan()


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.idle_s) == (50, 300)


@pytest.mark.parametrize(("count", "detected_s"), [(49, []), (50, [49]), (51, [49])])
def test_fires_at_the_fiftieth_host(count: int, detected_s: list[int]) -> None:
    assert seconds(run(RULE, probes(count))) == detected_s


def test_a_slow_sweep_is_counted_for_as_long_as_it_goes_on() -> None:
    assert seconds(run(RULE, probes(50, every_s=300))) == [49 * 300]


def test_more_than_five_minutes_of_silence_drop_the_counter() -> None:
    assert seconds(run(RULE, [*probes(49), *probes(1, start_s=48 + 300, first=49)])) == [348]
    assert not run(RULE, [*probes(49), *probes(1, start_s=48 + 300.001, first=49)])


def test_one_alert_a_counter() -> None:
    contacts = [*probes(150), *probes(50, start_s=149 + 301)]
    assert seconds(run(RULE, contacts)) == [49, 499]


def test_ports_count_apart() -> None:
    assert not run(RULE, [*probes(49), *probes(49, start_s=50, first=49, port=22)])


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED])
def test_flows_of_syns_alone_count(outcome: Outcome) -> None:
    assert len(run(RULE, probes(50, outcome=outcome))) == 1


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.UNKNOWN])
def test_others_do_not_count(outcome: Outcome) -> None:
    assert not run(RULE, probes(80, outcome=outcome))


def test_only_tcp_is_looked_at() -> None:
    assert not run(RULE, probes(80, protocol=Protocol.UDP))
