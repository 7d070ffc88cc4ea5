"""Panes: a stream of connections cut into sliding windows, every record read once.

A window spec's stride is also the length of its panes. The finest panes are built from records, coarser ones are
merged from finer ones, and a window is the merge of its panes: 10 s panes make 60 s windows and 100 s panes, those
make 600 s windows and 600 s panes, and those make 3,600 s windows.

Time and lateness
-----------------
The stream's *clock* is the largest start time among the records that have arrived, or what `PaneStream.advance` was
told where they stay away. A window [start, end) is closed by
the first record that brings the clock to its end or beyond, and holds exactly the records with
``start <= ts < end`` that arrived before that one. Logs are written when connections end, so that records arrive late
all the time: a late record still joins every window that is open. One that no open window covers is counted
in `StreamCounts.late` and left out. All of this depends on the order of the records and on nothing else,
so that it does not matter in what chunks they are pushed.

Between two closings come milestones (see `sweepml.graph.milestones`): windows of one source, each known with the
record that reached it, hence after the windows which that record closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connection_graph import ConnectionGraph, stack_connections
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostTable
from sweepml.graph.memory import NO_MEMORY, Memory, MemorySpec, seconds
from sweepml.graph.milestones import Milestone, MilestoneTracker
from sweepml.graph.sampling import DEFAULT_LIMITS, GraphLimits, GraphSampler
from sweepml.graph.stack_context import Surroundings
from sweepml.graph.windows import WindowSpec, check_windows

RESTART_AFTER: Final = 1000
"""So many late records in a row mean that the clock was wrong, not the records: one absurd time stamp, or a log that
starts anew in the past. The stream then closes its windows and starts again. Chosen, not tuned."""

_NEVER: Final = 1 << 62

_PENDING_ROWS: Final = 1 << 18
"""Raw records held for the current pane before they are folded into its graph, which bounds memory in a burst."""


@dataclass(slots=True)
class StreamCounts:
    """What a stream has seen."""

    connections: int = 0
    """Records pushed."""
    not_contacts: int = 0
    """Records left out because they contact no possible target (multicast, neighbour discovery, ICMP errors)."""
    late: int = 0
    """Records left out because no open window covered them."""
    restarts: int = 0
    """How often the clock was set back."""
    sampled_rows: int = 0
    """Sources in windows whose edges were so many that a sample of them was kept."""
    full_windows: int = 0
    """Windows with as many sources as may be: others may have been left out."""
    not_remembered: int = 0
    """Edges and services that the memory had no room for: they look new."""


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A window that is complete.

    Attributes
    ----------
    spec
        Its length and stride.
    end_us
        Its end, exclusive, in microseconds since 1970 UTC.
    as_of_us
        The time at which it was known: its end, or the clock where the input ended before.
    panes
        Graphs whose merge is the window's graph; at least one.
    milestone
        0 for a window that holds all sources. Otherwise this is the trailing window of one source, and so many targets
        are what it has just reached.
    surroundings
        Of a milestone: the last closed window of its length, with all sources; None where that held nobody.
    memory_begin_us
        When the stream began to remember: at its first record.
    """

    spec: WindowSpec
    end_us: int
    as_of_us: int
    panes: tuple[ConnectionGraph, ...]
    milestone: int = 0
    surroundings: Surroundings | None = None
    memory_begin_us: int = 0

    @property
    def start_us(self) -> int:
        """Begin of the window, inclusive."""
        return self.end_us - self.spec.length_us

    @property
    def edge_count(self) -> int:
        """Edges of all panes, an upper bound for those of the window."""
        return sum(len(pane.edges) for pane in self.panes)


@dataclass(slots=True)
class _Level:
    """The panes of one window spec, by pane number (start time / stride)."""

    spec: WindowSpec
    sampler: GraphSampler
    panes: dict[int, ConnectionGraph] = field(default_factory=dict)

    def add(self, number: int, graph: ConnectionGraph) -> None:
        held = self.panes.get(number)
        self.panes[number] = graph if held is None else self.sampler.merge([held, graph])

    def number(self, time_us: int) -> int:
        return time_us // self.spec.stride_us

    def first_needed(self, clock_us: int) -> int:
        """First pane of the next window to close."""
        return self.number(clock_us) + 1 - self.spec.pane_count


