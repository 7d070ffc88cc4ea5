"""What every evasion answers: an ordinary sweep in, the evasive one out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.hosts import HostKind
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import Protocol, pack_service
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.answers import Answers, Strangers
from sweepml.simulation.portrait import Portrait
from sweepml.simulation.scanners.base import constant_rate
from sweepml.simulation.scanners.worm import random_hosts

CAMPAIGNS: Final = 10
"""Campaigns of one evasion. Chosen: enough to tell a recall of 1 from one of a half, few enough to be cheap."""

PORTS: Final = (21, 22, 23, 25, 139, 445, 3389, 5985)
"""TCP ports of the ordinary sweep: those that every public rule looks at, so that none misses it for its port."""

_COUNTS: Final = (260, 500)
"""Targets of the ordinary sweep, fewest and most: more than the largest count of a public rule (250)."""
_RATES_HZ: Final = (10.0, 40.0)
"""New targets a second, slowest and fastest: the 201 targets that one rule wants fit into its 30 s."""
_PUBLIC_SHARE: Final = 0.3
_ORDINARY: Final = Strangers(answering_share=0.05, refusing_share=0.3, closed_refuses=1.0)
"""What the swept range does: one host in twenty answers, of the others three in ten refuse. Chosen, not tuned: rules
that count refusals, silence or distinct hosts all see enough."""
_POOL_BITS: Final = 8
"""Attackers live in a /24 of the network, or in a larger one where it is full."""
_RANGE_BITS: Final = 9
"""A range begins at a multiple of 512 addresses, and so never leaves an internal network that holds it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Probes of one campaign before they are records; arrays have shape (n,).

    Attributes
    ----------
    offset_us
        int64, since the campaign's begin, in any order.
    dst
        Who is probed.
    service
        uint32, ``protocol << 16 | port``.
    outcome
        uint8, `Outcome`.
    sender
        int64, place in `senders` of who sends the probe.
    senders
        Addresses that take part.
    identity
        What every record names as its source, whatever the address; empty for none.
    decoys
        Places in `senders` of addresses that are forged.
    begin_us
        When the campaign has to begin, None for whenever it fits.
    note
        What is particular to this campaign, for tables.
    """

    offset_us: NDArray[np.int64]
    dst: Addresses
    service: NDArray[np.uint32]
    outcome: NDArray[np.uint8]
    sender: NDArray[np.int64]
    senders: Addresses
    identity: str = ""
    decoys: frozenset[int] = frozenset()
    begin_us: int | None = None
    note: str = ""

    def __len__(self) -> int:
        return len(self.offset_us)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Plan:
        """Return the plan with the probes that an index, mask or slice picks."""
        return replace(
            self,
            offset_us=self.offset_us[index],
            dst=self.dst.take(index),
            service=self.service[index],
            outcome=self.outcome[index],
            sender=self.sender[index],
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """What an attacker knows of a random walk over first contacts: its steps, both as positive numbers, in nats."""

    failure_step: float
    success_step: float


@dataclass(frozen=True, slots=True)
class CountLimit:
    """What an attacker knows of a rule that counts.

    Attributes
    ----------
    rule
        Its name.
    count
        Targets at which it fires.
    window_s
        It forgets after so long; 0 where it only forgets whoever is idle, longer than any campaign.
    tumbles
        Whether its windows lie side by side, so that an edge halves what lies across it.
    """

    rule: str
    count: int
    window_s: float = 0.0
    tumbles: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What an attacker knows of the detectors.

    Attributes
    ----------
    walk
        The random walk's steps.
    counts
        The counting rules.
    """

    walk: Walk
    counts: tuple[CountLimit, ...]


class Evasion(ABC):
    """One way not to be found. Without state: all that is random comes from the generator that is passed in.

    Attributes
    ----------
    name
        Permanent id: part of the captures' names, and what tables call it.
    """

    name: ClassVar[str]

    def campaigns(self, limits: Limits) -> int:
        """Return how many campaigns there are to be."""
        return CAMPAIGNS

    def span_s(self, limits: Limits) -> float:
        """Return how long the background has to be at least, in seconds."""
        return 0.0

    @abstractmethod
    def apply(self, plan: Plan, stage: Stage, number: int, rng: np.random.Generator) -> Plan:
        """Return the evasive sweep.

        Parameters
        ----------
        plan
            The ordinary sweep, in order of time; not changed.
        stage
            Where it is played.
        number
            Of the campaign, 0 or more.
        rng
            Mutated.
        """


