"""One sweep through a network that a log shows: drawn, then played through.

A sweep is drawn from a generator of its own, keyed by the seed and the sweep's number: it does not depend on how many
others there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Episode
from sweepml.errors import ConfigError
from sweepml.schema.connection import Protocol, pack_service
from sweepml.simulation.addresses import MAX_RANGE, Addresses
from sweepml.simulation.answers import Answers, draw_strangers
from sweepml.simulation.episodes import SweepFacts, episode_of
from sweepml.simulation.portrait import Portrait
from sweepml.simulation.records import Records
from sweepml.simulation.scanners.base import Assignment, Scanner, Schedule
from sweepml.simulation.scanners.registry import SCANNERS, make_scanner
from sweepml.simulation.targets import TargetChoice, choose_targets, free_address

USUAL_SERVICES: Final = tuple(
    [pack_service(Protocol.TCP, port) for port in (21, 22, 23, 25, 80, 110, 135, 139, 443, 445, 1433, 2375, 3306, 3389)]
    + [pack_service(Protocol.TCP, port) for port in (5432, 5555, 5900, 5985, 6379, 7547, 8080, 8443, 9100, 9200, 10250)]
    + [pack_service(Protocol.UDP, port) for port in (53, 123, 161, 1900)]
    + [pack_service(Protocol.ICMP, 8)]
)
"""What is swept for most, by published telescope reports and by the laboratory's commands, in no order."""

