"""Plain sweeps keep what was asked for exactly, and draw the rest by themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweepml.errors import ConfigError
from sweepml.schema.outcome import Outcome
from sweepml.simulation.plain_sweep import EXISTING, PLAIN_SERVICES, STEADY, PlainSweep, PlainSweeps
from sweepml.simulation.portrait import LogInput, Portrait, draw_portrait, service_keys
from sweepml.simulation.sweeps import PlayedSweep
from tests.simulation.logs import rows, write_log

KIND = PlainSweep(rate_per_hour=120, size=40, success_share=0.25)
HTTPS = 6 << 16 | 443


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    return draw_portrait(LogInput(write_log(tmp_path_factory.mktemp("log") / "conn.log", rows())))[0]


def sweeps(portrait: Portrait, seed: int = 0, services: tuple[int, ...] = PLAIN_SERVICES) -> PlainSweeps:
    return PlainSweeps(portrait, "here", seed, services)


def same(a: PlayedSweep, b: PlayedSweep) -> bool:
    return a.episode == b.episode and a.records.to_batch().equals(b.records.to_batch())


@pytest.mark.parametrize("pace", ["poisson", "steady"])
def test_rate_size_and_success_share_are_kept_exactly(portrait: Portrait, pace: str) -> None:
    for one in sweeps(portrait).play(replace(KIND, pace=pace), 0, 4):
        ts_us = one.records.ts_us
        assert len(np.unique(one.records.dst.hash64)) == len(ts_us) == 40
        assert ts_us[-1] - ts_us[0] == 39 * 30 * 1_000_000  # 40 targets, one every half a minute
        assert (one.records.outcome == Outcome.ANSWERED).sum() == 10
        assert set(one.records.outcome.tolist()) <= {Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED}
        assert len(np.unique(one.records.service)) == 1


def test_a_steady_pace_has_equal_gaps_and_a_poisson_pace_has_not(portrait: Portrait) -> None:
    (steady,) = sweeps(portrait).play(replace(KIND, pace=STEADY), 0, 1)
    assert np.ptp(np.diff(steady.records.ts_us)) <= 2  # microseconds, each time rounded down
    (poisson,) = sweeps(portrait).play(KIND, 0, 1)
    gaps_s = np.diff(poisson.records.ts_us) / 1e6
    assert (gaps_s >= 0).all()
    assert gaps_s.std() > 10  # as large as the mean, 30 s, of an exponential one


def test_answers_that_are_no_whole_number_are_right_on_average(portrait: Portrait) -> None:
    kind = replace(KIND, size=5, success_share=0.5)
    played = [one for first in range(0, 200, 10) for one in sweeps(portrait).play(kind, first, 10)]
    answered = np.array([(one.records.outcome == Outcome.ANSWERED).sum() for one in played])
    assert set(answered.tolist()) == {2, 3}
    assert 2.3 < answered.mean() < 2.7


def test_a_sweep_lies_within_the_log(portrait: Portrait) -> None:
    for kind in (KIND, replace(KIND, rate_per_hour=40), replace(KIND, rate_per_hour=1e5)):
        for one in sweeps(portrait).play(kind, 0, 4):
            assert portrait.begin_us <= one.episode.start_us <= one.episode.end_us <= portrait.end_us


def test_a_sweep_depends_on_seed_kind_and_number_alone(portrait: Portrait) -> None:
    one, other = sweeps(portrait), sweeps(portrait)
    other.play(replace(KIND, size=10), 0, 4)
    other.play(KIND, 8, 4)
    assert all(map(same, one.play(KIND, 4, 4), other.play(KIND, 4, 4)))
    assert not any(map(same, one.play(KIND, 4, 4), one.play(KIND, 0, 4)))
    assert not any(map(same, one.play(KIND, 4, 4), sweeps(portrait, seed=1).play(KIND, 4, 4)))


def test_ids_tell_kinds_seeds_and_numbers_apart(portrait: Portrait) -> None:
    kinds = (KIND, replace(KIND, size=41), replace(KIND, rate_per_hour=121), replace(KIND, success_share=0.3))
    played = [one for kind in kinds for one in sweeps(portrait).play(kind, 0, 4)]
    played += sweeps(portrait, seed=1).play(KIND, 0, 4)
    assert len({one.episode.episode_id for one in played}) == len(played)


def test_a_company_shares_no_source_port_or_target(portrait: Portrait) -> None:
    company = sweeps(portrait).play(replace(KIND, size=150, rate_per_hour=1000), 0, 6)
    assert len({one.episode.source for one in company}) == 6
    assert len({one.episode.ports for one in company}) == 6
    targets = np.concatenate([one.records.dst.hash64 for one in company])
    assert len(np.unique(targets)) == len(targets)


def test_short_sweeps_of_a_company_follow_each_other(portrait: Portrait) -> None:
    company = sweeps(portrait).play(replace(KIND, rate_per_hour=10_000), 0, 4)
    ends = [one.episode.end_us for one in company]
    begins = [one.episode.start_us for one in company]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))


def test_internal_and_public_ranges_take_turns(portrait: Portrait) -> None:
    company = sweeps(portrait).play(KIND, 0, 6)
    assert [one.episode.attributes["target_scope"] for one in company] == ["internal", "public"] * 3


def test_a_new_source_is_unknown_and_internal_and_an_existing_one_is_known(portrait: Portrait) -> None:
    known = set(portrait.sources.texts())
    new = {one.episode.source for one in sweeps(portrait).play(KIND, 0, 8)}
    assert not new & known
    assert all(source.startswith("192.168.7.") for source in new)
    existing = {one.episode.source for one in sweeps(portrait).play(replace(KIND, source=EXISTING), 0, 8)}
    assert existing <= known
    assert len(existing) == 8


def test_nobody_is_told_that_a_service_failed_which_the_log_shows_alive(portrait: Portrait) -> None:
    alive = portrait.services.take(portrait.services.alive)
    keys = set(service_keys(alive.hosts, alive.service).tolist())
    for first in range(0, 40):
        (one,) = sweeps(portrait, services=(HTTPS,)).play(replace(KIND, success_share=0.0), first, 1)
        assert not keys & set(service_keys(one.records.dst, one.records.service).tolist())


def test_a_company_is_as_large_as_ports_and_sources_allow(portrait: Portrait) -> None:
    assert sweeps(portrait).most_at_once(KIND) == len(PLAIN_SERVICES)
    assert sweeps(portrait, services=(HTTPS,)).most_at_once(KIND) == 1
    assert sweeps(portrait).most_at_once(replace(KIND, source=EXISTING)) == 20  # clients of the office


def test_an_ipv6_network_is_swept_in_ipv6(tmp_path: Path) -> None:
    portrait, _ = draw_portrait(LogInput(write_log(tmp_path / "conn.log", rows(ipv6=True))))
    for one in sweeps(portrait).play(KIND, 0, 4):
        assert ":" in one.episode.source
        assert not one.records.dst.is_ipv4.any()


def test_what_takes_longer_than_the_log_is_refused(portrait: Portrait) -> None:
    slow = replace(KIND, rate_per_hour=10)
    assert not sweeps(portrait).fits(slow)
    with pytest.raises(ConfigError, match="a sweep of 40 targets at 10 an hour takes 14040 s"):
        sweeps(portrait).play(slow, 0, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate_per_hour": 0}, "rate_per_hour must be above 0"),
        ({"size": 0}, "size is a count of targets"),
        ({"success_share": 1.1}, "success_share must lie between 0 and 1"),
        ({"pace": "slow"}, "pace must be one of poisson, steady, got 'slow'"),
        ({"source": "old"}, "source must be one of new, existing, got 'old'"),
    ],
)
def test_values_out_of_range_are_refused(change: dict[str, float | str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(KIND, **change)  # type: ignore[arg-type]  # that is the point


def test_without_a_port_nothing_can_be_swept_for(portrait: Portrait) -> None:
    with pytest.raises(ConfigError, match="no service to sweep for"):
        sweeps(portrait, services=())
