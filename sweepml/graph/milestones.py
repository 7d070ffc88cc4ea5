"""Milestones: the moments at which a source's targets in the trailing window reach 5, 10, 20, 40, ...

Strides alone judge a sweep only when a window closes. A milestone judges its source at once, over the window that
ends with the record that reached it. That is what makes a detector early; a stride is what makes it thorough.

Definition
----------
Let t be the stream's clock (the largest start time so far) when a contact of a source arrives, and L the length of the
trailing window. The source's *trailing targets* are the distinct destinations of its contacts that have arrived so far
and started in (t - L, t]. A contact that started earlier neither counts nor reaches anything. By the clock and not by
the contact's own start time, so that the window never moves back and holds whatever arrived out of order.

A milestone is *reached* by the contact that brings the trailing targets up to it. It is armed again once they were
fewer than half of it, so that a source that hovers around a number does not reach it with every record; and one that
was reached less than L ago is not told again, so that a source has at most one row per milestone and L, whatever the
order of its records. Half and L are chosen, not tuned.

All of this depends on the order of the records and not on the chunks in which they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.connection_graph import ConnectionGraph, stack_connections
from sweepml.graph.connections import Connections
from sweepml.graph.grouping import sort_by, starts_of_runs
from sweepml.graph.hosts import HostTable

DEFAULT_MILESTONES: Final = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""From the fewest targets that make a sweep (DESIGN: k = 5), doubling: each is news, and a /21 has nine of them."""

MAX_MILESTONES: Final = 32
"""A source's armed milestones are the bits of one number."""

_HELD_ROWS: Final = 1 << 21
"""Contacts held, 70 bytes each. When more arrive within L, the trailing window ends with the last so many: memory is
bounded, and who sweeps in a flood is still seen. Chosen, not tuned: 35,000 contacts a second fit in 60 s."""

_TOLD_ROWS: Final = 1 << 10
"""Milestones that are remembered as told before the first look whether they can be forgotten."""


def check_milestones(milestones: Sequence[int]) -> tuple[int, ...]:
    """Return the milestones, or say why they are none.

    Raises
    ------
    ConfigError
        If they do not grow, begin below 2, or are more than `MAX_MILESTONES`.
    """
    checked = tuple(milestones)
    grows = all(a < b for a, b in pairwise(checked))
    if not grows or len(checked) > MAX_MILESTONES or any(type(m) is not int or m < 2 for m in checked):
        raise ConfigError(
            f"milestones are up to {MAX_MILESTONES} growing whole numbers of targets, each at least 2, such as 5, 10, "
            f"20; none turn them off; got {checked}"
        )
    return checked


