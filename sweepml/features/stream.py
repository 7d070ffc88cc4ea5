"""Connections in any chunks -> feature rows: the one object behind batch, cluster and runtime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.kernel import FeatureRows, compute_features
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connection_graph import GraphStack, stack_graphs
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.panes import ClosedWindow, PaneStream, StreamCounts
from sweepml.graph.stack_context import StackContext
from sweepml.schema.catalogue import FEATURE_NAMES

_EDGES_PER_BATCH: Final = 100_000
"""Windows are computed together until they hold so many edges: enough to hide numpy's cost per call, few enough
to stay in cache (measured: 50,000 to 200,000 are equally fast)."""

_DST_COUNT: Final = FEATURE_NAMES.index("dst_count")


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """Feature rows with the graphs from which they were computed.

    Attributes
    ----------
    rows
        Feature rows.
    stack
        Window graphs; an alert takes its evidence from here.
    stack_row
        int64, shape (rows,): row of `stack` from which each feature row was made.
    """

    rows: FeatureRows
    stack: GraphStack
    stack_row: NDArray[np.int64]


class FeatureStream:
    """Computes feature rows as windows close and as milestones are reached.

    Parameters
    ----------
    plan
        Windows and gates.
    hosts
        Host table that the caller encodes with; a new one by default.

    Notes
    -----
    Rows depend on the order of the records and not on how they are cut into chunks: pushing a file whole, line by
    line or in blocks gives the same rows, bit for bit. They come in the order in which they became known: windows that
    a record closes, by their end; the milestone that it reaches; at the end of the input the windows that it leaves
    open.
    """

    def __init__(self, plan: FeaturePlan, hosts: HostTable | None = None) -> None:
        self.plan = plan
        self.hosts = plan.new_hosts() if hosts is None else hosts
        self._panes = PaneStream(plan.windows, self.hosts, plan.milestones, plan.limits, plan.memory)

    @property
    def counts(self) -> StreamCounts:
        """What was seen so far."""
        return self._panes.counts

    @property
    def clock_us(self) -> int | None:
        """Largest start time seen, or told by `advance_batches`; None before the first record."""
        return self._panes.clock_us

    def push(self, connections: Connections) -> FeatureRows:
        """Take records in arrival order; return the rows of the windows that they closed, and of the milestones."""
        return FeatureRows.concat([batch.rows for batch in self.push_batches(connections)])

    def flush(self) -> FeatureRows:
        """Return the rows of the windows that the end of the input leaves open."""
        return FeatureRows.concat([batch.rows for batch in self.flush_batches()])

    def push_batches(self, connections: Connections) -> Iterator[FeatureBatch]:
        """Like `push`, with the graphs beside the rows, a batch of windows at a time."""
        return self._compute(self._panes.push(connections))

    def advance_batches(self, to_us: int) -> Iterator[FeatureBatch]:
        """Close windows up to a time, though no record has come; see `PaneStream.advance`."""
        return self._compute(self._panes.advance(to_us))

    def flush_batches(self) -> Iterator[FeatureBatch]:
        """Like `flush`, with the graphs beside the rows."""
        return self._compute(self._panes.flush())

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where the stream still holds a host's code."""
        self._panes.mark_hosts(mask)

    def recode(self, mapping: NDArray[np.int32]) -> None:
        """Take over codes as `HostTable.compact` maps them; hosts that the stream holds must be kept."""
        self._panes.recode(mapping)

    def compact(self) -> NDArray[np.int32]:
        """Forget the hosts that the stream does not hold any more, so that a long stream needs no more memory.

        Returns
        -------
        ndarray of int32, shape (hosts,)
            Old code -> new code, -1 for a host that was forgotten.

        Notes
        -----
        No value of any later row changes, nor the order of rows except among the sources of one window. But codes
        that were handed out before are void: of connections that were encoded and not yet pushed, of rows and of
        batches. Push everything first, and let readers look at `HostTable.generation`. Who keeps codes of his own
        calls `mark_hosts`, `HostTable.compact` and `recode` one by one.
        """
        keep = np.zeros(len(self.hosts), bool)
        self.mark_hosts(keep)
        mapping = self.hosts.compact(keep)
        self.recode(mapping)
        return mapping

    def _compute(self, windows: list[ClosedWindow]) -> Iterator[FeatureBatch]:
        batch: list[ClosedWindow] = []
        edges = 0
        for window in windows:
            batch.append(window)
            edges += window.edge_count
            if edges >= _EDGES_PER_BATCH:
                yield self._batch(batch)
                batch, edges = [], 0
        if batch:
            yield self._batch(batch)

    def _count(self, stack: GraphStack) -> None:
        if stack.sample_scale is not None:
            self.counts.sampled_rows += int(np.count_nonzero(stack.sample_scale > 1))
        full = np.diff(stack.row_indptr) >= self.plan.max_sources_per_pane
        self.counts.full_windows += int(np.count_nonzero(full))

    def _batch(self, windows: list[ClosedWindow]) -> FeatureBatch:
        stack = self._panes.sampler.stack(stack_graphs([window.panes for window in windows]))
        self._count(stack)
        milestone = np.array([window.milestone for window in windows], np.int32)
        context = StackContext(
            milestone,
            tuple(window.surroundings for window in windows),
            np.array([window.memory_begin_us for window in windows], np.int64),
        )
        stack = replace(stack, context=context)
        rows = compute_features(
            stack,
            self.hosts,
            np.array([window.start_us for window in windows]),
            np.array([window.spec.length_us for window in windows]),
            np.array([window.as_of_us for window in windows]),
            self.plan.edges_per_row,
        )
        kept = np.flatnonzero(rows.values[:, _DST_COUNT] >= self.plan.min_dst_count)
        return FeatureBatch(rows.take(kept), stack, kept)
