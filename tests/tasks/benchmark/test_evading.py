"""The arena of evasions: what attackers know is what the rules ship with, and on which background they play."""

from dataclasses import replace

import pytest

from sweepml.baselines.registry import RULES, make_rule
from sweepml.datasets.capture import Capture
from sweepml.simulation.evasions.registry import EVASIONS
from sweepml.tasks.benchmark.evading import EVASION, evasion_round, rule_limits
from tests.evaluation.handmade import HOUR_S, Contact, episode, to_capture
from tests.simulation.evasions.office import BEGIN_S, office


def own() -> list[Capture]:
    """Return the office with a sweep in it, and a shorter capture."""
    sweep = [Contact(BEGIN_S + 60 + i, "192.168.7.99", f"10.3.0.{i + 1}", label=1) for i in range(20)]
    swept = to_capture("short", sweep, [episode("E1", "192.168.7.99", BEGIN_S, BEGIN_S + 90)])
    return [swept, replace(office(), name="own", episodes=(episode("E2", "192.168.7.21", BEGIN_S, BEGIN_S + 9),))]


def long_office(name: str, **changed: object) -> Capture:
    """Return the office, seven hours long."""
    records = office().connections
    late = replace(records, ts_us=records.ts_us + 4 * HOUR_S * 1_000_000)
    return replace(office(), name=name, connections=type(records).concat([records, late]), **changed)


def test_counting_rules_are_known_by_what_they_ship_with() -> None:
    limits = {limit.rule: limit for limit in rule_limits().counts}
    assert set(limits) == set(RULES) - {"random_walk"}
    for name in ("slips_horizontal", "zeek_scan", "splunk_horizontal_scan", "sentinel_port_sweep"):
        rule = make_rule(name)
        assert (limits[name].count, limits[name].window_s, limits[name].tumbles) == (
            rule.threshold,
            rule.horizon_s,
            True,
        )
    assert (limits["elastic_network_sweep"].count, limits["elastic_network_sweep"].window_s) == (100, 540)
    assert (limits["snort_portsweep_medium"].count, limits["snort_portsweep_medium"].window_s) == (7, 90)
    assert {limits[name].window_s for name in ("nemea_haddrscan", "scan_ng_address", "zeek_simple_scan")} == {0}


def test_walk_is_known_by_its_steps() -> None:
    walk = make_rule("random_walk")
    known = rule_limits().walk
    assert (known.failure_step, known.success_step) == (walk.failure_step, -walk.success_step)  # type: ignore[attr-defined]


def test_without_published_background_it_is_the_benign_sources_of_the_longest_capture() -> None:
    here = evasion_round(own(), [], seed=0)
    assert here.name == EVASION
    assert [one.name for one in here.train] == ["short", "own"]
    assert [one.name for one in here.test] == [f"own~{name}" for name in EVASIONS]
    assert "false alerts do not" in here.arena.protocol
    (plain,) = [one for one in here.test if one.name == "own~plain"]
    background = plain.connections.take(plain.connections.label == 0)
    assert "192.168.7.21" not in {plain.hosts.name(code) for code in background.source.tolist()}


def test_published_capture_that_is_long_lively_and_unattacked_is_the_background() -> None:
    attacked = long_office("attacked", episodes=(episode("E9", "192.168.7.22", BEGIN_S, BEGIN_S + 9),))
    sensor = long_office("sensor", judged=frozenset({"192.168.7.22"}))
    replayed = long_office("replayed", log_name="replayed.log")
    here = evasion_round(
        [*own()[:1], replace(own()[1], scripts={"192.168.7.20": "replayed.log:192.168.7.1"})],
        [attacked, sensor, replayed, replace(office(), name="brief"), long_office("good")],
        seed=0,
    )
    assert {one.name.partition("~")[0] for one in here.test} == {"good"}
    assert "good: published" in here.arena.protocol


@pytest.mark.parametrize("name", ["plain", "sources_16"])
def test_scenarios_keep_their_ids(name: str) -> None:
    here = evasion_round(own(), [], seed=0)
    ids = {one.id for one in here.arena.scenarios if one.evasion == name}
    assert ids == {f"own~{name}/EV-{number:02d}" for number in range(10)}
