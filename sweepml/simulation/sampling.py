"""Packet sampling: the connections of a capture as an exporter tells of them that looks at one packet in so many."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import mix_bits
from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome

_TWO_64: Final = 2.0**64


def with_sampling(capture: Capture, one_in: int, seed: int = 0) -> Capture:
    """Return a capture as packet sampling shows it, under the name ``<name>~1:<one_in>``; its truth stays."""
    return replace(
        capture,
        name=f"{capture.name}~1:{one_in}",
        connections=sample_packets(capture.connections, one_in, seed),
    )


def sample_packets(connections: Connections, one_in: int, seed: int = 0) -> Connections:
    """Return the connections of which an exporter saw a packet.

    Parameters
    ----------
    connections
        In arrival order; not changed.
    one_in
        Each packet is looked at with probability 1 / `one_in`, independently (RFC 5475, 5.2.2.1, uniform probabilistic
        sampling); 1 is all of them.
    seed
        Every record and direction has a chance of its own, hashed of the seed and its number: what happens to a record
        depends on no other, and what is seen at one rate is seen at every higher one.

    Returns
    -------
    Connections
        In the same order. A direction of p packets is seen with probability ``1 - (1 - 1 / one_in) ** p``. Packets are
        those seen, times `one_in`, and bytes in proportion: the estimates that a collector makes. A direction that was
        not seen has none. Starts, durations and labels stay.

    Raises
    ------
    ConfigError
        If `one_in` is below 1.

    Notes
    -----
    What came of it is told as `sweepml.origins.exchange.outcome_of` tells it of sampled flow records: where no answer
    was seen it is unknown, since that may be among the packets not looked at, so that no probe is known to have failed
    in silence; a refusal of which only the reset was seen is unknown, too; an answer alone is an answer. Who started a
    connection is taken as known, as ports tell it of most services. A record that does not count its packets is taken
    to have one each way, where something came back. That a connection seems to start with its first sampled packet is
    left out: probes have hardly more than one.
    """
    if one_in < 1:
        raise ConfigError(f"one packet in {one_in} cannot be looked at; the number is 1 or more")
    if one_in == 1:
        return connections
    answered_back = np.isin(connections.outcome, (Outcome.ANSWERED, Outcome.REFUSED))
    sent = np.where(connections.orig_packets == MISSING, 1, connections.orig_packets)
    returned = np.where(connections.resp_packets == MISSING, answered_back, connections.resp_packets)
    number = np.arange(len(connections), dtype=np.uint64)
    asked = _seen(sent, one_in, _chance(2 * number, seed))
    reply = _seen(returned, one_in, _chance(2 * number + np.uint64(1), seed))
    sampled = replace(
        connections,
        outcome=_outcome(connections, asked > 0, reply > 0),
        orig_packets=np.where(connections.orig_packets == MISSING, MISSING, asked * one_in),
        resp_packets=np.where(connections.resp_packets == MISSING, MISSING, reply * one_in),
        orig_bytes=_in_proportion(connections.orig_bytes, sent, asked * one_in),
        resp_bytes=_in_proportion(connections.resp_bytes, returned, reply * one_in),
    )
    return sampled.take((asked > 0) | (reply > 0))


def _chance(number: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each, shape (n,)."""
    salt = mix_bits(np.array([seed % (1 << 64)], np.uint64))
    return mix_bits(number ^ salt) / _TWO_64


def _seen(packets: NDArray[np.integer], one_in: int, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many of so many packets are looked at: the binomial quantile of each chance, from above."""
    from scipy import stats  # part of sweepml[train], and slow to import

    # From above, so that a record that is seen at one rate is seen at every higher one: the chance that none is
    # looked at falls with the rate.
    seen = np.zeros(len(packets), np.int64)
    some = chance >= (1 - 1 / one_in) ** packets.astype(np.float64)
    seen[some] = np.maximum(stats.binom.ppf(chance[some], packets[some], 1 / one_in), 1)
    return seen


def _outcome(connections: Connections, asked: NDArray[np.bool_], reply: NDArray[np.bool_]) -> NDArray[np.uint8]:
    was = connections.outcome
    tcp = connections.service >> 16 == Protocol.TCP
    # A reset alone may be the end of anything; in other protocols a reply says all by itself.
    told_by_reply = (was == Outcome.ANSWERED) | ~tcp
    known = (asked & reply) | (reply & told_by_reply) | (asked & (was == Outcome.BLOCKED))
    return np.where(known, was, np.uint8(Outcome.UNKNOWN))


def _in_proportion(
    value: NDArray[np.int64], packets: NDArray[np.integer], estimated: NDArray[np.int64]
) -> NDArray[np.int64]:
    share = estimated / np.maximum(packets, 1)
    return np.where(value == MISSING, MISSING, np.rint(value * share).astype(np.int64))
