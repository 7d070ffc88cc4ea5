"""What a log holds, counted over its connections, and what a detector would lack because of what it does not hold."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.schema.catalogue import CATALOGUE
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome

OPTIONAL: Final = ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")

NEEDS: Final = (
    (("orig_bytes", "resp_bytes"), "payload sizes", "no connection carries both payload sizes"),
    (("orig_packets", "resp_packets"), "packet counts", "no connection carries both packet counts"),
    (("duration_us",), "durations", "no connection has a duration"),
)
"""Columns, what they are called together, and what the catalogue says of features that need them."""


class LogSurvey:
    """Counts over the connections of one log.

    Parameters
    ----------
    hosts
        Table into which the connections' addresses are encoded. It may be compacted between any two calls.

    Attributes
    ----------
    rows
        Connections.
    protocols
        IANA number -> connections.
    outcomes
        int64, shape (outcomes,), connections by `Outcome`.
    identified
        Connections that name an identity behind the source's address.
    """

    def __init__(self, hosts: HostTable) -> None:
        self.rows = 0
        self.identified = 0
        self.protocols: dict[int, int] = {}
        self.outcomes = np.zeros(len(Outcome), np.int64)
        self._hosts = hosts
        self._sources = DistinctHashes()
        self._destinations = DistinctHashes()
        self._filled = dict.fromkeys(OPTIONAL, False)

    def add(self, connections: Connections) -> None:
        """Count some more connections."""
        self.rows += len(connections)
        self.identified += int(np.count_nonzero(connections.identity >= 0))
        self.outcomes += np.bincount(connections.outcome, minlength=len(self.outcomes))
        numbers, counts = np.unique(connections.service >> np.uint32(16), return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self.protocols[number] = self.protocols.get(number, 0) + count
        self._sources.add(self._hosts.hash64[np.unique(connections.by_identity().source)])
        self._destinations.add(self._hosts.hash64[np.unique(connections.destination)])
        for name, is_filled in self._filled.items():
            self._filled[name] = is_filled or bool((getattr(connections, name) != MISSING).any())

    @property
    def source_count(self) -> int:
        """Distinct sources: identities where the log names them, else addresses."""
        return len(self._sources)

    @property
    def destination_count(self) -> int:
        """Distinct destinations."""
        return len(self._destinations)

    @property
    def missing_columns(self) -> tuple[str, ...]:
        """Optional columns that no connection has a value in."""
        return tuple(name for name, is_filled in self._filled.items() if not is_filled)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a detector would lack because of what is missing, one sentence each."""
        sentences = []
        for needed, called, reason in NEEDS:
            if not set(needed).isdisjoint(self.missing_columns):
                features = [spec for spec in CATALOGUE if spec.missing == reason]
                names = ", ".join(spec.name for spec in features)
                sentences.append(f"no {called}: of the family {features[0].family}, {names} will be missing")
        if self.rows and self.outcomes[Outcome.UNKNOWN] == self.rows:
            sentences.append(
                "no outcomes: the shares of the family outcomes will be missing, and no attempt counts as failed"
            )
        return tuple(sentences)


class DistinctHashes:
    """Counts distinct 64-bit hashes: exact but for collisions, eight bytes each.

    Of n hashes two collide with a probability of about n squared / 2**65: one in 370,000 for ten million.
    """

    def __init__(self) -> None:
        self._known = np.empty(0, np.uint64)
        self._new: list[NDArray[np.uint64]] = []
        self._new_count = 0

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Take hashes, shape (n,), in any order."""
        self._new.append(hashes)
        self._new_count += len(hashes)
        if self._new_count > len(self._known):  # so that each is sorted a few times only, however many there are
            self._merge()

    def __len__(self) -> int:
        self._merge()
        return len(self._known)

    def _merge(self) -> None:
        if self._new_count:
            self._known = np.unique(np.concatenate([self._known, *self._new]))
            self._new, self._new_count = [], 0
