"""Variants of a capture: other pace, dead servers, the same labels."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connections import Connections
from sweepml.graph.windows import WindowSpec
from sweepml.pipeline.rows import feature_rows
from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.variants import Variant, vary

UNLUCKY = Variant(1.0, unlucky_share=1.0, dead_share_max=1.0)
STRETCHED = Variant(10.0, unlucky_share=0.0)


def traffic(count: int = 2000, seed: int = 0, *, late: bool = False) -> Connections:
    """Return connections of 12 sources with 60 servers; a fifth are of labelled attacks."""
    rng = np.random.default_rng(seed)
    ts_us = np.sort(rng.integers(0, 3_600_000_000, count)) + 1_700_000_000_000_000
    if late:
        order = np.argsort(ts_us + rng.integers(0, 30_000_000, count))
        ts_us = ts_us[order]
    protocol = rng.choice([Protocol.TCP, Protocol.UDP, Protocol.ICMP], count)
    known = rng.random(count) < 0.9

    def sizes() -> np.ndarray:
        return np.where(known, rng.integers(1, 5000, count), MISSING)

    return Connections(
        ts_us=ts_us,
        source=rng.integers(0, 12, count, dtype=np.int32),
        destination=rng.integers(12, 72, count, dtype=np.int32),
        service=(protocol.astype(np.uint32) << 16) | rng.choice(np.array([53, 80, 443], np.uint32), count),
        outcome=np.full(count, Outcome.ANSWERED, np.uint8),
        duration_us=rng.integers(0, 1_000_000, count),
        orig_bytes=sizes(),
        resp_bytes=sizes(),
        orig_packets=sizes(),
        resp_packets=sizes(),
        label=rng.choice(np.array([0, 0, 0, 0, 1, 2], np.uint8), count),
    )


def same(one: Connections, other: Connections, *but: str) -> None:
    for field in fields(Connections):
        if field.name not in but:
            a, b = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_array_equal(a, b, err_msg=field.name)


@given(st.floats(0.1, 50))
def test_stretch_scales_the_gaps_and_nothing_else(stretch: float) -> None:
    before = traffic(200)
    after = vary(before, Variant(stretch, unlucky_share=0.0), seed=1)
    same(after, before, "ts_us")
    assert after.ts_us[0] == before.ts_us[0]
    expected = (before.ts_us - before.ts_us[0]) * stretch
    assert np.abs(after.ts_us - after.ts_us[0] - expected).max() <= 0.5


def test_a_variant_that_changes_nothing_is_the_capture() -> None:
    before = traffic(late=True)
    same(vary(before, Variant(1.0, unlucky_share=0.0), seed=3), before)


@pytest.mark.parametrize("variant", [UNLUCKY, STRETCHED, Variant(3.0)])
def test_dtypes_and_labels_stay(variant: Variant) -> None:
    before = traffic()
    after = vary(before, variant, seed=0)
    np.testing.assert_array_equal(after.label, before.label)
    for field in fields(Connections):
        assert getattr(after, field.name).dtype == getattr(before, field.name).dtype, field.name


def test_the_capture_itself_is_not_changed() -> None:
    before, copy = traffic(), traffic()
    vary(before, Variant(3.0, 1.0, 1.0), seed=0)
    same(before, copy)


def test_attacks_keep_their_outcomes_and_sizes() -> None:
    before = traffic()
    after, attack = vary(before, UNLUCKY, seed=0), before.label > 0
    same(after.take(attack), before.take(attack))
    assert (after.outcome[~attack] != before.outcome[~attack]).any()


def test_a_server_is_dead_for_a_source_always_or_never() -> None:
    before = traffic()
    after = vary(before, UNLUCKY, seed=0)
    benign = before.label == 0
    dead = after.outcome[benign] != before.outcome[benign]
    tcp = before.service[benign] >> 16 == Protocol.TCP
    pair = before.source[benign].astype(np.int64) * 1000 + before.destination[benign]
    for one in np.unique(pair):
        assert len(np.unique(dead[pair == one])) == 1
        # ... and refuses always or never, whichever the port.
        assert len(np.unique(after.outcome[benign][(pair == one) & tcp])) <= 1
    assert 0.2 < dead.mean() < 0.8


def test_lucky_sources_have_no_dead_server() -> None:
    before = traffic()
    same(vary(before, Variant(1.0, unlucky_share=0.0, dead_share_max=1.0), seed=0), before)


def test_about_half_of_the_sources_are_unlucky() -> None:
    before = replace(traffic(4000), source=np.arange(4000, dtype=np.int32) % 400)
    after = vary(before, Variant(1.0, unlucky_share=0.5, dead_share_max=1.0), seed=0)
    touched = np.unique(before.source[after.outcome != before.outcome])
    assert 0.3 < len(touched) / 400 < 0.55


def test_only_tcp_servers_refuse() -> None:
    before = traffic()
    after = vary(before, UNLUCKY, seed=0)
    refused = after.outcome == Outcome.REFUSED
    assert refused.any()
    assert (after.service[refused] >> 16 == Protocol.TCP).all()


def test_the_dead_send_nothing_and_unknown_sizes_stay_unknown() -> None:
    before = traffic()
    after = vary(before, UNLUCKY, seed=0)
    dead = after.outcome != before.outcome
    known = before.orig_bytes >= 0
    tcp = before.service >> 16 == Protocol.TCP
    assert (after.resp_bytes[dead & known] == 0).all()
    assert (after.orig_bytes[dead & known & tcp] == 0).all()
    np.testing.assert_array_equal(after.orig_bytes[dead & ~tcp], before.orig_bytes[dead & ~tcp])
    np.testing.assert_array_equal(after.resp_packets[dead & known], after.outcome[dead & known] == Outcome.REFUSED)
    unknown = dead & ~known
    same(after.take(unknown), before.take(unknown), "outcome")


def test_same_seed_same_bytes() -> None:
    before, variant = traffic(), Variant(3.0)
    one, other = vary(before, variant, seed=5), vary(before, variant, seed=5)
    for field in fields(Connections):
        assert getattr(one, field.name).tobytes() == getattr(other, field.name).tobytes()
    assert (vary(before, variant, seed=6).outcome != one.outcome).any()


def test_records_are_as_late_as_they_were() -> None:
    """Lateness comes of durations, which do not stretch."""
    before = traffic(late=True)
    after = vary(before, STRETCHED, seed=0)
    late_before = (np.maximum.accumulate(before.ts_us) - before.ts_us).max()
    late_after = (np.maximum.accumulate(after.ts_us) - after.ts_us).max()
    assert 0 < late_after <= late_before


def test_no_stretched_record_misses_its_windows() -> None:
    before = traffic(late=True)
    plan = FeaturePlan(windows=(WindowSpec(60, 10),))
    hosts = plan.new_hosts()
    hosts.encode_all([f"10.0.0.{i}" for i in range(72)])
    stream = FeatureStream(plan, hosts)
    feature_rows(vary(before, Variant(30.0, 0.0), seed=0), stream)
    assert stream.counts.late == 0
    assert stream.counts.restarts == 0


def test_an_empty_capture_stays_empty() -> None:
    assert len(vary(traffic().take(slice(0, 0)), Variant(3.0), seed=0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"stretch": 0.0},
        {"stretch": -1.0},
        {"stretch": float("nan")},
        {"stretch": float("inf")},
        {"unlucky_share": 1.5},
        {"unlucky_share": -0.1},
        {"dead_share_max": 2.0},
        {"dead_share_max": float("nan")},
    ],
)
def test_bad_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="a variant needs stretch > 0 and shares between 0 and 1, got"):
        Variant(**wrong)
