"""What a log shows of its network: who is there, which services live, what connections look like."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.batches import BatchReader
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import DEFAULT_INTERNAL_NETWORKS, HostKind, HostTable, InternalNetworks, mix_bits
from sweepml.origins.registry import AUTO
from sweepml.schema.outcome import ANSWERED_BIT
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.records import SIZE_COLUMNS
from sweepml.simulation.sizes import MIN_DONORS, SizeBank

_DONORS_BY_SERVICE: Final = 1024
_DONORS_BY_PROTOCOL: Final = 4096
"""Connections remembered per (service, outcome) and (protocol, outcome), drawn evenly. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Services:
    """Distinct services that were contacted, in no order.

    Attributes
    ----------
    hosts
        Shape (n,).
    service
        uint32, ``protocol << 16 | port``.
    outcomes
        uint8, bits ``1 << Outcome`` of all that ever came of it.
    """

    hosts: Addresses
    service: NDArray[np.uint32]
    outcomes: NDArray[np.uint8]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Whether each ever answered."""
        return (self.outcomes & ANSWERED_BIT) > 0

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> Services:
        """Return the services that an index or mask picks."""
        return Services(self.hosts.take(index), self.service[index], self.outcomes[index])


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a log shows.

    Attributes
    ----------
    records
        Connections read.
    begin_us, end_us
        First and last start.
    by_end
        Whether records stand in the order in which connections ended, as sensors write them, and not by start.
    sources
        Hosts that started a connection with a target.
    sources_internal, sources_contacted
        Whether each is internal, and whether it was itself contacted.
    services
        Services that were contacted.
    bank
        Sizes of connections.
    internal
        What counts as internal.
    """

    records: int
    begin_us: int
    end_us: int
    by_end: bool
    sources: Addresses
    sources_internal: NDArray[np.bool_]
    sources_contacted: NDArray[np.bool_]
    services: Services
    bank: SizeBank
    internal: InternalNetworks

    @property
    def span_s(self) -> float:
        """Time between the first and the last start, in seconds."""
        return (self.end_us - self.begin_us) / 1e6

    def at_home(self, usable: NDArray[np.bool_] | None = None) -> Addresses:
        """Return the sources that belong to the network, not its visitors.

        The internal ones; where no source has an internal address, those that are contacted, too; else all.

        Parameters
        ----------
        usable
            Which of `sources` may be returned, shape (sources,), at least one; all of them by default.
        """
        usable = np.ones(len(self.sources), bool) if usable is None else usable
        homes = (self.sources_internal, self.sources_contacted, usable)
        return self.sources.take(next(home & usable for home in homes if (home & usable).any()))


