"""Threshold random walk: is a source's luck with first contacts that of a scanner."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.base import by_detection, first_rows
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow
from sweepml.schema.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ThresholdRandomWalk:
    """Sequential hypothesis test over the outcomes of first contacts.

    Parameters
    ----------
    theta0, theta1
        Probability that a first contact succeeds, given a benign source and given a scanner.
    alpha, beta
        Wanted probability of a false alarm, and of missing a scanner (the paper's alpha and 1 - beta).
    upper
        Log-likelihood ratio, in nats, at which the source is called a scanner; None takes ln((1 - beta) /
        alpha).
    realert_s
        Seconds after an alert in which the source raises no other. Infinity is the paper.
    stop_at_benign
        Whether a source that was once called benign is never judged again. True is the paper.

    Raises
    ------
    ConfigError
        If a parameter is out of range.

    Notes
    -----
    As published: one walk per source; only its first connection to a destination counts, whatever
    the port; a success adds ln(theta1 / theta0) = -1.386, a failure ln((1 - theta1) / (1 - theta0)) = +1.386;
    the source is a scanner at ln((1 - beta) / alpha) = +4.595 and benign at ln(beta / (1 - alpha)) = -4.595,
    so that four equal outcomes decide.

    Own choices, where the paper judges a remote address once and for ever, which no monitor can do:

    * a benign decision starts a new walk at 0, else a source that browses before it scans is never seen
      (`stop_at_benign=True` is the paper);
    * after an alert the source is silent for `realert_s`, what it contacts in that time is remembered but not
      judged, and a new walk starts at 0;
    * sources are hosts on either side and all protocols count, not only TCP from outside;
    * `Outcome.UNKNOWN` makes no step, but the destination counts as contacted.

    Multicast, broadcast, link-local traffic and ICMP answers (`is_contact`) are left out: the paper watches a
    border, which they do not cross. The score is the walk's value at the alert, so it lies within one step
    above the threshold: tune `with_threshold`, do not cut the scores. Cost: one sort, then some 0.2 us per
    first contact.

    References
    ----------
    Jung, Paxson, Berger, Balakrishnan 2004, "Fast portscan detection using sequential
    hypothesis testing", IEEE S&P, equations 1 to 6 and section 5.
    """

    name: ClassVar[str] = "random_walk"
    title: ClassVar[str] = "Threshold random walk"

    theta0: float = 0.8
    theta1: float = 0.2
    alpha: float = 0.01
    beta: float = 0.01
    upper: float | None = None
    realert_s: float = 3600.0
    stop_at_benign: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.theta1 < self.theta0 < 1:
            raise ConfigError(f"expected 0 < theta1 < theta0 < 1, got theta0={self.theta0}, theta1={self.theta1}")
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise ConfigError(f"alpha and beta must lie in (0, 0.5), got alpha={self.alpha}, beta={self.beta}")
        if self.upper is not None and not self.upper > 0:
            raise ConfigError(f"upper must be positive, got {self.upper}")
        if not self.realert_s >= 0:
            raise ConfigError(f"realert_s must not be negative, got {self.realert_s}")

    @property
    def success_step(self) -> float:
        """What a success adds to the walk, in nats; negative."""
        return math.log(self.theta1 / self.theta0)

    @property
    def failure_step(self) -> float:
        """What a failure adds to the walk, in nats; positive."""
        return math.log((1 - self.theta1) / (1 - self.theta0))

    @property
    def lower(self) -> float:
        """Value at which the source is called benign, in nats."""
        return math.log(self.beta / (1 - self.alpha))

    @property
    def threshold(self) -> float:
        """Value at which the source is called a scanner, in nats."""
        return math.log((1 - self.beta) / self.alpha) if self.upper is None else self.upper

    def with_threshold(self, threshold: float) -> ThresholdRandomWalk:
        """Return the same walk with another upper bound."""
        return replace(self, upper=threshold)

    def alerts(self, connections: Connections, hosts: HostTable, capture_name: str) -> list[AlertRow]:
        """Return the alerts on one capture, see `Rule.alerts`."""
        contacts = connections.take(is_contact(connections, hosts))
        contacts = contacts.take(np.argsort(contacts.ts_us, kind="stable"))
        contacts = contacts.take(first_rows(contacts.source, contacts.destination))
        contacts = contacts.take(np.argsort(contacts.source, kind="stable"))
        raised: list[AlertRow] = []
        if not len(contacts):
            return raised
        cuts = np.flatnonzero(np.diff(contacts.source)) + 1
        for rows in np.split(np.arange(len(contacts)), cuts):
            source = hosts.name(int(contacts.source[rows[0]]))
            for since_us, detected_us, value in self._walk(contacts.ts_us[rows], contacts.outcome[rows]):
                raised.append(AlertRow(capture_name, source, detected_us, since_us, value, 0, self.name))
        return sorted(raised, key=by_detection)

    def _walk(self, ts_us: NDArray[np.int64], outcome: NDArray[np.uint8]) -> list[tuple[int, int, float]]:
        """Return (start of the evidence, time of detection, value) of one source's alerts."""
        success, failure, lower, upper = self.success_step, self.failure_step, self.lower, self.threshold
        silence_us = self.realert_s * US_PER_S
        decisions: list[tuple[int, int, float]] = []
        value, since_us, silent_until_us = 0.0, -1, -math.inf
        for time_us, what in zip(ts_us.tolist(), outcome.tolist(), strict=True):
            if what == Outcome.UNKNOWN or time_us < silent_until_us:
                continue
            if since_us < 0:
                since_us = time_us
            value += success if what == Outcome.ANSWERED else failure
            # Three steps of +-1.386 are 4.159 and four are 5.545: rounding never decides at the defaults.
            if value >= upper:
                decisions.append((since_us, time_us, value))
                silent_until_us = time_us + silence_us
            elif value > lower:
                continue
            elif self.stop_at_benign:
                break
            value, since_us = 0.0, -1
        return decisions
