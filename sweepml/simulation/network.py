"""A made-up network: pools of hosts, roles with their populations, and the records of any slice of time.

Nothing is kept from slice to slice: what happens in one follows from the seed, the role and the slice's number, through
counter-based generators (Philox; Salmon et al. 2011). A network of a week costs no more memory than one of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.hosts import InternalNetworks
from sweepml.schema.connection import Protocol, pack_service
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.behaviour import Contacts, Population
from sweepml.simulation.pools import GroupPool, InternalPool, Pool, PublicPool, chances, keyed
from sweepml.simulation.portrait import Portrait, Services
from sweepml.simulation.records import Records
from sweepml.simulation.roles.clients import CLIENT_ROLES
from sweepml.simulation.roles.monitoring import MONITORING_ROLES
from sweepml.simulation.roles.outside import OUTSIDE_ROLES
from sweepml.simulation.roles.role import ECHO, Role
from sweepml.simulation.roles.servers import SERVER_ROLES
from sweepml.simulation.sizes import SizeBank, typical_sizes

ROLES: Final = (*CLIENT_ROLES, *SERVER_ROLES, *MONITORING_ROLES, *OUTSIDE_ROLES)
"""All benign roles. A host may have several rows of one name."""

SLICE_ROWS: Final = 1 << 17
"""Records of a slice, about, at the busiest hour. Large enough that fixed costs do not show; four times as many were no
faster (measured with benchmarks.simulate)."""
_SLICE_MAX_US: Final = 3_600_000_000
_SLICE_MIN_US: Final = 1_000_000

HOSTS_MIN: Final = 100
HOSTS_MAX: Final = 100_000

_LIVES: Final = 40
"""After so many lifetimes a container has its first address again."""

_BANK_ROWS: Final = 8192
"""Sizes that are drawn once for each protocol and outcome; connections take one of them."""

_SHOWN_HOSTS: Final = 4000
"""Hosts of a pool that attackers may know of."""


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What a network is made from.

    Parameters
    ----------
    seed
        Same seed, same network and same traffic.
    hosts
        Clients, `HOSTS_MIN` to `HOSTS_MAX`; everything else grows with them.
    begin_us, end_us
        When it is watched.
    dual_stack
        Share of connections over IPv6 where both ends have it; 0 is a network without IPv6, 1 one without IPv4.

    Raises
    ------
    ConfigError
        If a number is out of range.
    """

    seed: int
    hosts: int
    begin_us: int
    end_us: int
    dual_stack: float = 0.25

    def __post_init__(self) -> None:
        if not HOSTS_MIN <= self.hosts <= HOSTS_MAX:
            raise ConfigError(f"hosts must lie between {HOSTS_MIN} and {HOSTS_MAX:,}, got {self.hosts}")
        if not 0 <= self.dual_stack <= 1:
            raise ConfigError(f"dual_stack must lie between 0 and 1, got {self.dual_stack}")
        if self.end_us - self.begin_us < _SLICE_MIN_US:
            raise ConfigError("a network must be watched for at least a second; give more hours")


@dataclass(frozen=True, slots=True)
class _Cast:
    """A role with the hosts that play it."""

    role: Role
    population: Population
    first: int


