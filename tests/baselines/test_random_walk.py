"""The threshold random walk, against walks worked out by hand."""

import math

import numpy as np
import pytest

from sweepml.baselines.random_walk import ThresholdRandomWalk
from sweepml.errors import ConfigError
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import HOUR_S, US, Contact, to_connections

STEP = math.log(4)  # 1.386
OUTCOMES = {
    "S": Outcome.ANSWERED,
    "F": Outcome.UNANSWERED,
    "R": Outcome.REFUSED,
    "B": Outcome.BLOCKED,
    "?": Outcome.UNKNOWN,
}
PUBLISHED = ThresholdRandomWalk(realert_s=math.inf, stop_at_benign=True)


def run(rule: ThresholdRandomWalk, contacts: list[Contact]) -> list[AlertRow]:
    return rule.alerts(*to_connections(contacts), "hand")


def trace(outcomes: str, start_s: int = 0, source: str = "10.0.0.1") -> list[Contact]:
    """Return first contacts of one source, one a second, a new destination each."""
    return [
        Contact(start_s + i, source, f"10.1.{start_s % 200}.{i + 1}", OUTCOMES[letter])
        for i, letter in enumerate(outcomes)
    ]


def seconds(alerts: list[AlertRow]) -> list[float]:
    return [alert.detected_us / US for alert in alerts]


def test_steps_and_bounds_are_the_published_ones() -> None:
    rule = ThresholdRandomWalk()
    values = (rule.success_step, rule.failure_step, rule.lower, rule.threshold)
    assert values == pytest.approx((-1.386, 1.386, -4.595, 4.595), abs=5e-4)


@pytest.mark.parametrize(
    ("outcomes", "detected_s"),
    [
        ("FFF", []),  # 1.386, 2.773, 4.159: below 4.595
        ("FFFF", [3]),  # ..., 5.545: scanner
        ("SFFFFF", [5]),  # -1.386, 0, 1.386, 2.773, 4.159, 5.545
        ("FSFSFSFS", []),  # 1.386, 0, 1.386, 0, ...
        ("SSSSFFFF", [7]),  # ..., -5.545: benign, a new walk at 0: 1.386, 2.773, 4.159, 5.545
        ("FFSFFF", [5]),  # 1.386, 2.773, 1.386, 2.773, 4.159, 5.545
        ("RBFR", [3]),  # refused and blocked are failures
        ("FF?FF", [4]),  # 1.386, 2.773, 2.773, 4.159, 5.545: unknown makes no step
        ("????", []),
    ],
)
def test_walk_decides_where_it_does_by_hand(outcomes: str, detected_s: list[int]) -> None:
    assert seconds(run(ThresholdRandomWalk(), trace(outcomes))) == detected_s


def test_alert_carries_value_and_start_of_the_walk() -> None:
    (alert,) = run(ThresholdRandomWalk(), trace("SSSSFFFF"))
    assert alert == AlertRow("hand", "10.0.0.1", 7 * US, 4 * US, pytest.approx(4 * STEP), 0, "random_walk")


def test_unknown_contact_does_not_start_the_evidence() -> None:
    (alert,) = run(ThresholdRandomWalk(), trace("??FFFF"))
    assert alert.since_us == 2 * US


def test_only_the_first_contact_of_a_destination_counts() -> None:
    retries = [Contact(i, "10.0.0.1", "10.1.0.1", port=445 + i) for i in range(10)]
    assert not run(ThresholdRandomWalk(), retries)


def test_a_contact_of_unknown_outcome_was_the_first_contact() -> None:
    # 1.386, 2.773, 4.159 and then a destination that was contacted before: no fourth step
    contacts = [*trace("?FFF"), Contact(9, "10.0.0.1", "10.1.0.1")]
    assert not run(ThresholdRandomWalk(), contacts)


def test_published_walk_never_judges_a_benign_source_again() -> None:
    assert not run(PUBLISHED, trace("SSSSFFFFFFFF"))


def test_published_walk_alerts_once_for_ever() -> None:
    contacts = trace("FFFF") + trace("FFFF", start_s=3 * HOUR_S + 7)
    assert seconds(run(PUBLISHED, contacts)) == [3]


def test_source_is_silent_for_an_hour_after_an_alert() -> None:
    # Alert at 3 s. Contacts until 3,603 s are not judged; those at 3,603 s and later walk from 0.
    contacts = trace("FFFF") + trace("FFFFF", start_s=HOUR_S + 2)
    assert seconds(run(ThresholdRandomWalk(), contacts)) == [3, HOUR_S + 6]


def test_destination_contacted_in_the_silence_is_known_afterwards() -> None:
    again = [Contact(2 * HOUR_S + i, "10.0.0.1", f"10.1.0.{i + 1}") for i in range(8)]
    assert seconds(run(ThresholdRandomWalk(), trace("FFFFFFFF") + again)) == [3]


def test_without_silence_every_four_failures_are_an_alert() -> None:
    assert seconds(run(ThresholdRandomWalk(realert_s=0), trace("FFFFFFFF"))) == [3, 7]


def test_sources_walk_apart() -> None:
    contacts = trace("FF", source="10.0.0.1") + trace("FF", source="10.0.0.2")
    assert not run(ThresholdRandomWalk(), contacts)


def test_order_of_the_records_does_not_matter() -> None:
    contacts = trace("SFFSFFFFSF") + trace("FFFFF", start_s=3, source="10.0.0.9")
    shuffled = [contacts[i] for i in np.random.default_rng(1).permutation(len(contacts))]
    assert run(ThresholdRandomWalk(), contacts) == run(ThresholdRandomWalk(), shuffled)


def test_multicast_and_icmp_answers_are_not_seen() -> None:
    multicast = [Contact(i, "10.0.0.1", f"239.0.0.{i + 1}") for i in range(9)]
    answers = [Contact(i, "10.0.0.2", f"10.1.0.{i + 1}", port=3, protocol=Protocol.ICMP) for i in range(9)]
    assert not run(ThresholdRandomWalk(), multicast + answers)


def test_no_connections_give_no_alerts() -> None:
    assert not run(ThresholdRandomWalk(), [])


def test_a_walk_goes_on_after_the_alert_and_its_peak_is_the_score() -> None:
    (alert,) = run(ThresholdRandomWalk(), trace("FFFFFFSF"))
    assert (alert.detected_us, alert.score) == (3 * US, pytest.approx(6 * STEP))


def test_successes_after_the_decision_do_not_end_the_silence() -> None:
    # 5.545 at 3 s; twelve successes lead to -11.09 and four failures to -5.545, all within the hour.
    assert seconds(run(ThresholdRandomWalk(), trace("FFFFSSSSSSSSSSSSFFFF"))) == [3]


def test_a_lower_threshold_neither_starts_nor_ends_walks_elsewhere() -> None:
    rule = ThresholdRandomWalk().with_threshold(2.0)  # two steps are 2.773
    assert seconds(run(rule, trace("FFFFFFFF"))) == [1]
    assert seconds(run(rule, trace("FSSSSSFF"))) == [7]  # 1.386, ..., -5.545: benign, a new walk: 1.386, 2.773


def test_higher_threshold_needs_more_failures() -> None:
    rule = ThresholdRandomWalk().with_threshold(7.0)  # 5 steps are 6.931, 6 are 8.318
    assert seconds(run(rule, trace("FFFFFFF"))) == [5]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"theta0": 0.2}, "theta1 < theta0"),
        ({"alpha": 0.6}, "alpha and beta"),
        ({"upper": 0.0}, "upper must be positive"),
        ({"realert_s": -1.0}, "realert_s"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ThresholdRandomWalk(**parameters)