class PaneStream:
    """Turns connections, pushed in any chunks, into closed windows.

    Parameters
    ----------
    windows
        Window specs, see `check_windows`.
    hosts
        The table from which the connections' codes come.
    milestones
        Targets in the trailing window of the shortest length at which a source is judged at once; none by default.
    limits
        How large the graph of a pane may become.
    memory
        How long and how much is remembered; nothing by default.

    Attributes
    ----------
    counts
        What was seen so far.
    sampler
        Keeps graphs within the limits; whoever merges the panes of a window must let it.
    """

    def __init__(
        self,
        windows: Sequence[WindowSpec],
        hosts: HostTable,
        milestones: Sequence[int] = (),
        limits: GraphLimits = DEFAULT_LIMITS,
        memory: MemorySpec = NO_MEMORY,
    ) -> None:
        self.windows = check_windows(windows)
        self.hosts = hosts
        self.counts = StreamCounts()
        self.sampler = GraphSampler(hosts, limits)
        self._tracker = MilestoneTracker(milestones, self.windows[0].length_us, hosts)
        self._pane_us = self.windows[0].stride_us
        self._memory_spec = memory
        self._late_run = 0
        self._reset()

    def _reset(self) -> None:
        self._levels = [_Level(spec, self.sampler) for spec in self.windows]
        self._clock_us: int | None = None
        self._pending: list[Connections] = []
        self._pending_rows = 0
        self._folded: dict[int, ConnectionGraph] = {}
        self._tracker.reset()
        self._surroundings: Surroundings | None = None
        self._memory = Memory(self._memory_spec, self.hosts) if self._memory_spec.length_s else None
        self._memory_begin_us = 0
        self._recalling: deque[Milestone] = deque()
        self._recalled: list[Milestone] = []

    @property
    def clock_us(self) -> int | None:
        """Largest start time seen, None before the first record."""
        return self._clock_us

    def push(self, connections: Connections) -> list[ClosedWindow]:
        """Take a chunk of records in arrival order; return the windows that it closed, as they became known."""
        closed: list[ClosedWindow] = []
        while len(connections):
            clock = np.maximum.accumulate(connections.ts_us)
            if self._clock_us is not None:
                np.maximum(clock, self._clock_us, out=clock)
            late = self._is_late(connections.ts_us, clock)
            stop = self._restart_point(late)
            used = len(connections) if stop is None else stop
            closed += self._take(connections.take(slice(0, used)), clock[:used], late[:used])
            if stop is None:
                break
            closed += self.flush()
            self.counts.restarts += 1
            connections = connections.take(slice(stop, None))
        return closed

    def flush(self) -> list[ClosedWindow]:
        """Close, for each spec, the window that the clock is about to end, and forget everything but the counts."""
        if self._clock_us is None:
            return []
        clock_us = self._clock_us
        last = {level.spec: (level.number(clock_us) + 1) * level.spec.stride_us for level in self._levels}
        closed = [
            replace(window, as_of_us=clock_us)
            for window in self._advance(max(last.values()))
            if window.end_us == last[window.spec]
        ]
        self._reset()
        return closed

    def advance(self, to_us: int) -> list[ClosedWindow]:
        """Bring the clock to the last pane boundary up to a time, as a record of that time would.

        For a stream that is silent though time goes on. Does nothing before the first record, nor backwards. Records
        that come afterwards find those windows closed that end at the boundary or before; if none of them starts before
        the boundary, everything is as if it had never been called.

        Returns
        -------
        list of ClosedWindow
            Those that the clock closed.
        """
        boundary_us = to_us // self._pane_us * self._pane_us
        if self._clock_us is None or boundary_us <= self._clock_us:
            return []
        closed = [self._remember(window) for window in self._advance(boundary_us)]
        self._pending, self._pending_rows, self._folded = [], 0, {}
        self._clock_us = boundary_us
        return closed

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where the stream still holds a code."""
        for graph in self._graphs():
            graph.mark_hosts(mask)
        for connections in self._pending:
            connections.mark_hosts(mask)
        if self._surroundings is not None:
            self._surroundings.mark_hosts(mask)
        self._tracker.mark_hosts(mask)

    def recode(self, mapping: NDArray[np.int32]) -> None:
        """Take over codes as `HostTable.compact` maps them; no code that is held may be without a new one."""
        # A graph can stand in several places, and is recoded once.
        made = {id(graph): graph.recode(mapping) for graph in self._graphs()}
        for level in self._levels:
            level.panes = {number: made[id(graph)] for number, graph in level.panes.items()}
        self._folded = {number: made[id(graph)] for number, graph in self._folded.items()}
        self._pending = [connections.recode(mapping) for connections in self._pending]
        if self._surroundings is not None:
            self._surroundings = self._surroundings.recode(mapping)
        self._tracker.recode(mapping)

    def _graphs(self) -> list[ConnectionGraph]:
        return [graph for level in self._levels for graph in level.panes.values()] + list(self._folded.values())

    def _is_late(self, ts_us: NDArray[np.int64], clock_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        late = np.ones(len(ts_us), bool)
        for spec in self.windows:
            first_start = (clock_us // spec.stride_us + 1 - spec.pane_count) * spec.stride_us
            late &= ts_us < first_start
        return late

    def _restart_point(self, late: NDArray[np.bool_]) -> int | None:
        """Return where the clock must be set back, None if nowhere; keeps count of late records over chunks."""
        if not late.any():
            self._late_run = 0
            return None
        on_time = np.flatnonzero(~late)
        edges = np.concatenate([[-1 - self._late_run], on_time, [len(late)]])
        runs = np.diff(edges) - 1
        found = np.flatnonzero(runs >= RESTART_AFTER)
        if len(found):
            self._late_run = 0
            return int(edges[found[0]]) + 1 + RESTART_AFTER
        self._late_run = int(runs[-1])
        return None

    def _take(self, connections: Connections, clock: NDArray[np.int64], late: NDArray[np.bool_]) -> list[ClosedWindow]:
        contact = is_contact(connections, self.hosts)
        self.counts.connections += len(connections)
        self.counts.not_contacts += int(np.count_nonzero(~contact))
        self.counts.late += int(np.count_nonzero(late & contact))
        keep = contact & ~late
        kept_clock = clock
        if not keep.all():
            connections, kept_clock = connections.take(keep), clock[keep]
        connections = connections.by_identity()
        if self._clock_us is None:
            self._clock_us = self._memory_begin_us = int(clock[0])
        self._recalling.extend(self._tracker.take(connections, kept_clock))
        closed = self._close_windows(connections, kept_clock // self._pane_us, int(clock[-1]))
        self._recall(self._clock_us // self._pane_us)
        milestones, self._recalled = self._recalled, []
        return self._in_order(closed, milestones)

    def _recall(self, pane: int) -> None:
        """Ask the memory for the milestones up to and in a pane, which it has not learned yet."""
        told: list[Milestone] = []
        while self._recalling and self._recalling[0].as_of_us // self._pane_us <= pane:
            told.append(self._recalling.popleft())
        if self._memory is not None and told:
            # All of them came in one pane: those of panes before were asked for when those panes were learned.
            graphs = self._memory.recall([one.graph for one in told], self._end_s(told[0].as_of_us // self._pane_us))
            told = [replace(one, graph=graph) for one, graph in zip(told, graphs, strict=True)]
        self._recalled += told

    def _end_s(self, pane: int) -> int:
        return seconds((pane + 1) * self._pane_us)

    def _learned(self, graphs: list[tuple[int, ConnectionGraph]], arrival: int) -> list[tuple[int, ConnectionGraph]]:
        """Return the graphs of the panes whose records arrived in one pane, with what the memory says of them."""
        self._recall(arrival)
        if self._memory is None or not graphs:
            return graphs
        # One graph a pane: what is learned must not depend on the parts in which records came.
        parts: dict[int, list[ConnectionGraph]] = {}
        for number, graph in graphs:
            parts.setdefault(number, []).append(graph)
        whole = [same[0] if len(same) == 1 else self.sampler.merge(same) for same in parts.values()]
        learned, refused = self._memory.learn(whole, self._end_s(arrival))
        self.counts.not_remembered += refused
        return list(zip(parts, learned, strict=True))

    def _in_order(self, closed: list[ClosedWindow], milestones: list[Milestone]) -> list[ClosedWindow]:
        """Return windows and milestones in the order in which they became known."""
        finest = self.windows[0]
        known: list[ClosedWindow] = []
        waiting = 0
        # At the same time a window comes first: it was closed by the record that reached the milestone, or before.
        for one in milestones:
            while waiting < len(closed) and closed[waiting].as_of_us <= one.as_of_us:
                known.append(self._remember(closed[waiting]))
                waiting += 1
            around, end_us = self._surroundings, one.as_of_us // self._pane_us * self._pane_us
            if around is not None and around.end_us != end_us:
                around = None
            known.append(
                ClosedWindow(
                    finest,
                    one.as_of_us + 1,
                    one.as_of_us,
                    (one.graph,),
                    one.target_count,
                    around,
                    self._memory_begin_us,
                )
            )
        known += [self._remember(window) for window in closed[waiting:]]
        return known

    def _remember(self, closed: ClosedWindow) -> ClosedWindow:
        if closed.spec == self.windows[0]:
            self._surroundings = Surroundings(closed.start_us, closed.end_us, closed.panes, self.sampler.merge)
        return closed

    def _close_windows(self, connections: Connections, arrival: NDArray[np.int64], clock_us: int) -> list[ClosedWindow]:
        """Take contacts with the panes in which they arrived, and bring the clock to `clock_us`."""
        assert self._clock_us is not None  # the caller set it
        pane = clock_us // self._pane_us
        if pane == self._clock_us // self._pane_us:
            self._hold(connections)
            self._clock_us = clock_us
            return []
        # Records that wait in `_pending` arrived in the pane that the clock is leaving, ahead of this chunk's.
        before = self._clock_us // self._pane_us
        waiting = np.full(self._pending_rows, before, np.int64)
        connections = Connections.concat([*self._pending, connections])
        arrival = np.concatenate([waiting, arrival])
        self._pending, self._pending_rows = [], 0
        done = arrival < pane
        arrived = self._graphs_by_arrival(connections.take(done), arrival[done])
        for number, graph in self._folded.items():
            arrived.setdefault(before, []).append((number, graph))
        self._folded = {}
        closed = self._advance(pane * self._pane_us, arrived)
        self._clock_us = clock_us
        self._hold(connections.take(~done))
        return closed

    def _hold(self, connections: Connections) -> None:
        if not len(connections):
            return
        self._pending.append(connections)
        self._pending_rows += len(connections)
        if self._pending_rows >= _PENDING_ROWS:
            held = Connections.concat(self._pending)
            self._pending, self._pending_rows = [], 0
            number, cell = np.unique(held.ts_us // self._pane_us, return_inverse=True)
            stack = self.sampler.stack(stack_connections(held, cell.astype(np.int32), len(number)))
            for i, n in enumerate(number.tolist()):
                graphs = [self._folded[n], stack[i]] if n in self._folded else [stack[i]]
                self._folded[n] = self.sampler.merge(graphs)

    def _graphs_by_arrival(
        self, connections: Connections, arrival: NDArray[np.int64]
    ) -> dict[int, list[tuple[int, ConnectionGraph]]]:
        """Return, by the pane in which they arrived, the (number, graph) of the panes to which records belong."""
        arrived: dict[int, list[tuple[int, ConnectionGraph]]] = {}
        if not len(connections):
            return arrived
        number = connections.ts_us // self._pane_us
        # One number for both, since unique over two columns takes as long as all features together. A record's lag is
        # short, or it would be late, so that this cannot overflow whatever the clock says.
        lag = arrival - number
        lags = int(lag.max()) + 1
        cells, cell = np.unique(arrival * lags + lag, return_inverse=True)
        stack = self.sampler.stack(stack_connections(connections, cell.astype(np.int32), len(cells)))
        for i, (when, late_by) in enumerate(zip(*divmod(cells, lags), strict=True)):
            arrived.setdefault(int(when), []).append((int(when - late_by), stack[i]))
        return arrived

    def _advance(
        self, to_us: int, arrived: dict[int, list[tuple[int, ConnectionGraph]]] | None = None
    ) -> list[ClosedWindow]:
        """Bring panes and windows up to the boundary `to_us`, which the clock has reached."""
        if arrived is None:
            arrived = self._arrivals_of_current_pane()
        assert self._clock_us is not None  # callers set it
        closed: list[ClosedWindow] = []
        waiting = sorted(arrived)
        now = self._clock_us // self._pane_us
        last = to_us // self._pane_us
        while (boundary := self._next_boundary(now, waiting)) <= last:
            if waiting and waiting[0] < boundary:
                arrival = waiting.pop(0)
                for number, graph in self._learned(arrived[arrival], arrival):
                    self._place(number, graph, arrival * self._pane_us)
            closed += self._close(boundary * self._pane_us)
            now = boundary
        return closed

    def _arrivals_of_current_pane(self) -> dict[int, list[tuple[int, ConnectionGraph]]]:
        assert self._clock_us is not None
        now = self._clock_us // self._pane_us
        arrived: dict[int, list[tuple[int, ConnectionGraph]]] = {}
        if self._pending:
            held = Connections.concat(self._pending)
            arrived = self._graphs_by_arrival(held, np.full(len(held), now, np.int64))
        arrived.setdefault(now, []).extend(self._folded.items())
        return arrived

    def _next_boundary(self, now: int, waiting: list[int]) -> int:
        """Return the next pane boundary at which anything can happen; quiet time is skipped."""
        soonest = [waiting[0] + 1] if waiting else []
        for level in self._levels:
            if level.panes:
                step = level.spec.stride_us // self._pane_us
                soonest.append((now // step + 1) * step)
        # With nothing held and nothing waiting there is nothing to close, however far the clock goes.
        return min(soonest, default=_NEVER)

    def _place(self, number: int, graph: ConnectionGraph, clock_us: int) -> None:
        """Put a graph of one finest pane where the windows that are still open will find it."""
        start_us = number * self._pane_us
        for i, level in enumerate(self._levels):
            pane = level.number(start_us)
            closed = (pane + 1) * level.spec.stride_us <= clock_us
            parent_open = i + 1 < len(self._levels) and not self._is_closed(i + 1, start_us, clock_us)
            if (i == 0 or closed) and (pane >= level.first_needed(clock_us) or parent_open):
                level.add(pane, graph)

    def _is_closed(self, index: int, time_us: int, clock_us: int) -> bool:
        level = self._levels[index]
        return (level.number(time_us) + 1) * level.spec.stride_us <= clock_us

    def _close(self, now_us: int) -> list[ClosedWindow]:
        """Build the coarse panes and emit the windows that end at `now_us`, then drop what nobody needs any more."""
        closed = []
        ending = [level for level in self._levels if now_us % level.spec.stride_us == 0]
        for finer, level in zip([None, *ending], ending, strict=False):
            if finer is not None:
                number = level.number(now_us) - 1
                ratio = level.spec.stride_us // finer.spec.stride_us
                parts = [finer.panes[n] for n in range(number * ratio, (number + 1) * ratio) if n in finer.panes]
                if parts:
                    level.add(number, self.sampler.merge(parts))
            end = level.number(now_us)
            panes = tuple(level.panes[n] for n in range(end - level.spec.pane_count, end) if n in level.panes)
            if panes:
                closed.append(ClosedWindow(level.spec, now_us, now_us, panes, memory_begin_us=self._memory_begin_us))
        for i, level in enumerate(self._levels):
            self._evict(i, level, now_us)
        return closed

    def _evict(self, index: int, level: _Level, now_us: int) -> None:
        first = level.first_needed(now_us)
        has_parent = index + 1 < len(self._levels)
        for number in [n for n in level.panes if n < first]:
            if not has_parent or self._is_closed(index + 1, number * level.spec.stride_us, now_us):
                del level.panes[number]
