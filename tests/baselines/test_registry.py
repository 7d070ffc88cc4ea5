"""The registry, and what every rule must do."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.baselines.base import Rule
from sweepml.baselines.registry import RULES, make_rule
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.traces import OUTSIDER, SCANNER, probes
from tests.evaluation.handmade import US, Contact, to_connections

SHARES = (1.0, 0.5, 0.1)
"""Multiples of the shipped threshold."""


def traffic(count: int, seed: int = 3, span_s: int = 7200) -> list[Contact]:
    """Return random contacts of ten sources over many hosts and few ports, in random order."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, [span_s * 1000, 10, 250, 250, 4, 5], (count, 6))
    return [
        Contact(at / 1000, f"10.0.0.{source + 1}", f"10.1.{c}.{d + 1}", outcome=outcome, port=442 + int(port))
        for at, source, c, d, port, outcome in picks.tolist()
    ]


@pytest.fixture(scope="module")
def noisy() -> tuple[Connections, HostTable]:
    """Return random contacts, and sweeps that every rule reports."""
    half = 150
    sweeps = [
        *probes(half, start_s=3601, every_s=0.05, outcome=Outcome.REFUSED),
        *probes(half, start_s=3610, every_s=0.05, first=half),
        *probes(40, start_s=50, source=OUTSIDER, every_s=3),
        *probes(40, start_s=900, protocol=Protocol.UDP, port=53, outcome=Outcome.REFUSED),
    ]
    return to_connections(traffic(3000) + sweeps)


def until(connections: Connections, cut_us: int) -> Connections:
    """Return what had started before a moment."""
    return connections.take(connections.ts_us < cut_us)


def test_names_agree_with_the_classes() -> None:
    assert {name: rule.name for name, rule in RULES.items()} == {name: name for name in RULES}


def test_titles_are_distinct() -> None:
    assert len({rule.title for rule in RULES.values()}) == len(RULES)


def test_unknown_rule_is_named_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match="did you mean random_walk"):
        make_rule("randomwalk")


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(ConfigError, match="window_hours"):
        make_rule("slips_horizontal", window_hours=1)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_thresholds_that_are_not_positive_are_refused(name: str, threshold: float) -> None:
    with pytest.raises(ConfigError, match="must be positive"):
        make_rule(name).with_threshold(threshold)


@pytest.mark.parametrize("name", RULES)
def test_threshold_is_the_shipped_one_unless_told_otherwise(name: str) -> None:
    rule = make_rule(name)
    assert rule.threshold == rule.as_shipped() == rule.with_threshold(99.0).as_shipped()
    assert rule.with_threshold(99.0).threshold == 99.0


@pytest.mark.parametrize("name", RULES)
def test_alerts_are_pure_ordered_and_consistent(name: str, noisy: tuple[Connections, HostTable]) -> None:
    connections, hosts = noisy
    rule = make_rule(name)
    alerts = rule.alerts(connections, hosts, "noise")
    assert alerts
    assert alerts == rule.alerts(connections, hosts, "noise")
    assert [alert.detected_us for alert in alerts] == sorted(alert.detected_us for alert in alerts)
    assert all(alert.since_us <= alert.detected_us and alert.score >= rule.threshold for alert in alerts)
    assert {(alert.capture, alert.detector) for alert in alerts} == {("noise", name)}


@pytest.mark.parametrize("name", RULES)
def test_a_trajectory_rises_in_time_within_each_state(name: str, noisy: tuple[Connections, HostTable]) -> None:
    trajectory = make_rule(name).trajectory(*noisy)
    same = np.diff(trajectory.state) == 0
    assert (np.diff(trajectory.state) >= 0).all()
    assert (np.diff(trajectory.ts_us)[same] >= 0).all()
    assert (np.diff(trajectory.statistic)[same] > 0).all()
    assert (np.diff(trajectory.source)[same] == 0).all()
    assert (np.diff(trajectory.since_us)[same] == 0).all()
    assert (trajectory.since_us <= trajectory.ts_us).all()


