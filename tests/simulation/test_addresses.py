"""Addresses as columns: the same texts and hashes as the kernel's table of hosts."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.errors import ConfigError
from sweepml.graph.hosts import HostTable
from sweepml.origins.values import canonical_address
from sweepml.simulation.addresses import MAX_RANGE, Addresses, network_addresses

TEXTS = st.lists(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(lambda a: canonical_address(str(a))))


@given(texts=TEXTS)
def test_texts_survive(texts: list[str]) -> None:
    assert Addresses.from_texts(texts).texts() == texts


@given(texts=TEXTS)
def test_hash_is_that_of_the_host_table(texts: list[str]) -> None:
    hosts = HostTable()
    codes = hosts.encode_all(texts)
    assert Addresses.from_texts(texts).hash64.tolist() == hosts.hash64[codes].tolist()


@given(texts=TEXTS)
def test_each_distinct_address_stands_once_in_the_dictionary(texts: list[str]) -> None:
    encoded = Addresses.from_texts(texts).to_arrow()
    assert sorted(encoded.dictionary.to_pylist()) == sorted(set(texts))


@pytest.mark.parametrize("cidr", ["10.0.0.0/29", "2001:db8::/125", "192.0.2.1/32", "2001:db8::ffff:ffff:ffff:fffe/127"])
def test_a_network_s_addresses_are_python_s(cidr: str) -> None:
    assert network_addresses(cidr).texts() == [str(address) for address in ipaddress.ip_network(cidr)]


def test_a_large_network_is_cut_at_its_low_addresses() -> None:
    addresses = network_addresses("2001:db8::/32")
    assert len(addresses) == MAX_RANGE
    assert addresses.take(np.array([0, -1])).texts() == ["2001:db8::", "2001:db8::ffff"]


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected a network such as 10\.0\.0\.0/8, got 'ten'"):
        network_addresses("ten")


def test_networks_are_the_usual_smallest_subnets() -> None:
    near = Addresses.from_texts(["10.1.2.3", "10.1.2.255", "2001:db8::1", "2001:db8::ffff:0:0:1"])
    assert near.networks.texts() == ["10.1.2.0", "10.1.2.0", "2001:db8::", "2001:db8::"]
