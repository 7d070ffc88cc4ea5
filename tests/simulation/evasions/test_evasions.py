"""Evasions: each does what it says, and is missed by the rule that it was made for, which finds the control."""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from sweepml.baselines.random_walk import ThresholdRandomWalk
from sweepml.baselines.registry import RULES, make_rule
from sweepml.datasets.capture import EVASION, Capture, Episode
from sweepml.datasets.labels import EpisodeRows
from sweepml.errors import ConfigError
from sweepml.evaluation.alerts import JudgementRules, judge_alerts
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.scenario import scenarios_of
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow
from sweepml.schema.outcome import FAILURES, Outcome
from sweepml.simulation.evasions.paced import paced_below
from sweepml.simulation.evasions.play import evasive_capture
from sweepml.simulation.evasions.registry import EVASIONS, make_evasion
from sweepml.simulation.evasions.straddling import straddled
from sweepml.tasks.benchmark.evading import rule_limits
from tests.evaluation.handmade import Contact, to_capture
from tests.simulation.evasions.office import BEGIN_S, office

LIMITS = rule_limits()


@cache
def play(name: str) -> Capture:
    return evasive_capture(office(), make_evasion(name), LIMITS, seed=3)


@cache
def rows_in(name: str) -> EpisodeRows:
    return EpisodeRows(play(name).connections, play(name).hosts)


@pytest.fixture(scope="module")
def played() -> dict[str, Capture]:
    return {name: play(name) for name in EVASIONS}


def judged(capture: Capture, rule: str) -> EpisodeReport:
    return evaluate_alerts([capture], make_rule(rule).alerts(capture.connections, capture.hosts, capture.name))


def caught(capture: Capture, rule: str) -> set[str]:
    return {episode_id for _, episode_id in judged(capture, rule).caught}


def records_of(capture: Capture, episode: Episode) -> Connections:
    return capture.connections.take(rows_in(episode.attributes[EVASION]).of(episode))


def parts_of(capture: Capture) -> dict[str, list[Episode]]:
    parts: dict[str, list[Episode]] = {}
    for episode in capture.episodes:
        parts.setdefault(episode.episode_id, []).append(episode)
    return parts


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"sentinel_port_sweep"}))
def test_every_rule_finds_every_control(played: dict[str, Capture], rule: str) -> None:
    assert judged(played["plain"], rule).missed == ()


def test_bins_of_30_s_find_most_controls(played: dict[str, Capture]) -> None:
    # 201 targets of one bin: an edge may halve a control, too.
    assert judged(played["plain"], "sentinel_port_sweep").recall >= 0.5


def test_interleaved_successes_keep_the_walk_below_its_bound(played: dict[str, Capture]) -> None:
    walk = ThresholdRandomWalk()
    for episode in played["interleaved"].episodes:
        value, met = 0.0, set[int]()
        records = records_of(played["interleaved"], episode)
        for target, outcome in zip(records.destination.tolist(), records.outcome.tolist(), strict=True):
            if target not in met:
                met.add(target)
                value += walk.success_step if outcome == Outcome.ANSWERED else walk.failure_step
                assert value < walk.decision
        assert np.isin(records.outcome, FAILURES).sum() > 50
    assert caught(played["interleaved"], "random_walk") == set()


def test_every_second_bin_edge_has_a_burst_whose_halves_stay_below_the_rule(played: dict[str, Capture]) -> None:
    capture, bins = played["straddling"], straddled(LIMITS)
    for number, episode in enumerate(capture.episodes):
        limit = bins[number % len(bins)]
        records = records_of(capture, episode)
        place = records.ts_us // round(limit.window_s * US_PER_S)
        targets = [len(np.unique(records.destination[place == one])) for one in np.unique(place)]
        assert max(targets) == limit.count - 1
        assert len(records) > limit.count  # without the edge between them the rule would fire


@pytest.mark.parametrize("rule", ["slips_horizontal", "zeek_scan", "splunk_horizontal_scan", "sentinel_port_sweep"])
def test_straddled_rule_whose_bins_lie_on_the_clock_misses_it(played: dict[str, Capture], rule: str) -> None:
    # The office's log begins with an hour, so that bins from its first record lie on the clock, too.
    assert office().connections.ts_us.min() == BEGIN_S * US_PER_S
    bins = straddled(LIMITS)
    aimed = {f"EV-{i:02d}" for i in range(10) if bins[i % len(bins)].rule == rule}
    assert aimed
    assert not aimed & caught(played["straddling"], rule)


