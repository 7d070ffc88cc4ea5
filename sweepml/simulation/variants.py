"""Variants of a labelled capture: slower, and with more servers dead than it had.

A laboratory campaign packs a day into an hour and most of its servers are alive. A model that has seen
nothing else takes slow polling for a slow sweep, and failures for an attack (measured: docs/transfer.md).
Variants show it the same behaviour at other paces, attacks and benign sources alike, and benign sources whose
servers are dead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

_REFUSED_SHARE: Final = 0.25
"""Of the dead TCP servers, how many answer with a reset rather than not at all. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How a copy of a capture differs from it.

    Parameters
    ----------
    stretch
        Factor on all times, above 0: 10 makes everything ten times slower. Durations stay.
    unlucky_share
        Share of the sources some of whose servers are dead in the copy, 0 to 1.
    dead_share_max
        An unlucky source's share of dead servers is drawn evenly from 0 to this.
    """

    stretch: float = 1.0
    unlucky_share: float = 0.5
    dead_share_max: float = 0.6

    def __post_init__(self) -> None:
        if not 0 < self.stretch < math.inf or not (0 <= self.unlucky_share <= 1 and 0 <= self.dead_share_max <= 1):
            raise ConfigError(
                f"a variant needs stretch > 0 and shares between 0 and 1, got stretch={self.stretch}, "
                f"unlucky_share={self.unlucky_share}, dead_share_max={self.dead_share_max}"
            )


def vary(connections: Connections, variant: Variant, seed: int) -> Connections:
    """Return a varied copy of a capture's connections, labels unchanged.

    Labelled attacks keep their outcomes; dead servers are drawn per (source, destination) among the rest.

    Parameters
    ----------
    connections
        In arrival order.
    variant
        What to change.
    seed
        Of the local random generator: the same seed gives the same copy.

    Returns
    -------
    Connections
        In arrival order. A record is as late (behind the latest start before it) as it was, since that comes
        of durations: stretched, it would miss the windows that it belongs to.
    """
    if not len(connections):
        return connections
    rng = np.random.default_rng(seed)
    begin = connections.ts_us.min()
    ts_us = begin + np.rint((connections.ts_us - begin) * variant.stretch).astype(np.int64)
    dead, refusing = _dead_servers(connections, variant, rng)
    dead &= connections.label == 0
    tcp = connections.service >> 16 == Protocol.TCP
    refused = dead & tcp & refusing
    known_bytes, known_packets = connections.orig_bytes >= 0, connections.orig_packets >= 0
    outcome = np.where(refused, Outcome.REFUSED, np.where(dead, Outcome.UNANSWERED, connections.outcome))
    varied = replace(
        connections,
        ts_us=ts_us,
        outcome=outcome.astype(np.uint8),
        # Without a handshake TCP carries no payload; a datagram is sent all the same.
        orig_bytes=np.where(dead & tcp & known_bytes, 0, connections.orig_bytes),
        resp_bytes=np.where(dead & known_bytes, 0, connections.resp_bytes),
        resp_packets=np.where(dead & known_packets, refused.astype(np.int64), connections.resp_packets),
    )
    late_us = np.maximum.accumulate(connections.ts_us) - connections.ts_us
    return varied.take(np.argsort(ts_us + late_us, kind="stable"))


def _dead_servers(
    connections: Connections, variant: Variant, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, per connection, whether its server is dead in the copy, and whether a dead one would refuse."""
    sources = int(connections.source.max()) + 1
    unlucky = rng.random(sources) < variant.unlucky_share
    share = np.where(unlucky, rng.uniform(0.0, variant.dead_share_max, sources), 0.0)
    pair = connections.source.astype(np.int64) << 32 | connections.destination
    pairs, place = np.unique(pair, return_inverse=True)
    dead = rng.random(len(pairs)) < share[pairs >> 32]
    refusing = rng.random(len(pairs)) < _REFUSED_SHARE
    return dead[place], refusing[place]
