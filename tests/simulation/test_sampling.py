"""Packet sampling: who is seen is a matter of packets, and what came of it is told as of sampled flows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.origins.exchange import ACK, RST, SYN, Exchange, Flow, outcome_of
from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.sampling import sample_packets, with_sampling
from tests.evaluation.handmade import Contact, episode, to_capture, to_connections

COUNT = 20_000


def many(sent: int, returned: int, outcome: Outcome = Outcome.ANSWERED, protocol: int = Protocol.TCP) -> Connections:
    """Return many connections of as many packets each way."""
    one, _ = to_connections([Contact(1, "10.0.0.1", "10.0.0.2", outcome, protocol=protocol)])
    records = one.take(np.zeros(COUNT, np.int64))
    return replace(
        records,
        ts_us=np.arange(COUNT),
        orig_packets=np.full(COUNT, sent),
        resp_packets=np.full(COUNT, returned),
        orig_bytes=np.full(COUNT, 100 * sent),
        resp_bytes=np.full(COUNT, 50 * returned),
    )


def within(count: int, share: float) -> bool:
    """Return whether a count of so many trials is one of a binomial but for one in a million."""
    low, high = stats.binom.interval(1 - 1e-6, COUNT, share)
    return bool(low <= count <= high)


@pytest.mark.parametrize("one_in", [10, 100, 1000])
@pytest.mark.parametrize("packets", [1, 3, 40])
def test_direction_is_seen_as_often_as_its_packets_make_likely(one_in: int, packets: int) -> None:
    seen = sample_packets(many(packets, 0, Outcome.UNANSWERED), one_in, seed=5)
    assert within(len(seen), 1 - (1 - 1 / one_in) ** packets)


def test_directions_are_seen_independently() -> None:
    seen = sample_packets(many(3, 5), 10, seed=5)
    asked, reply = 1 - 0.9**3, 1 - 0.9**5
    assert within(np.count_nonzero((seen.orig_packets > 0) & (seen.resp_packets > 0)), asked * reply)
    assert within(np.count_nonzero((seen.orig_packets > 0) & (seen.resp_packets == 0)), asked * (1 - reply))
    assert within(np.count_nonzero((seen.orig_packets == 0) & (seen.resp_packets > 0)), (1 - asked) * reply)


def test_estimates_are_right_on_average() -> None:
    before = many(40, 60)
    seen = sample_packets(before, 10, seed=1)
    for name in ("orig_packets", "resp_packets", "orig_bytes", "resp_bytes"):
        assert getattr(seen, name).sum() == pytest.approx(getattr(before, name).sum(), rel=0.02)
    assert set(seen.orig_packets % 10) == {0}


def test_what_is_seen_at_one_rate_is_seen_at_every_higher_one() -> None:
    seen = [set(sample_packets(many(3, 2), one_in, seed=2).ts_us.tolist()) for one_in in (1, 10, 100, 1000)]
    assert seen[3] < seen[2] < seen[1] < seen[0]
    assert len(seen[0]) == COUNT


def test_record_is_seen_or_not_whatever_comes_after_it() -> None:
    whole = sample_packets(many(3, 2), 10, seed=2)
    half = sample_packets(many(3, 2).take(slice(0, COUNT // 2)), 10, seed=2)
    np.testing.assert_array_equal(half.ts_us, whole.ts_us[whole.ts_us < COUNT // 2])
    assert set(sample_packets(many(3, 2), 10, seed=3).ts_us.tolist()) != set(whole.ts_us.tolist())


def flows(asked: int | None, reply: int | None) -> Exchange:
    """Return a TCP exchange of sampled flows with so many flags each way, None for a direction that was not seen."""
    ask = Flow(0, 0, "10.0.0.1", "10.0.0.2", Protocol.TCP, 40_000, 22, tcp_flags=asked or 0, packets=1, sampling=10)
    answer = Flow(0, 0, "10.0.0.2", "10.0.0.1", Protocol.TCP, 22, 40_000, tcp_flags=reply or 0, packets=1, sampling=10)
    exchange = Exchange(ask, 0, MISSING, 0)
    if asked is not None:
        exchange.add(ask, 0)
    if reply is not None:
        exchange.add(answer, 1)
    return exchange


@pytest.mark.parametrize(
    ("outcome", "asked", "reply"),
    [
        (Outcome.ANSWERED, SYN, SYN | ACK),
        (Outcome.ANSWERED, None, SYN | ACK),
        (Outcome.ANSWERED, SYN, None),
        (Outcome.REFUSED, SYN, RST | ACK),
        (Outcome.REFUSED, None, RST | ACK),
        (Outcome.REFUSED, SYN, None),
        (Outcome.UNANSWERED, SYN, None),
    ],
)
def test_outcome_is_what_the_pairing_of_sampled_flows_says(
    outcome: Outcome, asked: int | None, reply: int | None
) -> None:
    seen = sample_packets(many(1, 0 if outcome == Outcome.UNANSWERED else 1, outcome), 10, seed=4)
    rows = ((seen.orig_packets > 0) == (asked is not None)) & ((seen.resp_packets > 0) == (reply is not None))
    assert rows.any()
    assert set(seen.outcome[rows]) == {outcome_of(flows(asked, reply), 0, sees_replies=True)}


def test_datagram_that_came_back_is_an_answer_by_itself() -> None:
    seen = sample_packets(many(1, 1, protocol=Protocol.UDP), 10, seed=4)
    assert set(seen.outcome[seen.resp_packets > 0]) == {Outcome.ANSWERED}
    assert set(seen.outcome[seen.resp_packets == 0]) == {Outcome.UNKNOWN}


def test_record_without_counts_has_a_packet_each_way_and_still_no_counts() -> None:
    silent, _ = to_connections([Contact(i, "10.0.0.1", "10.0.0.2") for i in range(COUNT)])
    seen = sample_packets(silent, 10, seed=4)
    assert within(len(seen), 0.1)
    for name in ("orig_packets", "resp_packets", "orig_bytes", "resp_bytes"):
        assert set(getattr(seen, name)) == {MISSING}


@given(st.integers(0, 1 << 63))
def test_one_in_one_is_everything(seed: int) -> None:
    before = many(1, 0)
    assert sample_packets(before, 1, seed) is before


def test_truth_of_a_capture_stays_under_another_name() -> None:
    capture = to_capture("a", [Contact(1, "10.0.0.1", "10.0.0.2")], [episode("E1", "10.0.0.1", 0, 9)])
    shown = with_sampling(capture, 100)
    assert (shown.name, shown.episodes, shown.hosts) == ("a~1:100", capture.episodes, capture.hosts)


def test_fewer_than_one_packet_in_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="one packet in 0 cannot be looked at"):
        sample_packets(many(1, 0), 0)
