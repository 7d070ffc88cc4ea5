"""Threshold random walk: is a source's luck with first contacts that of a scanner."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from sweepml.baselines.base import Rule, contacts_in_order
from sweepml.baselines.counting import first_rows
from sweepml.baselines.trajectory import Trajectory, TrajectoryWriter
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.graph.grouping import sort_by
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.outcome import Outcome


@dataclass(slots=True)
class _Walk:
    """Where one source's walk stands."""

    state: int
    since_us: int
    value: float = 0.0
    best: float = 0.0
    ends_us: float = math.inf
    """Infinite until the walk has decided for a scanner."""


@dataclass(frozen=True, slots=True)
class ThresholdRandomWalk(Rule):
    """Sequential hypothesis test over the outcomes of first contacts.

    Parameters
    ----------
    theta0, theta1
        Probability that a first contact succeeds, given a benign source and given a scanner.
    alpha, beta
        Wanted probability of a false alarm, and of missing a scanner (the paper's alpha and 1 - beta).
    upper
        Log-likelihood ratio, in nats, at which an alert is raised; None takes the paper's bound,
        ln((1 - beta) / alpha).
    realert_s
        Seconds for which the walk goes on after it has reached the paper's upper bound; the next contact begins a new
        one. Infinity is the paper.
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
    * after the decision for a scanner the walk goes on for `realert_s`, whatever comes, and then a new one starts at 0:
      at the paper's bound the source is silent in that time, and how far the walk goes ranks it;
    * sources are hosts on either side and all protocols count, not only TCP from outside;
    * `Outcome.UNKNOWN` makes no step, but the destination counts as contacted.

    The statistic is the walk's value, so that a threshold between two multiples of a step means the next one.

    What a connection log cannot show: how a connection ended that was under way when the log began; its outcome is
    unknown. All else that the paper uses is in it.

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
    def decision(self) -> float:
        """Value at which the paper calls the source a scanner, in nats."""
        return math.log((1 - self.beta) / self.alpha)

    @property
    def threshold(self) -> float:
        """Value at which an alert is raised, in nats."""
        return self.decision if self.upper is None else self.upper

    def with_threshold(self, threshold: float) -> Self:
        """Return the same walk with another upper bound; when walks start and end does not change."""
        return replace(self, upper=threshold)

    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the walks rose, see `Rule.trajectory`."""
        contacts = contacts_in_order(connections, hosts).by_identity()
        contacts = contacts.take(first_rows(contacts.source, contacts.destination))
        contacts = contacts.take(contacts.outcome != Outcome.UNKNOWN)
        contacts = contacts.take(sort_by(contacts.source, stable=True))
        answered = contacts.outcome == Outcome.ANSWERED
        success, failure, lower, decision = self.success_step, self.failure_step, self.lower, self.decision
        realert_us = self.realert_s * US_PER_S
        writer = TrajectoryWriter()
        walk: _Walk | None = None
        walker = benign = -1
        for source, ts_us, is_success in zip(
            contacts.source.tolist(), contacts.ts_us.tolist(), answered.tolist(), strict=True
        ):
            if source == benign:
                continue
            if walk is None or source != walker or ts_us >= walk.ends_us:
                walk, walker = _Walk(writer.new_state(), ts_us), source
            walk.value += success if is_success else failure
            if walk.value > walk.best:
                walk.best = walk.value
                writer.rise(walk.state, source, ts_us, walk.since_us, walk.value)
            # Three steps of +-1.386 are 4.159 and four are 5.545: rounding never decides at the defaults.
            if walk.ends_us == math.inf and walk.value >= decision:
                walk.ends_us = ts_us + realert_us
            elif walk.ends_us == math.inf and walk.value <= lower:
                walk = None
                benign = source if self.stop_at_benign else benign
        return writer.trajectory()
