"""What episodes are like, told from a handful of records."""

import math
from dataclasses import replace

import pytest

from sweepml.datasets.capture import EVASION, Capture
from sweepml.evaluation.scenario import (
    DIMENSIONS,
    UNKNOWN,
    Scenario,
    scenarios_of,
    stratum_order,
)
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import US, Contact, episode, to_capture
from tests.evaluation.small_arena import OUTER, SWEEPER, day


@pytest.fixture(scope="module")
def inner() -> Scenario:
    return scenarios_of(day())[0]


@pytest.fixture(scope="module")
def outer() -> Scenario:
    return scenarios_of(day())[1]


def test_facts_of_a_silent_internal_sweep(inner: Scenario) -> None:
    assert inner.id == "day/E1"
    assert (inner.scope, inner.ports, inner.port_count, inner.target_count) == ("internal", "tcp/445 (20)", 1, 20)
    assert (inner.success_share, inner.duration_s, inner.rate_per_s) == (0, 190, 19 / 190)
    assert (inner.tool, inner.sources, inner.protocols, inner.role) == ("nmap", (SWEEPER,), ("tcp",), "sweep")


def test_facts_of_a_public_sweep_of_which_half_answers(outer: Scenario) -> None:
    assert (outer.scope, outer.ports, outer.target_count) == ("public", "tcp/22 (8)", 8)
    assert (outer.success_share, outer.rate_per_s, outer.tool) == (0.5, 1.0, UNKNOWN)
    assert outer.sources == (OUTER,)


def test_strata_follow_from_the_facts(inner: Scenario, outer: Scenario) -> None:
    assert inner.strata == {
        "scope": "internal",
        "rate": "0.1-1/s",
        "size": "10-29",
        "success": "< 5 %",
        "protocol": "tcp",
        "tool": "nmap",
        "role": "sweep",
        "ports": "1 port",
        "sources": "1 source",
    }
    assert (outer.strata["rate"], outer.strata["size"], outer.strata["success"]) == (
        "1-10/s",
        "< 10 targets",
        "50-95 %",
    )
    assert (*inner.strata, EVASION) == DIMENSIONS


def distributed() -> Capture:
    """Two sources share the targets 2 and 3; one of them also asks a resolver meanwhile."""
    contacts = [
        *(Contact(i, "10.0.0.1", f"10.1.0.{n}", label=SWEEP_LABEL) for i, n in enumerate((1, 2, 3))),
        *(
            Contact(10 + i, "10.0.0.2", f"10.1.0.{n}", Outcome.UNKNOWN, port=port, label=SWEEP_LABEL)
            for i, (n, port) in enumerate(((2, 445), (3, 445), (9, 22), (9, 8080)))
        ),
        Contact(1, "10.0.0.1", "10.9.0.53", Outcome.ANSWERED, port=53, protocol=Protocol.UDP),
    ]
    parts = [episode("D", "10.0.0.2", 10, 14, "distributed_sweep"), episode("D", "10.0.0.1", 0, 2, "distributed_sweep")]
    parts = [replace(part, ports=((445, 445), (22, 22), (8080, 8080))) for part in parts]
    return to_capture("net", contacts, parts, {"10.0.0.1": "bot"})


def test_sources_of_a_distributed_sweep_are_one_scenario() -> None:
    (one,) = scenarios_of(distributed())
    assert (one.kind, one.sources, one.role) == ("distributed_sweep", ("10.0.0.1", "10.0.0.2"), "bot")
    assert (one.start_us, one.end_us) == (0, 14 * US)
    assert (one.target_count, one.port_count, one.ports) == (4, 3, "tcp/445 (3), tcp/22 (1), tcp/8080 (1)")
    assert one.success_share == 0  # the unknown outcomes are no failures, and the resolver is no target
    assert (one.strata["ports"], one.strata["sources"]) == ("2-5 ports", "> 1 source")


def test_an_episode_without_records_is_known_by_its_label_only() -> None:
    idle = replace(episode("E", "10.0.0.9", 5, 5), protocols=(Protocol.ICMP,))
    (one,) = scenarios_of(to_capture("net", [Contact(0, "10.0.0.1", "10.1.0.1")], [idle]))
    assert (one.target_count, one.port_count, one.ports, one.scope) == (0, 0, "", UNKNOWN)
    assert math.isnan(one.rate_per_s)
    assert math.isnan(one.success_share)
    assert (one.strata["success"], one.strata["ports"], one.strata["protocol"]) == (UNKNOWN, UNKNOWN, "icmp")


def test_other_attacks_are_no_scenarios() -> None:
    assert scenarios_of(to_capture("net", [], [episode("V", "10.0.0.1", 0, 1, "vertical_scan")])) == ()


def test_strata_are_ordered_by_what_they_hold() -> None:
    names = [UNKNOWN, ">= 100/s", "1-10/s", "< 0.1/s"]
    assert sorted(names, key=lambda one: stratum_order("rate", one)) == ["< 0.1/s", "1-10/s", ">= 100/s", UNKNOWN]
    assert sorted([UNKNOWN, "zmap", "nmap"], key=lambda one: stratum_order("tool", one)) == ["nmap", "zmap", UNKNOWN]
