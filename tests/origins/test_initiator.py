"""Who started a connection: each rule decides what it should, and whichever record stands first."""

from itertools import permutations

import pytest

from sweepml.origins.pairing import Flow, Pairer
from sweepml.origins.rows import Row
from tests.origins.flows import CLIENT, SERVER, S, flags, reply, request


def initiators(flows: list[Flow]) -> set[tuple[str, str]]:
    """Return (source, rule) of one connection over all orders of its records."""
    found = set()
    for order in permutations(flows):
        pairer = Pairer()
        (row,) = pairer.push(order) + pairer.flush()
        (rule,) = [rule for rule, count in pairer.rules.items() if count]
        found.add((row.src, rule))
    return found


# Ports that say the opposite: only flags can tell.
MISLEADING = {"src_port": 80, "dst_port": 50000}
BACK = {"src_port": 50000, "dst_port": 80}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("S", "SA"),  # half open
        ("SR", "SA"),  # SYN scan: the kernel resets
        ("S", "RA"),
        ("", "RA"),  # NULL scan
        ("F", "RA"),
        ("SAR", "R"),
    ],
)
def test_flags_tell_who_began(asked: str, answered: str) -> None:
    flows = [request(tcp_flags=flags(asked), **MISLEADING), reply(tcp_flags=flags(answered), **BACK)]
    assert initiators(flows) == {(CLIENT, "tcp flags")}


def test_a_lone_syn_is_the_initiators() -> None:
    assert initiators([request(**MISLEADING)]) == {(CLIENT, "tcp flags")}


def test_a_lone_syn_ack_answers_somebody() -> None:
    assert initiators([reply()]) == {(CLIENT, "tcp flags")}


def test_what_a_record_says_goes_first() -> None:
    assert initiators([request(direction=2), reply()]) == {(SERVER, "explicit direction")}
    assert initiators([request(), reply(direction=1)]) == {(SERVER, "explicit direction")}
    assert initiators([request(direction=1, **MISLEADING)]) == {(CLIENT, "explicit direction")}


def test_the_earlier_side_began_where_flags_are_equal() -> None:
    flows = [request(tcp_flags=flags("SAPF"), **MISLEADING), reply(ts_us=1, tcp_flags=flags("SAPF"), **BACK)]
    assert initiators(flows) == {(CLIENT, "first seen")}


@pytest.mark.parametrize(("client_port", "server_port"), [(1024, 80), (1023, 53), (60000, 8080), (50052, 50051)])
def test_ports_decide_where_all_began_in_the_same_second(client_port: int, server_port: int) -> None:
    there, back = {"src_port": client_port, "dst_port": server_port}, {"src_port": server_port, "dst_port": client_port}
    for protocol, letters in ((6, "SAPF"), (17, "")):
        seen = flags(letters) if letters else -1
        flows = [request(protocol=protocol, tcp_flags=seen, **there), reply(protocol=protocol, tcp_flags=seen, **back)]
        assert initiators(flows) == {(CLIENT, "ports")}


def test_the_middle_of_a_connection_is_judged_by_ports_before_time() -> None:
    flows = [request(ts_us=1 * S, end_us=2 * S, tcp_flags=flags("AP")), reply(tcp_flags=flags("AP"))]
    assert initiators(flows) == {(CLIENT, "ports")}
    flows = [flow._replace(tcp_flags=-1) for flow in flows]
    assert initiators(flows) == {(CLIENT, "ports")}


def test_a_connection_whose_first_syn_was_missed_is_judged_by_ports_before_time() -> None:
    flows = [request(ts_us=1, end_us=1, tcp_flags=flags("A")), reply()]
    assert initiators(flows) == {(CLIENT, "ports")}


def test_half_of_a_connection_from_a_server_is_the_clients() -> None:
    lone = reply(protocol=17, tcp_flags=-1, src_port=53)
    assert initiators([lone]) == {(CLIENT, "ports")}
    assert initiators([lone._replace(dst_port=1900)]) == {(SERVER, "first seen")}


def rows_of(flows: list[Flow]) -> list[Row]:
    pairer = Pairer()
    return pairer.push(flows) + pairer.flush()


def test_a_server_on_a_high_port_is_told_by_its_many_connections() -> None:
    udp = {"protocol": 17, "tcp_flags": -1}
    flows = []
    for i in range(200):
        client = f"10.1.0.{i}"
        # The clients' ports lie on both sides of the server's, and its record stands first.
        flows.append(reply(dst=client, src_port=51820, dst_port=51000 + 10 * i, **udp))
        flows.append(request(src=client, src_port=51000 + 10 * i, dst_port=51820, **udp))
    assert {row.dst for row in rows_of(flows)} == {SERVER}


def test_a_scanner_that_sends_from_one_port_is_no_server() -> None:
    udp = {"protocol": 17, "tcp_flags": -1}
    flows = []
    for i in range(200):
        target = f"10.1.0.{i}"
        flows.append(reply(src=target, src_port=16464, dst_port=1157, **udp))
        flows.append(request(dst=target, src_port=1157, dst_port=16464, **udp))
    assert {row.src for row in rows_of(flows)} == {CLIENT}


def test_the_record_order_is_the_last_resort() -> None:
    udp = {"protocol": 17, "tcp_flags": -1, "src_port": 123, "dst_port": 123}
    assert initiators([request(**udp), reply(**udp)]) == {(CLIENT, "record order"), (SERVER, "record order")}


ICMP = {"protocol": 1, "src_port": -1, "dst_port": -1, "tcp_flags": -1}


@pytest.mark.parametrize(
    ("protocol", "question", "answer"), [(1, 8, 0), (1, 13, 14), (1, 15, 16), (1, 17, 18), (58, 128, 129)]
)
def test_an_icmp_answer_belongs_to_its_question(protocol: int, question: int, answer: int) -> None:
    icmp = ICMP | {"protocol": protocol}
    flows = [request(icmp_type=question, **icmp), reply(icmp_type=answer, **icmp)]
    assert initiators(flows) == {(CLIENT, "icmp type")}
    assert initiators(flows[1:]) == {(CLIENT, "icmp type")}
    assert [row.dst_port for row in rows_of(flows)] == [question]


def test_hosts_that_ping_each_other_have_a_connection_each() -> None:
    there = [request(icmp_type=8, **ICMP), reply(icmp_type=0, **ICMP)]
    back = [reply(icmp_type=8, **ICMP), request(icmp_type=0, **ICMP)]
    assert {row.src for row in rows_of(there + back)} == {CLIENT, SERVER}


def test_icmp_errors_are_not_matched() -> None:
    rows = rows_of([request(icmp_type=8, **ICMP), reply(icmp_type=3, **ICMP)])
    assert {(row.src, row.dst_port) for row in rows} == {(CLIENT, 8), (SERVER, 3)}


@pytest.mark.parametrize(("protocol", "question"), [(1, 8), (58, 128)])
def test_icmp_of_unknown_type_counts_as_a_question(protocol: int, question: int) -> None:
    icmp = ICMP | {"protocol": protocol}
    (row,) = rows_of([request(**icmp), reply(ts_us=1, **icmp)])
    assert (row.src, row.dst_port) == (CLIENT, question)
