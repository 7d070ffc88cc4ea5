"""What every scanner profile answers: what it probes in which order, and when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a scanner was told to do.

    Attributes
    ----------
    source
        The one address that it runs on.
    targets
        The range it was given, in order; scanners that choose addresses themselves do not look at it.
    services
        uint32, ``protocol << 16 | port``.
    count
        It is stopped after so many (target, service) pairs.
    rate_hz
        New pairs a second at which it is set, within `Scanner.rates_hz`.
    """

    source: Addresses
    targets: Addresses
    services: NDArray[np.uint32]
    count: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is probed, in order: targets and services of the same length n."""

    targets: Addresses
    services: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When probes go out.

    Attributes
    ----------
    offset_s
        float64, shape (m,), since the scanner's start; not sorted.
    pair
        int64, shape (m,), index into the pairs. A pair that is tried again occurs again.
    """

    offset_s: NDArray[np.float64]
    pair: NDArray[np.int64]


class Scanner(ABC):
    """One way to sweep. Without state: all that is random comes from the generator that is passed in."""

    name: ClassVar[str]
    rates_hz: ClassVar[tuple[float, float]]
    """New pairs a second between which a pace is drawn evenly on a logarithmic scale."""
    own_targets: ClassVar[bool] = False
    """Whether it chooses addresses itself instead of going through a range."""
    ipv4_only: ClassVar[bool] = False
    ports: ClassVar[tuple[int, ...]] = ()
    """TCP ports that it is bound to, empty if it takes any service."""

    @abstractmethod
    def order(self, assignment: Assignment, rng: np.random.Generator) -> Pairs:
        """Return at most `Assignment.count` pairs in the order of their first probe."""

    @abstractmethod
    def schedule(self, outcome: NDArray[np.uint8], rate_hz: float, rng: np.random.Generator) -> Schedule:
        """Return when each pair is probed, given what comes of it (uint8, `Outcome`, shape (pairs,))."""


def products(assignment: Assignment, place: NDArray[np.int64]) -> Pairs:
    """Return the pairs at places of the product of targets and services, the targets counted first."""
    count = len(assignment.targets)
    return Pairs(assignment.targets.take(place % count), assignment.services[place // count])


def constant_rate(count: int, rate_hz: float, rng: np.random.Generator, jitter: float = 0.05) -> NDArray[np.float64]:
    """Return start times at a constant rate, each late by up to `jitter` of a gap; shape (count,)."""
    return (np.arange(count) + jitter * rng.random(count)) / rate_hz


def unanswered(outcome: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return which pairs a scanner hears nothing of."""
    return np.flatnonzero(outcome == Outcome.UNANSWERED)
