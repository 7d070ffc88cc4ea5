"""Snort's portsweep, against counters worked out by hand."""

import pytest

from sweepml.baselines.snort_portsweep import (
    SnortPortsweep,
    SnortPortsweepHigh,
    SnortPortsweepLow,
    SnortPortsweepMedium,
)
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import SCANNER, probes, run, seconds
from tests.evaluation.handmade import Contact

LOW, MEDIUM, HIGH = SnortPortsweepLow(), SnortPortsweepMedium(), SnortPortsweepHigh()
REFUSED = Outcome.REFUSED


def test_limits_are_the_shipped_ones() -> None:
    def row(rule: SnortPortsweep) -> list[tuple[int, int, int, int]]:
        protocols = (Protocol.TCP, Protocol.UDP, Protocol.ICMP)
        limits = [rule.limits[protocol] for protocol in protocols]
        return [(one.scans, one.rejects, one.nets, one.ports) for one in limits]

    assert row(LOW) == [(0, 5, 5, 15), (0, 5, 5, 15), (0, 5, 5, 5)]
    assert row(MEDIUM) == [(30, 7, 7, 10), (30, 5, 5, 20), (20, 5, 5, 5)]
    assert row(HIGH) == [(30, 3, 3, 10), (30, 3, 3, 10), (10, 3, 3, 5)]
    assert [rule.window_s for rule in (LOW, MEDIUM, HIGH)] == [60, 90, 600]


@pytest.mark.parametrize(("rule", "rejects"), [(LOW, 5), (MEDIUM, 7), (HIGH, 3)])
@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.BLOCKED])
def test_refusals_make_a_sweep(rule: SnortPortsweep, rejects: int, outcome: Outcome) -> None:
    assert not run(rule, probes(rejects - 1, outcome=outcome))
    assert seconds(run(rule, probes(rejects, outcome=outcome))) == [rejects - 1]


@pytest.mark.parametrize("rule", [MEDIUM, HIGH])
def test_thirty_unanswered_connections_make_a_filtered_sweep(rule: SnortPortsweep) -> None:
    assert not run(rule, probes(29))
    assert seconds(run(rule, probes(30))) == [29]


def test_low_knows_no_filtered_sweep() -> None:
    assert not run(LOW, probes(1000, every_s=0.01))


def test_an_established_connection_is_taken_off_again() -> None:
    # 29 unanswered, one answered, one unanswered: at the last one 29 - the answered one + 1 = 30 stand.
    answered = probes(1, start_s=29, first=29, outcome=Outcome.ANSWERED)
    assert seconds(run(MEDIUM, [*probes(28), *answered, *probes(2, start_s=30, first=30)])) == [31]


def test_a_client_whose_servers_answer_is_never_a_sweep() -> None:
    assert not run(HIGH, probes(500, every_s=0.1, outcome=Outcome.ANSWERED))


def test_established_connections_still_change_addresses() -> None:
    # Two hosts refuse over and over; the answered ones in between bring the changes of address to five.
    refusals = [Contact(i, SCANNER, "10.1.0.1", REFUSED) for i in range(5)]
    assert not run(LOW, refusals)
    answered = [Contact(i + 0.5, SCANNER, "10.1.0.2", Outcome.ANSWERED) for i in range(5)]
    assert seconds(run(LOW, refusals + answered)) == [4]


def test_going_to_and_fro_between_two_hosts_changes_the_address_each_time() -> None:
    to_and_fro = [Contact(i, SCANNER, f"10.1.0.{i % 2 + 1}", REFUSED) for i in range(5)]
    assert seconds(run(LOW, to_and_fro)) == [4]


def test_refusals_of_one_host_are_no_sweep() -> None:
    assert not run(LOW, [Contact(i, SCANNER, "10.1.0.1", REFUSED) for i in range(50)])


@pytest.mark.parametrize(("rule", "most"), [(LOW, 15), (MEDIUM, 10), (HIGH, 10)])
def test_too_many_changes_of_port_are_no_sweep(rule: SnortPortsweep, most: int) -> None:
    # All hosts but the first are those of the last moment, on as many ports as there are changes.
    def knocks(changes: int) -> list[Contact]:
        ports = [Contact(i, SCANNER, "10.1.0.1", REFUSED, port=1000 + i) for i in range(changes)]
        return ports + [Contact(changes + i, SCANNER, f"10.1.1.{i + 1}", REFUSED, port=999 + changes) for i in range(8)]

    assert run(rule, knocks(most))
    assert not run(rule, knocks(most + 1))


def test_window_begins_with_its_first_record_and_outlasts_its_seconds() -> None:
    # First record in second 10: the window holds whatever starts in the seconds 10 to 70.
    four = probes(4, start_s=10.9, outcome=REFUSED)
    assert seconds(run(LOW, [*four, *probes(1, start_s=70.9, first=4, outcome=REFUSED)])) == [70.9]
    assert not run(LOW, [*four, *probes(1, start_s=71.0, first=4, outcome=REFUSED)])


def test_one_alert_a_window_and_counters_start_at_zero_again() -> None:
    assert seconds(run(LOW, probes(130, outcome=REFUSED))) == [4, 65, 126]


def test_protocols_count_apart() -> None:
    mixed = [*probes(4, outcome=REFUSED), *probes(4, start_s=4, protocol=Protocol.UDP, outcome=REFUSED)]
    assert not run(LOW, mixed)
    assert seconds(run(LOW, [*mixed, *probes(1, start_s=9, first=9, protocol=Protocol.UDP, outcome=REFUSED)])) == [9]


def test_echo_requests_count_whatever_comes_back() -> None:
    pings = probes(20, protocol=Protocol.ICMP, port=8, outcome=Outcome.ANSWERED)
    assert not run(MEDIUM, pings[:19])
    assert seconds(run(MEDIUM, pings)) == [19]
    assert seconds(run(HIGH, pings)) == [9]


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_unknown_outcomes_are_not_counted(protocol: Protocol) -> None:
    assert not run(HIGH, probes(100, protocol=protocol, outcome=Outcome.UNKNOWN))


def test_the_statistic_is_a_multiple_of_the_limits() -> None:
    (alert,) = run(LOW, probes(10, outcome=REFUSED))
    assert alert.score == 2.0
    assert seconds(run(LOW.with_threshold(2.0), probes(10, outcome=REFUSED))) == [9]
