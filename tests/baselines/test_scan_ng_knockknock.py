"""scan-NG's KnockKnock, against counts worked out by hand."""

import pytest

from sweepml.baselines.scan_ng_knockknock import ScanNgKnockKnock
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import probes, run, seconds
from tests.evaluation.handmade import Contact

RULE = ScanNgKnockKnock()
DAY_S = 86_400


def test_defaults_are_the_shipped_ones() -> None:
    assert (RULE.threshold, RULE.low, RULE.medium, RULE.high, RULE.idle_s) == (1, 3, 5, 12, DAY_S)


@pytest.mark.parametrize(("port", "limit"), [(22, 3), (6379, 3), (445, 5), (389, 5), (80, 12), (443, 12)])
def test_fires_at_the_limit_of_the_port(port: int, limit: int) -> None:
    assert not run(RULE, probes(limit - 1, port=port))
    (alert,) = run(RULE, probes(limit, port=port))
    assert (alert.detected_us, alert.score) == ((limit - 1) * 1_000_000, 1.0)


def test_an_attempt_at_a_service_that_answered_somebody_earlier_does_not_count() -> None:
    client = [Contact(i, "10.0.0.9", f"10.1.0.{i + 1}", Outcome.ANSWERED, port=22) for i in range(3)]
    assert not run(RULE, [*client, *probes(3, start_s=10, port=22)])
    assert seconds(run(RULE, [*client, *probes(5, start_s=10, port=22, first=1)])) == [14]  # hosts 4, 5 and 6 count


def test_a_service_that_answers_later_was_not_known_to_exist() -> None:
    client = [Contact(20 + i, "10.0.0.9", f"10.1.0.{i + 1}", Outcome.ANSWERED, port=22) for i in range(3)]
    assert seconds(run(RULE, [*probes(3, start_s=10, port=22), *client])) == [12]


def test_an_answer_on_another_port_says_nothing_of_the_service() -> None:
    client = [Contact(i, "10.0.0.9", f"10.1.0.{i + 1}", Outcome.ANSWERED, port=23) for i in range(3)]
    assert len(run(RULE, [*client, *probes(3, start_s=10, port=22)])) == 1


def test_ports_count_apart() -> None:
    assert not run(RULE, [*probes(2, port=22), *probes(2, start_s=5, port=23), *probes(2, start_s=9, port=25)])


def test_a_reported_source_stays_known_for_a_day_whatever_the_port() -> None:
    contacts = [*probes(3, port=22), *probes(3, start_s=60, port=23), *probes(3, start_s=DAY_S, port=25)]
    assert seconds(run(RULE, contacts)) == [2, DAY_S + 2]


def test_the_counter_is_kept_for_a_day_of_silence() -> None:
    assert len(run(RULE, [*probes(2, port=22), *probes(1, start_s=1 + DAY_S, first=2, port=22)])) == 1
    assert not run(RULE, [*probes(2, port=22), *probes(1, start_s=1.001 + DAY_S, first=2, port=22)])


def test_the_statistic_is_a_multiple_of_the_limit() -> None:
    (alert,) = run(RULE, probes(15, port=445))
    assert alert.score == 3.0
    assert seconds(run(RULE.with_threshold(2.0), probes(15, port=445))) == [9]


@pytest.mark.parametrize(
    "fields", [{"outcome": Outcome.ANSWERED}, {"outcome": Outcome.UNKNOWN}, {"protocol": Protocol.UDP}]
)
def test_only_failed_tcp_attempts_count(fields: dict) -> None:
    assert not run(RULE, probes(50, port=22, **fields))
