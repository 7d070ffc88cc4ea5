"""Which sources a rule watches."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostKind, HostTable, InternalNetworks

PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918."""


def is_private(connections: Connections, hosts: HostTable) -> NDArray[np.bool_]:
    """Return which rows have a source address of RFC 1918, shape (n,)."""
    networks = InternalNetworks(PRIVATE_NETWORKS)
    rank = hosts.rank
    kind = networks.classify(hosts.high_by_rank[rank], hosts.low_by_rank[rank])
    return kind[connections.source] == HostKind.INTERNAL


def is_local(connections: Connections, hosts: HostTable) -> NDArray[np.bool_]:
    """Return which rows have a source of the site's own, shape (n,): an internal address or a named identity."""
    return (hosts.kind[connections.source] == HostKind.INTERNAL) | (connections.identity >= 0)
