"""One sweep through a network that a log shows: drawn, then played through.

A sweep is drawn from a generator of its own, keyed by the seed and the sweep's number: it does not depend on how many
others there are.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Episode
from sweepml.errors import ConfigError
from sweepml.graph.hosts import HostKind
from sweepml.schema.connection import Protocol, pack_service
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import MAX_RANGE, Addresses
from sweepml.simulation.answers import Answers, draw_strangers
from sweepml.simulation.portrait import Portrait
from sweepml.simulation.records import Records
from sweepml.simulation.scanners.base import Assignment, Scanner
from sweepml.simulation.scanners.registry import SCANNERS, make_scanner
from sweepml.simulation.targets import TargetChoice, choose_targets, free_address

_ANY_SIZE: Final = (10, 4096)

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
    sizes: tuple[int, int] = _ANY_SIZE
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
        names = options.scanners or tuple(SCANNERS)
        fewest = options.sizes[0]
        in_time = [make_scanner(name) for name in names]
        self._scanners = [one for one in in_time if one.rates_hz[1] * self._span_s >= fewest]
        if not self._scanners:
            raise ConfigError(
                f"the log spans {portrait.span_s:g} s, in which none of {', '.join(names)} probes {fewest} targets; "
                "give a longer log or smaller sizes"
            )
        known = portrait.sources.texts()
        usable = np.array([text not in options.excluded for text in known], bool)
        if not usable.any():
            raise ConfigError(
                "the log shows no source that is not a labelled attacker; nothing tells where sweeps start"
            )
        # Who is at home where no source has an internal address? Whoever is contacted, too: the others are visitors.
        homes = (portrait.sources_internal, portrait.sources_contacted, np.ones(len(usable), bool))
        at_home = next(home & usable for home in homes if (home & usable).any())
        self._sources = portrait.sources.take(at_home)
        self._taken = set(known)

    @property
    def _span_s(self) -> float:
        return self._portrait.span_s * _SPAN_SHARE

    def play(self, number: int) -> PlayedSweep:
        """Return sweep `number`, 0 or more: the same records whenever and wherever it is played."""
        rng = np.random.Generator(np.random.Philox(key=[self._seed % (1 << 64), number]))
        source, is_new = self._source(rng)
        is_ipv4 = bool(source.is_ipv4[0])
        fitting = [one for one in self._scanners if is_ipv4 or not one.ipv4_only]
        scanner = fitting[rng.integers(len(fitting))] if fitting else self._scanners[0]
        rate_hz, count = self._pace(scanner, rng)
        services = self._services(scanner, is_ipv4, rng)
        public = rng.random() < self._options.public_share
        choice = (
            TargetChoice(source, "addresses that it chose itself")
            if scanner.own_targets
            else choose_targets(self._portrait, services, count, is_ipv4, public, rng)
        )
        assignment = Assignment(source, choice.targets, services, count, rate_hz)
        pairs = scanner.order(assignment, rng)
        targets, probed = _others(pairs.targets, source), pairs.services
        outcome = self._answers.to(targets, probed, draw_strangers(rng), salt=int(rng.integers(1 << 63)))
        schedule = scanner.schedule(outcome, rate_hz, rng)
        order = np.argsort(schedule.offset_s, kind="stable")
        offset_us, pair = np.rint(schedule.offset_s[order] * 1e6).astype(np.int64), schedule.pair[order]
        span_us = self._portrait.end_us - self._portrait.begin_us
        start_us = self._portrait.begin_us + int(rng.uniform(0, max(0, span_us - int(offset_us[-1]))))
        pair, ts_us = pair[start_us + offset_us <= self._portrait.end_us], start_us + offset_us
        ts_us = ts_us[: len(pair)]
        records = Records(
            ts_us=ts_us,
            src=source.take(np.zeros(len(pair), np.int64)),
            dst=targets.take(pair),
            service=probed[pair],
            outcome=outcome[pair],
            sizes=self._portrait.bank.draw(probed[pair], outcome[pair], rng),
        )
        return PlayedSweep(records, self._episode(number, scanner, records, choice, is_new))

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

    def _episode(
        self,
        number: int,
        scanner: Scanner,
        records: Records,
        choice: TargetChoice,
        is_new: bool,
    ) -> Episode:
        keys = np.unique(np.stack([records.dst.hash64, records.service.astype(np.uint64)]), axis=1)
        answered = records.outcome == Outcome.ANSWERED
        seconds = max(1e-6, (records.ts_us[-1] - records.ts_us[0]) / 1e6)
        kinds = self._portrait.internal.classify(records.dst.high, records.dst.low)
        internal = float(np.mean(kinds == HostKind.INTERNAL))
        attributes = {
            "target_scope": "internal" if internal == 1 else "public" if internal == 0 else "mixed",
            "tool": scanner.name,
            "probes_sent": str(len(records)),
            "note": f"{choice.note}; {'a new source' if is_new else 'by a source that also does other things'}",
            "targets_probed": str(len(np.unique(keys[0]))),
            "pairs_probed": str(keys.shape[1]),
            "pairs_open": str(
                np.unique(np.stack([records.dst.hash64, records.service.astype(np.uint64)])[:, answered], axis=1).shape[
                    1
                ]
            ),
            "probe_rate_per_s": f"{len(records) / seconds:.6g}",
            "new_pair_rate_per_s": f"{keys.shape[1] / seconds:.6g}",
        }
        service = np.unique(records.service)
        return Episode(
            episode_id=sweep_id(self._network_id, self._options, self._seed, number),
            source=records.src.take(slice(0, 1)).texts()[0],
            start_us=int(records.ts_us[0]),
            end_us=int(records.ts_us[-1]),
            kind="sweep",
            protocols=tuple(np.unique(service >> 16).tolist()),
            ports=tuple((port, port) for port in np.unique(service & 0xFFFF).tolist()),
            targets=() if scanner.own_targets else covering_networks(records.dst),
            attributes=attributes,
        )


def _others(targets: Addresses, source: Addresses) -> Addresses:
    """Return targets without the source, for which its neighbour stands in: no log shows what a host sends itself."""
    itself = (targets.high == source.high[0]) & (targets.low == source.low[0])
    return Addresses(targets.high, np.where(itself, targets.low ^ np.uint64(1), targets.low))


def sweep_id(network_id: str, options: SweepOptions, seed: int, number: int) -> str:
    """Return the permanent id of a sweep: what it is made of, hashed."""
    made_of = (network_id, options.scanners, options.services, options.existing_share, options.public_share)
    text = repr((*made_of, options.sizes, sorted(options.excluded), seed, number))
    return "SW-" + hashlib.sha256(text.encode()).hexdigest()[:12]


_MOST_NETWORKS: Final = 512


def covering_networks(targets: Addresses) -> tuple[str, ...]:
    """Return networks that hold all targets: hosts where they are few, else /24 (IPv4) and /64 (IPv6), joined.

    Empty, which means any, where it would take more than 512 networks.
    """
    values: Sequence[str] = np.array(targets.to_arrow().dictionary.to_pylist(), object).tolist()
    if len(values) <= 64:
        networks = [ipaddress.ip_network(text) for text in values]
    else:
        wide = {f"{text}/{64 if ':' in text else 24}" for text in values}
        networks = list({ipaddress.ip_network(text, strict=False) for text in wide})
    ipv4 = [network for network in networks if network.version == 4]
    ipv6 = [network for network in networks if network.version == 6]
    joined = [*ipaddress.collapse_addresses(ipv4), *ipaddress.collapse_addresses(ipv6)]
    return tuple(map(str, joined)) if len(joined) <= _MOST_NETWORKS else ()
