"""The registry, and what every rule must do."""

import time

import numpy as np
import pytest

from sweepml.baselines.base import first_rows
from sweepml.baselines.registry import RULES, make_rule
from sweepml.errors import ConfigError
from tests.evaluation.handmade import Contact, to_connections


def traffic(count: int) -> list[Contact]:
    rng = np.random.default_rng(3)
    picks = rng.integers(0, [7200, 10, 250, 250, 4, 5], (count, 6))
    return [
        Contact(int(at), f"10.0.0.{source + 1}", f"10.1.{c}.{d + 1}", outcome=outcome, port=440 + int(port))
        for at, source, c, d, port, outcome in picks
    ]


def test_names_agree_with_the_classes() -> None:
    assert {name: rule.name for name, rule in RULES.items()} == {name: name for name in RULES}


def test_unknown_rule_is_named_with_its_neighbours() -> None:
    with pytest.raises(ConfigError, match="did you mean random_walk"):
        make_rule("randomwalk")


def test_unknown_parameter_is_refused() -> None:
    with pytest.raises(ConfigError, match="window_hours"):
        make_rule("slips_horizontal", window_hours=1)


@pytest.mark.parametrize("name", RULES)
def test_alerts_are_pure_ordered_and_consistent(name: str) -> None:
    connections, hosts = to_connections(traffic(3000))
    rule = make_rule(name)
    alerts = rule.alerts(connections, hosts, "noise")
    assert alerts
    assert alerts == rule.alerts(connections, hosts, "noise")
    assert [alert.detected_us for alert in alerts] == sorted(alert.detected_us for alert in alerts)
    assert all(alert.since_us <= alert.detected_us and alert.score >= rule.threshold for alert in alerts)
    assert {(alert.capture, alert.detector) for alert in alerts} == {("noise", name)}


@pytest.mark.parametrize("name", RULES)
def test_higher_threshold_never_alerts_earlier(name: str) -> None:
    connections, hosts = to_connections(traffic(3000))
    rule = make_rule(name)
    first = rule.alerts(connections, hosts, "noise")[0]
    later = rule.with_threshold(rule.threshold * 2).alerts(connections, hosts, "noise")
    assert not later or later[0].detected_us >= first.detected_us


@pytest.mark.parametrize("name", RULES)
def test_two_hundred_thousand_connections_take_less_than_three_seconds(name: str) -> None:
    connections, hosts = to_connections(traffic(200_000))
    start = time.perf_counter()
    make_rule(name).alerts(connections, hosts, "noise")
    assert time.perf_counter() - start < 3


def test_first_rows_agree_with_a_set() -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 4, (2, 200))
    seen: set[tuple[int, int]] = set()
    expected = []
    for i, key in enumerate(zip(*keys.tolist(), strict=True)):
        if key not in seen:
            seen.add(key)
            expected.append(i)
    assert first_rows(*keys).tolist() == expected