def service_keys(hosts: Addresses, service: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each (host, service), shape (n,); that two are equal by chance is not to be feared."""
    return mix_bits(hosts.hash64 ^ service.astype(np.uint64))


@dataclass(frozen=True, slots=True)
class LogInput:
    """A log to read.

    Parameters
    ----------
    path, origin
        The file and its format.
    internal_networks
        What counts as internal.
    """

    path: str | os.PathLike[str]
    origin: str = AUTO
    internal_networks: Sequence[str] = DEFAULT_INTERNAL_NETWORKS


def draw_portrait(log: LogInput, seed: int = 0, ignored: frozenset[str] = frozenset()) -> tuple[Portrait, BatchReader]:
    """Read a log once and keep what a sweep through its network needs to know.

    Parameters
    ----------
    log
        What to read.
    seed
        Of the choice of connections that are remembered as donors of sizes.
    ignored
        Sources, in canonical form, whose connections nothing shall be learned from: known attackers.

    Returns
    -------
    portrait : Portrait
        Memory grows with distinct hosts and services, not with records.
    reader : BatchReader
        The log, to be read again; its report says what was rejected.

    Raises
    ------
    InputError, FormatError
        If the log cannot be read, or holds no connection with a target.
    """
    hosts = HostTable(InternalNetworks(log.internal_networks))
    reader = read_connections(log.path, log.origin)
    sketch = _Sketch(hosts, seed, hosts.encode_all(sorted(ignored)))
    for batch in reader:
        sketch.add(table_to_connections(batch, hosts))
    return sketch.portrait(os.fspath(log.path)), reader


def portrait_of(connections: Connections, hosts: HostTable, name: str, seed: int = 0) -> Portrait:
    """Return what connections show that stand in memory, as `draw_portrait` does of a log.

    Parameters
    ----------
    connections
        In the order of their log.
    hosts
        The table that gave them their codes; it is not changed.
    name
        Of the log, for the error.
    seed
        As for `draw_portrait`.

    Raises
    ------
    InputError
        If there is no connection with a target.
    """
    sketch = _Sketch(hosts, seed, np.empty(0, np.int32))
    if len(connections):
        sketch.add(connections)
    return sketch.portrait(name)


class _Sketch:
    def __init__(self, hosts: HostTable, seed: int, ignored: NDArray[np.int32]) -> None:
        self._hosts = hosts
        self._ignored = ignored
        self._salt = np.array([seed % (1 << 64)], np.uint64)
        self._records = 0
        self._span: list[int] = []
        self._latest_us = -1
        self._by_end = False
        self._is_source = np.zeros(0, bool)
        self._keys = np.empty(0, np.int64)
        self._outcomes = np.empty(0, np.uint8)
        self._by_service = _Reservoirs(_DONORS_BY_SERVICE)
        self._by_protocol = _Reservoirs(_DONORS_BY_PROTOCOL)

    def add(self, connections: Connections) -> None:
        ts_us = connections.ts_us
        self._by_end |= bool((np.maximum.accumulate(ts_us) > ts_us).any() or ts_us[0] < self._latest_us)
        self._latest_us = max(self._latest_us, int(ts_us.max()))
        self._span = [min([*self._span[:1], int(ts_us.min())]), self._latest_us]
        number = np.arange(self._records, self._records + len(ts_us), dtype=np.uint64)
        self._records += len(ts_us)
        keep = is_contact(connections, self._hosts) & ~np.isin(connections.source, self._ignored)
        self._contacts(connections.take(keep), mix_bits(number[keep] ^ mix_bits(self._salt)))

    def _contacts(self, contacts: Connections, priority: NDArray[np.uint64]) -> None:
        seen = np.zeros(len(self._hosts), bool)
        seen[: len(self._is_source)] = self._is_source
        seen[contacts.source] = True
        self._is_source = seen
        keys = np.concatenate([self._keys, contacts.destination.astype(np.int64) << 24 | contacts.service])
        bits = np.concatenate([self._outcomes, np.uint8(1) << contacts.outcome])
        self._keys, place = np.unique(keys, return_inverse=True)
        self._outcomes = np.zeros(len(self._keys), np.uint8)
        np.bitwise_or.at(self._outcomes, place, bits)
        sizes = np.column_stack([getattr(contacts, name) for name in SIZE_COLUMNS])
        kind = contacts.service.astype(np.int64) << 8 | contacts.outcome
        self._by_service.add(kind, priority, sizes)
        self._by_protocol.add((kind >> 24) << 24 | kind & 0xFF, priority, sizes)

    def portrait(self, path: str) -> Portrait:
        if not len(self._keys):
            raise InputError(f"{path}: expected connections with a target to learn from, got {self._records} others")
        everyone = Addresses.from_texts(self._hosts.names)
        sources = np.flatnonzero(self._is_source)
        by_service = {
            (kind >> 8, kind & 0xFF): rows for kind, rows in self._by_service.split() if len(rows) >= MIN_DONORS
        }
        by_protocol = {(kind >> 24, kind & 0xFF): rows for kind, rows in self._by_protocol.split()}
        return Portrait(
            records=self._records,
            begin_us=self._span[0],
            end_us=self._span[1],
            by_end=self._by_end,
            sources=everyone.take(sources),
            sources_internal=self._hosts.kind[sources] == HostKind.INTERNAL,
            sources_contacted=np.isin(sources, self._keys >> 24),
            services=Services(
                everyone.take(self._keys >> 24), (self._keys & 0xFFFFFF).astype(np.uint32), self._outcomes
            ),
            bank=SizeBank(by_service, by_protocol),
            internal=self._hosts.internal,
        )


class _Reservoirs:
    """An even sample of rows per kind: those of lowest priority, whatever the batches they came in."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kind = np.empty(0, np.int64)
        self._priority = np.empty(0, np.uint64)
        self._rows = np.empty((0, len(SIZE_COLUMNS)), np.int64)

    def add(self, kind: NDArray[np.int64], priority: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
        kind = np.concatenate([self._kind, kind])
        priority = np.concatenate([self._priority, priority])
        rows = np.concatenate([self._rows, rows])
        order = np.lexsort((priority, kind))
        kind = kind[order]
        starts = np.flatnonzero(np.r_[True, kind[1:] != kind[:-1]]) if len(kind) else np.empty(0, np.int64)
        rank = np.arange(len(kind)) - np.repeat(starts, np.diff(np.r_[starts, len(kind)]))
        kept = rank < self._size
        self._kind, self._priority, self._rows = kind[kept], priority[order][kept], rows[order][kept]

    def split(self) -> list[tuple[int, NDArray[np.int64]]]:
        kinds, starts = np.unique(self._kind, return_index=True)
        return list(zip(kinds.tolist(), np.split(self._rows, starts[1:]), strict=True))
