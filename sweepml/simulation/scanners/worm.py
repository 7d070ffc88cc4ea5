"""Worms that look nearby first: random addresses, most of them in the source's own networks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sweepml.simulation.addresses import Addresses
from sweepml.simulation.scanners.base import Assignment, Pairs
from sweepml.simulation.scanners.connect_loop import ConnectLoop


class _LocalWorm(ConnectLoop):
    """Draws each target afresh, and may draw one twice.

    An IPv6 source looks in its /64 only: random addresses elsewhere have no chance, and worms that tried are not known.
    """

    rates_hz = (0.2, 100.0)
    own_targets = True
    concurrency = (8, 128)
    shares: ClassVar[tuple[float, float]]
    """Share of targets in the source's /16 and in its /8; the others are anywhere."""

    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return random targets, most of them near the source."""
        count = assignment.count
        service = rng.choice(assignment.services, count)
        if not assignment.source.is_ipv4[0]:
            low = (assignment.source.low[0] & ~np.uint64(0xFFFF)) | rng.integers(1, 1 << 16, count).astype(np.uint64)
            return Pairs(Addresses(np.full(count, assignment.source.high[0]), low), service)
        own = int(assignment.source.low[0]) & 0xFFFFFFFF
        near, nearer = self.shares[0] + self.shares[1], self.shares[0]
        where = rng.random(count)
        kept_bits = np.where(where < nearer, 0xFFFF0000, np.where(where < near, 0xFF000000, 0))
        drawn = random_hosts(count, rng)
        return Pairs(Addresses.from_ipv4((own & kept_bits) | (drawn & ~kept_bits & 0xFFFFFFFF)), service)


class CodeRed2(_LocalWorm):
    """Code Red II: 3/8 in its own /16, 1/2 in its own /8, 1/8 anywhere (Moore, Shannon and Brown 2002)."""

    name = "worm_codered2"
    shares = (3 / 8, 1 / 2)


class Nimda(_LocalWorm):
    """Nimda: 1/2 in its own /16, 1/4 in its own /8, 1/4 anywhere (CERT advisory CA-2001-26)."""

    name = "worm_nimda"
    shares = (1 / 2, 1 / 4)


def random_hosts(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` random unicast IPv4 addresses as int64: first octet 1 to 223 without 127, last one 1 to 254."""
    drawn = rng.integers(1 << 24, 224 << 24, count)
    drawn = np.where(drawn >> 24 == 127, drawn + (1 << 24), drawn)
    return (drawn & ~0xFF) | rng.integers(1, 255, count)
