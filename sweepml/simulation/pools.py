"""Pools of made-up hosts: an index in, an address out, by arithmetic alone. Nothing is kept per host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.hosts import mix_bits
from sweepml.simulation.addresses import Addresses

_HOSTS_PER_SUBNET: Final = 250
"""Of a /24, numbered from 2: the first is the router, the last are kept free."""

_ULA: Final = 0xFD5A3C0077000000
"""fd5a:3c00:77xx::/48 networks: a unique local prefix (RFC 4193), internal by default as 10.0.0.0/8 is."""

_PUBLIC_V6_SHARE: Final = 0.4
"""Share of public hosts that have IPv6 as well, about that of popular web sites. Chosen, not tuned."""

_TWO_64: Final = 2.0**64

_FIRST_OCTETS: Final = np.array(
    [octet for octet in range(1, 224) if octet not in (10, 100, 127, 169, 172, 192, 198, 203)], np.int64
)
"""First octets of public hosts: those of which nothing is private, reserved or documentation."""


def keyed(salt: int, *parts: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """Return a 64-bit hash of a salt and integers, elementwise; at least one part is an array."""
    mixed: NDArray[np.uint64] = mix_bits(np.array([salt % (1 << 64)], np.uint64))
    for part in parts:
        mixed = mix_bits(mixed ^ np.asarray(part).astype(np.uint64))
    return mixed


def chances(salt: int, *parts: NDArray[np.integer] | int) -> NDArray[np.float64]:
    """Return `keyed` as numbers from 0 to 1."""
    return keyed(salt, *parts) / _TWO_64


class Pool(ABC):
    """Hosts 0 to ``size - 1``.

    Parameters
    ----------
    size
        How many there are.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    @abstractmethod
    def ipv4(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return IPv4 addresses as numbers."""

    @abstractmethod
    def ipv6(self, index: NDArray[np.int64]) -> Addresses:
        """Return IPv6 addresses."""

    def has_ipv6(self, index: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which hosts have an IPv6 address besides."""
        return np.ones(len(index), bool)

    def addresses(self, index: NDArray[np.int64], over_ipv6: NDArray[np.bool_]) -> Addresses:
        """Return the addresses that hosts use."""
        drawn = Addresses.from_ipv4(self.ipv4(index))
        if over_ipv6.any():
            wide = self.ipv6(index[over_ipv6])
            drawn.high[over_ipv6], drawn.low[over_ipv6] = wide.high, wide.low
        return drawn


class InternalPool(Pool):
    """Hosts of the organisation: /24 after /24 from 10.`block`.0.0 on, and the /64 of the same number.

    Parameters
    ----------
    block
        Second octet of the first network.
    size
        How many there are.
    """

    def __init__(self, block: int, size: int) -> None:
        super().__init__(size)
        self._block = block

    def ipv4(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return addresses in 10.0.0.0/8."""
        return (10 << 24 | self._block << 16) + (index // _HOSTS_PER_SUBNET << 8) + index % _HOSTS_PER_SUBNET + 2

    def ipv6(self, index: NDArray[np.int64]) -> Addresses:
        """Return unique local addresses, whose lower half looks random as hosts make it (RFC 7217)."""
        high = np.uint64(_ULA + (self._block << 16)) + (index // _HOSTS_PER_SUBNET).astype(np.uint64)
        return Addresses(high, keyed(self._block, index))


class PublicPool(Pool):
    """Hosts anywhere on the Internet.

    Parameters
    ----------
    salt
        Pools of another salt hold other hosts.
    size
        How many there are.
    """

    def __init__(self, salt: int, size: int) -> None:
        super().__init__(size)
        self._salt = salt

    def ipv4(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return addresses with a first octet that is neither private, reserved nor multicast as a whole."""
        drawn = keyed(self._salt, index)
        first = _FIRST_OCTETS[(drawn >> np.uint64(40)).astype(np.int64) % len(_FIRST_OCTETS)]
        middle = (drawn >> np.uint64(8)).astype(np.int64) & 0xFFFF
        return first << 24 | middle << 8 | ((drawn & np.uint64(0xFF)).astype(np.int64) % 254 + 1)

    def ipv6(self, index: NDArray[np.int64]) -> Addresses:
        """Return addresses in 2a00::/12; servers have low numbers there."""
        drawn = keyed(self._salt + 1, index)
        return Addresses(
            np.uint64(0x2A00 << 48) | (drawn & np.uint64((1 << 52) - 1)), drawn % np.uint64(0xFFFF) + np.uint64(1)
        )

    def has_ipv6(self, index: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which hosts have an IPv6 address besides: `_PUBLIC_V6_SHARE` of them."""
        return chances(self._salt + 2, index) < _PUBLIC_V6_SHARE


class GroupPool(Pool):
    """Multicast and broadcast addresses: what nobody sweeps, and everybody sends to."""

    def __init__(self, *groups: tuple[str, str]) -> None:
        """Take pairs of an IPv4 and an IPv6 address in text."""
        super().__init__(len(groups))
        pairs = [Addresses.from_texts(pair) for pair in groups]
        self._ipv4 = np.array([int(pair.low[0]) & 0xFFFFFFFF for pair in pairs], np.int64)
        self._high = np.array([pair.high[1] for pair in pairs], np.uint64)
        self._low = np.array([pair.low[1] for pair in pairs], np.uint64)

    def ipv4(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the groups' IPv4 addresses."""
        return self._ipv4[index]

    def ipv6(self, index: NDArray[np.int64]) -> Addresses:
        """Return the groups' IPv6 addresses."""
        return Addresses(self._high[index], self._low[index])
