"""Exposure: how much watching an alert rate is measured over."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.graph.connections import is_contact
from sweepml.graph.windows import US_PER_S

DAY_S: Final = 86_400

_WATCHED_TIMES: Final = 2.0
"""A window may be so many times as long as the longest capture, and still show what it will show. Chosen, not tuned."""

_SHORTEST_S: Final = 60.0
"""The shortest horizon: whoever is seen once is judged over a minute."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Source-days that were watched.

    Attributes
    ----------
    source_days
        Sum over sources of the time from their first to their last contact, in days.
    source_count
        Sources over all captures.
    span_s
        Summed length of the captures, in seconds.
    longest_s
        Length of the longest capture, in seconds; infinite where nobody says.
    """

    source_days: float
    source_count: int
    span_s: float
    longest_s: float = math.inf

    @classmethod
    def of(cls, captures: Iterable[Capture]) -> Exposure:
        """Return the exposure of some captures, see `watched_days`."""
        days, sources, spans_s = 0.0, 0, [0.0]
        for capture in captures:
            watched = watched_days(capture)
            days += sum(watched.values())
            sources += len(watched)
            spans_s.append(capture.span_s)
        return cls(days, sources, sum(spans_s), max(spans_s))

    def rate(self, count: float) -> float:
        """Return a count as so many per day per 1,000 sources; NaN where nothing was watched."""
        return count * 1000 / self.source_days if self.source_days else float("nan")

    def has_watched(self, horizon_s: float) -> bool:
        """Return whether at least half of a horizon was ever watched at a stretch."""
        return horizon_s <= _WATCHED_TIMES * self.longest_s

    def allowed(self, per_day_per_1000: float) -> float:
        """Return how often a rate (per day per 1,000 sources) allows something to happen in this exposure."""
        return per_day_per_1000 * self.source_days / 1000


def watched_days(capture: Capture) -> dict[str, float]:
    """Return how long each source of a capture was watched: name -> days.

    A source is a host, or an identity, that contacted another host (`is_contact`), and it is watched from its first to
    its last contact, at least for a minute. Counting every address for the whole capture would flatter every rate: a
    sensor at the edge meets thousands of addresses that send one packet and are never seen again. Sources that are not
    judged (`Capture.judged`) are not watched either.
    """
    contacts = capture.connections.take(is_contact(capture.connections, capture.hosts)).by_identity()
    code, place = np.unique(contacts.source, return_inverse=True)
    first = np.full(len(code), np.iinfo(np.int64).max)
    last = np.full(len(code), np.iinfo(np.int64).min)
    np.minimum.at(first, place, contacts.ts_us)
    np.maximum.at(last, place, contacts.ts_us)
    days = np.maximum((last - first) / US_PER_S, _SHORTEST_S) / DAY_S
    named = ((capture.hosts.name(one), watched) for one, watched in zip(code.tolist(), days.tolist(), strict=True))
    return {name: watched for name, watched in named if capture.is_judged(name)}
