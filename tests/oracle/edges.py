"""The columns of the edge catalogue once more, naively: written from its text, of whose code it shares nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from tests.oracle.oracle import ANSWERED, BLOCKED, REFUSED, UNANSWERED, US, Record, is_internal

Edge = tuple[int, int, str]
OUTCOMES = {"answered": ANSWERED, "refused": REFUSED, "unanswered": UNANSWERED, "blocked": BLOCKED}


def edge_columns(
    own: Sequence[Record], window: Sequence[Record], start_us: int, length_s: int
) -> dict[Edge, dict[str, float]]:
    """Return the columns of each edge of one source.

    Parameters
    ----------
    own
        The source's records in its row's window.
    window
        All records of the window in which its others are seen; those of the source itself may be among them.
    start_us, length_s
        The row's window.
    """
    source = own[0].src
    theirs = _edges(window)
    others = {key: records for key, records in theirs.items() if key[0] != source}
    mine = _edges(own)
    columns = {}
    for (_, edge), records in mine.items():
        outcomes = {record.outcome for record in records}
        said = {
            "connection_count_log2": math.log2(1 + len(records)),
            **{f"is_{name}": float(outcome in outcomes) for name, outcome in OUTCOMES.items()},
            "first_contact_ratio": (min(record.ts_us for record in records) - start_us) / (length_s * US),
            "own_port_edge_count_log2": math.log2(1 + sum(other[:2] == edge[:2] for _, other in mine)),
            "own_dst_edge_count_log2": math.log2(1 + sum(other[2] == edge[2] for _, other in mine)),
            "is_dst_internal": float(is_internal(edge[2])),
            "same_edge_source_count_log2": math.log2(1 + sum(other == edge for _, other in others)),
        }
        said |= _node("dst", others, theirs, lambda other, edge=edge: other[2] == edge[2])
        said |= _node("srv", others, theirs, lambda other, edge=edge: other[:2] == edge[:2])
        columns[edge] = said
    return columns


def _edges(records: Sequence[Record]) -> dict[tuple[str, Edge], list[Record]]:
    edges: dict[tuple[str, Edge], list[Record]] = defaultdict(list)
    for record in records:
        edges[record.src, record.edge].append(record)
    return edges


def _node(
    prefix: str,
    others: dict[tuple[str, Edge], list[Record]],
    theirs: dict[tuple[str, Edge], list[Record]],
    is_here: Callable[[Edge], bool],
) -> dict[str, float]:
    here = {key: {one.outcome for one in records} for key, records in others.items() if is_here(key[1])}
    count = max(len(here), 1)
    fan_out = [
        math.log2(1 + sum(other == source and edge[:2] == service[:2] for other, edge in theirs))
        for source, service in here
    ]
    alone = [sum(edge == other for _, other in theirs) == 1 for _, edge in here]
    return {
        f"{prefix}_source_count_log2": math.log2(1 + len({source for source, _ in here})),
        f"{prefix}_edge_count_log2": math.log2(1 + len(here)),
        **{
            f"{prefix}_{name}_ratio": sum(outcome in one for one in here.values()) / count
            for name, outcome in OUTCOMES.items()
        },
        f"{prefix}_fan_out_log2": sum(fan_out) / count,
        f"{prefix}_alone_ratio": sum(alone) / count,
    }