@pytest.mark.parametrize("name", RULES)
def test_a_trajectory_does_not_depend_on_the_threshold(name: str, noisy: tuple[Connections, HostTable]) -> None:
    rule = make_rule(name)
    trajectory = rule.trajectory(*noisy)
    for share in SHARES:
        tuned = rule.with_threshold(rule.threshold * share)
        assert tuned.alerts_of(trajectory, noisy[1], "noise") == tuned.alerts(*noisy, "noise")


@pytest.mark.parametrize("name", RULES)
def test_cutting_scores_picks_the_states_that_a_higher_threshold_picks(
    name: str, noisy: tuple[Connections, HostTable]
) -> None:
    rule = make_rule(name)
    trajectory = rule.trajectory(*noisy)
    low = trajectory.crossings([rule.threshold * 0.1])
    high = trajectory.crossings([rule.threshold])
    kept = low[trajectory.peak[low] >= rule.threshold]
    assert len(high)
    assert trajectory.state[kept].tolist() == trajectory.state[high].tolist()


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=20)
@given(cut_s=st.integers(0, 7300))
def test_what_comes_later_changes_nothing_that_was_known(
    name: str, cut_s: int, noisy: tuple[Connections, HostTable]
) -> None:
    # So that a log that is read piece by piece gives the alerts that the whole log gives.
    connections, hosts = noisy
    rule = make_rule(name)
    # A search that runs at the cut knows all that started before it, and nothing else is known at that moment.
    whole = known_until(rule, connections, hosts, cut_s * US)
    assert known_until(rule, until(connections, cut_s * US), hosts, cut_s * US) == whole


def known_until(rule: Rule, connections: Connections, hosts: HostTable, cut_us: int) -> list[tuple[int, ...]]:
    """Return the rises that were known before a moment, whatever their states are called."""
    trajectory = rule.trajectory(connections, hosts)
    early = trajectory.ts_us < cut_us
    columns = (trajectory.source, trajectory.ts_us, trajectory.since_us, trajectory.statistic)
    return sorted(zip(*(column[early].tolist() for column in columns), strict=True))


@pytest.mark.parametrize("name", RULES)
def test_order_of_the_records_does_not_matter(name: str) -> None:
    contacts = {one.ts_s: one for one in [*probes(300, every_s=0.0501), *traffic(500)]}  # no two at one time
    shuffled = [list(contacts.values())[i] for i in np.random.default_rng(1).permutation(len(contacts))]
    rule = make_rule(name)
    assert rule.alerts(*to_connections(contacts.values()), "x") == rule.alerts(*to_connections(shuffled), "x")


@pytest.mark.parametrize("name", RULES)
def test_multicast_is_not_seen(name: str) -> None:
    contacts = [Contact(i / 20, SCANNER, f"239.0.{i // 200}.{i % 200 + 1}") for i in range(300)]
    assert not make_rule(name).alerts(*to_connections(contacts), "x")


@pytest.mark.parametrize("name", RULES)
def test_no_connections_give_no_alerts(name: str) -> None:
    assert make_rule(name).alerts(*to_connections([]), "x") == []


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("share", [1.0, 0.1])
def test_one_identity_behind_two_addresses_is_one_source(name: str, share: float) -> None:
    # Half of the refusals come from each address: together they are what one address alone would be.
    one = probes(300, every_s=0.05, outcome=Outcome.REFUSED)
    two = [replace(contact, source=f"10.0.0.{i % 2 + 1}") for i, contact in enumerate(one)]
    rule = make_rule(name)
    rule = rule.with_threshold(rule.threshold * share)
    expected = [(alert.detected_us, alert.score) for alert in rule.alerts(*to_connections(one), "x")]
    connections, hosts = to_connections(two)
    pod = np.full(len(connections), hosts.encode_identity("pod-7"), np.int32)
    alerts = rule.alerts(replace(connections, identity=pod), hosts, "x")
    assert [(alert.detected_us, alert.score) for alert in alerts] == expected
    assert {alert.source for alert in alerts} == {"pod-7"}


@pytest.mark.parametrize("name", RULES)
def test_two_hundred_thousand_connections_take_less_than_a_second(name: str) -> None:
    connections, hosts = to_connections(traffic(200_000))
    rule = make_rule(name)

    def seconds() -> float:
        start = time.perf_counter()
        rule.alerts(connections, hosts, "noise")
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 1
