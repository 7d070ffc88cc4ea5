"""How destinations lie in address space, and in which order they come."""

import math

import pytest

from tests.oracle.oracle import US, Record
from tests.oracle.traffic import window_values

SRC = "192.168.0.1"


def _of(addresses: list[str], ts_us: list[int] | None = None) -> dict[str, float]:
    """Return the features of a source that contacts addresses a second apart, or at the times given."""
    times = [i * US for i in range(len(addresses))] if ts_us is None else ts_us
    records = [Record(ts, SRC, address) for ts, address in zip(times, addresses, strict=True)]
    return window_values(records)[SRC]


def test_sequential_order_repeats_the_step_of_one() -> None:
    got = _of([f"10.0.0.{i}" for i in range(8, 16)])
    assert got["sequential_step_ratio"] == got["ascending_step_ratio"] == got["repeated_step_ratio"] == 1
    assert got["adjacent_dst_ratio"] == got["cidr_fill_ratio"] == 1
    assert got["cidr_host_bits"] == 3


def test_descending_order_is_strided_but_not_sequential() -> None:
    got = _of([f"10.0.0.{i}" for i in range(15, 7, -1)])
    assert got["sequential_step_ratio"] == got["ascending_step_ratio"] == 0
    assert got["repeated_step_ratio"] == got["adjacent_dst_ratio"] == 1


def test_strided_order_repeats_its_step() -> None:
    got = _of([f"10.0.{i}.7" for i in range(10)])
    assert got["repeated_step_ratio"] == got["ascending_step_ratio"] == 1
    assert got["sequential_step_ratio"] == got["adjacent_dst_ratio"] == 0


def test_shuffled_block_is_adjacent_but_in_no_order() -> None:
    got = _of([f"10.0.0.{i}" for i in (4, 7, 5, 6)])
    assert got["adjacent_dst_ratio"] == got["cidr_fill_ratio"] == 1
    assert got["sequential_step_ratio"] == pytest.approx(1 / 3)
    assert got["repeated_step_ratio"] == 0


def test_addresses_contacted_at_once_come_in_address_order() -> None:
    got = _of([f"10.0.0.{i}" for i in (9, 7, 8, 6)], [5] * 4)
    assert got["sequential_step_ratio"] == got["repeated_step_ratio"] == 1


def test_second_contact_is_no_visit() -> None:
    got = _of(["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"])
    assert got["sequential_step_ratio"] == got["repeated_step_ratio"] == 1


def test_single_destination_makes_no_step() -> None:
    got = _of(["10.0.0.1"])
    assert (got["cidr_host_bits"], got["cidr_fill_ratio"]) == (0, 1)
    for name in ("adjacent_dst_ratio", "sequential_step_ratio", "ascending_step_ratio", "repeated_step_ratio"):
        assert math.isnan(got[name]), name


def test_single_step_can_repeat_none() -> None:
    got = _of(["10.0.0.1", "10.0.0.2"])
    assert got["sequential_step_ratio"] == 1
    assert math.isnan(got["repeated_step_ratio"])


def test_step_over_the_end_of_a_64_is_one_step() -> None:
    got = _of(["2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::", "2001:db8:0:1::1"])
    assert got["sequential_step_ratio"] == got["adjacent_dst_ratio"] == got["repeated_step_ratio"] == 1
    assert got["cidr_host_bits"] == 65


def test_same_lower_half_of_another_network_is_no_repetition() -> None:
    got = _of(["2001:db8::1", "2001:db8::2", "2001:db8:0:1::3", "2001:db8:0:1::4"])
    assert got["repeated_step_ratio"] == 0
    assert got["sequential_step_ratio"] == pytest.approx(2 / 3)


def test_step_up_and_the_step_down_that_equals_it_modulo_the_space_differ() -> None:
    # +3 * 2**126 is -2**126 modulo 2**128.
    got = _of(["2000::1", "e000::1", "a000::1"])
    assert got["ascending_step_ratio"] == 0.5
    assert got["repeated_step_ratio"] == 0


@pytest.mark.parametrize(
    ("addresses", "bits"),
    [
        (["10.0.0.0", "10.0.0.1"], 1),
        (["10.0.0.1", "10.0.0.2"], 2),
        (["10.0.0.255", "10.0.1.0"], 9),
        (["10.0.0.0", "11.0.0.0"], 24 + 1),
        (["9.255.255.255", "138.0.0.0"], 32),
        (["10.0.0.1", "2001:db8::1"], 126),
        (["2001:db8::1", "a001:db8::1"], 128),
        (["2001:db8::", "2001:db8::8000:0:0:0"], 64),
        (["2001:db8::", "2001:db8::1:0:0"], 33),
        (["2001:db8::", "2001:db8:0:0:1f:ffff:ffff:ffff"], 53),
        (["2001:db8::", "2001:db8:0:0:3f:ffff:ffff:ffff"], 54),
        (["2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"], 64),
    ],
)
def test_smallest_prefix_holds_all_destinations(addresses: list[str], bits: int) -> None:
    got = _of(addresses)
    assert got["cidr_host_bits"] == bits
    assert got["cidr_fill_ratio"] == pytest.approx(2 / 2**bits, rel=1e-6)
