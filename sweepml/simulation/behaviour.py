"""What a role does all day: visits at random, or rounds by the clock. Each answers for any slice of time by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.simulation.pools import chances, keyed
from sweepml.simulation.rhythm import ALWAYS, activity

_ANEW: Final = 1 << 40
"""Numbers that favourites do not reach: a target drawn with one is new."""


@dataclass(frozen=True, slots=True)
class Population:
    """Who does it to whom: so many sources, so many targets, and the salt of their choices."""

    sources: int
    targets: int
    salt: int


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts that begin in a slice; all of shape (n,), in no order.

    Attributes
    ----------
    ts_us
        int64; a little may lie behind the slice's end, never before its begin.
    source, target
        int64, numbers below those of the population.
    number
        int64; services are chosen by it.
    """

    ts_us: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ts_us)


class Behaviour(ABC):
    """Without state: a slice's contacts follow from the population, the slice and the generator alone."""

    @abstractmethod
    def contacts(self, population: Population, begin_us: int, end_us: int, rng: np.random.Generator) -> Contacts:
        """Return the contacts that begin in [begin_us, end_us)."""

    @abstractmethod
    def rate_hz(self, population: Population) -> float:
        """Return contacts a second at the busiest hour."""


@dataclass(frozen=True, slots=True)
class Visits(Behaviour):
    """Visits at random times, each of several contacts within moments, to favourites of the source and to others.

    Parameters
    ----------
    every_s
        Seconds between a source's visits at the busiest hour, on average.
    contacts_mean
        Contacts of a visit beyond the first, on average (geometric: many have none, a few have many).
    spread_s
        Mean time between a visit's begin and its further contacts.
    rhythm
        See `sweepml.simulation.rhythm`.
    favourites
        Targets that a source comes back to, roughly.
    new_share
        Share of contacts with a target drawn afresh.
    skew
        How much more popular the first targets are, over all sources; 1 is not at all.
    source_skew
        The same of sources: above 1 the first are busier than the others.
    """

    every_s: float
    contacts_mean: float = 0.0
    spread_s: float = 1.0
    rhythm: str = ALWAYS
    favourites: float = 8.0
    new_share: float = 0.1
    skew: float = 3.0
    source_skew: float = 1.0

    def rate_hz(self, population: Population) -> float:
        """Return contacts a second at the busiest hour."""
        return population.sources / self.every_s * (1 + self.contacts_mean)

    def contacts(self, population: Population, begin_us: int, end_us: int, rng: np.random.Generator) -> Contacts:
        """Return the visits of a slice; a visit belongs to the slice in which it begins."""
        seconds = (end_us - begin_us) / 1e6
        visits = rng.poisson(population.sources / self.every_s * seconds)
        ts_us = begin_us + (rng.random(visits) * (end_us - begin_us)).astype(np.int64)
        if self.rhythm != ALWAYS:
            ts_us = ts_us[rng.random(visits) < activity(ts_us, self.rhythm)]
        source = (population.sources * rng.random(len(ts_us)) ** self.source_skew).astype(np.int64)
        if self.contacts_mean:
            further = rng.geometric(1 / (1 + self.contacts_mean), len(ts_us)) - 1
            delay_us = (rng.exponential(self.spread_s * 1e6, int(further.sum()))).astype(np.int64)
            ts_us = np.concatenate([ts_us, np.repeat(ts_us, further) + delay_us])
            source = np.concatenate([source, np.repeat(source, further)])
        slot = (rng.exponential(self.favourites, len(ts_us))).astype(np.int64)
        anew = rng.random(len(ts_us)) < self.new_share
        slot[anew] = _ANEW + rng.integers(0, 1 << 40, int(anew.sum()))
        rank = chances(population.salt, source, slot) ** self.skew
        target = np.minimum((population.targets * rank).astype(np.int64), population.targets - 1)
        return Contacts(ts_us, source, target, rng.integers(0, 1 << 30, len(ts_us)))


@dataclass(frozen=True, slots=True)
class Rounds(Behaviour):
    """Rounds by the clock: every period a source goes through its list of targets, one after the other.

    Parameters
    ----------
    period_s
        From round to round.
    targets
        Targets of a source, at most as many as there are.
    gap_s
        From contact to contact; a round must end before the next begins.
    jitter_s
        Contacts are late by up to this.
    services
        Contacts with each target, one service after the other.
    rotate
        Rounds after which a source has other targets; 0 keeps them.
    consecutive
        Whether a source's targets are neighbours, in order.
    """

    period_s: float
    targets: int
    gap_s: float
    jitter_s: float = 0.0
    services: int = 1
    rotate: int = 0
    consecutive: bool = False

    def _steps(self, population: Population) -> int:
        return min(self.targets, population.targets) * self.services

    def rate_hz(self, population: Population) -> float:
        """Return contacts a second, over the period."""
        return population.sources * self._steps(population) / self.period_s

    def contacts(self, population: Population, begin_us: int, end_us: int, rng: np.random.Generator) -> Contacts:
        """Return the steps of rounds that fall into a slice."""
        period_us, gap_us, steps = round(self.period_s * 1e6), round(self.gap_s * 1e6), self._steps(population)
        source = np.arange(population.sources)
        phase_us = (chances(population.salt, source) * period_us).astype(np.int64)
        # Rounds that overlap the slice: from that which began at most a round's length before it.
        first = (begin_us - phase_us - (steps - 1) * gap_us + period_us - 1) // period_us
        rounds = np.maximum((end_us - 1 - phase_us) // period_us - first + 1, 0)
        source, start = np.repeat(source, rounds), _counted(rounds)
        turn = np.repeat(first, rounds) + start
        start_us = phase_us[source] + turn * period_us
        low = np.clip(-((start_us - begin_us) // gap_us), 0, steps)
        high = np.clip(-((start_us - end_us) // gap_us), 0, steps)
        made = np.maximum(high - low, 0)
        step = np.repeat(low, made) + _counted(made)
        source, turn, start_us = np.repeat(source, made), np.repeat(turn, made), np.repeat(start_us, made)
        place = step // self.services
        if self.rotate:
            place = place + (turn // self.rotate << 32)
        if self.consecutive:
            target = (source * self.targets + place) % population.targets
        else:
            target = (keyed(population.salt + 1, source, place) % np.uint64(population.targets)).astype(np.int64)
        late_us = (rng.random(len(step)) * (self.jitter_s * 1e6)).astype(np.int64)
        return Contacts(start_us + step * gap_us + late_us, source, target, step % self.services)


def _counted(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, ... for each count, one after the other.

    >>> _counted(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
