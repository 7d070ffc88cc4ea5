"""A small office for an afternoon, as connection records: what the demonstration scores after training.

Nothing here resembles the laboratory: other addresses, other services, another pace. Thirty computers browse, print,
ask for names and for the time; a monitor polls printers; one computer starts looking for file servers. Records only,
no packet is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

_BEGIN_S: Final = 1_767_618_000.0  # 2026-01-05 13:00 UTC, a Monday
_HOURS: Final = 2
_SPAN_S: Final = _HOURS * 3600.0
_COMPUTERS: Final = 30

INFECTED: Final = "192.168.7.143"
"""The computer that sweeps."""
SWEEP_PORT: Final = 445
_SWEEP_BEGIN_S: Final = 4200.0
_SWEEP_GAP_S: Final = 4.0
_SWEEP_TARGETS: Final = 240


@dataclass(frozen=True, slots=True)
class Record:
    """One connection as Zeek would log it; times in seconds since 1970 UTC, sizes in payload bytes."""

    ts: float
    src: str
    src_port: int
    dst: str
    dst_port: int
    proto: str
    state: str
    duration: float
    orig_bytes: int
    resp_bytes: int
    orig_packets: int
    resp_packets: int


def office(seed: int = 7) -> list[Record]:
    """Return the afternoon's records by start time; the same seed gives the same records."""
    rng = np.random.default_rng(seed)
    records = [*_computers(rng), *_monitor(rng), *_sweep(rng)]
    return sorted(records, key=lambda record: (record.ts, record.src, record.src_port))


def _computers(rng: np.random.Generator) -> Iterator[Record]:
    sites = [
        f"{rng.integers(11, 99)}.{rng.integers(256)}.{rng.integers(256)}.{rng.integers(1, 255)}" for _ in range(400)
    ]
    popularity = 1.0 / np.arange(1, len(sites) + 1)
    popularity /= popularity.sum()
    time_servers = [f"162.159.200.{host}" for host in (1, 123)]
    for number in range(_COMPUTERS):
        source = f"192.168.7.{100 + number}" if number else INFECTED
        for start in _poisson(rng, rate_hz=1 / 90):
            # A page: one name lookup and one to six servers, each asked several times.
            for site in rng.choice(sites, size=rng.integers(1, 7), p=popularity):
                yield _answered(rng, start + rng.uniform(0, 0.2), source, "192.168.7.1", 53, "udp")
                for _ in range(rng.integers(1, 4)):
                    yield _answered(rng, start + rng.uniform(0.2, 4), source, str(site), 443, "tcp")
        for start in _poisson(rng, rate_hz=1 / 900):
            yield _answered(rng, start, source, f"192.168.7.{rng.integers(20, 23)}", SWEEP_PORT, "tcp")
        for start in np.arange(rng.uniform(0, 1024), _SPAN_S, 1024.0):
            yield _answered(rng, start, source, str(rng.choice(time_servers)), 123, "udp")


def _monitor(rng: np.random.Generator) -> Iterator[Record]:
    for start in np.arange(30.0, _SPAN_S, 300.0):
        for printer in range(24, 36):
            yield _answered(rng, start + (printer - 24) * 0.1, "192.168.7.5", f"192.168.7.{printer}", 161, "udp")


def _sweep(rng: np.random.Generator) -> Iterator[Record]:
    """One computer tries the file-sharing port all over two networks; few hosts are there, fewer answer."""
    targets = [f"192.168.{net}.{host}" for net in (7, 8) for host in range(1, 255)]
    for i, target in enumerate(rng.permutation(targets)[:_SWEEP_TARGETS]):
        start = _SWEEP_BEGIN_S + i * _SWEEP_GAP_S * rng.uniform(0.8, 1.2)
        what = rng.random()
        if what < 0.08:
            yield _answered(rng, start, INFECTED, str(target), SWEEP_PORT, "tcp")
        elif what < 0.25:
            yield _failed(rng, start, str(target), "REJ", 0.0004, packets=(1, 1))
        else:
            yield _failed(rng, start, str(target), "S0", 3.0, packets=(3, 0))


def _poisson(rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    return np.sort(rng.uniform(0, _SPAN_S, rng.poisson(rate_hz * _SPAN_S)))


def _failed(
    rng: np.random.Generator, start: float, dst: str, state: str, duration: float, packets: tuple[int, int]
) -> Record:
    port = _source_port(rng)
    return Record(_BEGIN_S + start, INFECTED, port, dst, SWEEP_PORT, "tcp", state, duration, 0, 0, *packets)


def _answered(rng: np.random.Generator, start: float, src: str, dst: str, port: int, proto: str) -> Record:
    if proto == "udp":
        duration, sent, received, packets = rng.uniform(0.001, 0.05), 48, 96, (1, 1)
    else:
        sent, received = int(rng.integers(300, 3000)), int(rng.lognormal(8.5, 1.2))
        duration, packets = rng.uniform(0.05, 20), (6 + sent // 1400, 5 + received // 1400)
    ts = _BEGIN_S + float(start)
    return Record(ts, src, _source_port(rng), dst, port, proto, "SF", float(duration), sent, received, *packets)


def _source_port(rng: np.random.Generator) -> int:
    return int(rng.integers(32_768, 60_999))
