"""Alerts that follow from a trajectory are those of a sensor that counts record by record at that threshold."""

from collections.abc import Iterator

import numpy as np
import pytest

from sweepml.baselines.registry import RULES, make_rule
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.baselines.oracle import ORACLES
from tests.baselines.traces import run
from tests.evaluation.handmade import US, Contact

PORTS = (22, 23, 53, 80, 443, 445)


def traffic(seed: int, count: int = 1500) -> list[Contact]:
    """Return bursts and pauses of six sources, among them public ones, whose moods change: ports, outcomes, hosts."""
    rng = np.random.default_rng(seed)
    contacts = []
    at_s = 0.0
    while len(contacts) < count:
        at_s += float(rng.choice([5, 200, 700, 2000]))
        sources = rng.choice(["10.0.0.1", "10.0.0.2", "172.32.0.1", "203.0.113.9"], size=int(rng.integers(1, 3)))
        ports = rng.choice(PORTS, size=int(rng.integers(1, 4)))
        outcomes = rng.choice(list(Outcome), size=int(rng.integers(1, 4)))
        protocol = int(rng.choice([Protocol.TCP, Protocol.TCP, Protocol.UDP, Protocol.ICMP]))
        host = int(rng.integers(0, 150))
        spread = int(rng.choice([3, 60, 400]))
        pace_s = float(rng.choice([0.01, 0.1, 1.0, 10.0]))
        for _ in range(int(rng.integers(20, 400))):
            at_s += pace_s * float(rng.random())
            number = host + int(rng.integers(0, spread))
            contacts.append(
                Contact(
                    round(at_s, 6),
                    str(rng.choice(sources)),
                    f"10.1.{number // 200}.{number % 200 + 1}",
                    Outcome(int(rng.choice(outcomes))),
                    8 if protocol == Protocol.ICMP else int(rng.choice(ports)),
                    protocol,
                )
            )
    return contacts


def expected(name: str, contacts: list[Contact], level: float) -> list[tuple[float, str, float]]:
    found: Iterator[tuple[str, float, float]] = ORACLES[name](contacts, level)
    return sorted((round(detected_s * US), source, round(since_s * US)) for source, detected_s, since_s in found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [1.0, 0.6, 0.2])
@pytest.mark.parametrize("name", ORACLES)
def test_alerts_are_those_of_a_sensor_at_that_threshold(name: str, share: float, seed: int) -> None:
    rule = make_rule(name)
    rule = rule.with_threshold(rule.threshold * share)
    contacts = traffic(seed)
    alerts = [(alert.detected_us, alert.source, alert.since_us) for alert in run(rule, contacts)]
    assert sorted(alerts) == expected(name, contacts, rule.threshold)


@pytest.mark.parametrize("name", ORACLES)
def test_the_traffic_makes_every_rule_speak(name: str) -> None:
    level = make_rule(name).threshold
    assert any(expected(name, traffic(seed), level * 0.2) for seed in range(4))


def test_every_rule_but_the_walk_has_an_oracle() -> None:
    assert RULES.keys() - ORACLES.keys() == {"random_walk"}