_SPAN_SHARE: Final = 0.9
"""A sweep is planned to take at most so much of the log; silent targets may slow it, and it is cut at the log's end."""
_KNOWN_SERVICE_SHARE: Final = 0.5
"""Share of sweeps for a service that the log shows alive; the others look for a usual one."""
_PORT_COUNTS: Final = ((1, 2, 3, 5), (0.75, 0.1, 0.1, 0.05))
"""Ports of a sweep, and how often: one port, or a few."""
_SWEPT: Final = (Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ICMP6)
_ECHO: Final = {True: pack_service(Protocol.ICMP, 8), False: pack_service(Protocol.ICMP6, 128)}
"""Echo request by whether the source is IPv4."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What sweeps may be drawn from.

    Parameters
    ----------
    scanners
        Profiles by name, drawn evenly; empty for all.
    services
        ``protocol << 16 | port`` to sweep for; empty for those that the log shows alive and `USUAL_SERVICES`.
    existing_share
        Share of sweeps by a source that the log shows; the others come from new internal addresses.
    public_share
        Share of sweeps through public ranges.
    sizes
        Fewest and most (target, port) pairs, drawn evenly on a logarithmic scale.
    excluded
        Sources that shall not be drawn, and whose records nothing is learned from, in canonical form: known attackers.

    Raises
    ------
    ConfigError
        If a share is none, a scanner is unknown, or the sizes are out of order.
    """

    scanners: tuple[str, ...] = ()
    services: tuple[int, ...] = ()
    existing_share: float = 0.35
    public_share: float = 0.3
    sizes: tuple[int, int] = (10, 4096)
    excluded: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        for name in self.scanners:
            make_scanner(name)
        for name in ("existing_share", "public_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not 1 <= self.sizes[0] <= self.sizes[1] <= MAX_RANGE:
            raise ConfigError(f"sizes are the fewest and the most pairs, 1 to {MAX_RANGE}, got {list(self.sizes)}")


@dataclass(frozen=True, slots=True)
class PlayedSweep:
    """A sweep as records, in time order, with the episode that describes them."""

    records: Records
    episode: Episode


class SweepMaker:
    """Draws and plays sweeps through one network.

    Parameters
    ----------
    portrait
        The network.
    options
        What to draw from.
    seed
        Same seed, same sweeps.
    network_id
        Text that tells the network from others; part of each sweep's id.

    Raises
    ------
    ConfigError
        If the log is too short for any of the scanners.
    """

    def __init__(self, portrait: Portrait, options: SweepOptions, seed: int, network_id: str) -> None:
        self._portrait = portrait
        self._options = options
        self._seed = seed
        self._network_id = network_id
        self._answers = Answers(portrait.services)
        self._scanners = self._in_time(options.scanners or tuple(SCANNERS))
        known = portrait.sources.texts()
        self._sources = self._at_home(known)
        self._taken = set(known)

    def _in_time(self, names: Sequence[str]) -> list[Scanner]:
        """Return the scanners that can probe as many targets as are wanted at least, within the log."""
        fewest = self._options.sizes[0]
        scanners = [one for one in map(make_scanner, names) if one.rates_hz[1] * self._span_s >= fewest]
        if not scanners:
            raise ConfigError(
                f"the log spans {self._portrait.span_s:g} s, in which none of {', '.join(names)} probes {fewest} "
                "targets; give a longer log or smaller sizes"
            )
        return scanners

    def _at_home(self, known: Sequence[str]) -> Addresses:
        """Return the sources that sweeps may come from, or come from beside."""
        sources = self._portrait.sources
        usable = np.array([text not in self._options.excluded for text in known], bool)
        if not usable.any():
            raise ConfigError(
                "the log shows no source that is not a labelled attacker; nothing tells where sweeps start"
            )
        if all(one.ipv4_only for one in self._scanners):
            usable &= sources.is_ipv4
            if not usable.any():
                raise ConfigError("the log shows no IPv4 source, and the scanners asked for know nothing else")
        return self._portrait.at_home(usable)

    @property
    def _span_s(self) -> float:
        return self._portrait.span_s * _SPAN_SHARE

    def play(self, number: int) -> PlayedSweep:
        """Return sweep `number`, 0 or more: the same records whenever and wherever it is played."""
        rng = np.random.Generator(np.random.Philox(key=[self._seed % (1 << 64), number]))
        source, is_new = self._source(rng)
        is_ipv4 = bool(source.is_ipv4[0])
        fitting = [one for one in self._scanners if is_ipv4 or not one.ipv4_only]
        scanner = fitting[rng.integers(len(fitting))]
        rate_hz, count = self._pace(scanner, rng)
        services = self._services(scanner, is_ipv4, rng)
        choice = self._choice(scanner, source, services, count, rng)
        pairs = scanner.order(Assignment(source, choice.targets, services, count, rate_hz), rng)
        targets = _others(pairs.targets, source)
        outcome = self._answers.to(targets, pairs.services, draw_strangers(rng), salt=int(rng.integers(1 << 63)))
        ts_us, pair = self._timed(scanner.schedule(outcome, rate_hz, rng), rng)
        service, outcome = pairs.services[pair], outcome[pair]
        records = Records(
            ts_us=ts_us,
            src=source.take(np.zeros(len(pair), np.int64)),
            dst=targets.take(pair),
            service=service,
            outcome=outcome,
            sizes=self._portrait.bank.draw(service, outcome, rng),
        )
        facts = SweepFacts(
            episode_id=sweep_id(self._network_id, self._options, self._seed, number),
            tool=scanner.name,
            note=f"{choice.note}; {'a new source' if is_new else 'by a source that also does other things'}",
            names_targets=not scanner.own_targets,
        )
        return PlayedSweep(records, episode_of(records, facts, self._portrait.internal))

    def _choice(
        self,
        scanner: Scanner,
        source: Addresses,
        services: NDArray[np.uint32],
        count: int,
        rng: np.random.Generator,
    ) -> TargetChoice:
        if scanner.own_targets:
            return TargetChoice(source, "addresses that it chose itself")
        public = rng.random() < self._options.public_share
        return choose_targets(self._portrait, services, count, bool(source.is_ipv4[0]), public, rng)

    def _timed(self, schedule: Schedule, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when probes go out and of which pairs they are: begun at random, and over at the log's end."""
        order = np.argsort(schedule.offset_s, kind="stable")
        offset_us = np.rint(schedule.offset_s[order] * 1e6).astype(np.int64)
        offset_us -= offset_us[0]  # so that at least the first probe lies within the log
        room_us = self._portrait.end_us - self._portrait.begin_us - int(offset_us[-1])
        ts_us = self._portrait.begin_us + int(rng.uniform(0, max(0, room_us))) + offset_us
        seen = ts_us <= self._portrait.end_us
        return ts_us[seen], schedule.pair[order][seen]

    def _source(self, rng: np.random.Generator) -> tuple[Addresses, bool]:
        source = self._sources.take(rng.integers(len(self._sources), size=1))
        if rng.random() < self._options.existing_share:
            return source, False
        return free_address(source, self._taken, rng), True

    def _pace(self, scanner: Scanner, rng: np.random.Generator) -> tuple[float, int]:
        """Return new pairs a second and how many there are in the end: what fits into the log."""
        fewest, most = self._options.sizes
        slowest, fastest = scanner.rates_hz
        slowest = min(max(slowest, fewest / self._span_s), fastest)
        rate_hz = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
        most = max(fewest, min(most, int(rate_hz * self._span_s)))
        return rate_hz, round(float(np.exp(rng.uniform(np.log(fewest), np.log(most)))))

    def _services(self, scanner: Scanner, is_ipv4: bool, rng: np.random.Generator) -> NDArray[np.uint32]:
        if scanner.ports:
            return np.array([pack_service(Protocol.TCP, port) for port in scanner.ports], np.uint32)
        given = np.array(self._options.services or USUAL_SERVICES, np.uint32)
        alive = self._portrait.services.service[self._portrait.services.alive]
        alive = alive[np.isin(alive >> 16, _SWEPT)]
        if not self._options.services and len(alive) and rng.random() < _KNOWN_SERVICE_SHARE:
            first = rng.choice(alive)
        else:
            first = rng.choice(given)
        # What a scanner looks for beside the first is of the same protocol.
        others = given[(given >> 16 == first >> 16) & (given != first)]
        wanted = int(rng.choice(_PORT_COUNTS[0], p=_PORT_COUNTS[1])) - 1
        services = np.r_[first, rng.permutation(others)[:wanted]].astype(np.uint32)
        icmp = np.isin(services >> 16, (Protocol.ICMP, Protocol.ICMP6))
        return np.where(icmp, np.uint32(_ECHO[is_ipv4]), services)


def _others(targets: Addresses, source: Addresses) -> Addresses:
    """Return targets without the source, for which its neighbour stands in: no log shows what a host sends itself."""
    itself = (targets.high == source.high[0]) & (targets.low == source.low[0])
    return Addresses(targets.high, np.where(itself, targets.low ^ np.uint64(1), targets.low))


def sweep_id(network_id: str, options: SweepOptions, seed: int, number: int) -> str:
    """Return the permanent id of a sweep: what it is made of, hashed."""
    made_of = (network_id, options.scanners, options.services, options.existing_share, options.public_share)
    text = repr((*made_of, options.sizes, sorted(options.excluded), seed, number))
    return "SW-" + hashlib.sha256(text.encode()).hexdigest()[:12]
