"""Which records are one host contacting another."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.graph.connections import Connections, is_contact
from tests.oracle import oracle
from tests.oracle.oracle import ICMP, ICMP6, TCP, UDP, Record
from tests.oracle.traffic import new_hosts, random_records, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
HOST = "10.0.0.1"


def _is_contact(record: Record) -> bool:
    hosts = new_hosts()
    return bool(is_contact(to_connections([record], hosts), hosts)[0])


@pytest.mark.parametrize(
    ("src", "dst", "protocol", "port", "expected"),
    [
        (HOST, "10.0.0.2", TCP, 445, True),
        (HOST, "8.8.8.8", UDP, 53, True),
        ("pod/web", "10.0.0.2", TCP, 80, True),
        ("2001:db8::1", "2001:db8::2", TCP, 22, True),
        (HOST, HOST, TCP, 80, False),
        (HOST, "224.0.0.251", UDP, 5353, False),
        (HOST, "255.255.255.255", UDP, 67, False),
        (HOST, "127.0.0.1", TCP, 80, False),
        ("127.0.0.1", HOST, TCP, 80, False),
        ("0.0.0.0", "10.0.0.2", UDP, 67, False),
        (HOST, "169.254.169.254", TCP, 80, False),
        ("fe80::1", "ff02::1", ICMP6, 128, False),
        ("fe80::1", "2001:db8::1", TCP, 22, False),
        (HOST, "240.0.0.1", TCP, 80, False),
        (HOST, "10.0.0.255", UDP, 137, False),
        (HOST, "10.0.0.255", TCP, 445, True),
        (HOST, "10.0.0.255", ICMP, 8, True),
        ("2001:db8::1", "2001:db8::ff", UDP, 53, True),
        *((HOST, "10.0.0.2", ICMP, probe, True) for probe in (8, 13, 15, 17)),
        *((HOST, "10.0.0.2", ICMP, answer, False) for answer in (0, 3, 5, 11, 14, 18, 255)),
        ("2001:db8::1", "2001:db8::2", ICMP6, 128, True),
        *(("2001:db8::1", "2001:db8::2", ICMP6, answer, False) for answer in (1, 3, 129, 133, 135, 136, 143)),
        (HOST, "10.0.0.2", 47, 0, True),
    ],
)
def test_contact_table(src: str, dst: str, protocol: int, port: int, *, expected: bool) -> None:
    assert _is_contact(Record(0, src, dst, protocol, port)) is expected


@EXAMPLES
@given(SEEDS)
def test_contacts_equal_oracle(seed: int) -> None:
    records = random_records(np.random.default_rng(seed), 40, 60)
    hosts = new_hosts()
    assert is_contact(to_connections(records, hosts), hosts).tolist() == [oracle.is_contact(r) for r in records]


@EXAMPLES
@given(SEEDS, st.lists(st.integers(0, 40), max_size=5))
def test_concat_undoes_cutting(seed: int, cuts: list[int]) -> None:
    whole = to_connections(random_records(np.random.default_rng(seed), 40, 60), new_hosts())
    edges = [0, *sorted(cuts), len(whole)]
    parts = [whole.take(slice(first, last)) for first, last in pairwise(edges)]
    joined = Connections.concat(parts)
    for name in Connections.__slots__:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name), err_msg=name)
        assert getattr(joined, name).dtype == getattr(whole, name).dtype
