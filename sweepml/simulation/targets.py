"""Where a sweep goes: a range around something that the log shows, an unseen range, or a list of known hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.hosts import HostKind
from sweepml.simulation.addresses import MAX_RANGE, Addresses
from sweepml.simulation.portrait import Portrait
from sweepml.simulation.scanners.worm import random_hosts

_LIST_SHARE: Final = 0.3
"""Share of sweeps over a list of hosts that the attacker knows: from discovery, a search engine, a stolen inventory."""
_LIST_MIN: Final = 5
"""Fewer known hosts than this are no list."""
_UNSEEN_SHARE: Final = 0.3
"""Share of ranges around nothing that the log shows."""
_ROOM: Final = 8.0
"""A range is up to so many times larger than what is probed of it: scanners are stopped, or find enough."""
_IPV6_POOL_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """Targets in the order of the range, and how they were chosen, in words."""

    targets: Addresses
    note: str


def choose_targets(
    portrait: Portrait,
    services: NDArray[np.uint32],
    count: int,
    is_ipv4: bool,
    public: bool,
    rng: np.random.Generator,
) -> TargetChoice:
    """Draw what a scanner is told to go through.

    Parameters
    ----------
    portrait
        What the log shows.
    services
        What is swept for.
    count
        (target, service) pairs that will be probed.
    is_ipv4
        Version of the source's address, and hence of its targets.
    public
        Whether public hosts are preferred; where the log shows none of the wanted scope the other is taken.
    rng
        Mutated.
    """
    seen = portrait.services
    kind = portrait.internal.classify(seen.hosts.high, seen.hosts.low)
    fits = (seen.hosts.is_ipv4 == is_ipv4) & (kind != HostKind.NOT_A_TARGET)
    scoped = fits & (kind == (HostKind.PUBLIC if public else HostKind.INTERNAL))
    fits = scoped if scoped.any() else fits
    open_there = fits & seen.alive & np.isin(seen.service, services)
    hosts = max(1, -(-count // len(services)))
    if len(np.unique(seen.hosts.hash64[open_there])) >= _LIST_MIN and rng.random() < _LIST_SHARE:
        return _known_list(seen.hosts.take(open_there), hosts, rng)
    room = int(min(MAX_RANGE, hosts * np.exp(rng.uniform(0, np.log(_ROOM)))))
    if open_there.any() and rng.random() >= _UNSEEN_SHARE:
        anchor = seen.hosts.take(open_there)
        return TargetChoice(range_around(_one_of(anchor, rng), room, rng), "range around a host that has the service")
    if fits.any() and rng.random() >= _UNSEEN_SHARE:
        return TargetChoice(range_around(_one_of(seen.hosts.take(fits), rng), room, rng), "range around a known host")
    return TargetChoice(range_around(unseen_network(portrait, is_ipv4, public, rng), room, rng), "unseen range")


def free_address(near: Addresses, taken: set[str], rng: np.random.Generator) -> Addresses:
    """Return an address in the /24 (IPv4) or /64 (IPv6) of another that nobody has, or further off if it is full."""
    ipv4 = bool(near.is_ipv4[0])
    bits = 8 if ipv4 else _IPV6_POOL_BITS
    while True:
        base = near.low[0] >> np.uint64(bits) << np.uint64(bits)
        # Not the network's own address, nor its broadcast address.
        for host in rng.permutation(np.arange(1, (1 << bits) - 1)).tolist():
            drawn = Addresses(near.high, np.array([base | np.uint64(host)], np.uint64))
            if drawn.texts()[0] not in taken:
                return drawn
        bits += 1


def _known_list(hosts: Addresses, wanted: int, rng: np.random.Generator) -> TargetChoice:
    """Return known hosts with the service, and neighbours of theirs as a drawn success share leaves room for them."""
    known = np.unique(np.stack([hosts.high, hosts.low]), axis=1)
    known = known[:, rng.permutation(known.shape[1])[:wanted]]
    share = rng.choice([1.0, rng.uniform(0.2, 1.0)])
    neighbours = min(wanted - known.shape[1], round(known.shape[1] * (1 - share) / share))
    beside = known[:, rng.integers(0, known.shape[1], max(0, neighbours))].copy()
    beside[1] ^= rng.integers(1, 256, beside.shape[1]).astype(np.uint64)
    listed = np.concatenate([known, beside], axis=1)
    listed = listed[:, rng.permutation(listed.shape[1])]
    return TargetChoice(Addresses(listed[0], listed[1]), "list of known hosts")


def range_around(host: Addresses, room: int, rng: np.random.Generator) -> Addresses:
    """Return the smallest aligned range that holds the host and has room for so many."""
    bits = max(2, int(np.ceil(np.log2(max(2, room)))))
    size = 1 << bits
    first = host.low[0] >> np.uint64(bits) << np.uint64(bits)
    if not host.is_ipv4[0] and rng.random() < 0.5:
        first = host.low[0] & ~np.uint64(0xFFFF)  # hosts of a /64 are numbered from its beginning more often than not
    low = first + np.arange(size, dtype=np.uint64)
    return Addresses(np.full(size, host.high[0]), low)


def _one_of(hosts: Addresses, rng: np.random.Generator) -> Addresses:
    return hosts.take(rng.integers(len(hosts), size=1))


def unseen_network(portrait: Portrait, is_ipv4: bool, public: bool, rng: np.random.Generator) -> Addresses:
    """Return an address in a network that the log need not show: a public one, or one beside a source's."""
    if is_ipv4 and public:
        return Addresses.from_ipv4(random_hosts(1, rng))
    # A network beside that of a source: organisations number their networks from a few blocks.
    ours = np.flatnonzero(portrait.sources.is_ipv4 == is_ipv4)
    near = portrait.sources.take(rng.choice(ours, 1))
    if is_ipv4:
        return Addresses(near.high, near.low ^ (rng.integers(1, 256, 1).astype(np.uint64) << np.uint64(8)))
    return Addresses(near.high ^ rng.integers(1, 256, 1).astype(np.uint64), near.low)
