"""Many addresses at once: 128-bit values as two words, made and written without a loop over records."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.hosts import mix_bits, pack_address

_MAPPED: Final = np.uint64(0xFFFF << 32)
"""Upper half of the lower word of an IPv4 address in its IPv6-mapped form (RFC 4291, 2.5.5.2)."""

MAX_RANGE: Final = 1 << 16
"""Addresses of a network that are listed at most: what a sweep of an IPv4 /16 has. Chosen, not tuned."""

_OCTETS: Final = pa.array([str(octet) for octet in range(256)])


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses as two arrays of shape (n,), IPv4 in its IPv6-mapped form.

    Attributes
    ----------
    high, low
        uint64, upper and lower 64 bits.
    """

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.low)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Addresses:
        """Return the addresses that an index, mask or slice picks."""
        return Addresses(self.high[index], self.low[index])

    @property
    def is_ipv4(self) -> NDArray[np.bool_]:
        """Whether each is an IPv4 address, shape (n,)."""
        return (self.high == 0) & (self.low >> np.uint64(32) == np.uint64(0xFFFF))

    @property
    def hash64(self) -> NDArray[np.uint64]:
        """Hash of each address, shape (n,): that of `HostTable.hash64`."""
        return mix_bits(mix_bits(self.high) ^ self.low)

    @property
    def networks(self) -> Addresses:
        """The /24 (IPv4) or /64 (IPv6) of each, by its first address."""
        return Addresses(self.high, np.where(self.is_ipv4, self.low & ~np.uint64(0xFF), np.uint64(0)))

    def to_arrow(self) -> pa.DictionaryArray:
        """Return canonical texts, dictionary-encoded; each distinct address is written once."""
        ipv4 = self.is_ipv4
        index = np.empty(len(self), np.int32)
        values, place = np.unique(self.low[ipv4].astype(np.uint32), return_inverse=True)
        index[ipv4] = place
        texts = _ipv4_texts(values)
        if len(place) < len(self):
            highs, high = np.unique(self.high[~ipv4], return_inverse=True)
            lows, low = np.unique(self.low[~ipv4], return_inverse=True)
            pairs, place = np.unique(high.astype(np.int64) << 32 | low, return_inverse=True)
            index[~ipv4] = place + len(values)
            pairs_high, pairs_low = highs[pairs >> 32].tolist(), lows[pairs & 0xFFFFFFFF].tolist()
            ipv6 = [str(ipaddress.IPv6Address(h << 64 | lo)) for h, lo in zip(pairs_high, pairs_low, strict=True)]
            texts = pa.concat_arrays([texts, pa.array(ipv6, pa.string())])
        return pa.DictionaryArray.from_arrays(pa.array(index), texts)

    def texts(self) -> list[str]:
        """Return canonical texts."""
        encoded = self.to_arrow()
        return encoded.dictionary.take(encoded.indices).to_pylist()

    @classmethod
    def from_ipv4(cls, values: NDArray[np.integer]) -> Addresses:
        """Return IPv4 addresses of 32-bit values."""
        low = values.astype(np.uint64) | _MAPPED
        return cls(np.zeros(len(low), np.uint64), low)

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Addresses:
        """Return addresses of texts.

        Raises
        ------
        InputError
            If a text is none.
        """
        words = np.frombuffer(b"".join(pack_address(text) for text in texts), ">u8").reshape(-1, 2)
        return cls(words[:, 0].astype(np.uint64), words[:, 1].astype(np.uint64))

    @classmethod
    def concat(cls, parts: Sequence[Addresses]) -> Addresses:
        """Return the addresses of all parts, in order; at least one part is needed."""
        if len(parts) == 1:
            return parts[0]
        return cls(np.concatenate([part.high for part in parts]), np.concatenate([part.low for part in parts]))


def network_addresses(cidr: str) -> Addresses:
    """Return the addresses of a network from its first on, at most `MAX_RANGE` of them.

    An IPv6 network is as a rule too large to be swept: scanners try its low addresses.

    Raises
    ------
    ConfigError
        If the text is no network.

    Examples
    --------
    >>> network_addresses("192.0.2.4/31").texts()
    ['192.0.2.4', '192.0.2.5']
    """
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise ConfigError(f"expected a network such as 10.0.0.0/8, got {cidr!r}: {error}") from None
    count = min(network.num_addresses, MAX_RANGE)
    first = int(network.network_address)
    if network.version == 4:
        return Addresses.from_ipv4(np.arange(first, first + count))
    # The offsets stay below the network's size, so that they never carry into the upper word.
    low = np.uint64(first & (1 << 64) - 1) + np.arange(count, dtype=np.uint64)
    return Addresses(np.full(count, first >> 64, np.uint64), low)


def _ipv4_texts(values: NDArray[np.uint32]) -> pa.Array:
    octets = [
        _OCTETS.take(pa.array((values >> np.uint32(shift) & np.uint32(255)).astype(np.uint8)))
        for shift in (24, 16, 8, 0)
    ]
    return pc.binary_join_element_wise(*octets, ".")
