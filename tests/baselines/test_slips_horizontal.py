"""Slips' rule, against counts worked out by hand."""

import pytest

from sweepml.baselines.slips_horizontal import SlipsHorizontal
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import HOUR_S, US, Contact, to_connections


def run(contacts: list[Contact], rule: SlipsHorizontal | None = None) -> list[AlertRow]:
    return (rule or SlipsHorizontal()).alerts(*to_connections(contacts), "hand")


def probes(count: int, start_s: float = 0, **fields: int) -> list[Contact]:
    """Return failing contacts of one source, one a second, a new destination each."""
    return [Contact(start_s + i, "10.0.0.1", f"10.1.{i // 200}.{i % 200 + 1}", **fields) for i in range(count)]


def test_nine_hosts_are_not_enough() -> None:
    assert not run(probes(9))


def test_tenth_host_raises_the_alert() -> None:
    assert run(probes(12, start_s=5)) == [
        AlertRow("hand", "10.0.0.1", 14 * US, 5 * US, 12.0, HOUR_S, "slips_horizontal")
    ]


def test_next_alerts_come_at_a_hundred_and_a_thousand() -> None:
    alerts = run(probes(1100))
    assert [(alert.score, alert.detected_us // US) for alert in alerts] == [(1100, 9), (1100, 99), (1100, 999)]


def test_repeated_probes_of_a_host_count_once() -> None:
    assert not run([*probes(9), *probes(9, start_s=20)])


def test_ports_count_apart() -> None:
    assert not run([*probes(9, port=445), *probes(9, start_s=20, port=139)])


def test_protocols_count_apart() -> None:
    assert not run([*probes(9), *probes(9, start_s=20, protocol=Protocol.UDP)])


def test_icmp_is_not_looked_at() -> None:
    assert not run(probes(20, port=8, protocol=Protocol.ICMP))


def test_sources_count_apart() -> None:
    other = [Contact(i, "10.0.0.2", f"10.2.0.{i + 1}") for i in range(9)]
    assert not run(probes(9) + other)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.UNKNOWN])
def test_established_and_unknown_connections_do_not_count(outcome: Outcome) -> None:
    assert not run(probes(20, outcome=outcome))


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED])
def test_every_failure_counts(outcome: Outcome) -> None:
    assert len(run(probes(10, outcome=outcome))) == 1


def test_host_that_also_answered_counts() -> None:
    answered = probes(10, start_s=100, outcome=Outcome.ANSWERED)
    assert len(run(probes(10) + answered)) == 1


def test_window_ends_an_hour_after_the_first_record() -> None:
    # The first record, an answered one at 100 s, sets windows [100, 3700), [3700, 7300): five and five hosts.
    first = Contact(100, "10.0.0.7", "10.9.0.1", Outcome.ANSWERED)
    assert not run([first, *probes(10, start_s=3695)])
    assert len(run([first, *probes(10, start_s=3690)])) == 1


def test_windows_start_at_zero_again() -> None:
    alerts = run(probes(10) + probes(10, start_s=HOUR_S))
    assert [alert.since_us // US for alert in alerts] == [0, HOUR_S]


def test_order_of_the_records_does_not_matter() -> None:
    assert run(probes(120)) == run(probes(120)[::-1])


def test_multicast_is_not_seen() -> None:
    assert not run([Contact(i, "10.0.0.1", f"239.0.0.{i + 1}") for i in range(20)])


@pytest.mark.parametrize("contacts", [[], probes(5, outcome=Outcome.ANSWERED)])
def test_nothing_that_failed_gives_no_alerts(contacts: list[Contact]) -> None:
    assert run(contacts) == []


def test_alerts_come_at_the_threshold_and_ten_times_that() -> None:
    assert [alert.detected_us // US for alert in run(probes(60), SlipsHorizontal().with_threshold(5))] == [4, 49]
