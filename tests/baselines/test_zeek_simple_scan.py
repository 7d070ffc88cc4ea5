"""Zeek's simple-scan, against counts worked out by hand."""

import pytest

from sweepml.baselines.zeek_simple_scan import ScanKind, ZeekSimpleScan, classify
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import OUTSIDER, SCANNER, probes, run, seconds
from tests.evaluation.handmade import Contact

RULE = ZeekSimpleScan()
PORTS = (21, 22, 23, 25, 53, 80, 443)


def alive(count: int, start_s: float = 0) -> list[Contact]:
    """Return contacts by which the first hosts show that they live, so that no attempt at them is dark."""
    return [Contact(start_s, "10.0.0.77", one.destination, Outcome.ANSWERED, port=9) for one in probes(count)]


def test_defaults_are_the_shipped_ones() -> None:
    values = (RULE.remote_pairs, RULE.remote_on_one_port, RULE.local_pairs, RULE.local_pairs_dark, RULE.dark_hosts)
    assert values == (25, 20, 250, 100, 3)
    assert (RULE.threshold, RULE.idle_s) == (1, 900)


@pytest.mark.parametrize(
    ("victims", "ports", "kind"),
    [
        (20, 1, ScanKind.ADDRESS_SCAN),
        (20, 5, ScanKind.ADDRESS_SCAN),
        (1, 5, ScanKind.ADDRESS_SCAN),
        (5, 6, ScanKind.PORT_SCAN),
        (6, 6, ScanKind.RANDOM_SCAN),
    ],
)
def test_classes_are_told_by_ports_and_then_by_victims(victims: int, ports: int, kind: ScanKind) -> None:
    assert classify(victims, ports) is kind


def test_a_remote_source_is_reported_at_twenty_hosts_on_one_port() -> None:
    assert not run(RULE, probes(19, source=OUTSIDER))
    (alert,) = run(RULE, probes(22, start_s=5, source=OUTSIDER))
    assert (alert.detected_us, alert.since_us, alert.score) == (24_000_000, 5_000_000, 22 / 20)


def test_a_remote_source_is_reported_at_twenty_five_pairs() -> None:
    on_two_ports = [*probes(13, source=OUTSIDER, port=22), *probes(12, start_s=20, source=OUTSIDER, port=23)]
    assert not run(RULE, on_two_ports[:-1])
    assert seconds(run(RULE, on_two_ports)) == [31]


def test_a_local_source_is_reported_at_two_hundred_and_fifty_pairs() -> None:
    assert not run(RULE, alive(250) + probes(249, start_s=1))
    assert seconds(run(RULE, alive(250) + probes(250, start_s=1))) == [250]


def test_a_local_source_is_reported_at_a_hundred_pairs_after_three_dark_hits() -> None:
    assert not run(RULE, alive(98) + probes(100, start_s=1))  # two dark hosts
    assert seconds(run(RULE, alive(97) + probes(100, start_s=1))) == [100]  # three


def test_one_dark_host_on_three_ports_is_one_dark_host() -> None:
    knocks = [Contact(2 + i, SCANNER, "10.1.9.9", port=port) for i, port in enumerate(PORTS[:3])]
    assert not run(RULE, alive(100) + knocks + probes(100, start_s=10))


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.REFUSED])
def test_a_host_that_answered_or_refused_anybody_is_not_dark(outcome: Outcome) -> None:
    seen = [Contact(0, "10.0.0.77", one.destination, outcome, port=9) for one in probes(100)]
    assert not run(RULE, seen + probes(100, start_s=1))


def test_a_host_that_contacted_anybody_is_not_dark() -> None:
    seen = [Contact(0, one.destination, "10.0.0.77", port=9) for one in probes(100)]
    assert not run(RULE, seen + probes(100, start_s=1))


def test_a_host_that_shows_life_later_was_dark() -> None:
    assert seconds(run(RULE, probes(100, start_s=1) + alive(100, start_s=500))) == [100]


def test_a_public_address_is_never_dark() -> None:
    public = [Contact(i, SCANNER, f"203.0.113.{i + 1}") for i in range(100)]
    assert not run(RULE, public)


def test_refusals_are_no_dark_hits() -> None:
    assert not run(RULE, probes(100, outcome=Outcome.REFUSED))


def test_five_ports_are_a_sweep_and_six_are_not() -> None:
    def knocks(ports: tuple[int, ...]) -> list[Contact]:
        return [
            Contact(i, OUTSIDER, f"10.1.0.{i // len(ports) + 1}", port=ports[i % len(ports)])
            for i in range(len(ports) * 10)
        ]

    assert seconds(run(RULE, knocks(PORTS[:5]))) == [24]
    assert not run(RULE, knocks(PORTS[:6]))


def test_a_port_scan_is_no_sweep() -> None:
    assert not run(RULE, [Contact(i, OUTSIDER, "10.1.0.1", port=i + 1) for i in range(300)])


def test_ports_after_the_alert_do_not_take_it_back() -> None:
    later = [Contact(60 + i, OUTSIDER, "10.1.0.1", port=i + 1) for i in range(10)]
    assert seconds(run(RULE, probes(20, source=OUTSIDER) + later)) == [19]


def test_state_is_dropped_fifteen_minutes_after_the_last_attempt() -> None:
    assert len(run(RULE, [*probes(19, source=OUTSIDER), *probes(1, 18 + 900, source=OUTSIDER, first=19)])) == 1
    assert not run(RULE, [*probes(19, source=OUTSIDER), *probes(1, 18.001 + 900, source=OUTSIDER, first=19)])


def test_a_repeated_pair_counts_once_but_keeps_the_state() -> None:
    again = probes(1, start_s=800, source=OUTSIDER)
    assert not run(RULE, probes(19, source=OUTSIDER) + again)
    assert len(run(RULE, probes(19, source=OUTSIDER) + again + probes(1, 1600, source=OUTSIDER, first=19))) == 1


@pytest.mark.parametrize(
    "fields", [{"outcome": Outcome.ANSWERED}, {"outcome": Outcome.UNKNOWN}, {"protocol": Protocol.UDP}]
)
def test_only_failed_tcp_attempts_count(fields: dict) -> None:
    assert not run(RULE, probes(100, source=OUTSIDER, **fields))
