"""Orders that stateless scanners visit a range in: every place once, and no list in memory."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.hosts import mix_bits

GROUPS: Final = ((257, 3), (65_537, 3), (16_777_259, 2))
"""ZMap's groups that a range of up to 2^24 needs: a prime just above the range, and a generator of the group of
integers modulo that prime (Durumeric, Wustrow and Halderman 2013, 4.1: the primes 2^8 + 1, 2^16 + 1, 2^24 + 43)."""

_ROUNDS: Final = 4


def feistel_order(size: int, count: int, key: int) -> NDArray[np.int64]:
    """Return the first `count` places of a keyed permutation of ``range(size)``.

    A generalised Feistel network over a x b >= size with cycle walking (Black and Rogaway 2002), the construction that
    masscan shuffles its targets with.

    Parameters
    ----------
    size
        Length of the range, at least 1.
    count
        Places wanted, at most `size`.
    key
        The same key gives the same order.

    Returns
    -------
    ndarray of int64, shape (count,)
        Distinct numbers below `size`.
    """
    a = int(np.ceil(np.sqrt(size)))
    b = -(-size // a)
    place = _encrypt(np.arange(count, dtype=np.uint64), a, b, key)
    while (outside := place >= np.uint64(size)).any():  # ends: a cycle that begins below `size` comes back there
        place[outside] = _encrypt(place[outside], a, b, key)
    return place.astype(np.int64)


def _encrypt(value: NDArray[np.uint64], a: int, b: int, key: int) -> NDArray[np.uint64]:
    left, right = value % np.uint64(a), value // np.uint64(a)
    for number in range(_ROUNDS):
        salt = mix_bits(np.array([key % (1 << 64)], np.uint64)) + np.uint64(number)
        modulus = np.uint64(a if number % 2 == 0 else b)
        left, right = right, (left + mix_bits(right ^ salt)) % modulus
    # An even number of rounds leaves the halves on their own sides.
    return np.uint64(a) * right + left


def multiplicative_order(size: int, count: int, key: int) -> NDArray[np.int64]:
    """Return the first `count` places of a walk through a multiplicative group of integers modulo a prime.

    ZMap's way (Durumeric, Wustrow and Halderman 2013): from a random element on, multiply by a random generator;
    elements beyond the range are passed over.

    Parameters
    ----------
    size
        Length of the range, 1 to 2^24.
    count
        Places wanted, at most `size`.
    key
        The same key gives the same order.

    Returns
    -------
    ndarray of int64, shape (count,)
        Distinct numbers below `size`.
    """
    prime, root = next(group for group in GROUPS if group[0] > size)
    rng = np.random.default_rng(key)
    exponent = int(rng.integers(1, prime - 1))
    while np.gcd(exponent, prime - 1) != 1:  # a power of a generator is one if the exponent has no common factor
        exponent = int(rng.integers(1, prime - 1))
    generator, first = pow(root, exponent, prime), int(rng.integers(1, prime))
    walk = np.array([first], np.uint64)
    wanted = walk[walk <= size]
    while len(wanted) < count:
        step = np.uint64(pow(generator, len(walk), prime))
        walk = np.concatenate([walk, walk * step % np.uint64(prime)])[: prime - 1]
        wanted = walk[walk <= size]
    return wanted[:count].astype(np.int64) - 1