@dataclass(frozen=True, slots=True)
class Milestone:
    """A source has reached a milestone.

    Attributes
    ----------
    as_of_us
        The clock at that time; the trailing window is [as_of_us + 1 - L, as_of_us + 1).
    target_count
        Which milestone: so many destinations.
    graph
        What the source, and nobody else, did in the trailing window.
    """

    as_of_us: int
    target_count: int
    graph: ConnectionGraph


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Contacts of the past, all at position 0, and those of a chunk, the i-th at position i + 1.

    Attributes
    ----------
    source
        int32, shape (contacts,): number of the source among those of the chunk.
    destination, position
        int32 and int64, shape (contacts,), in no particular order; contacts that started too early are not among them.
    leaves
        int64, shape (contacts,): first position at which the contact is not in the trailing window any more.
    """

    source: NDArray[np.int32]
    destination: NDArray[np.int32]
    position: NDArray[np.int64]
    leaves: NDArray[np.int64]

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> _Sequence:
        return _Sequence(self.source[index], self.destination[index], self.position[index], self.leaves[index])


class MilestoneTracker:
    """Finds milestones in a stream of contacts.

    Parameters
    ----------
    milestones
        See `check_milestones`; none turn it off.
    length_us
        Length of the trailing window.
    hosts
        The table from which the contacts' codes come.

    Notes
    -----
    Cost per chunk: one look at every contact held, and a sort of those whose sources occur in the chunk.
    """

    def __init__(self, milestones: Sequence[int], length_us: int, hosts: HostTable) -> None:
        self._milestones = check_milestones(milestones)
        self._length_us = length_us
        self._hosts = hosts
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._held = _Held()
        self._reached = np.zeros(0, np.uint32)
        """By source code: bit i is set while milestone i is not armed."""
        self._number = np.zeros(0, np.int32)
        """By source code, between two chunks -1: its number among the sources of the chunk."""
        self._told: dict[tuple[int, int], int] = {}
        """(Source code, milestone) -> clock at which it was last told, of the last L at least."""
        self._told_limit = _TOLD_ROWS

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where a code occurs that is still needed."""
        for piece, _ in self._held.pieces:
            piece.mark_hosts(mask)
        mask[[code for code, _ in self._told]] = True
        # A source without contacts has no targets: all its milestones are armed again.

    def recode(self, mapping: NDArray[np.int32]) -> None:
        """Take over codes as `HostTable.compact` maps them."""
        self._held.pieces = [(piece.recode(mapping), clock) for piece, clock in self._held.pieces]
        self._told = {(int(mapping[code]), count): at_us for (code, count), at_us in self._told.items()}
        kept = mapping[: len(self._reached)] >= 0
        self._reached = self._reached[: len(kept)][kept]
        self._number = np.full(len(self._reached), -1, np.int32)

    def take(self, contacts: Connections, clock_us: NDArray[np.int64]) -> list[Milestone]:
        """Take contacts in arrival order, with the clock at each; return the milestones that they reach, in order."""
        if not self._milestones or not len(contacts):
            return []
        floor_us = self._floor(clock_us)
        found = self._reach(contacts, clock_us, floor_us)
        milestones = self._graphs(found, contacts, clock_us, floor_us) if found else []
        self._held.append(contacts, clock_us)
        self._held.trim(int(clock_us[-1]) - self._length_us)
        return milestones

    def _floor(self, clock_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each contact, the time after which the trailing window begins; it never falls."""
        floor_us = clock_us - self._length_us
        before = len(self._held)
        if before + len(clock_us) > _HELD_ROWS:
            clocks = np.concatenate([*(clock for _, clock in self._held.pieces), clock_us])
            index = np.arange(before - _HELD_ROWS, before - _HELD_ROWS + len(clock_us))
            full = index >= 0
            # Whatever came before the contact at `index` started no later than the clock said there.
            floor_us[full] = np.maximum(floor_us[full], clocks[index[full]])
        return floor_us

    def _reach(
        self, contacts: Connections, clock_us: NDArray[np.int64], floor_us: NDArray[np.int64]
    ) -> list[tuple[int, int, int]]:
        """Return (index of the contact, source, milestone) of what is reached and to be told, in order."""
        self._grow()
        codes = np.unique(contacts.source)
        self._number[codes] = np.arange(len(codes), dtype=np.int32)
        sequence = self._sequence(contacts, floor_us, self._reached[codes] != 0)
        self._number[codes] = -1
        number, index, count = self._counts(sequence, len(contacts), self._reached[codes] != 0)
        source = codes[number]
        found: list[tuple[int, int, int]] = []
        for bit, milestone in enumerate(self._milestones):
            rises = self._rises(bit, source, count)
            found += zip(index[rises].tolist(), source[rises].tolist(), [milestone] * len(rises), strict=True)
        told = []
        for at, code, milestone in sorted(found):
            now_us = int(clock_us[at])
            last_us = self._told.get((code, milestone))
            if last_us is None or now_us - last_us >= self._length_us:
                self._told[code, milestone] = now_us
                told.append((at, code, milestone))
        if len(self._told) > self._told_limit:
            since_us = int(clock_us[-1]) - self._length_us
            self._told = {key: at_us for key, at_us in self._told.items() if at_us > since_us}
            self._told_limit = max(_TOLD_ROWS, 2 * len(self._told))
        return told

    def _grow(self) -> None:
        known, hosts = len(self._reached), len(self._hosts)
        if known < hosts:
            size = max(hosts, 2 * known)
            self._reached = np.concatenate([self._reached, np.zeros(size - known, np.uint32)])
            self._number = np.full(size, -1, np.int32)

    def _sequence(
        self, contacts: Connections, floor_us: NDArray[np.int64], has_reached: NDArray[np.bool_]
    ) -> _Sequence:
        """Return the contacts from which trailing targets are counted, of sources that can have enough of them."""
        parts = [contacts]
        rows = [np.flatnonzero(contacts.ts_us > floor_us)]
        for piece, _ in self._held.pieces:
            parts.append(piece)
            rows.append(np.flatnonzero((self._number.take(piece.source) >= 0) & (piece.ts_us > floor_us[0])))
        source = self._number.take(
            np.concatenate([part.source.take(row) for part, row in zip(parts, rows, strict=True)])
        )
        # Fewer contacts than the lowest milestone are fewer targets too; one that is not armed needs a look.
        enough = has_reached | (np.bincount(source, minlength=len(has_reached)) >= self._milestones[0])
        picked = enough.take(source)
        cuts = np.cumsum([len(row) for row in rows])[:-1]
        rows = [row[keep] for row, keep in zip(rows, np.split(picked, cuts), strict=True)]
        position = np.zeros(int(np.count_nonzero(picked)), np.int64)
        position[: len(rows[0])] = rows[0] + 1
        ts_us = np.concatenate([part.ts_us.take(row) for part, row in zip(parts, rows, strict=True)])
        destination = np.concatenate([part.destination.take(row) for part, row in zip(parts, rows, strict=True)])
        leaves = np.searchsorted(floor_us, ts_us) + 1
        return _Sequence(source[picked], destination, position, leaves)

    def _counts(
        self, sequence: _Sequence, length: int, has_reached: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """Return (source, index in the chunk, trailing targets) where a contact adds a target, by source and time."""
        sequence = sequence.take(sort_by(sequence.source, sequence.destination, sequence.position))
        starts = starts_of_runs(sequence.source, sequence.destination)
        # Most sources talk to the same few hosts all the time, and can reach nothing either.
        enough = np.bincount(sequence.source[starts], minlength=len(has_reached)) >= self._milestones[0]
        picked = (enough | has_reached).take(sequence.source)
        if not picked.all():
            sequence = sequence.take(picked)
            starts = starts_of_runs(sequence.source, sequence.destination)
        total = len(sequence.source)
        if not total:
            return sequence.source, sequence.position, sequence.leaves
        # A pair is in the window until the last of its contacts so far to leave leaves it.
        first = np.zeros(total, bool)
        first[starts] = True
        base = (np.cumsum(first) - 1) * (length + 2)
        leaves = np.maximum.accumulate(base + sequence.leaves) - base
        comes = first.copy()
        comes[1:] |= leaves[:-1] <= sequence.position[1:]
        # The last contact before the pair comes again, or of all, says when it goes.
        goes = np.append(comes[1:], True) & (leaves <= length)
        source = np.concatenate([sequence.source[comes], sequence.source[goes]])
        # At one position what goes is before what comes.
        moment = np.concatenate([2 * sequence.position[comes] + 1, 2 * leaves[goes]])
        order = sort_by(source, moment)
        source, moment = source[order], moment[order]
        step = np.where(moment & 1 == 1, 1, -1)
        running = np.cumsum(step)
        begin = starts_of_runs(source)
        runs = np.diff(begin, append=len(source))
        count = running - np.repeat(running[begin] - step[begin], runs)
        here = (moment & 1 == 1) & (moment > 1)
        return source[here], (moment[here] >> 1) - 1, count[here]

    def _rises(self, bit: int, source: NDArray[np.int32], count: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where an armed milestone is reached, and remember whether it is armed afterwards."""
        milestone = self._milestones[bit]
        high = count >= milestone
        # Between two contacts that add a target the count only falls: it was lowest just before the second.
        at = np.flatnonzero(high | (2 * (count - 1) < milestone))
        if not len(at):
            return at
        is_high, own = high[at], source[at]
        starts = starts_of_runs(own)
        before = np.empty(len(at), bool)
        before[1:] = is_high[:-1]
        before[starts] = self._reached[own[starts]] >> np.uint32(bit) & np.uint32(1)
        ends = np.append(starts[1:], len(at)) - 1
        mask = np.uint32(1 << bit)
        self._reached[own[ends]] &= ~mask
        self._reached[own[ends[is_high[ends]]]] |= mask
        return at[is_high & ~before]

    def _graphs(
        self,
        found: list[tuple[int, int, int]],
        contacts: Connections,
        clock_us: NDArray[np.int64],
        floor_us: NDArray[np.int64],
    ) -> list[Milestone]:
        """Return the milestones with their graphs."""
        wanted = np.zeros(len(self._hosts), bool)
        wanted[[code for _, code, _ in found]] = True
        picked = [(part, np.flatnonzero(wanted.take(part.source))) for part, _ in self._held.pieces]
        now = np.flatnonzero(wanted.take(contacts.source))
        past = sum(len(rows) for _, rows in picked)
        own = Connections.concat([*(part.take(rows) for part, rows in picked), contacts.take(now)])
        position = np.concatenate([np.full(past, -1), now])
        order = np.argsort(own.source, kind="stable")
        by_source, ts_us = own.source[order], own.ts_us[order]
        position = position[order]
        codes = np.array([code for _, code, _ in found], np.int32)
        begins = np.searchsorted(by_source, codes).tolist()
        ends = np.searchsorted(by_source, codes, side="right").tolist()
        rows = []
        for (at, _, _), begin, end in zip(found, begins, ends, strict=True):
            # A source's contacts stand in arrival order: those up to the one that reached the milestone come first.
            until = begin + int(np.searchsorted(position[begin:end], at, side="right"))
            rows.append(begin + np.flatnonzero(ts_us[begin:until] > floor_us[at]))
        cell = np.repeat(np.arange(len(found), dtype=np.int32), [len(row) for row in rows])
        stack = stack_connections(own.take(order[np.concatenate(rows)]), cell, len(found))
        return [Milestone(int(clock_us[at]), count, stack[i]) for i, (at, _, count) in enumerate(found)]


class _Held:
    """The last contacts in arrival order, in pieces that shrink towards the end: adding one costs little."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Connections, NDArray[np.int64]]] = []

    def __len__(self) -> int:
        return sum(len(clock) for _, clock in self.pieces)

    def append(self, contacts: Connections, clock_us: NDArray[np.int64]) -> None:
        """Add contacts with the clock at each."""
        self.pieces.append((contacts, clock_us))
        while len(self.pieces) > 1 and len(self.pieces[-2][1]) <= 2 * len(self.pieces[-1][1]):
            (a, clock_a), (b, clock_b) = self.pieces[-2:]
            self.pieces[-2:] = [(Connections.concat([a, b]), np.concatenate([clock_a, clock_b]))]

    def trim(self, before_us: int) -> None:
        """Drop what arrived when the clock was at most `before_us`, or more than `_HELD_ROWS` contacts ago.

        Some of it may stay: nobody looks at it any more.
        """
        excess = len(self) - _HELD_ROWS
        while self.pieces:
            contacts, clock = self.pieces[0]
            gone = max(int(np.searchsorted(clock, before_us, side="right")), min(excess, len(clock)))
            if gone == len(clock):
                self.pieces.pop(0)
                excess -= gone
                continue
            if 2 * gone > len(clock):
                kept = np.arange(gone, len(clock))  # a copy: a slice would keep the whole piece in memory
                self.pieces[0] = contacts.take(kept), clock[kept]
            break