class Network:
    """The benign traffic of a network.

    Parameters
    ----------
    plan
        What it is made from.

    Attributes
    ----------
    slices
        Number of slices of time.
    slice_us
        Length of a slice; the last may be shorter.
    """

    def __init__(self, plan: NetworkPlan) -> None:
        self._plan = plan
        self._pools = _pools(plan)
        self._cast = [
            self._played(number, role)
            for number, role in enumerate(ROLES)
            if not (role.ipv4_only and plan.dual_stack == 1) and not (role.ipv6_only and plan.dual_stack == 0)
        ]
        rate_hz = sum(one.role.behaviour.rate_hz(one.population) for one in self._cast)
        self.slice_us = int(min(max(SLICE_ROWS / rate_hz * 1e6, _SLICE_MIN_US), _SLICE_MAX_US))
        self.slices = -(-(plan.end_us - plan.begin_us) // self.slice_us)
        self._bank = _bank(plan.seed)

    def _played(self, number: int, role: Role) -> _Cast:
        scale = self._plan.hosts / 1000
        sources = max(role.at_least, round(role.per_1000 * scale))
        salt = int(keyed(self._plan.seed, np.array([number]))[0])
        population = Population(sources, self._pools[role.targets].size, salt)
        return _Cast(role, population, int(role.first * max(1.0, scale)))

    def span_us(self, number: int) -> tuple[int, int]:
        """Return begin and end of a slice."""
        begin_us = self._plan.begin_us + number * self.slice_us
        return begin_us, min(begin_us + self.slice_us, self._plan.end_us)

    def records(self, number: int) -> Records:
        """Return the records of connections whose cause lies in slice `number`, in no order.

        A few begin a little after the slice's end: the last contacts of a visit. None begin before it.
        """
        begin_us, end_us = self.span_us(number)
        parts = []
        for place, one in enumerate(self._cast):
            rng = np.random.Generator(np.random.Philox(key=[self._plan.seed % (1 << 64), place << 40 | number]))
            contacts = one.role.behaviour.contacts(one.population, begin_us, end_us, rng)
            if len(contacts):
                parts.append(self._happened(one, contacts, rng))
        return Records.concat(parts)

    def _happened(self, one: _Cast, contacts: Contacts, rng: np.random.Generator) -> Records:
        role, salt, ts_us = one.role, one.population.salt, contacts.ts_us
        targets_of = self._pools[role.targets]
        source = _reborn(contacts.source, one.population.sources, role.lifetime_s, ts_us, salt) + one.first
        target = _reborn(contacts.target, targets_of.size, role.target_lifetime_s, ts_us, salt)
        chosen = contacts.target if role.service_by_target else contacts.number
        service = np.array(role.services, np.uint32)[chosen % len(role.services)]
        if role.high_ports:
            port = keyed(salt + 9, source, target) % np.uint64(0xFFFF - 1023) + np.uint64(1024)
            service = service & np.uint32(0xFF0000) | port.astype(np.uint32)
        over_ipv6 = self._over_ipv6(one, source, target)
        echo = over_ipv6 & (service == ECHO[0])
        service = np.where(echo, np.uint32(pack_service(Protocol.ICMP6, 128)), service)
        outcome = _outcomes(one, contacts, target, service, rng)
        return Records(
            ts_us=ts_us,
            src=self._pools[role.sources].addresses(source, over_ipv6),
            dst=targets_of.addresses(target, over_ipv6),
            service=service,
            outcome=outcome,
            sizes=self._bank.draw(service, outcome, rng),
        )

    def _over_ipv6(self, one: _Cast, source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.bool_]:
        if one.role.ipv6_only or self._plan.dual_stack == 1:
            return np.ones(len(source), bool)
        if one.role.ipv4_only or self._plan.dual_stack == 0:
            return np.zeros(len(source), bool)
        both = self._pools[one.role.targets].has_ipv6(target) & self._pools[one.role.sources].has_ipv6(source)
        return both & (chances(one.population.salt + 8, source, target) < self._plan.dual_stack)

    def roles(self) -> list[tuple[str, str, bool, str]]:
        """Return what is known of sources: address, role, benign, note; one row an address.

        Each source has one row per version of IP. A source of several roles has the first that is not an ordinary
        client's; containers are named by every address that they may have.
        """
        known: dict[str, tuple[str, str]] = {}
        for one in reversed(self._cast):
            lives = _LIVES if one.role.lifetime_s else 1
            index = np.arange(one.population.sources * lives) + one.first
            pool = self._pools[one.role.sources]
            versions = [np.zeros(len(index), bool)] if self._plan.dual_stack < 1 else []
            versions += [np.ones(len(index), bool)] if self._plan.dual_stack > 0 else []
            for over_ipv6 in versions:
                for text in pool.addresses(index, over_ipv6).texts():
                    if one.role.name != ROLES[0].name or text not in known:
                        known[text] = (one.role.name, one.role.note)
        return [(text, name, True, note) for text, (name, note) in known.items()]

    def portrait(self) -> Portrait:
        """Return what a log of this network would show of it, to those who sweep through it."""
        hosts, service, outcomes = [], [], []
        for one in self._cast:
            role, pool = one.role, self._pools[one.role.targets]
            if isinstance(pool, GroupPool) or role.fate.unknown or role.high_ports:
                continue
            index = np.repeat(np.arange(min(pool.size, _SHOWN_HOSTS)), len(set(role.services)))
            codes = np.tile(np.unique(np.array(role.services, np.uint32)), len(index) // len(set(role.services)))
            dead, refusing = _dead(one, index, codes)
            over_ipv6 = self._over_ipv6(one, index, index)
            hosts.append(pool.addresses(index, over_ipv6))
            service.append(np.where(over_ipv6 & (codes == ECHO[0]), pack_service(Protocol.ICMP6, 128), codes))
            failed = np.where(refusing, Outcome.REFUSED, Outcome.UNANSWERED)
            outcomes.append(np.uint8(1) << np.where(dead, failed, Outcome.ANSWERED).astype(np.uint8))
        sources = self._attackable()
        return Portrait(
            records=0,
            begin_us=self._plan.begin_us,
            end_us=self._plan.end_us,
            by_end=False,
            sources=sources,
            sources_internal=np.ones(len(sources), bool),
            sources_contacted=np.ones(len(sources), bool),
            services=Services(
                Addresses.concat(hosts), np.concatenate(service).astype(np.uint32), np.concatenate(outcomes)
            ),
            bank=self._bank,
            internal=InternalNetworks(),
        )

    def _attackable(self) -> Addresses:
        """Return addresses of hosts that may be infected: clients, servers, containers at any time of their lives.

        All IPv4 addresses of a subnet or none, so that who looks for a free one finds one that stays free.
        """
        parts = []
        for name, lives in (("clients", 1), ("servers", 1), ("containers", _LIVES)):
            pool = self._pools[name]
            index = np.arange(min(pool.size * lives, _SHOWN_HOSTS))
            if self._plan.dual_stack < 1:
                parts.append(pool.addresses(index, np.zeros(len(index), bool)))
            index = index[chances(self._plan.seed, index) < self._plan.dual_stack]
            parts.append(pool.addresses(index, np.ones(len(index), bool)))
        return Addresses.concat(parts)


def _reborn(
    index: NDArray[np.int64], count: int, lifetime_s: float, ts_us: NDArray[np.int64], salt: int
) -> NDArray[np.int64]:
    """Return the number that a host has at a time: containers get a new one at the end of each life."""
    if not lifetime_s:
        return index
    lifetime_us = round(lifetime_s * 1e6)
    born_us = (chances(salt + 3, index) * lifetime_us).astype(np.int64)
    return index + count * ((ts_us + born_us) // lifetime_us % _LIVES)


def _dead(
    one: _Cast, target: NDArray[np.int64], service: NDArray[np.uint32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which services never answer, and which refuse if they do not answer; only TCP refuses."""
    fate, salt = one.role.fate, one.population.salt
    dead = chances(salt + 5, target, service) < fate.dead_share
    refusing = (chances(salt + 6, target, service) < fate.refusing_share) & (service >> 16 == Protocol.TCP)
    return dead, refusing


def _outcomes(
    one: _Cast,
    contacts: Contacts,
    target: NDArray[np.int64],
    service: NDArray[np.uint32],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    fate, salt = one.role.fate, one.population.salt
    if fate.unknown:
        return np.full(len(contacts), Outcome.UNKNOWN, np.uint8)
    failed, refusing = _dead(one, target, service)
    if fate.unlucky_share:
        source = contacts.source
        unlucky = chances(salt + 10, source) < fate.unlucky_share
        failed = failed | (unlucky & (chances(salt + 11, source, target) < chances(salt + 12, source) / 2))
    if fate.outage_share:
        piece = contacts.ts_us // round(fate.outage_s * 1e6)
        failed = failed | (chances(salt + 7, target, piece) < fate.outage_share)
    outcome = np.where(failed, np.where(refusing, Outcome.REFUSED, Outcome.UNANSWERED), Outcome.ANSWERED)
    lost = rng.random(len(contacts)) < fate.lost_share
    return np.where(lost, Outcome.UNANSWERED, outcome).astype(np.uint8)


def _bank(seed: int) -> SizeBank:
    rng = np.random.default_rng(seed)
    protocols = (Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ICMP6)
    return SizeBank(
        by_protocol={
            (int(protocol), int(outcome)): typical_sizes(protocol, outcome, _BANK_ROWS, rng)
            for protocol in protocols
            for outcome in Outcome
        }
    )


def _pools(plan: NetworkPlan) -> dict[str, Pool]:
    """Return all pools by name. Blocks lie so far apart that none grows into the next."""
    scale = plan.hosts / 1000

    def some(per_1000: float, at_least: int) -> int:
        return max(at_least, round(per_1000 * scale))

    seed = plan.seed * 16
    return {
        "clients": InternalPool(16, plan.hosts),
        "phones": InternalPool(40, some(200, 20)),
        "servers": InternalPool(64, some(120, 30)),
        "infrastructure": InternalPool(80, some(20, 10)),
        "monitors": InternalPool(96, some(20, 10)),
        "containers": InternalPool(112, some(80, 10)),
        "pods": InternalPool(144, some(40, 12)),
        "databases": InternalPool(176, some(20, 5)),
        "fragile": InternalPool(178, some(10, 6)),
        "resolvers": InternalPool(180, 3),
        "file_servers": InternalPool(182, some(8, 3)),
        "printers": InternalPool(184, some(25, 8)),
        "devices": InternalPool(186, some(60, 20)),
        "front_ends": InternalPool(188, some(6, 3)),
        "unused": InternalPool(192, 16_000),
        "groups": GroupPool(
            ("224.0.0.251", "ff02::fb"),
            ("239.255.255.250", "ff02::c"),
            ("10.16.0.255", "ff02::1"),
            ("224.0.0.252", "ff02::1:3"),
        ),
        "solicited": GroupPool(*(("224.0.0.1", f"ff02::1:ff00:{number:x}") for number in range(1, 200))),
        "web": PublicPool(seed + 1, some(20_000, 5000)),
        "time_servers": PublicPool(seed + 2, 4),
        "time_pool": PublicPool(seed + 3, 4000),
        "peers": PublicPool(seed + 4, 500_000),
        "name_servers": PublicPool(seed + 5, some(8000, 4000)),
        "mail_exchangers": PublicPool(seed + 6, some(1500, 800)),
        "crawled": PublicPool(seed + 7, 200_000),
        "visitors": PublicPool(seed + 8, some(1000, 500)),
    }
