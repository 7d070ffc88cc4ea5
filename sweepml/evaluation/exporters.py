"""Arenas in which the same captures are seen through a poorer exporter: their ids, and what these say."""

from __future__ import annotations

import re
from typing import Final

UNTOUCHED: Final = "lab"
"""Id of the arena with the same captures and detectors, and with every packet and every connection in the log."""

SAMPLING_RATES: Final = (10, 100, 1000)
"""One packet in so many is looked at. Decades up to what operators of large networks use."""
AGGREGATION_S: Final = (60, 600)
"""Intervals of flow logs, in seconds: the two that Amazon VPC Flow Logs offer."""


def sampled_arena(one_in: int) -> str:
    """Return the id of the arena in which one packet in so many is looked at.

    >>> sampled_arena(100)
    'sampled 1:100'
    """
    return f"sampled 1:{one_in}"


def aggregated_arena(interval_s: int) -> str:
    """Return the id of the arena in which records come at the end of an interval.

    >>> aggregated_arena(60)
    'aggregated 60 s'
    """
    return f"aggregated {interval_s} s"


def sampling_of(arena: str) -> int | None:
    """Return one packet in how many is looked at in an arena; 1 as recorded, None in an arena of another kind.

    >>> sampling_of("sampled 1:100"), sampling_of("lab"), sampling_of("aggregated 60 s")
    (100, 1, None)
    """
    return _number(r"sampled 1:(\d+)", arena, 1)


def aggregation_of(arena: str) -> int | None:
    """Return the interval of an arena in seconds; 0 as recorded, None in an arena of another kind.

    >>> aggregation_of("aggregated 60 s"), aggregation_of("lab"), aggregation_of("tools")
    (60, 0, None)
    """
    return _number(r"aggregated (\d+) s", arena, 0)


def _number(pattern: str, arena: str, untouched: int) -> int | None:
    if arena == UNTOUCHED:
        return untouched
    found = re.fullmatch(pattern, arena)
    return int(found[1]) if found else None
