"""Popularity: what the other sources of the same window contact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.grouping import count_between, sum_between
from sweepml.graph.hosts import HostKind


def popularity(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``graph``; definitions in `sweepml.schema.catalogue`."""
    company, bounds, dst_count = view.company, view.destinations.bounds, view.destinations.count
    alone = company.source_count < 2
    nameless = view.hosts.kind.take(view.stack.sources) == HostKind.IDENTITY

    def unless_alone(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.where(alone, np.nan, values)

    return {
        "dst_popularity_mean": unless_alone(sum_between(bounds, company.dst_sources) / dst_count),
        "exclusive_dst_ratio": unless_alone(count_between(bounds, company.dst_sources == 1) / dst_count),
        "silent_dst_ratio": ratio(
            count_between(bounds, company.dst_known & ~company.dst_answered), count_between(bounds, company.dst_known)
        ),
        "service_popularity_mean": unless_alone(
            sum_between(view.stack.edge_indptr, company.edge_sources) / view.edge_count
        ),
        "source_in_degree": np.where(alone | nameless, np.nan, company.in_degree),
        "top_port_source_count": unless_alone(company.top_port_sources),
        "top_port_edge_share": unless_alone(view.top_port_dst_count / company.top_port_edges),
    }
