"""The edge catalogue: what a model that reads the edges of a row is told of each of them.

A row is a source in a window, its edges are its (service, destination) pairs. The columns of an edge say what the
source itself did there, and what the *others* did at both of its ends: at the destination, and on the service (protocol
and port) over all destinations. Others are all other sources of the window, those without a row of their own among
them; for a milestone they are those of the last closed window, as for the features. No column holds an address, a port
number or a host code, so that a host or a port that was never seen before is read like any other.
"""

from __future__ import annotations

from typing import Final

from sweepml.schema.feature import FeatureSpec, schema_hash

_OUTCOMES: Final = ("answered", "refused", "unanswered", "blocked")
_SAGE: Final = "E-GraphSAGE (Lo et al. 2022): the mean of the edges at a node"


def _log2(name: str, family: str, definition: str) -> FeatureSpec:
    return FeatureSpec(name, family, "1", 0, None, f"log2(1 + {definition})")


def _share(name: str, family: str, definition: str, reference: str = "own definition") -> FeatureSpec:
    return FeatureSpec(name, family, "1", 0, 1, definition, reference=reference)


def _node(prefix: str, node: str) -> tuple[FeatureSpec, ...]:
    """Return what the others did at a node."""
    return (
        _log2(f"{prefix}_source_count_log2", prefix, f"other sources with an edge {node}"),
        _log2(f"{prefix}_edge_count_log2", prefix, f"edges of other sources {node}"),
        *(
            _share(
                f"{prefix}_{outcome}_ratio",
                prefix,
                f"share of the other sources' edges {node} with a connection that was {outcome}; 0 without any",
                _SAGE,
            )
            for outcome in _OUTCOMES
        ),
        FeatureSpec(
            f"{prefix}_fan_out_log2",
            prefix,
            "1",
            0,
            None,
            f"mean over the other sources' edges {node} of log2(1 + edges of that source on the edge's service), each "
            "rounded to a multiple of 2**-20; 0 without any",
            reference=_SAGE,
        ),
        _share(
            f"{prefix}_alone_ratio",
            prefix,
            f"share of the other sources' edges {node} that one source alone has in their window; 0 without any",
            _SAGE,
        ),
    )


EDGE_CATALOGUE: Final = (
    _log2("connection_count_log2", "own", "connections"),
    *(
        _share(f"is_{outcome}", "own", f"1 if some connection of the edge was {outcome}, else 0")
        for outcome in _OUTCOMES
    ),
    _share("first_contact_ratio", "own", "time of the edge's first connection, as a share of the window"),
    _log2("own_port_edge_count_log2", "own", "edges of the row on the same service"),
    _log2("own_dst_edge_count_log2", "own", "edges of the row at the same destination"),
    _share("is_dst_internal", "own", "1 if the destination is internal, else 0"),
    _log2("same_edge_source_count_log2", "own", "other sources with the same edge"),
    *_node("dst", "at the same destination"),
    *_node("srv", "on the same service"),
)
"""All columns, in the order of the matrix; append-only, like the feature catalogue."""

EDGE_NAMES: Final = tuple(spec.name for spec in EDGE_CATALOGUE)

EDGE_SCHEMA_HASH: Final = schema_hash(EDGE_CATALOGUE)
"""Hash of the edge catalogue; a bundle that reads edges of another one is refused."""
