"""What the cells of a stack are, and in what company their sources are seen.

A window's graph holds all sources, so that one source can be seen among the others. A milestone's graph holds its own
source only, which is why it costs no more than that source's edges; the others are those of the last window that was
closed before it. Features about other sources must look there, and are missing where there is no such window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connection_graph import ConnectionGraph

_Made = TypeVar("_Made")


class Surroundings:
    """The window in which the source of a milestone is seen among all others.

    Parameters
    ----------
    start_us, end_us
        The window, half-open, microseconds since 1970 UTC. It lies before the milestone by less than a stride, and
        need not hold the milestone's source.
    panes
        Graphs whose merge is the window's graph.
    merge
        How to merge them.

    Notes
    -----
    All milestones between two closings share one object, in whatever chunks they come: what is computed from its graph
    can be kept with it.
    """

    def __init__(
        self,
        start_us: int,
        end_us: int,
        panes: tuple[ConnectionGraph, ...],
        merge: Callable[[Sequence[ConnectionGraph]], ConnectionGraph] = ConnectionGraph.merge,
    ) -> None:
        self.start_us = start_us
        self.end_us = end_us
        self._panes = panes
        self._merge = merge
        self._graph: ConnectionGraph | None = None
        self._made: Any = None

    @property
    def graph(self) -> ConnectionGraph:
        """The window's graph, merged when it is first asked for."""
        if self._graph is None:
            self._graph = self._merge(self._panes)
            self._panes = (self._graph,)
        return self._graph

    def once(self, make: Callable[[ConnectionGraph], _Made]) -> _Made:
        """Return what `make` makes of the window's graph; made when it is first asked for, and kept.

        All callers of one object must ask for the same.
        """
        if self._made is None:
            self._made = make(self.graph)
        made: _Made = self._made
        return made

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where a code occurs."""
        for pane in self._panes:
            pane.mark_hosts(mask)

    def recode(self, mapping: NDArray[np.int32]) -> Surroundings:
        """Return the window with codes as `HostTable.compact` maps them."""
        return Surroundings(self.start_us, self.end_us, tuple(p.recode(mapping) for p in self._panes), self._merge)


@dataclass(frozen=True, slots=True)
class StackContext:
    """What the cells of a stack are.

    Attributes
    ----------
    milestone
        int32, shape (cells,): 0 for a window of all sources, else the milestone that the cell's only source reached.
    surroundings
        Per cell: None for a window, which is its own surroundings, and for a milestone without any.
    memory_begin_us
        int64, shape (cells,): when the memory began that was asked, see `sweepml.graph.memory`.
    """

    milestone: NDArray[np.int32]
    surroundings: tuple[Surroundings | None, ...]
    memory_begin_us: NDArray[np.int64]
