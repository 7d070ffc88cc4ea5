"""The feature plan: everything that decides which rows are made and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sweepml.errors import ConfigError
from sweepml.graph.hosts import DEFAULT_INTERNAL_NETWORKS, HostTable, InternalNetworks
from sweepml.graph.memory import DEFAULT_MAX_REMEMBERED, DEFAULT_MEMORY_S, MemorySpec
from sweepml.graph.milestones import DEFAULT_MILESTONES, check_milestones
from sweepml.graph.sampling import DEFAULT_MAX_EDGES, DEFAULT_MAX_SOURCES, GraphLimits
from sweepml.graph.windows import DEFAULT_WINDOWS, WindowSpec, check_windows

MIN_DST_COUNT: Final = 5
"""Fewer targets than this are no sweep (DESIGN, labels: k = 5), so that no model has to judge them."""


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """What training, batch and stream must share for their rows to be the same.

    Parameters
    ----------
    windows
        Window specs, see `check_windows`.
    min_dst_count
        Rows of sources with fewer distinct destinations in the window are not made.
    internal_networks
        CIDR list that decides internal and public.
    milestones
        Distinct targets in the trailing window of the shortest length at which a source is judged at once, see
        `sweepml.graph.milestones`; none turn it off. Rows below `min_dst_count` are not made for milestones either.

    max_edges_per_source
        A source with fewer edges in a window is exact, one with more is a sample of so many, see
        `sweepml.graph.sampling`.
    max_sources_per_pane
        Sources in a pane or window; of more, those with the smallest hashes are kept.
    memory_s
        Seconds without occurring after which an edge or service is forgotten, see `sweepml.graph.memory`; not less than
        the longest window. 0: nothing is remembered, and the family ``memory`` is missing.
    max_remembered
        Edges, and services, that are remembered at most.
    edges_per_row
        Edges that are given with each row, see `sweepml.features.edges`; 0 gives none, for models that do not read
        them.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    windows: tuple[WindowSpec, ...] = DEFAULT_WINDOWS
    min_dst_count: int = MIN_DST_COUNT
    internal_networks: tuple[str, ...] = DEFAULT_INTERNAL_NETWORKS
    milestones: tuple[int, ...] = DEFAULT_MILESTONES
    max_edges_per_source: int = DEFAULT_MAX_EDGES
    max_sources_per_pane: int = DEFAULT_MAX_SOURCES
    memory_s: int = DEFAULT_MEMORY_S
    max_remembered: int = DEFAULT_MAX_REMEMBERED
    edges_per_row: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", check_windows(self.windows))
        if self.min_dst_count < 1:
            raise ConfigError(f"min_dst_count must be at least 1, got {self.min_dst_count}")
        if self.edges_per_row < 0:
            raise ConfigError(f"edges_per_row must not be negative, got {self.edges_per_row}")
        InternalNetworks(self.internal_networks)
        object.__setattr__(self, "milestones", check_milestones(self.milestones))
        _ = self.limits, self.memory
        longest_s = self.windows[-1].length_s
        if 0 < self.memory_s < longest_s:
            raise ConfigError(
                f"memory_s must be at least {longest_s}, the longest window, or 0, which turns it off; "
                f"got {self.memory_s}"
            )

    @property
    def limits(self) -> GraphLimits:
        """How large graphs may become."""
        return GraphLimits(self.max_edges_per_source, self.max_sources_per_pane)

    @property
    def memory(self) -> MemorySpec:
        """How long and how much is remembered."""
        return MemorySpec(self.memory_s, self.max_remembered)

    def new_hosts(self) -> HostTable:
        """Return an empty host table that classifies addresses as this plan says."""
        return HostTable(InternalNetworks(self.internal_networks))
