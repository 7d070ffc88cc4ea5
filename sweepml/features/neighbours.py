"""Neighbours: what is done at each destination and on each service, as whole numbers that add up in any order.

This is the first step of message passing, from edges to the nodes at their ends. Nothing is learned in it, so that it
can be done here, where all edges of a window are at hand; a model then needs the edges of the rows that it scores and
no others (Frasca et al. 2020, SIGN).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.tally import Tally
from sweepml.graph.connection_graph import Edges
from sweepml.graph.grouping import sort_by, starts_of_runs, sum_between
from sweepml.schema.outcome import Outcome

MESSAGE_OUTCOMES: Final = (Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED, Outcome.BLOCKED)

SOURCES: Final = 0
EDGES: Final = 1
OUTCOMES: Final = slice(2, 2 + len(MESSAGE_OUTCOMES))
FAN_OUT: Final = OUTCOMES.stop
ALONE: Final = FAN_OUT + 1
QUANTITIES: Final = ALONE + 1
"""Rows of a matrix of quantities: 1 for the first edge that a source has at the node, 1 for every edge, one for each of
`MESSAGE_OUTCOMES`, the logarithm of the source's edges on the service in units of `FAN_OUT_UNIT`, 1 where no other
source has the edge."""

FAN_OUT_UNIT: Final = 2.0**-20


class EdgeQuantities:
    """What each edge adds to the two nodes at its ends; int64, shape (QUANTITIES, edges).

    Parameters
    ----------
    edges
        Sorted, as `Edges` are.
    alone
        bool, shape (edges,): whether no other source of the window has the edge.
    """

    def __init__(self, edges: Edges, alone: NDArray[np.bool_]) -> None:
        starts = starts_of_runs(edges.row, edges.service)
        on_port = np.diff(starts, append=len(edges))
        fan_out = np.rint(np.log2(1 + on_port) / FAN_OUT_UNIT).astype(np.int64)
        self.to_service = np.zeros((QUANTITIES, len(edges)), np.int64)
        self.to_service[SOURCES, starts] = 1
        self.to_service[EDGES] = 1
        for place, outcome in enumerate(MESSAGE_OUTCOMES, OUTCOMES.start):
            self.to_service[place] = (edges.flags >> outcome) & 1
        self.to_service[FAN_OUT] = np.repeat(fan_out, on_port)
        self.to_service[ALONE] = alone

        order = sort_by(edges.row, edges.destination)
        firsts = order.take(starts_of_runs(edges.row.take(order), edges.destination.take(order)))
        self.to_destination = self.to_service.copy()
        self.to_destination[SOURCES] = 0
        self.to_destination[SOURCES, firsts] = 1


class NodeSums:
    """The quantities of a graph's edges, summed at its nodes.

    Parameters
    ----------
    edges, alone
        As in `EdgeQuantities`.

    Attributes
    ----------
    quantities
        Of each edge.
    destinations, services
        By host code and by service code.
    """

    def __init__(self, edges: Edges, alone: NDArray[np.bool_]) -> None:
        self.quantities = EdgeQuantities(edges, alone)
        self.destinations = summed(edges.destination, self.quantities.to_destination)
        self.services = summed(edges.service, self.quantities.to_service)


def summed(key: NDArray[np.integer], quantities: NDArray[np.int64]) -> Tally:
    """Return the sums of quantities, shape (k, n), over equal keys, not negative, shape (n,)."""
    order = sort_by(key)
    key = key.take(order)
    starts = starts_of_runs(key)
    bounds = np.append(starts, len(key))
    return Tally(key.take(starts).astype(np.int64), *(sum_between(bounds, row.take(order)) for row in quantities))
