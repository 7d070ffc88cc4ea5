"""Fan-out: how many destinations and ports, and how the connections spread over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, entropy_bits
from sweepml.graph.grouping import sum_between


def fan_out(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``fan_out``; definitions in `sweepml.schema.catalogue`."""
    ports, destinations = view.ports, view.destinations
    connection_count = sum_between(view.stack.edge_indptr, view.edges.connections)
    edge_count, top_port_dst_count = view.estimate(view.edge_count), view.top_port_dst_count
    top_dst_port_count = np.maximum.reduceat(destinations.port_count, destinations.row_starts)
    return {
        "connection_count": view.estimate(connection_count),
        "dst_count": view.dst_count,
        "port_count": ports.count,
        "edge_count": edge_count,
        "top_port_dst_count": top_port_dst_count,
        "top_port_dst_ratio": ports.top_dst_count / destinations.count,
        "top_dst_port_count": top_dst_port_count,
        "fan_ratio": top_port_dst_count / (top_port_dst_count + top_dst_port_count),
        "dst_per_port_mean": edge_count / ports.count,
        "port_entropy_bits": entropy_bits(ports.dst_count, ports.bounds, view.edge_count),
        "dst_evenness_ratio": _evenness(
            entropy_bits(destinations.connections, destinations.bounds, connection_count), destinations.count
        ),
        "connections_per_edge": connection_count / view.edge_count,
        "single_contact_ratio": view.per_row(view.edges.connections == 1) / view.edge_count,
    }


def _evenness(entropy: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.ones(len(count))
    np.divide(entropy, np.log2(count), out=out, where=count > 1)
    return np.minimum(out, 1.0)
