"""What a rule is, and what the rules share."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import Connections
from sweepml.graph.grouping import starts_of_runs
from sweepml.graph.hosts import HostTable
from sweepml.schema.alert import AlertRow


class Rule(Protocol):
    """A detector that needs no training.

    Attributes
    ----------
    name
        Key in the registry; `AlertRow.detector` of what it raises.
    title
        What tables call it.

    Notes
    -----
    A rule is an immutable value: its parameters are the constructor's, its defaults are the shipped ones, and
    `alerts` neither remembers anything nor changes its arguments.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def threshold(self) -> float:
        """The one number by which the rule is tuned, in the unit of `AlertRow.score`."""
        ...

    def with_threshold(self, threshold: float) -> Rule:
        """Return the same rule at another threshold."""
        ...

    def alerts(self, connections: Connections, hosts: HostTable, capture_name: str) -> list[AlertRow]:
        """Return the alerts on one capture, by time of detection.

        Parameters
        ----------
        connections
            In any order; rules read them by start time, and those of one microsecond as they come.
        hosts
            The table that gave the connections their codes.
        capture_name
            Goes into every alert.
        """
        ...


def first_rows(*keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the first row of every distinct combination of keys, sorted by row number.

    Parameters
    ----------
    keys
        Integers, each of shape (n,).

    Examples
    --------
    >>> first_rows(np.array([7, 7, 8, 7]), np.array([1, 1, 1, 2]))
    array([0, 2, 3])
    """
    order = np.lexsort(keys)  # stable: equal rows stay in their order, so the first of a run is the earliest
    return np.sort(order[starts_of_runs(*(key[order] for key in keys))])


def by_detection(alert: AlertRow) -> tuple[int, str, int]:
    """Sort key: time of detection, then source and start of the evidence, so that the order never varies."""
    return alert.detected_us, alert.source, alert.since_us