@pytest.mark.parametrize("number", range(len(paced_below(LIMITS))), ids=lambda i: paced_below(LIMITS)[i].rule)
def test_paced_sweep_is_missed_by_the_rule_that_it_was_made_for(played: dict[str, Capture], number: int) -> None:
    rule = paced_below(LIMITS)[number].rule
    assert f"EV-{number:02d}" not in caught(played["paced"], rule)
    assert rule in played["paced"].episodes[number].attributes["note"]


def test_paced_sweeps_go_on_beyond_the_count_that_they_stay_below(played: dict[str, Capture]) -> None:
    for limit, scenario in zip(paced_below(LIMITS), scenarios_of(played["paced"]), strict=True):
        assert scenario.target_count == limit.count - 1 if not limit.window_s else scenario.target_count > limit.count


def test_rotated_ports_are_ten_to_fifty_and_each_target_is_probed_once(played: dict[str, Capture]) -> None:
    for scenario in scenarios_of(played["port_rotation"]):
        assert 10 <= scenario.port_count <= 50
    for episode in played["port_rotation"].episodes:
        records = records_of(played["port_rotation"], episode)
        assert len(np.unique(records.destination)) == len(records)
    assert caught(played["port_rotation"], "nemea_haddrscan") == set()


def test_targets_from_discovery_never_fail(played: dict[str, Capture]) -> None:
    for scenario in scenarios_of(played["discovery"]):
        assert scenario.success_share == 1
        assert scenario.target_count > 100
    ports = [episode.ports for episode in played["discovery"].episodes]
    assert ports[:4] == [((443, 443),), ((80, 80),)] * 2
    for rule in ("random_walk", "slips_horizontal", "scan_ng_address"):
        assert caught(played["discovery"], rule) == set()


