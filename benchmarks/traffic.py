"""Traffic of a mid-sized network, made up fast: what the speed benchmarks run on.

Most sources come back to a few favourite services, whose popularity is Zipf-like, so that about half the
records of a minute repeat an edge; a few sources sweep. Nothing here is meant to train or judge a detector.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import MISSING, Protocol, pack_service
from sweepml.schema.outcome import Outcome

SOURCES: Final = 20_000
DESTINATIONS: Final = 60_000
"""Servers and swept addresses together; one in ten is IPv6, four in ten are public. Chosen, not tuned."""

WINDOW_US: Final = 60 * US_PER_S
EPOCH_US: Final = 1_767_225_600 * US_PER_S
"""2026-01-01, a whole minute."""

_FAVOURITES = 64
_SERVICES = np.array(
    [pack_service(Protocol.TCP, port) for port in (443, 80, 445, 22, 389, 8080, 3306, 5432, 9092, 6379)]
    + [pack_service(Protocol.UDP, port) for port in (53, 123, 161)]
    + [pack_service(Protocol.ICMP, 8)],
    np.uint32,
)
_SWEEP_SHARE = 0.05
_SWEEPERS = 100


@dataclass(frozen=True, slots=True)
class Traffic:
    """Made-up records in arrival order with the table that gave them their codes."""

    connections: Connections
    hosts: HostTable


def make_traffic(rows: int, per_window: int = 200_000, seed: int = 0) -> Traffic:
    """Return `rows` records in time order, `per_window` of them a minute.

    Parameters
    ----------
    rows
        Number of records.
    per_window
        Records in one window of 60 s, on average.
    seed
        Same seed, same traffic.
    """
    rng = np.random.default_rng(seed)
    hosts = _make_hosts(rng)
    span_us = max(1, round(rows / per_window * WINDOW_US))
    ts_us = EPOCH_US + np.sort(rng.integers(0, span_us, rows))
    source = (SOURCES * rng.random(rows) ** 1.5).astype(np.int64)  # a few sources are much busier than most
    slot = np.minimum(rng.geometric(0.35, rows), _FAVOURITES) - 1
    mixed = _mix(source * _FAVOURITES + slot)
    destination = (DESTINATIONS * ((mixed >> np.uint64(32)) / 2.0**32) ** 4).astype(np.int64)
    service = _SERVICES[(len(_SERVICES) * ((mixed & np.uint64(0xFFFF)) / 2.0**16) ** 2).astype(np.int64)]
    label = np.zeros(rows, np.uint8)

    sweeping = rng.random(rows) < _SWEEP_SHARE
    sweeps = int(np.count_nonzero(sweeping))
    source[sweeping] = rng.integers(0, _SWEEPERS, sweeps) * (SOURCES // _SWEEPERS)
    destination[sweeping] = rng.integers(0, DESTINATIONS, sweeps)
    service[sweeping] = pack_service(Protocol.TCP, 445)
    label[sweeping] = SWEEP_LABEL

    outcome = rng.choice(
        np.array([Outcome.ANSWERED, Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED, Outcome.UNKNOWN]),
        rows,
        p=[0.86, 0.03, 0.01, 0.06, 0.04],
    ).astype(np.uint8)
    outcome[sweeping] = np.where(rng.random(sweeps) < 0.1, Outcome.ANSWERED, Outcome.UNANSWERED)
    talked = outcome == Outcome.ANSWERED
    missing = rng.random(rows) < 0.02
    columns = {
        "duration_us": np.where(talked, rng.integers(1_000, 30_000_000, rows), 0),
        "orig_bytes": np.where(talked, rng.integers(0, 20_000, rows), 0),
        "resp_bytes": np.where(talked, rng.integers(0, 200_000, rows), 0),
        "orig_packets": np.where(talked, rng.integers(1, 100, rows), 1),
        "resp_packets": np.where(talked, rng.integers(1, 100, rows), 0),
    }
    for column in columns.values():
        column[missing] = MISSING
    connections = Connections(
        ts_us=ts_us,
        source=source.astype(np.int32),
        destination=(destination + SOURCES).astype(np.int32),
        service=service,
        outcome=outcome,
        label=label,
        **columns,
    )
    return Traffic(connections, hosts)


def _make_hosts(rng: np.random.Generator) -> HostTable:
    hosts = HostTable()
    for i in range(SOURCES):
        hosts.encode(str(ipaddress.ip_address((10 << 24) + i)))
    # Shuffled, so that popularity (the code) says nothing of the place in the address space.
    for i in rng.permutation(DESTINATIONS).tolist():
        if i % 10 == 0:
            address = str(ipaddress.ip_address((0x20010DB8 << 96) + ((i // 100) << 64) + i))
        elif i % 10 <= 4:
            address = str(ipaddress.ip_address((52 << 24) + i * 3))
        else:
            address = str(ipaddress.ip_address((10 << 24) + (1 << 20) + i))
        hosts.encode(address)
    return hosts


def _mix(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash integers (the finaliser of splitmix64, Steele et al. 2014), so that favourites need no table."""
    x = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
