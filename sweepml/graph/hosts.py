"""Hosts: exact 128-bit addresses, dense codes for the kernel, and what is known of an address by itself."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError

DEFAULT_INTERNAL_NETWORKS: Final = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
)
"""Private use (RFC 1918, RFC 4193) and shared address space (RFC 6598)."""

_NOT_TARGETS: Final = (
    "0.0.0.0/8",  # "this" network, RFC 791
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local, RFC 3927
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, holds the limited broadcast 255.255.255.255
    "::/127",  # unspecified and loopback
    "fe80::/10",  # link-local
    "ff00::/8",  # multicast
)
"""Nobody sweeps these: they are how hosts find neighbours and services (FIELD, lessons)."""

_MAPPED = b"\0" * 10 + b"\xff\xff"
_MAPPED_LOW_BASE = 0xFFFF << 32


class HostKind(IntEnum):
    """What an address says of a host by itself."""

    INTERNAL = 0
    PUBLIC = 1
    NOT_A_TARGET = 2
    """Multicast, broadcast, link-local, loopback, unspecified."""
    IDENTITY = 3
    """A named identity (pod, container, process), which has no address of its own."""


def mix_bits(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each 64-bit value: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).

    A bijection; the same on every machine and in every version, since samples depend on it.

    >>> mix_bits(np.array([0, 1], np.uint64)).tolist()
    [16294208416658607535, 10451216379200822465]
    """
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashed: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return hashed


def pack_address(text: str) -> bytes:
    """Return the 16 bytes of an address, IPv4 in its IPv6-mapped form (RFC 4291, 2.5.5.2).

    Raises
    ------
    InputError
        If the text is no IPv4 or IPv6 address. A zone (``fe80::1%eth0``) is refused too.
    """
    try:
        if ":" in text:
            return socket.inet_pton(socket.AF_INET6, text)
        return _MAPPED + socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError, UnicodeEncodeError):
        raise InputError(f"expected an IPv4 or IPv6 address, got {text[:60]!r}") from None


