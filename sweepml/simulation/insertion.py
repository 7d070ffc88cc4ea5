"""Played sweeps put into a capture, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.datasets.encode import table_to_connections
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.simulation.records import Records
from sweepml.simulation.sweeps import PlayedSweep


def with_sweeps(capture: Capture, played: Sequence[PlayedSweep]) -> Capture:
    """Return a capture with labelled sweeps in it, all connections by start.

    Parameters
    ----------
    capture
        Is not changed, and neither is its host table.
    played
        May be none: the same connections by start.

    Returns
    -------
    Capture
        With the episodes of the sweeps beside its own. Every detector sees a record when it starts; a log in which a
        sensor wrote connections as they ended would have some of them late.
    """
    hosts = capture.hosts.copy()
    parts = [capture.connections]
    if played:
        records = Records.concat([one.records for one in played])
        added = table_to_connections(records.to_batch(), hosts)
        parts.append(replace(added, label=np.full(len(added), SWEEP_LABEL, np.uint8)))
    connections = Connections.concat(parts)
    return replace(
        capture,
        connections=connections.take(np.argsort(connections.ts_us, kind="stable")),
        hosts=hosts,
        episodes=(*capture.episodes, *(one.episode for one in played)),
    )
