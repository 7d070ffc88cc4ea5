"""A rule's threshold from an alert budget, on captures written by hand."""

import pytest

from sweepml.baselines.nemea_haddrscan import NemeaHaddrscan
from sweepml.baselines.registry import RULES, make_rule
from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.rule_thresholds import TunedRule, tune_rule
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import probes
from tests.evaluation.handmade import Contact, episode, to_capture

RULE = NemeaHaddrscan()


def capture() -> Capture:
    """Return benign sources that fail on 40, 20 and 10 hosts, and sweeps of 30 and 12."""
    contacts = [
        *probes(40, source="10.0.0.1"),
        *probes(20, source="10.0.0.2"),
        *probes(10, source="10.0.0.3"),
        *probes(30, source="10.0.0.8"),
        *probes(12, source="10.0.0.9"),
    ]
    episodes = [episode("S1", "10.0.0.8", 0, 29), episode("S2", "10.0.0.9", 0, 11)]
    return to_capture("hand", contacts, episodes)


def tune(allowed: float, **fields: float) -> TunedRule:
    one = capture()
    rate = allowed / Exposure.of([one]).allowed(1)
    return tune_rule(RULE, [one], AlertBudget(rate, **fields))


@pytest.mark.parametrize(
    ("allowed", "threshold", "false_alerts", "raised"),
    [
        (0, 80, 0, 0),  # the highest peak is benign: above it nothing is raised at all
        (1, (30 + 20) / 2, 1, 2),  # 40 and the sweep of 30
        (2, (12 + 10) / 2, 2, 4),
        (3, 5, 3, 5),  # everything is allowed: half-way to zero
    ],
)
def test_threshold_is_midway_above_the_first_excess(
    allowed: float, threshold: float, false_alerts: int, raised: int
) -> None:
    tuned = tune(allowed + 1e-9)
    assert (tuned.rule.threshold, tuned.false_alerts, len(tuned.alerts)) == (threshold, false_alerts, raised)
    assert tuned.allowed == pytest.approx(allowed, abs=1e-6)


def test_alerts_are_those_of_the_tuned_rule() -> None:
    tuned, one = tune(1.5), capture()
    assert list(tuned.alerts) == tuned.rule.alerts(one.connections, one.hosts, "hand")


def test_alerts_that_follow_closely_are_one() -> None:
    # The same source twice, 400 s apart: two counters, one finding unless findings close at once.
    one = to_capture("hand", [*probes(10), *probes(10, start_s=409)])
    rate = 1.5 / Exposure.of([one]).allowed(1)
    assert tune_rule(RULE, [one], AlertBudget(rate)).rule.threshold == 5
    assert tune_rule(RULE, [one], AlertBudget(rate, close_after_s=0)).rule.threshold == 20


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_tuned_to_no_false_alert(name: str) -> None:
    benign = probes(150, source="10.0.0.1", every_s=0.05, outcome=Outcome.REFUSED)
    sweep = probes(300, source="10.0.0.2", every_s=0.05, outcome=Outcome.REFUSED)
    one = to_capture("hand", benign + sweep, [episode("S", "10.0.0.2", 0, 15)])
    tuned = tune_rule(make_rule(name), [one], AlertBudget(0.0))
    assert tuned.false_alerts == 0
    assert {alert.source for alert in tuned.alerts} == {"10.0.0.2"}


def test_captures_without_a_rise_are_refused() -> None:
    quiet = to_capture("hand", [Contact(0, "10.0.0.1", "10.1.0.1", Outcome.ANSWERED)])
    with pytest.raises(InputError, match="nothing to tune"):
        tune_rule(RULE, [quiet], AlertBudget(1.0))


def test_captures_without_exposure_are_refused() -> None:
    with pytest.raises(ConfigError, match="watch no source"):
        tune_rule(RULE, [], AlertBudget(1.0))