@dataclass(frozen=True)
class Stage:
    """A network to sweep, as its log shows it, and what the attacker knows of the detectors.

    Raises
    ------
    ConfigError
        If the log shows no IPv4 source.
    """

    portrait: Portrait
    limits: Limits
    _answers: Answers = field(init=False)
    _taken: set[int] = field(init=False)

    def __post_init__(self) -> None:
        if not self.portrait.sources.is_ipv4.any():
            raise ConfigError("evasions start from IPv4 addresses, and the background shows no IPv4 source")
        object.__setattr__(self, "_answers", Answers(self.portrait.services))
        known = Addresses.concat([self.portrait.sources, self.portrait.services.hosts])
        object.__setattr__(self, "_taken", set(known.low[known.is_ipv4].tolist()))

    def new_senders(self, count: int, rng: np.random.Generator) -> Addresses:
        """Return addresses beside a source's that nobody has, and that nobody gets again.

        The generator moves on by the same steps whatever addresses are left, so that what is drawn after it stays.
        """
        near, order = self._home(rng), np.random.default_rng(rng.integers(1 << 63))
        bits = _POOL_BITS
        while True:
            first = int(near.low[0]) >> bits << bits
            # Not the network's own address, nor its broadcast address.
            pool = np.arange(first + 1, first + (1 << bits) - 1, dtype=np.uint64)
            free = np.setdiff1d(pool, np.fromiter(self._taken, np.uint64))
            if len(free) >= count:
                break
            bits += 1
        chosen = order.permutation(free)[:count]
        self._taken.update(chosen.tolist())
        return Addresses(np.zeros(count, np.uint64), chosen)

    def _home(self, rng: np.random.Generator) -> Addresses:
        """Return a source that attackers live beside: an internal one where there is any."""
        usable = self.portrait.sources.is_ipv4
        at_home = usable & self.portrait.sources_internal
        return self.portrait.sources.take(rng.choice(np.flatnonzero(at_home if at_home.any() else usable), 1))

    def answers(self, targets: Addresses, service: NDArray[np.uint32], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return what comes of probes, uint8, shape (n,): what the log shows, else what `_ORDINARY` says."""
        return self._answers.to(targets, service, _ORDINARY, salt=int(rng.integers(1 << 63)))

    def live_services(self) -> tuple[Addresses, NDArray[np.uint32]]:
        """Return the TCP services that answered, hosts and services side by side."""
        services = self.portrait.services
        wanted = services.alive & services.hosts.is_ipv4 & (services.service >> 16 == Protocol.TCP)
        kind = self.portrait.internal.classify(services.hosts.high, services.hosts.low)
        found = services.take(wanted & (kind != HostKind.NOT_A_TARGET))
        return found.hosts, found.service

    def ordinary(self, rng: np.random.Generator) -> Plan:
        """Return the ordinary sweep: one port over a range at a steady pace, by a new source, in order of time."""
        source = self.new_senders(1, rng)
        count = int(rng.integers(*_COUNTS))
        rate_hz = float(np.exp(rng.uniform(*np.log(_RATES_HZ))))
        targets = self._range(count, rng)
        if rng.random() < 0.5:
            targets = targets.take(rng.permutation(count))
        service = np.full(count, pack_service(Protocol.TCP, int(rng.choice(PORTS))), np.uint32)
        return Plan(
            offset_us=steady(count, 1 / rate_hz, rng),
            dst=targets,
            service=service,
            outcome=self.answers(targets, service, rng),
            sender=np.zeros(count, np.int64),
            senders=source,
        )

    def _range(self, count: int, rng: np.random.Generator) -> Addresses:
        """Return successive addresses in a public network, or in one near that of a source."""
        public = rng.random() < _PUBLIC_SHARE
        near = Addresses.from_ipv4(random_hosts(1, rng)) if public else self._home(rng)
        bits = np.uint64(_RANGE_BITS)
        first: np.uint64 = (near.low[0] >> bits ^ np.uint64(rng.integers(1, 1 << 6))) << bits
        return Addresses(np.zeros(count, np.uint64), first + np.arange(count, dtype=np.uint64))


def steady(count: int, gap_s: float, rng: np.random.Generator, jitter: float = 0.1) -> NDArray[np.int64]:
    """Return offsets of probes that go out every `gap_s`, each late by up to a share of it; int64, microseconds."""
    return np.rint(constant_rate(count, 1 / gap_s, rng, jitter) * US_PER_S).astype(np.int64)
