"""Records of one direction become connections: each of them once, by who started it, whatever the chunks."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.origins.pairing import TIMEOUT_US, Flow, Pairer
from sweepml.origins.rows import Row
from sweepml.schema.outcome import Outcome
from tests.origins.flows import CLIENT, SERVER, S, flags, reply, request


def paired(flows: Iterable[Flow], timeout_us: int = TIMEOUT_US) -> list[Row]:
    pairer = Pairer(timeout_us, counts_payload=True)
    return pairer.push(flows) + pairer.flush()


def test_two_directions_are_one_connection() -> None:
    (row,) = paired([request(end_us=3 * S), reply(ts_us=1 * S, end_us=2 * S)])
    assert row == Row(0, CLIENT, SERVER, 6, 445, Outcome.ANSWERED, 3 * S, 40, 44, 1, 1, "")


def test_pieces_of_a_long_connection_are_joined() -> None:
    pieces = [one(ts_us=i * 60 * S, end_us=(i + 1) * 60 * S) for i in range(10) for one in (request, reply)]
    (row,) = paired(pieces)
    assert (row.duration_us, row.orig_packets, row.resp_packets, row.resp_bytes) == (600 * S, 10, 10, 440)


@pytest.mark.parametrize("end", ["RA", "SAF"])
def test_a_syn_after_the_end_begins_a_new_connection(end: str) -> None:
    again = [request(ts_us=2 * S, end_us=2 * S), reply(ts_us=2 * S, end_us=2 * S)]
    rows = paired([request(), reply(tcp_flags=flags(end)), *again])
    assert [row.ts_us for row in rows] == [0, 2 * S]
    assert rows[1].outcome == Outcome.ANSWERED


def test_a_syn_again_without_an_end_is_a_retry() -> None:
    assert len(paired([request(), request(ts_us=3 * S, end_us=3 * S), reply(ts_us=4 * S, end_us=4 * S)])) == 1


def test_the_other_direction_of_an_ended_connection_is_part_of_it() -> None:
    (row,) = paired([request(tcp_flags=flags("SAF")), reply(ts_us=1, end_us=1, tcp_flags=flags("SAF"))])
    assert row.outcome == Outcome.ANSWERED


def test_a_record_after_the_timeout_begins_a_new_connection() -> None:
    first, at_timeout, after = request(), request(ts_us=10 * S), request(ts_us=20 * S + 1)
    assert [row.ts_us for row in paired([first, at_timeout, after], timeout_us=10 * S)] == [0, 20 * S + 1]


def test_a_connection_comes_out_once_the_clock_passed_its_end_by_the_timeout() -> None:
    pairer = Pairer(timeout_us=10 * S)
    assert pairer.push([request(end_us=5 * S), reply(ts_us=1 * S, end_us=7 * S)]) == []
    assert pairer.push([request(ts_us=17 * S, src_port=1)]) == []
    (row,) = pairer.push([request(ts_us=17 * S + 1, src_port=2)])
    assert (row.ts_us, row.duration_us) == (0, 7 * S)


def test_rows_come_in_the_order_of_starts_then_arrival() -> None:
    starts = [3 * S, 1 * S, 2 * S, 1 * S]
    rows = paired([request(ts_us=at, end_us=9 * S - at, dst_port=port) for port, at in enumerate(starts)])
    assert [row.dst_port for row in rows] == [1, 3, 2, 0]


def test_late_records_still_meet() -> None:
    clock = request(ts_us=1000 * S, src_port=1)
    (row, _) = paired([clock, request(), reply()])
    assert (row.src, row.outcome) == (CLIENT, Outcome.ANSWERED)


def test_a_log_that_starts_anew_in_the_past_is_paired_like_the_first() -> None:
    day = 86_400 * S
    flows = [one(ts_us=i * S, end_us=i * S, **ports(one, i)) for i in range(3000) for one in (request, reply)]
    future = [request(ts_us=day)]
    pairer = Pairer()
    rows = pairer.push([*future, *flows])
    assert len(rows) > 2000  # they come out while the log is read, not only at its end
    rows += pairer.flush()
    assert sum(row.outcome == Outcome.ANSWERED for row in rows) >= 3000 - 1


def ports(one: object, number: int) -> dict[str, int]:
    return {"src_port" if one is request else "dst_port": 40000 + number}


def test_memory_is_bounded_and_what_it_costs_is_counted() -> None:
    pairer = Pairer(max_open=10)
    rows = pairer.push(request(ts_us=i * S, end_us=i * S, dst_port=i) for i in range(100))
    assert pairer.closed_early == len(rows) == 90
    assert [row.dst_port for row in rows + pairer.flush()] == list(range(100))


def test_the_quietest_connections_are_closed_first() -> None:
    pairer = Pairer(max_open=2)
    rows = pairer.push([request(dst_port=1), request(dst_port=2), request(ts_us=9, end_us=9, dst_port=1)])
    rows += pairer.push([request(ts_us=9, dst_port=3)])
    assert [row.dst_port for row in rows] == [2]


def test_absent_counts_stay_absent() -> None:
    (row,) = paired([request(bytes=-1), request(bytes=5), reply(packets=-1)])
    assert (row.orig_bytes, row.resp_bytes, row.orig_packets, row.resp_packets) == (-1, 44, 2, -1)


def test_bytes_with_headers_are_no_payload() -> None:
    pairer = Pairer()
    (row,) = pairer.push([request(), reply()]) + pairer.flush()
    assert (row.orig_bytes, row.resp_bytes, row.orig_packets, row.resp_packets) == (-1, -1, 1, 1)


def test_what_no_record_would_tell_stays_absent() -> None:
    pairer = Pairer(sees_replies=False, counts_payload=True)
    (row,) = pairer.push([request()]) + pairer.flush()
    assert (row.orig_bytes, row.resp_bytes, row.orig_packets, row.resp_packets) == (40, -1, 1, -1)


def test_unknown_ports_are_no_reject() -> None:
    (row,) = paired([request(protocol=47, src_port=-1, dst_port=-1, tcp_flags=-1)])
    assert (row.protocol, row.dst_port, row.src) == (47, 0, CLIENT)


def test_the_label_of_any_record_counts() -> None:
    (row,) = paired([request(), reply(label="sweep")])
    assert row.label == "sweep"


@pytest.mark.parametrize(("timeout_us", "max_open"), [(-1, 1), (0, 0)])
def test_senseless_bounds_are_refused(timeout_us: int, max_open: int) -> None:
    with pytest.raises(ConfigError, match="expected timeout_us >= 0 and max_open >= 1"):
        Pairer(timeout_us, max_open)


HOSTS = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")
FLOWS = st.lists(
    st.builds(
        Flow,
        ts_us=st.integers(0, 30).map(lambda at: at * S),
        end_us=st.integers(0, 40).map(lambda at: at * S),
        src=st.sampled_from(HOSTS),
        dst=st.sampled_from(HOSTS),
        protocol=st.sampled_from((1, 6, 17, 58)),
        src_port=st.sampled_from((-1, 53, 40000, 50000)),
        dst_port=st.sampled_from((-1, 53, 40000, 50000)),
        icmp_type=st.sampled_from((-1, 0, 3, 8, 13, 128, 129)),
        tcp_flags=st.integers(-1, 31),
        direction=st.sampled_from((0, 0, 1, 2)),
        blocked=st.booleans(),
        bytes=st.integers(-1, 2000),
        packets=st.integers(-1, 5),
        sampling=st.sampled_from((1, 1, 100)),
    ),
    max_size=40,
)


@given(FLOWS, st.randoms(use_true_random=False))
def test_chunks_do_not_matter(flows: list[Flow], rng: random.Random) -> None:
    whole, cut = Pairer(5 * S, 4), Pairer(5 * S, 4)
    expected = whole.push(flows) + whole.flush()
    rows, rest = [], flows
    while rest:
        size = rng.randint(0, len(rest))
        rows += cut.push(rest[:size])
        rest = rest[size:]
    assert rows + cut.flush() == expected
    assert cut.rules == whole.rules


@given(FLOWS)
def test_no_record_is_lost_or_counted_twice(flows: list[Flow]) -> None:
    counted = [flow._replace(packets=1) for flow in flows]
    pairer = Pairer(5 * S, 4)
    rows = pairer.push(counted) + pairer.flush()
    assert sum(row.orig_packets + row.resp_packets for row in rows) == len(flows)
    assert sum(pairer.rules.values()) == len(rows)


@given(FLOWS)
def test_every_row_is_a_pair_of_hosts_that_talked(flows: list[Flow]) -> None:
    pairs = {frozenset((flow.src, flow.dst)) for flow in flows}
    for row in paired(flows, timeout_us=5 * S):
        assert frozenset((row.src, row.dst)) in pairs
        assert 0 <= row.dst_port <= 0xFFFF
        assert row.duration_us >= 0
