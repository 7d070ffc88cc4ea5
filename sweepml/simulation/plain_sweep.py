"""A plain sweep: one port, a stated rate, size and share of success. With many of them a detector's limit is measured.

`sweeps` draws what scanners do; here everything that decides whether a sweep is caught is set from outside, and only
what should not decide it (which port, which range, which hour) is drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import MAX_RANGE, Addresses
from sweepml.simulation.answers import draw_strangers
from sweepml.simulation.episodes import SweepFacts, episode_of
from sweepml.simulation.portrait import Portrait, service_keys
from sweepml.simulation.records import Records
from sweepml.simulation.sweeps import USUAL_SERVICES, PlayedSweep
from sweepml.simulation.targets import free_address, range_around, unseen_network

POISSON: Final = "poisson"
STEADY: Final = "steady"
PACES: Final = (POISSON, STEADY)
"""How probes follow each other: at random, or by the clock."""

NEW: Final = "new"
EXISTING: Final = "existing"
SOURCES: Final = (NEW, EXISTING)
"""Who sweeps: an internal address that the log does not show, or a host that also does other things."""

PLAIN_SERVICES: Final = tuple(service for service in USUAL_SERVICES if service >> 16 == Protocol.TCP)
"""The usual TCP services: half of the public rules look at nothing else."""

_MOST_TARGETS: Final = MAX_RANGE // 2
"""A range has room for twice as many."""
_LEAST_ROOM: Final = 256
"""Addresses of the smallest range, a /24."""


@dataclass(frozen=True, slots=True)
class PlainSweep:
    """What decides whether a sweep is caught.

    Parameters
    ----------
    rate_per_hour
        Targets an hour, above 0.
    size
        Distinct targets, one probe each.
    success_share
        Share of the probes that are answered, 0 to 1.
    pace
        One of `PACES`. With `POISSON` the probes between the first and the last fall anywhere, evenly: a Poisson
        process of which the number of events is known, so that rate and size are kept exactly.
    source
        One of `SOURCES`.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    rate_per_hour: float
    size: int
    success_share: float
    pace: str = POISSON
    source: str = NEW

    def __post_init__(self) -> None:
        if not self.rate_per_hour > 0:
            raise ConfigError(f"rate_per_hour must be above 0, got {self.rate_per_hour}")
        if not 1 <= self.size <= _MOST_TARGETS:
            raise ConfigError(f"size is a count of targets, 1 to {_MOST_TARGETS}, got {self.size}")
        if not 0 <= self.success_share <= 1:
            raise ConfigError(f"success_share must lie between 0 and 1, got {self.success_share}")
        for name, known in (("pace", PACES), ("source", SOURCES)):
            if getattr(self, name) not in known:
                raise ConfigError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last probe."""
        return (self.size - 1) * 3600 / self.rate_per_hour


class PlainSweeps:
    """Plays plain sweeps through one network.

    Parameters
    ----------
    portrait
        The network.
    network_id
        Text that tells it from others; part of each sweep's id and of its draws.
    seed
        Same seed, same sweeps.
    services
        ``protocol << 16 | port`` to sweep for.

    Raises
    ------
    ConfigError
        If there is no service.
    """

    def __init__(
        self, portrait: Portrait, network_id: str, seed: int = 0, services: Sequence[int] = PLAIN_SERVICES
    ) -> None:
        if not services:
            raise ConfigError("no service to sweep for")
        self._portrait = portrait
        self._network_id = network_id
        self._seed = seed
        self._services = np.array(services, np.uint32)
        self._home = portrait.at_home()
        self._known = frozenset(portrait.sources.texts())
        alive = portrait.services.take(portrait.services.alive)
        self._alive = np.unique(service_keys(alive.hosts, alive.service))

    def fits(self, kind: PlainSweep) -> bool:
        """Return whether the log is long enough for a sweep."""
        return kind.duration_s <= self._portrait.span_s

    def most_at_once(self, kind: PlainSweep) -> int:
        """Return how many sweeps one company may have without sharing a port or a source."""
        if kind.source == NEW:
            return len(self._services)
        return min(len(self._services), len(self._home_of_anchor(kind)))

    def play(self, kind: PlainSweep, first: int, count: int) -> list[PlayedSweep]:
        """Return sweeps `first` to ``first + count - 1`` of a kind, a company that keeps out of its own way.

        Each has another source, port and range, and begins in another part of the log: where sweeps are short, they
        follow each other. The even ones go through ranges of the network's own kind (the first through that around
        a known host), the odd ones through public ranges, in order or shuffled.

        A sweep is drawn by the seed, the network, the kind and its number: it does not depend on other kinds.

        Parameters
        ----------
        kind
            What to play; the log must be long enough (`fits`).
        first
            Number of the first, 0 or more.
        count
            At most `most_at_once`.

        Raises
        ------
        ConfigError
            If the log is too short.
        """
        if not self.fits(kind):
            raise ConfigError(
                f"a sweep of {kind.size} targets at {kind.rate_per_hour:g} an hour takes {kind.duration_s:g} s; "
                f"the log spans {self._portrait.span_s:g} s"
            )
        common = self._rng(kind, -1)
        services = common.permutation(self._services)
        home = self._home_of_anchor(kind)
        home = home.take(common.permutation(len(home)))
        taken = set(self._known)
        company = []
        for place in range(count):
            number = first + place
            rng = self._rng(kind, number)
            source = home.take(slice(number % len(home), number % len(home) + 1))
            if kind.source == NEW:
                source = free_address(source, taken, rng)
                taken.update(source.texts())
            service = services[number % len(services)]
            block = self._block(kind, number, home.take(slice(0, 1)), place, rng)
            targets = self._targets(kind, block, source, int(service), rng)
            company.append(self._played(kind, number, (source, targets, int(service)), (place, count), rng))
        return company

    def _rng(self, kind: PlainSweep, number: int) -> np.random.Generator:
        made_of = repr((self._network_id, kind, self._services.tolist(), number))
        digest = hashlib.blake2b(made_of.encode(), digest_size=8).digest()
        return np.random.Generator(np.random.Philox(key=[self._seed % (1 << 64), int.from_bytes(digest, "big")]))

    def _home_of_anchor(self, kind: PlainSweep) -> Addresses:
        """Return the hosts at home that speak the protocol version of the one drawn first, so that ranges fit them."""
        drawn = self._rng(kind, -2).integers(len(self._home))
        is_ipv4 = self._home.is_ipv4
        return self._home.take(is_ipv4 == is_ipv4[drawn])

    def _block(
        self, kind: PlainSweep, number: int, anchor: Addresses, place: int, rng: np.random.Generator
    ) -> Addresses:
        """Return the range that targets are drawn from: another one for each place in a company."""
        room = max(_LEAST_ROOM, 1 << (2 * kind.size - 1).bit_length())
        if number % 2:
            return range_around(unseen_network(self._portrait, bool(anchor.is_ipv4[0]), True, rng), room, rng)
        own = range_around(anchor, room, rng)
        return Addresses(own.high, own.low ^ np.uint64(place * room))

    def _targets(
        self, kind: PlainSweep, block: Addresses, source: Addresses, service: int, rng: np.random.Generator
    ) -> Addresses:
        """Return the targets in the order in which they are probed."""
        # Of a service that the log shows alive the answer is known: nobody may be told that it failed.
        free = ~np.isin(service_keys(block, np.full(len(block), service, np.uint32)), self._alive)
        free &= (block.high != source.high[0]) | (block.low != source.low[0])
        candidates = np.flatnonzero(free)
        if rng.random() < 0.5:
            return block.take(rng.permutation(candidates)[: kind.size])
        first = int(rng.integers(len(candidates) - kind.size + 1))
        return block.take(candidates[first : first + kind.size])

    def _played(
        self,
        kind: PlainSweep,
        number: int,
        who: tuple[Addresses, Addresses, int],
        turn: tuple[int, int],
        rng: np.random.Generator,
    ) -> PlayedSweep:
        source, targets, code = who
        count = len(targets)
        service = np.full(count, code, np.uint32)
        outcome = _outcomes(count, kind.success_share, rng)
        records = Records(
            ts_us=self._begin_us(kind, turn, rng) + _offsets_us(kind, rng),
            src=source.take(np.zeros(count, np.int64)),
            dst=targets,
            service=service,
            outcome=outcome,
            sizes=self._portrait.bank.draw(service, outcome, rng),
        )
        made_of = repr((self._network_id, kind, self._services.tolist(), self._seed, number))
        facts = SweepFacts(
            episode_id="PS-" + hashlib.sha256(made_of.encode()).hexdigest()[:12],
            tool="plain",
            note=f"{kind.rate_per_hour:g} targets an hour, {kind.pace}; {kind.source} source",
            names_targets=True,
        )
        return PlayedSweep(records, episode_of(records, facts, self._portrait.internal))

    def _begin_us(self, kind: PlainSweep, turn: tuple[int, int], rng: np.random.Generator) -> int:
        """Return when a sweep begins: anywhere in its own part of the time that is left."""
        place, count = turn
        room_us = self._portrait.end_us - self._portrait.begin_us - kind.duration_s * 1e6
        return self._portrait.begin_us + int(room_us * (place + rng.random()) / count)


def _outcomes(count: int, success_share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what comes of each probe; what is no whole number of answers is rounded at random, right on average."""
    answered = int(count * success_share + rng.random())
    # A range drops or rejects strangers as a whole, or mixes: as in every other made sweep.
    refused = rng.random(count) < draw_strangers(rng).refusing_share
    outcome = np.where(refused, Outcome.REFUSED, Outcome.UNANSWERED).astype(np.uint8)
    outcome[rng.permutation(count)[:answered]] = Outcome.ANSWERED
    return outcome


def _offsets_us(kind: PlainSweep, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return when each probe goes out after the first, int64, shape (size,), ascending from 0."""
    share = np.linspace(0.0, 1.0, kind.size)
    if kind.pace == POISSON:
        share[1:-1] = np.sort(rng.random(max(0, kind.size - 2)))
    return np.floor(share * kind.duration_s * 1e6).astype(np.int64)
