"""Popularity: what the other sources of the same window contact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.grouping import count_between, number_groups, sum_between


def popularity(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``graph``; definitions in `sweepml.schema.catalogue`."""
    destinations, ports, edges, cell = view.destinations, view.ports, view.edges, view.stack.cell
    alone = view.source_count < 2

    def unless_alone(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.where(alone, np.nan, values)

    # A source is numbered as if somebody had contacted it, to look up how many did.
    dst, dsts = number_groups(
        np.concatenate([cell.take(destinations.row), cell]),
        np.concatenate([destinations.rank, view.hosts.rank.take(view.stack.sources)]),
    )
    dst, source = dst[: len(destinations.row)], dst[len(destinations.row) :]
    # A row names a destination once, so that the number of rows is that of sources.
    in_degree = np.bincount(dst, minlength=dsts)
    dst_sources = in_degree.take(dst)
    answers = np.zeros(dsts, bool)
    answers[dst[destinations.answered]] = True
    known = np.zeros(dsts, bool)
    known[dst[destinations.known]] = True
    dst_known = known.take(dst)
    silent = dst_known & ~answers.take(dst)

    service, services = number_groups(cell.take(view.row), edges.service, edges.destination)
    service_sources = np.bincount(service, minlength=services).take(service)

    port, port_numbers = number_groups(cell.take(ports.row), edges.service.take(ports.starts))
    top_port = port.take(ports.top)
    port_sources = np.bincount(port, minlength=port_numbers)
    # bincount sums in float64, exact below 2**53.
    port_edges = np.bincount(port, ports.dst_count, minlength=port_numbers)

    return {
        "dst_popularity_mean": unless_alone(sum_between(destinations.bounds, dst_sources) / destinations.count),
        "exclusive_dst_ratio": unless_alone(count_between(destinations.bounds, dst_sources == 1) / destinations.count),
        "silent_dst_ratio": ratio(
            count_between(destinations.bounds, silent), count_between(destinations.bounds, dst_known)
        ),
        "service_popularity_mean": unless_alone(sum_between(view.stack.edge_indptr, service_sources) / view.edge_count),
        "source_in_degree": unless_alone(in_degree.take(source)),
        "top_port_source_count": unless_alone(port_sources.take(top_port)),
        "top_port_edge_share": unless_alone(ports.top_dst_count / port_edges.take(top_port)),
    }
