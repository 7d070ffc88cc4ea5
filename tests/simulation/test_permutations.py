"""Orders of stateless scanners: every place of a range once, in an order that the key decides."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.simulation.permutations import GROUPS, feistel_order, multiplicative_order

Order = Callable[[int, int, int], np.ndarray]
ORDERS = pytest.mark.parametrize("order", [feistel_order, multiplicative_order])


@ORDERS
@given(size=st.integers(1, 3000), key=st.integers(0, 2**63 - 1))
def test_every_place_is_visited_once(order: Order, size: int, key: int) -> None:
    assert sorted(order(size, size, key).tolist()) == list(range(size))


@ORDERS
@given(size=st.integers(1, 3000), share=st.floats(0, 1), key=st.integers(0, 2**63 - 1))
def test_a_shorter_walk_is_the_beginning_of_a_longer(order: Order, size: int, share: float, key: int) -> None:
    count = int(size * share)
    assert order(size, count, key).tolist() == order(size, size, key)[:count].tolist()


@ORDERS
def test_another_key_is_another_order(order: Order) -> None:
    assert order(1000, 1000, 1).tolist() != order(1000, 1000, 2).tolist()


@ORDERS
def test_neighbours_in_the_order_are_no_neighbours_in_the_range(order: Order) -> None:
    steps = np.abs(np.diff(order(65_536, 65_536, 5)))
    assert np.mean(steps == 1) < 0.001
    assert 0.2 < np.mean(steps) / 65_536 < 0.45  # a third for random places


def test_a_group_s_generator_reaches_every_element_of_the_smallest_group() -> None:
    prime, root = GROUPS[0]
    assert len({pow(root, exponent, prime) for exponent in range(prime - 1)}) == prime - 1


@pytest.mark.parametrize(("prime", "root"), GROUPS)
def test_a_generator_s_powers_by_prime_factors_are_not_one(prime: int, root: int) -> None:
    order, factors, divisor = prime - 1, set(), 2
    while order > 1:
        if order % divisor:
            divisor += 1
        else:
            factors.add(divisor)
            order //= divisor
    assert all(pow(root, (prime - 1) // factor, prime) != 1 for factor in factors)
