"""How large and how long connections are: drawn from recorded ones where there are some, else from distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from sweepml.simulation.records import SIZE_COLUMNS

MIN_DONORS: Final = 20
"""Fewer recorded connections than this are no sample of a service. Chosen, not tuned."""

_PORT_BITS: Final = 0xFFFF << 8
_SEGMENT_BYTES: Final = 1400
"""Payload of a full TCP segment, about."""


class SizeBank:
    """Sizes of recorded connections by what came of them.

    Parameters
    ----------
    by_service
        (service, outcome) -> int64, shape (k, 5), columns `SIZE_COLUMNS`; used where k reaches `MIN_DONORS`.
    by_protocol
        (protocol, outcome) -> the same, for services of which too little is recorded; used from one row on.
    """

    def __init__(
        self,
        by_service: Mapping[tuple[int, int], NDArray[np.int64]] | None = None,
        by_protocol: Mapping[tuple[int, int], NDArray[np.int64]] | None = None,
    ) -> None:
        self._by_service = dict(by_service or {})
        self._by_protocol = dict(by_protocol or {})
        enough = [
            service << 8 | outcome for (service, outcome), rows in self._by_service.items() if len(rows) >= MIN_DONORS
        ]
        self._own = np.array(sorted(enough), np.int64)

    def donors(self, service: int, outcome: int) -> NDArray[np.int64] | None:
        """Return the recorded sizes that stand for a service and outcome, None where nothing was recorded."""
        own = self._by_service.get((service, outcome))
        if own is not None and len(own) >= MIN_DONORS:
            return own
        return self._by_protocol.get((service >> 16, outcome))

    def draw(
        self, service: NDArray[np.uint32], outcome: NDArray[np.uint8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return the sizes of connections, int64, shape (n, 5).

        A row is one recorded connection's as a whole, so that duration, bytes and packets fit together. Where the log
        has none of that protocol and outcome `typical_sizes` stands in.
        """
        sizes = np.empty((len(service), len(SIZE_COLUMNS)), np.int64)
        kind = service.astype(np.int64) << 8 | outcome
        # Ports without donors of their own share those of the protocol: thousands of ports are then one draw.
        kind = np.where(np.isin(kind, self._own), kind, kind & ~_PORT_BITS)
        for code in np.unique(kind).tolist():
            rows = np.flatnonzero(kind == code)
            donors = self.donors(code >> 8, code & 0xFF)
            if donors is None:
                sizes[rows] = typical_sizes(code >> 24, code & 0xFF, len(rows), rng)
            else:
                sizes[rows] = donors[rng.integers(0, len(donors), len(rows))]
        return sizes


def typical_sizes(protocol: int, outcome: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return made-up sizes, int64, shape (count, 5), columns `SIZE_COLUMNS`.

    Medians and spreads are round numbers near those of the laboratory captures and of published office logs;
    log-normal, since sizes of connections are (Paxson 1994). Chosen, not tuned.

    ===========================  ==============================================================
    TCP answered                 0.4 s (sigma 2.0), 700 bytes out (1.2), 3,500 in (1.8), a packet
                                 for every 1,400 bytes and four for opening and closing
    TCP refused                  0.5 ms (0.8), one packet each way
    TCP blocked                  as refused
    TCP unanswered               one to three SYNs, the second after 1 s, the third after 3 s
    UDP, ICMP answered           15 ms (1.2), 50 bytes out (0.4), 110 in (0.7), one packet each way
    UDP, ICMP unanswered         one packet of 48 bytes
    UDP, ICMP refused, blocked   as unanswered, and one packet back
    ===========================  ==============================================================
    """
    sizes = np.zeros((count, len(SIZE_COLUMNS)), np.int64)
    duration_us, orig_bytes, resp_bytes, orig_packets, resp_packets = sizes.T
    orig_packets[:] = 1
    stream = protocol == Protocol.TCP
    if outcome in (Outcome.ANSWERED, Outcome.UNKNOWN):
        resp_packets[:] = 1
        if stream:
            duration_us[:] = 4e5 * rng.lognormal(0, 2.0, count)
            orig_bytes[:] = 700 * rng.lognormal(0, 1.2, count)
            resp_bytes[:] = 3500 * rng.lognormal(0, 1.8, count)
            orig_packets[:] = 4 + orig_bytes // _SEGMENT_BYTES + resp_bytes // (2 * _SEGMENT_BYTES)
            resp_packets[:] = 4 + resp_bytes // _SEGMENT_BYTES
        else:
            duration_us[:] = 15e3 * rng.lognormal(0, 1.2, count)
            orig_bytes[:] = 50 * rng.lognormal(0, 0.4, count)
            resp_bytes[:] = 110 * rng.lognormal(0, 0.7, count)
        return sizes
    if not stream:
        orig_bytes[:] = 48
    if outcome in (Outcome.REFUSED, Outcome.BLOCKED):
        duration_us[:] = 5e2 * rng.lognormal(0, 0.8, count)
        resp_packets[:] = 1
    elif stream:
        tries = rng.integers(1, 4, count)
        orig_packets[:] = tries
        duration_us[:] = np.array([0, 1_000_000, 3_000_000])[tries - 1] + np.where(
            tries > 1, rng.integers(0, 30_000, count), 0
        )
    return sizes