class InternalNetworks:
    """The networks that count as internal; everything else that can be a target is public.

    Parameters
    ----------
    cidrs
        Networks in CIDR notation, IPv4 or IPv6.

    Raises
    ------
    ConfigError
        If a text is no network.
    """

    def __init__(self, cidrs: Sequence[str] = DEFAULT_INTERNAL_NETWORKS) -> None:
        self.cidrs = tuple(cidrs)
        self._internal = [_network_mask(cidr) for cidr in self.cidrs]
        self._not_targets = [_network_mask(cidr) for cidr in _NOT_TARGETS]

    def classify(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Return the `HostKind` of each address.

        Parameters
        ----------
        high, low
            Shape (n,): the upper and lower 64 bits.

        Returns
        -------
        ndarray of uint8, shape (n,)
        """
        kind = np.full(len(high), HostKind.PUBLIC, np.uint8)
        ipv4 = _is_ipv4(high, low)
        for masks, value in ((self._internal, HostKind.INTERNAL), (self._not_targets, HostKind.NOT_A_TARGET)):
            for mask_high, mask_low, net_high, net_low in masks:
                inside = ((high & mask_high) == net_high) & ((low & mask_low) == net_low)
                # ::/0 and its like hold the IPv4-mapped range too, but whoever writes one means IPv6.
                if int(net_high) or int(net_low) >> 32 != 0xFFFF:
                    inside &= ~ipv4
                kind[inside] = value
        return kind


def _network_mask(cidr: str) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError as error:
        raise ConfigError(f"expected a network such as 10.0.0.0/8, got {cidr!r}: {error}") from None
    value, mask = int(network.network_address), int(network.netmask)
    if network.version == 4:
        value, mask = value | _MAPPED_LOW_BASE, mask | ((1 << 128) - (1 << 32))
    half = (1 << 64) - 1
    return np.uint64(mask >> 64), np.uint64(mask & half), np.uint64(value >> 64), np.uint64(value & half)


class HostTable:
    """Hands out a dense code per host, and keeps each host's address.

    Codes are given in order of first sight and mean nothing by themselves: no feature depends on them.

    Parameters
    ----------
    internal
        Which networks count as internal.

    Attributes
    ----------
    generation
        How often the codes changed: whoever remembers a code must forget it when this grows.

    Notes
    -----
    `encode` and `compact` mutate the table. The arrays are rebuilt only when they are asked for after new hosts came.
    """

    def __init__(self, internal: InternalNetworks | None = None) -> None:
        self.internal = internal or InternalNetworks()
        self.generation = 0
        self._codes: dict[str, int] = {}
        self._packed: list[bytes | None] = []
        self._names: list[str] = []
        self._high = np.empty(0, np.uint64)
        self._low = np.empty(0, np.uint64)
        self._kind = np.empty(0, np.uint8)
        self._hash64 = np.empty(0, np.uint64)
        self._rank = np.empty(0, np.int32)
        self._net = np.empty(0, np.int32)
        self._high_by_rank = np.empty(0, np.uint64)
        self._low_by_rank = np.empty(0, np.uint64)

    def __len__(self) -> int:
        return len(self._packed)

    def copy(self) -> HostTable:
        """Return a table with the same hosts under the same codes; what is added to one is not in the other."""
        other = HostTable(self.internal)
        # Arrays are replaced when hosts come, never written to, so that both may hold the same ones.
        vars(other).update(vars(self))
        other._codes, other._packed, other._names = dict(self._codes), list(self._packed), list(self._names)
        return other

    def encode(self, address: str) -> int:
        """Return the code of an address, giving it one if it is new.

        Two spellings of one IPv6 address get two codes: readers write addresses in canonical form.

        Raises
        ------
        InputError
            If the text is no address; the table is then unchanged.
        """
        code = self._codes.get(address)
        if code is None:
            packed = pack_address(address)
            code = self._add(address, address, packed)
        return code

    def encode_all(self, addresses: Iterable[str]) -> NDArray[np.int32]:
        """Return the codes of many addresses, shape (n,)."""
        return np.fromiter((self.encode(address) for address in addresses), np.int32)

    def encode_identity(self, name: str) -> int:
        """Return the code of a named identity; names never collide with addresses."""
        key = "identity:" + name
        code = self._codes.get(key)
        if code is None:
            code = self._add(key, name, None)
        return code

    def _add(self, key: str, name: str, packed: bytes | None) -> int:
        code = self._codes[key] = len(self._packed)
        self._packed.append(packed)
        self._names.append(name)
        return code

    def compact(self, keep: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Forget all hosts but those that a mask picks, and give the others new codes in the same order.

        Parameters
        ----------
        keep
            bool, shape (hosts,), by code.

        Returns
        -------
        ndarray of int32, shape (hosts,)
            Old code -> new code, -1 for a host that was forgotten. It grows where hosts are kept, so that what is
            sorted by code stays sorted.
        """
        self._sync_addresses()
        picked = np.flatnonzero(keep)
        mapping = np.full(len(self), -1, np.int32)
        mapping[picked] = np.arange(len(picked), dtype=np.int32)
        new = mapping.tolist()
        self._codes = {key: new[code] for key, code in self._codes.items() if new[code] >= 0}
        self._packed = [self._packed[code] for code in picked.tolist()]
        self._names = [self._names[code] for code in picked.tolist()]
        self._high, self._low = self._high[picked], self._low[picked]
        self._kind, self._hash64 = self._kind[picked], self._hash64[picked]
        self._rank = self._net = np.empty(0, np.int32)  # made again when they are asked for
        self._high_by_rank = self._low_by_rank = np.empty(0, np.uint64)
        self.generation += 1
        return mapping

    def name(self, code: int) -> str:
        """Return the address as it was written, or the identity's name, of a code."""
        return self._names[code]

    @property
    def names(self) -> tuple[str, ...]:
        """What was encoded, in code order."""
        return tuple(self._names)

    @property
    def kind(self) -> NDArray[np.uint8]:
        """`HostKind` by code, shape (hosts,)."""
        self._sync_addresses()
        return self._kind

    @property
    def hash64(self) -> NDArray[np.uint64]:
        """Hash of each host's address, of an identity its name, by code, shape (hosts,); the same in every table."""
        self._sync_addresses()
        return self._hash64

    @property
    def last_octet(self) -> NDArray[np.uint8]:
        """Lowest eight bits of each address by code, shape (hosts,)."""
        self._sync_addresses()
        return (self._low & np.uint64(0xFF)).astype(np.uint8)

    @property
    def is_ipv4(self) -> NDArray[np.bool_]:
        """Whether each host's address is IPv4, by code."""
        self._sync_addresses()
        return _is_ipv4(self._high, self._low)

    @property
    def rank(self) -> NDArray[np.int32]:
        """Place of each host in the order of all addresses, by code; a permutation of the codes."""
        self._sync_order()
        return self._rank

    @property
    def net(self) -> NDArray[np.int32]:
        """Dense number of each host's /24 (IPv4) or /64 (IPv6), by *rank*; it grows with the rank."""
        self._sync_order()
        return self._net

    @property
    def high_by_rank(self) -> NDArray[np.uint64]:
        """Upper 64 bits of each host's address by *rank*, shape (hosts,); zero for an identity."""
        self._sync_order()
        return self._high_by_rank

    @property
    def low_by_rank(self) -> NDArray[np.uint64]:
        """Lower 64 bits of each host's address by *rank*, shape (hosts,); zero for an identity."""
        self._sync_order()
        return self._low_by_rank

    def _sync_addresses(self) -> None:
        known = len(self._kind)
        if known == len(self._packed):
            return
        raw = b"".join(packed or bytes(16) for packed in self._packed[known:])
        words = np.frombuffer(raw, ">u8").reshape(-1, 2).astype(np.uint64)
        kind = self.internal.classify(words[:, 0], words[:, 1])
        kind[[packed is None for packed in self._packed[known:]]] = HostKind.IDENTITY
        hash64 = mix_bits(mix_bits(words[:, 0]) ^ words[:, 1])
        for i in np.flatnonzero(kind == HostKind.IDENTITY).tolist():
            digest = hashlib.blake2b(self._names[known + i].encode(), digest_size=8).digest()
            hash64[i] = int.from_bytes(digest, "big")
        self._hash64 = np.concatenate([self._hash64, hash64])
        self._high = np.concatenate([self._high, words[:, 0]])
        self._low = np.concatenate([self._low, words[:, 1]])
        self._kind = np.concatenate([self._kind, kind])

    def _sync_order(self) -> None:
        self._sync_addresses()
        if len(self._rank) == len(self._kind):
            return
        order = np.lexsort((self._low, self._high))
        self._rank = np.empty(len(order), np.int32)
        self._rank[order] = np.arange(len(order), dtype=np.int32)
        high, low = self._high[order], self._low[order]
        ipv4 = _is_ipv4(high, low)
        prefix = np.where(ipv4, low >> np.uint64(8), high)
        new_net = np.ones(len(order), bool)
        new_net[1:] = (prefix[1:] != prefix[:-1]) | (ipv4[1:] != ipv4[:-1])
        self._net = np.cumsum(new_net, dtype=np.int32) - np.int32(1)
        self._high_by_rank, self._low_by_rank = high, low


def _is_ipv4(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.bool_]:
    mapped: NDArray[np.bool_] = (high == 0) & ((low >> np.uint64(32)) == np.uint64(0xFFFF))
    return mapped
