"""Memory: which edges and services were known before, and which services are alive.

A sweep goes where its source has never been, often to services that nobody uses. What was usual before a window
began is remembered in three kinds of things: *edges* (a source's contact with a service), *services* (a protocol and
port of a destination, whoever contacts it), and *alive* services, those that have answered.

Definition
----------
Contacts are learned pane by pane (the panes of the finest window), in the order in which they arrive. A thing is known
*from* the end of the pane in which it first arrived; it is forgotten when it does not occur for more than the memory's
length, and is new when it comes again. A thing is new to a window if it is known from a time after the window's
begin. What a memory says depends on the order of the records and on nothing else.

A memory that began a short while ago finds everything new. It says nothing (*cold start*) about windows that begin less
than `MIN_SPAN_S`, or less than their own length, after the stream's first record.

Bounds
------
At most so many edges and so many services are remembered. A pane that begins with a full memory adds nothing: what it
brings stays new, and is counted. From time to time what was forgotten makes room, and if that is not enough what has
not occurred for the longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.connection_graph import ConnectionGraph
from sweepml.graph.hosts import HostTable, mix_bits
from sweepml.graph.key_table import KeyTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.outcome import ANSWERED_BIT

DEFAULT_MEMORY_S: Final = 86_400
"""A day: what a host does every morning is nothing new. Chosen, not tuned."""

DEFAULT_MAX_REMEMBERED: Final = 1_000_000
"""Edges, and services, about 32 bytes each. Chosen, not tuned."""

MIN_SPAN_S: Final = 600
"""Before a memory reaches back ten minutes it says nothing. Chosen, not tuned."""

NEVER: Final = (1 << 32) - 1
"""Known from this second on: not known."""

EDGE, SERVICE, ALIVE = range(3)
"""Rows of `Edges.known_from_s`."""

_CLEANINGS: Final = 24
"""So many times in the memory's length what was forgotten makes room."""


@dataclass(frozen=True, slots=True)
class MemorySpec:
    """How long and how much is remembered.

    Parameters
    ----------
    length_s
        Seconds without occurring after which a thing is forgotten; 0: there is no memory.
    max_things
        Edges, and services, that are remembered.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    length_s: int = DEFAULT_MEMORY_S
    max_things: int = DEFAULT_MAX_REMEMBERED

    def __post_init__(self) -> None:
        if self.length_s < 0:
            raise ConfigError(f"memory_s must be at least 0, which turns it off, got {self.length_s}")
        if self.max_things < 1:
            raise ConfigError(f"max_remembered must be at least 1, got {self.max_things}")


NO_MEMORY: Final = MemorySpec(0)


class Memory:
    """Learns the contacts of a stream, pane by pane.

    Parameters
    ----------
    spec
        How long and how much.
    hosts
        The table that gave the graphs their codes; what is remembered does not depend on codes.
    """

    def __init__(self, spec: MemorySpec, hosts: HostTable) -> None:
        self._hosts = hosts
        self._length_s = spec.length_s
        self._cleaned = -1
        self._things = tuple(_Things(spec) for _ in (EDGE, SERVICE, ALIVE))

    def learn(self, graphs: Sequence[ConnectionGraph], now_s: int) -> tuple[list[ConnectionGraph], int]:
        """Learn the contacts that arrived in one pane, the panes in order.

        Parameters
        ----------
        graphs
            All of the pane's contacts.
        now_s
            End of the pane, in seconds since 1970 UTC.

        Returns
        -------
        graphs
            The graphs with `Edges.known_from_s`.
        refused : int
            Edges and services that were not learned, since the memory was full.
        """
        age = now_s * _CLEANINGS // self._length_s
        if age != self._cleaned:
            self._cleaned = age
            for things in self._things:
                things.clean(now_s)
        keys = [self._keys(graph) for graph in graphs]
        edge, service = (np.concatenate(column) for column in zip(*keys, strict=True))
        answered = np.concatenate([graph.edges.flags & ANSWERED_BIT for graph in graphs]) != 0
        refused = self._things[EDGE].meet(edge, now_s) + self._things[SERVICE].meet(service, now_s)
        refused += self._things[ALIVE].meet(service[answered], now_s)
        known_from_s = self._look_up(edge, service, now_s)
        bounds = np.cumsum([len(graph.edges) for graph in graphs])[:-1]
        parts = np.split(known_from_s, bounds, axis=1)
        return [_with(graph, part) for graph, part in zip(graphs, parts, strict=True)], refused

    def recall(self, graph: ConnectionGraph, now_s: int) -> ConnectionGraph:
        """Return a graph with what is known of its edges at `now_s`, without learning anything."""
        return _with(graph, self._look_up(*self._keys(graph), now_s))

    def _look_up(self, edge: NDArray[np.uint64], service: NDArray[np.uint64], now_s: int) -> NDArray[np.uint32]:
        pairs = zip(self._things, (edge, service, service), strict=True)
        return np.stack([things.known_from_s(keys, now_s) for things, keys in pairs])

    def _keys(self, graph: ConnectionGraph) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return a key per edge, and one per service, that do not depend on codes."""
        edges, hash64 = graph.edges, self._hosts.hash64
        service = mix_bits(hash64.take(edges.destination) ^ mix_bits(edges.service.astype(np.uint64)))
        # Mixed once more, lest a source and a destination could change places.
        return mix_bits(mix_bits(hash64.take(graph.sources)).take(edges.row) ^ service), service


