"""scan-NG's AddressScan, against counts worked out by hand."""

import pytest

from sweepml.baselines.scan_ng_address import ScanNgAddress
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import probes, run, seconds

RULE = ScanNgAddress()
DAY_S = 86_400


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.idle_s) == (20, DAY_S)


@pytest.mark.parametrize(("count", "detected_s"), [(19, []), (20, [19]), (40, [19])])
def test_fires_once_at_the_twentieth_host(count: int, detected_s: list[int]) -> None:
    assert seconds(run(RULE, probes(count))) == detected_s


def test_ports_count_together() -> None:
    assert seconds(run(RULE, [*probes(10), *probes(10, start_s=10, first=10, port=22)])) == [19]


def test_a_host_on_two_ports_counts_once() -> None:
    assert not run(RULE, [*probes(19), *probes(19, start_s=20, port=22)])


def test_the_counter_is_kept_for_a_day_of_silence() -> None:
    assert seconds(run(RULE, [*probes(19), *probes(1, start_s=18 + DAY_S, first=19)])) == [18 + DAY_S]
    assert not run(RULE, [*probes(19), *probes(1, start_s=18 + DAY_S + 0.001, first=19)])


@pytest.mark.parametrize(
    "fields", [{"outcome": Outcome.ANSWERED}, {"outcome": Outcome.UNKNOWN}, {"protocol": Protocol.UDP}]
)
def test_only_failed_tcp_attempts_count(fields: dict) -> None:
    assert not run(RULE, [*probes(19), *probes(50, start_s=20, first=19, **fields)])