@pytest.mark.parametrize(("name", "sources"), [("sources_4", 4), ("sources_16", 16)])
def test_sources_share_the_targets_of_one_episode(played: dict[str, Capture], name: str, sources: int) -> None:
    for parts in parts_of(played[name]).values():
        assert len({part.source for part in parts}) == sources
        assert {part.kind for part in parts} == {"distributed_sweep"}
        sizes = [len(records_of(played[name], part)) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def test_one_alerted_source_catches_a_campaign_of_several(played: dict[str, Capture]) -> None:
    capture = played["sources_16"]
    part = parts_of(capture)["EV-03"][5]
    alert = AlertRow(capture.name, part.source, part.end_us, part.start_us, 1.0, 60, "any")
    assert [one for _, one in evaluate_alerts([capture], [alert]).caught] == ["EV-03"]


def test_each_address_of_a_churning_source_has_few_targets(played: dict[str, Capture]) -> None:
    for number, parts in enumerate(parts_of(played["address_churn"]).values()):
        each = (4, 8, 16, 32)[number % 4]
        assert max(len(records_of(played["address_churn"], part)) for part in parts) == each
        assert len(parts) > 5
    assert "EV-00" not in caught(played["address_churn"], "slips_horizontal")


def test_named_identity_is_one_source_on_all_its_addresses(played: dict[str, Capture]) -> None:
    capture = played["identity_kept"]
    for episode in capture.episodes:
        records = records_of(capture, episode)
        assert len(np.unique(records.source)) > 5
        assert {capture.hosts.name(code) for code in records.identity.tolist()} == {episode.source}
    report = judged(capture, "slips_horizontal")
    assert report.recall == 1
    assert min(one.target_count for one in report.detections) >= 10


def test_decoys_hear_nothing_and_alerts_on_them_are_neither_right_nor_wrong(played: dict[str, Capture]) -> None:
    capture = played["decoys"]
    assert capture.judged is not None
    decoys = {name for name in capture.hosts.names if not capture.is_judged(name)}
    assert 50 <= len(decoys) <= 100
    by_decoys = np.isin(capture.connections.source, [capture.hosts.encode(name) for name in decoys])
    assert set(capture.connections.outcome[by_decoys]) == {Outcome.UNANSWERED}
    assert not capture.connections.label[by_decoys].any()
    truth = {episode.source for episode in capture.episodes}
    assert not truth & decoys
    raised = make_rule("slips_horizontal").alerts(capture.connections, capture.hosts, capture.name)
    assert decoys <= {alert.source for alert in raised}
    assert {one.alert.source for one in judge_alerts([capture], raised, JudgementRules())} == truth


def test_every_campaign_is_labelled_and_says_how_it_evades(played: dict[str, Capture]) -> None:
    for name, capture in played.items():
        assert capture.name == f"office~{name}"
        assert {episode.attributes[EVASION] for episode in capture.episodes} == {name}
        assert {scenario.evasion for scenario in scenarios_of(capture)} == {name}
        found = np.concatenate([rows_in(name).of(episode) for episode in capture.episodes])
        assert set(found) == set(np.flatnonzero(capture.connections.label == SWEEP_LABEL))


def test_every_evasion_changes_the_same_ordinary_sweeps(played: dict[str, Capture]) -> None:
    def probed(name: str, number: int) -> list[tuple[str, int, int]]:
        capture = played[name]
        of_it = [records_of(capture, part) for part in parts_of(capture)[f"EV-{number:02d}"]]
        records = Connections.concat(of_it)
        names = [capture.hosts.name(code) for code in records.destination.tolist()]
        return sorted(zip(names, records.service.tolist(), records.outcome.tolist(), strict=True))

    for name in ("sources_4", "sources_16", "address_churn", "identity_kept", "decoys"):
        for number in (0, 7):
            assert probed(name, number) == probed("plain", number)


def test_same_seed_same_capture_and_another_seed_another(played: dict[str, Capture]) -> None:
    for name in ("interleaved", "decoys"):
        again = evasive_capture(office(), make_evasion(name), LIMITS, seed=3)
        for field in fields(Connections):
            np.testing.assert_array_equal(
                getattr(again.connections, field.name), getattr(played[name].connections, field.name)
            )
        assert again.episodes == played[name].episodes
        other = evasive_capture(office(), make_evasion(name), LIMITS, seed=4)
        assert other.episodes != again.episodes


def test_background_and_its_hosts_stay_as_they_are(played: dict[str, Capture]) -> None:
    hosts = len(office().hosts)
    evasive_capture(office(), make_evasion("sources_4"), LIMITS, seed=3)
    assert len(office().hosts) == hosts
    kept = played["sources_4"].connections
    kept = kept.take(kept.label == 0)
    np.testing.assert_array_equal(kept.ts_us, office().connections.ts_us)
    assert [played["sources_4"].hosts.name(code) for code in kept.source.tolist()] == [
        office().hosts.name(code) for code in office().connections.source.tolist()
    ]


def test_senders_are_nobody_else(played: dict[str, Capture]) -> None:
    known = set(office().hosts.names)
    for name, capture in played.items():
        senders = [episode.source for episode in capture.episodes]
        assert len(senders) == len(set(senders)), name
        assert not known & set(senders)


def test_unknown_evasion_is_refused() -> None:
    with pytest.raises(ConfigError, match="no evasion is called 'pace'; did you mean paced"):
        make_evasion("pace")


def test_background_that_shows_too_little_is_refused() -> None:
    ipv6 = to_capture("v6", [Contact(0, "2001:db8::1", "2001:db8::2"), Contact(9, "2001:db8::1", "2001:db8::3")])
    with pytest.raises(ConfigError, match="no IPv4 source"):
        evasive_capture(ipv6, make_evasion("plain"), LIMITS)
    dead = to_capture("dead", [Contact(0, "10.0.0.1", "10.0.0.2"), Contact(9, "10.0.0.1", "10.0.0.3")])
    with pytest.raises(ConfigError, match="cannot be interleaved: 0 hosts of the background answer"):
        evasive_capture(dead, make_evasion("interleaved"), LIMITS)
    with pytest.raises(ConfigError, match="shows 0 hosts with one service that answers, and 20 are needed"):
        evasive_capture(dead, make_evasion("discovery"), LIMITS)
