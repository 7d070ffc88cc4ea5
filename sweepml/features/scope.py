"""Scope: where the destinations lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView
from sweepml.graph.grouping import count_between
from sweepml.graph.hosts import HostKind


def scope(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``scope``; definitions in `sweepml.schema.catalogue`."""
    destinations = view.destinations
    public = view.hosts.kind.take(destinations.host) == HostKind.PUBLIC
    held_public_count = count_between(destinations.bounds, public)
    public_dst_count = view.estimate(held_public_count)
    # Destinations are in address order, so one network's hosts stand together.
    net = view.hosts.net.take(destinations.rank)
    new_net = np.ones(len(net), bool)
    np.not_equal(net[1:], net[:-1], out=new_net[1:])
    new_net[destinations.row_starts] = True
    net_count = count_between(destinations.bounds, new_net)
    return {
        "internal_dst_count": view.dst_count - public_dst_count,
        "public_dst_count": public_dst_count,
        "public_dst_ratio": held_public_count / destinations.count,
        "net_count": net_count,
        "dst_per_net_mean": view.dst_count / net_count,
    }