class _Things:
    """Keys with the time from which each is known, and the last time that it occurred."""

    def __init__(self, spec: MemorySpec) -> None:
        self._spec = spec
        self._table = KeyTable()
        self._key = np.empty(0, np.uint64)
        self._from_s = np.empty(0, np.uint32)
        self._last_s = np.empty(0, np.uint32)

    def known_from_s(self, keys: NDArray[np.uint64], now_s: int) -> NDArray[np.uint32]:
        """Return since when each key is known, `NEVER` where it is not; uint32, shape (n,)."""
        number = self._table.find(keys)
        known_from_s = np.full(len(keys), NEVER, np.uint32)
        found = np.flatnonzero(number >= 0)
        number = number.take(found)
        fresh = self._is_fresh(number, now_s)
        known_from_s[found[fresh]] = self._from_s.take(number[fresh])
        return known_from_s

    def meet(self, keys: NDArray[np.uint64], now_s: int) -> int:
        """Learn keys; return how many distinct ones found no room."""
        number = self._table.find(keys)
        known = number[number >= 0]
        stale = known[~self._is_fresh(known, now_s)]
        self._from_s[stale] = now_s
        self._last_s[known] = now_s
        new = np.unique(keys[number < 0])
        if len(self._table) >= self._spec.max_things:
            return len(new)
        self._append(new, np.full(len(new), now_s, np.uint32), np.full(len(new), now_s, np.uint32))
        return 0

    def clean(self, now_s: int) -> None:
        """Make room: drop what was forgotten, and of more than half of what may be the longest unseen."""
        count, half = len(self._table), self._spec.max_things // 2
        keep = self._is_fresh(np.arange(count), now_s)
        if np.count_nonzero(keep) > half:
            last_s = np.sort(self._last_s[:count][keep])
            keep &= self._last_s[:count] >= last_s[-max(half, 1)]
        if keep.all():
            return
        held = self._key[:count][keep], self._from_s[:count][keep], self._last_s[:count][keep]
        self._table = KeyTable()
        self._append(*held)

    def _is_fresh(self, number: NDArray[np.integer], now_s: int) -> NDArray[np.bool_]:
        return now_s - self._last_s.take(number).astype(np.int64) <= self._spec.length_s

    def _append(self, key: NDArray[np.uint64], from_s: NDArray[np.uint32], last_s: NDArray[np.uint32]) -> None:
        before = len(self._table)
        self._table.add(key)
        if len(self._table) > len(self._key):
            room = 2 * len(self._table) - len(self._key)
            self._key = np.concatenate([self._key, np.empty(room, np.uint64)])
            self._from_s = np.concatenate([self._from_s, np.empty(room, np.uint32)])
            self._last_s = np.concatenate([self._last_s, np.empty(room, np.uint32)])
        added = slice(before, len(self._table))
        self._key[added], self._from_s[added], self._last_s[added] = key, from_s, last_s


def seconds(time_us: int) -> int:
    """Return a pane's end as whole seconds that fit 32 bits; nothing is older than 1970."""
    return min(max(time_us // US_PER_S, 0), NEVER - 1)


def _with(graph: ConnectionGraph, known_from_s: NDArray[np.uint32]) -> ConnectionGraph:
    return replace(graph, edges=replace(graph.edges, known_from_s=known_from_s))
