"""Hosts: exact addresses, an order that is theirs and not the table's, and what they are."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.errors import ConfigError, InputError
from sweepml.graph.hosts import HostKind, HostTable, InternalNetworks, pack_address
from tests.oracle.oracle import can_be_target, is_internal, network_of

EXAMPLES = settings(max_examples=500, deadline=None)
NEAR_EDGES = (
    "0.0.0.0", "0.255.255.255", "1.0.0.0", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0",
    "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "126.255.255.255", "127.0.0.0",
    "127.255.255.255", "128.0.0.0", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0",
    "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.167.255.255", "192.168.0.0",
    "192.168.255.255", "192.169.0.0", "223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0",
    "255.255.255.255", "::", "::1", "::2", "fbff:ffff::", "fc00::", "fdff:ffff::1", "fe00::", "fe80::",
    "febf::1",    "fec0::", "feff::1", "ff00::", "ff02::1", "2001:db8::1", "::fffe:0:1",
)  # fmt: skip
addresses = st.one_of(
    st.sampled_from(NEAR_EDGES),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None).map(str),
)
address_lists = st.lists(addresses, max_size=30)


def _value(text: str) -> int:
    """Return the 128-bit value, IPv4 mapped into IPv6."""
    address = ipaddress.ip_address(text)
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)


@EXAMPLES
@given(addresses)
def test_packed_address_is_the_exact_value(text: str) -> None:
    assert int.from_bytes(pack_address(text)) == _value(text)


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0", "10.0.0.256", "host", "10.0.0.1/8", "fe80::1%eth0", "::g", "10.0.0.1 ",
      "\u0661.1.1.1", "1::2::3", "a\0b"]
)  # fmt: skip
def test_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected an IPv4 or IPv6 address, got"):
        pack_address(text)


def test_refused_text_leaves_the_table_unchanged() -> None:
    hosts = HostTable()
    with pytest.raises(InputError, match="expected an IPv4 or IPv6 address"):
        hosts.encode("nobody")
    assert len(hosts) == 0


def test_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InputError, match=r"^.{1,120}$"):
        pack_address("x" * 10_000)


@EXAMPLES
@given(address_lists)
def test_codes_are_dense_in_order_of_first_sight(texts: list[str]) -> None:
    hosts = HostTable()
    first_sight = list(dict.fromkeys(texts))
    assert hosts.encode_all(texts).tolist() == [first_sight.index(text) for text in texts]
    assert hosts.names == tuple(first_sight)


@EXAMPLES
@given(address_lists)
def test_rank_is_the_order_of_addresses(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    by_rank = sorted(range(len(hosts)), key=hosts.rank.tolist().__getitem__)
    assert [hosts.name(code) for code in by_rank] == sorted(hosts.names, key=_value)


@EXAMPLES
@given(address_lists)
def test_rank_is_a_permutation_of_the_codes(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    hosts.encode_identity("a")
    hosts.encode_identity("b")
    assert sorted(hosts.rank.tolist()) == list(range(len(hosts)))


@EXAMPLES
@given(address_lists)
def test_addresses_by_rank_are_the_exact_values(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    words = zip(hosts.high_by_rank.tolist(), hosts.low_by_rank.tolist(), strict=True)
    assert [high << 64 | low for high, low in words] == sorted(_value(name) for name in hosts.names)


@EXAMPLES
@given(address_lists)
def test_hosts_share_a_net_if_they_share_a_24_or_a_64(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    nets: dict[int, set[str]] = {}
    for code in range(len(hosts)):
        nets.setdefault(int(hosts.net[hosts.rank[code]]), set()).add(network_of(hosts.name(code)))
    assert all(len(names) == 1 for names in nets.values())
    assert len(nets) == len({network_of(text) for text in texts})


@EXAMPLES
@given(address_lists)
def test_net_grows_with_the_rank(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    assert np.isin(np.diff(hosts.net), [0, 1]).all()


@EXAMPLES
@given(address_lists)
def test_kind_equals_the_ipaddress_module(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    for text, kind in zip(hosts.names, hosts.kind.tolist(), strict=True):
        expected = HostKind.INTERNAL if is_internal(text) else HostKind.PUBLIC
        assert kind == (expected if can_be_target(text) else HostKind.NOT_A_TARGET), text


@EXAMPLES
@given(
    address_lists,
    st.lists(st.sampled_from(["0.0.0.0/0", "::/0", "198.51.100.0/24", "2001:db8::/32", "8.8.8.8/32"])),
)
def test_own_networks_decide_what_is_internal(texts: list[str], cidrs: list[str]) -> None:
    hosts = HostTable(InternalNetworks(cidrs))
    hosts.encode_all(texts)
    for text, kind in zip(hosts.names, hosts.kind.tolist(), strict=True):
        if can_be_target(text):
            assert kind == (HostKind.INTERNAL if is_internal(text, cidrs) else HostKind.PUBLIC), text


@EXAMPLES
@given(address_lists, st.integers(0, 30))
def test_table_that_grew_equals_one_filled_at_once(texts: list[str], cut: int) -> None:
    grown, filled = HostTable(), HostTable()
    grown.encode_all(texts[:cut])
    assert len(grown.rank) == len(grown.kind) == len(grown)
    grown.encode_all(texts[cut:])
    filled.encode_all(texts)
    for name in ("kind", "rank", "net", "is_ipv4", "last_octet", "high_by_rank", "low_by_rank"):
        np.testing.assert_array_equal(getattr(grown, name), getattr(filled, name), err_msg=name)


@EXAMPLES
@given(address_lists)
def test_ipv4_is_told_from_ipv6(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    assert hosts.is_ipv4.tolist() == [":" not in text for text in hosts.names]


@EXAMPLES
@given(address_lists)
def test_last_octet_is_the_lowest_byte(texts: list[str]) -> None:
    hosts = HostTable()
    hosts.encode_all(texts)
    assert hosts.last_octet.tolist() == [_value(text) & 0xFF for text in hosts.names]


@pytest.mark.parametrize("cidr", ["lan", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_text_that_is_no_network_is_refused(cidr: str) -> None:
    with pytest.raises(ConfigError, match=r"expected a network such as 10\.0\.0\.0/8, got"):
        InternalNetworks([cidr])


def test_identity_never_collides_with_an_address() -> None:
    hosts = HostTable()
    assert hosts.encode("10.0.0.1") != hosts.encode_identity("10.0.0.1")
    assert hosts.names == ("10.0.0.1", "10.0.0.1")


def test_identity_has_a_kind_of_its_own() -> None:
    hosts = HostTable()
    hosts.encode_identity("pod/web")
    assert hosts.kind.tolist() == [HostKind.IDENTITY]


def test_identity_is_not_ipv4() -> None:
    hosts = HostTable()
    hosts.encode_identity("pod/web")
    assert not hosts.is_ipv4[0]


def test_a_copy_has_the_same_codes_and_takes_hosts_by_itself() -> None:
    table = HostTable(InternalNetworks(["10.0.0.0/8"]))
    codes = table.encode_all(["10.0.0.1", "192.0.2.7"]).tolist()
    table.encode_identity("pod")
    assert table.kind.tolist() == [HostKind.INTERNAL, HostKind.PUBLIC, HostKind.IDENTITY]
    copy = table.copy()
    assert copy.encode_all(["10.0.0.1", "192.0.2.7"]).tolist() == codes
    new = copy.encode("10.0.0.9")
    assert copy.names == ("10.0.0.1", "192.0.2.7", "pod", "10.0.0.9")
    assert copy.kind.tolist() == [*table.kind.tolist(), HostKind.INTERNAL]
    assert table.names == ("10.0.0.1", "192.0.2.7", "pod")
    assert table.encode("198.51.100.1") == new, "the other table gives the code to a host of its own"
    assert copy.name(new) == "10.0.0.9"
