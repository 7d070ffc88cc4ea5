"""What a rule is, and what all rules share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.trajectory import Trajectory
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow


class Rule(ABC):
    """A detector that needs no training; subclasses are frozen dataclasses whose defaults are the shipped ones.

    Attributes
    ----------
    name
        Key in the registry; `AlertRow.detector` of what it raises.
    title
        What tables call it.
    realert_factors
        Within one state the rule speaks at these multiples of its threshold.
    quiet_s
        After an alert the rule says nothing of that source for so many seconds.
    horizon_s
        `AlertRow.horizon_s`: the rule's window in seconds, 0 where it has none.

    Raises
    ------
    ConfigError
        If a parameter is not positive.

    Notes
    -----
    A rule is an immutable value: it neither remembers anything from one call to the next nor changes its arguments.

    It reads records by start time, those of one microsecond as they come, and knows a record at its start, as every
    detector here does. Multicast, broadcast, link-local traffic and ICMP answers (`is_contact`) are left out for all
    rules alike. Where a record names an identity, that is the source.

    The *score* of an alert is the largest statistic of its state, which is known only when the state has ended.
    Alerts at a low threshold so rank all states; when a state would have been reported at a higher threshold follows
    from the trajectory::

        trajectory = rule.trajectory(capture.connections, capture.hosts)
        for threshold in trajectory.levels:
            alerts = rule.with_threshold(threshold).alerts_of(trajectory, capture.hosts, capture.name)
    """

    __slots__ = ()

    name: ClassVar[str]
    title: ClassVar[str]
    realert_factors: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            value = getattr(self, field.name)
            if not value > 0:
                raise ConfigError(f"rule {self.name}: {field.name} must be positive, got {value}")

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The one number by which the rule is tuned, in the unit of its statistic; reaching it raises an alert."""

    @property
    def quiet_s(self) -> float:
        """Seconds after an alert in which the rule says nothing of its source."""
        return 0.0

    @property
    def horizon_s(self) -> int:
        """The rule's window in seconds; 0 where it has none."""
        return 0

    @classmethod
    def as_shipped(cls) -> float:
        """Return the threshold as shipped or published."""
        return cls().threshold

    def with_threshold(self, threshold: float) -> Self:
        """Return the same rule at another threshold."""
        changed: dict[str, Any] = {"threshold": threshold}
        return replace(self, **changed)  # type: ignore[type-var]  # subclasses are dataclasses

    @abstractmethod
    def trajectory(self, connections: Connections, hosts: HostTable) -> Trajectory:
        """Return how the statistic rose on some connections, whatever the threshold.

        Parameters
        ----------
        connections
            In any order.
        hosts
            The table that gave the connections their codes.
        """

    def alerts(self, connections: Connections, hosts: HostTable, capture_name: str) -> list[AlertRow]:
        """Return the alerts on one capture, by time of detection.

        Parameters
        ----------
        connections
            In any order.
        hosts
            The table that gave the connections their codes.
        capture_name
            Goes into every alert.
        """
        return self.alerts_of(self.trajectory(connections, hosts), hosts, capture_name)

    def alerts_of(self, trajectory: Trajectory, hosts: HostTable, capture_name: str) -> list[AlertRow]:
        """Return the alerts at this rule's threshold, by time of detection.

        Parameters
        ----------
        trajectory
            What the rule's `trajectory` gave, at whatever threshold.
        hosts, capture_name
            As in `alerts`.
        """
        rows = trajectory.crossings([self.threshold * factor for factor in self.realert_factors])
        rows = rows[np.argsort(trajectory.ts_us[rows], kind="stable")]
        peak = trajectory.peak
        quiet_until: dict[int, float] = {}
        raised = []
        for row in rows.tolist():
            source, detected_us = int(trajectory.source[row]), int(trajectory.ts_us[row])
            if detected_us < quiet_until.get(source, detected_us):
                continue
            quiet_until[source] = detected_us + self.quiet_s * US_PER_S
            raised.append(
                AlertRow(
                    capture=capture_name,
                    source=hosts.name(source),
                    detected_us=detected_us,
                    since_us=int(trajectory.since_us[row]),
                    score=float(peak[row]),
                    horizon_s=self.horizon_s,
                    detector=self.name,
                )
            )
        return sorted(raised, key=by_detection)


def contacts_in_order(connections: Connections, hosts: HostTable) -> Connections:
    """Return the rows that are one host contacting another, by start time; the source is still the address."""
    contacts = connections.take(is_contact(connections, hosts))
    return contacts.take(np.argsort(contacts.ts_us, kind="stable"))


def has_protocol(connections: Connections, *protocols: int) -> NDArray[np.bool_]:
    """Return which rows are of one of the protocols, shape (n,)."""
    return np.isin(connections.service >> 16, protocols)


def by_detection(alert: AlertRow) -> tuple[int, str, int]:
    """Sort key: time of detection, then source and start of the evidence, so that the order never varies."""
    return alert.detected_us, alert.source, alert.since_us
