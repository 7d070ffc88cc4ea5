"""The arenas of poorer exporters: the own captures sampled, and aggregated into flow logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from sweepml.datasets.capture import Capture
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.exporters import AGGREGATION_S, SAMPLING_RATES, aggregated_arena, sampled_arena
from sweepml.simulation.aggregation import with_aggregation
from sweepml.simulation.sampling import with_sampling
from sweepml.tasks.benchmark.rounds import Round

_DETECTORS: Final = (
    "as lab, each source judged by the detector of lab that did not learn it; detectors and thresholds were made on "
    "the captures as recorded"
)

EXPORTER_ARENAS: Final = (*map(sampled_arena, SAMPLING_RATES), *map(aggregated_arena, AGGREGATION_S))
"""Ids of all that there are."""


def exporter_rounds(own: Sequence[Capture], seed: int, wanted: Iterable[str] = EXPORTER_ARENAS) -> Iterator[Round]:
    """Give the rounds in which an exporter shows less of the own captures than was recorded.

    Parameters
    ----------
    own
        Captures that may be trained on.
    seed
        Of the sampling.
    wanted
        Ids of arenas; those of another kind are passed over, and no capture is made for an arena that is not named.
    """
    names = set(wanted)
    for one_in in SAMPLING_RATES:
        if sampled_arena(one_in) in names:
            yield _round(
                own,
                sampled_arena(one_in),
                partial(with_sampling, one_in=one_in, seed=seed),
                f"sampled 1:{one_in}",
                f"one packet in {one_in} is looked at; {_DETECTORS}",
            )
    for interval_s in AGGREGATION_S:
        if aggregated_arena(interval_s) in names:
            yield _round(
                own,
                aggregated_arena(interval_s),
                partial(with_aggregation, interval_s=interval_s),
                f"flow log, {interval_s} s",
                f"one record for each source, destination, service and {interval_s} s, delivered when these are over, "
                f"which counts in the time to detect; {_DETECTORS}",
                interval_s,
            )


def _round(
    own: Sequence[Capture],
    name: str,
    shown: Callable[[Capture], Capture],
    title: str,
    protocol: str,
    interval_s: int = 0,
) -> Round:
    captures = [shown(capture) for capture in own]
    seen_as = {one.name: capture.name for one, capture in zip(captures, own, strict=True)}
    return Round(Arena(name, captures, title, protocol, interval_s=interval_s), tuple(own), seen_as=seen_as)
