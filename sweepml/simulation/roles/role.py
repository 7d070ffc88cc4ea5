"""One row of a role table."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweepml.schema.connection import Protocol, pack_service
from sweepml.simulation.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class Fate:
    """What comes of a role's contacts.

    Parameters
    ----------
    dead_share
        Share of its targets that never answer.
    refusing_share
        Of the dead ones (and of those that are down) the share that refuses.
    lost_share
        Share of contacts that get no answer, whatever the target.
    outage_share
        Share of the time, in pieces of `outage_s`, for which a target is down.
    outage_s
        How long it is down at a time.
    unlucky_share
        Share of sources that meet more dead targets than others: up to half of them, drawn source by source. Old
        bookmarks, a proxy that is not there any more, a filter on the way.
    unknown
        Whether the record does not say: traffic of which one side is seen.
    """

    dead_share: float = 0.0
    refusing_share: float = 0.3
    lost_share: float = 0.002
    outage_share: float = 0.0
    outage_s: float = 900.0
    unlucky_share: float = 0.0
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of host by what it does.

    Parameters
    ----------
    name
        In the roles file.
    note
        What it does, for the roles file.
    sources, targets
        Names of pools (`sweepml.simulation.network`).
    services
        ``protocol << 16 | port`` that are contacted; drawn evenly, or one after the other by `Rounds`. Repeat one to
        have it drawn more often.
    behaviour
        When, and how many targets.
    per_1000
        Sources for every 1,000 clients of the network.
    at_least
        Sources in the smallest network.
    first
        Place of the first source in its pool, for every 1,000 clients: roles that shall not share hosts begin apart.
    fate
        What comes of it.
    lifetime_s
        Time after which a source has another address of its pool; 0 keeps it. Containers live minutes to hours.
    target_lifetime_s
        As `lifetime_s`, for targets.
    ipv6_only
        Whether the traffic exists over IPv6 alone.
    ipv4_only
        Whether it exists over IPv4 alone.
    high_ports
        Whether each (source, target) has a port of its own above 1023 instead of the services' port.
    service_by_target
        Whether each target has one of the services, in turn, instead of all.
    """

    name: str
    note: str
    sources: str
    targets: str
    services: tuple[int, ...]
    behaviour: Behaviour
    per_1000: float = 0.0
    at_least: int = 1
    first: int = 0
    fate: Fate = field(default_factory=Fate)
    lifetime_s: float = 0.0
    target_lifetime_s: float = 0.0
    ipv6_only: bool = False
    ipv4_only: bool = False
    high_ports: bool = False
    service_by_target: bool = False


def tcp(*ports: int) -> tuple[int, ...]:
    """Return service codes of TCP ports."""
    return tuple(pack_service(Protocol.TCP, port) for port in ports)


def udp(*ports: int) -> tuple[int, ...]:
    """Return service codes of UDP ports."""
    return tuple(pack_service(Protocol.UDP, port) for port in ports)


ECHO = (pack_service(Protocol.ICMP, 8),)
"""Ping; over IPv6 its own protocol and type."""
NEIGHBOUR_SOLICITATION = (pack_service(Protocol.ICMP6, 135),)
"""Neighbour discovery (RFC 4861)."""
