"""A capture: the connections of one network and one span of time, with what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable


@dataclass(frozen=True, slots=True)
class Episode:
    """One labelled attack of one source.

    A distributed sweep is several rows of the same `episode_id`, one per source.

    Attributes
    ----------
    episode_id
        Unique within the capture, but for the sources of a distributed sweep.
    source
        Address in canonical text form.
    start_us, end_us
        First and last probe, both inclusive, microseconds since 1970 UTC.
    kind
        ``sweep``, ``distributed_sweep``, ``vertical_scan`` or another word; the first two are sweeps.
    protocols
        IANA numbers; empty means any.
    ports
        Inclusive ranges (first, last); empty means any. ICMP types where the protocol is ICMP.
    targets
        CIDR networks that hold the targets; empty means any.
    attributes
        What else the episodes file says (tool, note, scope), for tables.
    """

    episode_id: str
    source: str
    start_us: int
    end_us: int
    kind: str
    protocols: tuple[int, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    targets: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def is_sweep(self) -> bool:
        """Whether a detector should raise an alert for it."""
        return self.kind in SWEEP_KINDS


EVASION = "evasion"
"""Key of `Episode.attributes`: how the sweep means not to be found."""

UNKNOWN_ROLE = "unknown"
"""Role of a source of which nothing is known."""

SWEEP_KINDS = frozenset({"sweep", "distributed_sweep"})


@dataclass(frozen=True, slots=True)
class Capture:
    """Connections with their ground truth.

    Attributes
    ----------
    name
        Unique among the captures of a run; never split over training and test unless by source.
    connections
        In the order of the log; `Connections.label` is set from the episodes.
    hosts
        The table that gave the connections their codes.
    episodes
        Labelled attacks, empty for background traffic.
    roles
        Source address -> role, where known.
    fingerprint
        SHA-256 of the log's bytes as read, hexadecimal.
    log_name
        Name of the log file.
    scripts
        Source address -> ``log_name:address`` of the recorded source whose behaviour it replays, where it replays one.
        Sources of one script tell one story, and no split may divide them.
    judged
        Sources of which it is known whether they sweep; None: all of them. Of others nothing is counted, neither alerts
        nor the time that they were watched.
    """

    name: str
    connections: Connections
    hosts: HostTable
    episodes: tuple[Episode, ...]
    roles: dict[str, str]
    fingerprint: str
    log_name: str = ""
    scripts: dict[str, str] = field(default_factory=dict)
    judged: frozenset[str] | None = None

    def is_judged(self, source: str) -> bool:
        """Return whether alerts on a source are counted."""
        return self.judged is None or source in self.judged

    @property
    def span_s(self) -> float:
        """Time between the first and the last start of a connection, in seconds."""
        ts = self.connections.ts_us
        return float(ts.max() - ts.min()) / 1e6 if len(ts) else 0.0

    def role_of(self, source: str) -> str:
        """Return what a source is: its role, else the kind of its attack (a sweep first), else `UNKNOWN_ROLE`."""
        if source in self.roles:
            return self.roles[source]
        own = [episode for episode in self.episodes if episode.source == source]
        return min(own, key=lambda episode: not episode.is_sweep).kind if own else UNKNOWN_ROLE

    @property
    def source_codes(self) -> NDArray[np.int32]:
        """Codes of all hosts that started a connection, sorted."""
        return np.unique(self.connections.source)
