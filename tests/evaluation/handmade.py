"""Tiny captures written by hand."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sweepml.datasets.capture import Capture, Episode
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.schema.connection import MISSING, Protocol, pack_service
from sweepml.schema.outcome import Outcome

US = 1_000_000
HOUR_S = 3600


@dataclass(frozen=True)
class Contact:
    """One connection; times in seconds."""

    ts_s: float
    source: str
    destination: str
    outcome: Outcome = Outcome.UNANSWERED
    port: int = 445
    protocol: int = Protocol.TCP
    label: int = 0


def to_connections(contacts: Iterable[Contact]) -> tuple[Connections, HostTable]:
    """Return the table of some contacts, in their order."""
    contacts = list(contacts)
    hosts = HostTable()
    missing = np.full(len(contacts), MISSING, np.int64)
    connections = Connections(
        ts_us=np.array([round(one.ts_s * US) for one in contacts], np.int64),
        source=hosts.encode_all(one.source for one in contacts),
        destination=hosts.encode_all(one.destination for one in contacts),
        service=np.array([pack_service(one.protocol, one.port) for one in contacts], np.uint32),
        outcome=np.array([one.outcome for one in contacts], np.uint8),
        duration_us=missing,
        orig_bytes=missing,
        resp_bytes=missing,
        orig_packets=missing,
        resp_packets=missing,
        label=np.array([one.label for one in contacts], np.uint8),
    )
    return connections, hosts


def to_capture(
    name: str,
    contacts: Iterable[Contact],
    episodes: Iterable[Episode] = (),
    roles: dict[str, str] | None = None,
) -> Capture:
    """Return a capture of some contacts."""
    connections, hosts = to_connections(contacts)
    return Capture(name, connections, hosts, tuple(episodes), roles or {}, "0" * 64)


def episode(episode_id: str, source: str, start_s: float, end_s: float, kind: str = "sweep") -> Episode:
    """Return an episode; times in seconds."""
    return Episode(episode_id, source, round(start_s * US), round(end_s * US), kind)
