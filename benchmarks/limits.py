"""What the limit of edges per source does to features and scores: ``python -m benchmarks.limits BUNDLE``.

Sweeps of many sizes, each within one minute and with one target in ten that answers, are judged with all of their edges
and with a sample. The difference is what the limit costs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sweepml.features.stream import FeatureStream
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.runtime.bundle import Bundle
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.connection import MISSING, Protocol, pack_service
from sweepml.schema.outcome import Outcome

LIMITS: Final = (1_000, 5_000, 20_000)
SIZES: Final = (2_000, 10_000, 60_000)
WORLDS: Final = 20
"""Sweeps of each size, of other addresses each."""

_BEGIN_US: Final = 1_767_225_600 * US_PER_S
_NO_LIMIT: Final = 1 << 30
_DST_COUNT: Final = FEATURE_NAMES.index("dst_count")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("bundle", help="detector to score with")
    bundle = Bundle(parser.parse_args(arguments).bundle)
    sys.stdout.write("| limit | targets | error of dst_count | largest | change of the score | verdicts that flip |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for limit in LIMITS:
        for size in (size for size in SIZES if size > limit):
            pairs = [tuple(_pair(bundle, size, limit, seed)) for seed in range(WORLDS)]
            error = np.array([sampled[0] / exact[0] - 1 for exact, sampled in pairs])
            change = max(abs(sampled[1] - exact[1]) for exact, sampled in pairs)
            flips = sum(sampled[2] != exact[2] for exact, sampled in pairs)
            sys.stdout.write(
                f"| {limit:,} | {size:,} | {error.std():.2%} | {np.abs(error).max():.2%} | {change:.1e} at most "
                f"| {flips} of {WORLDS} |\n"
            )


def _pair(bundle: Bundle, size: int, limit: int, seed: int) -> Iterator[tuple[float, float, bool]]:
    """Give dst_count, score and verdict without a limit and with one."""
    plan = replace(bundle.plan, milestones=())
    for edges in (_NO_LIMIT, limit):
        stream = FeatureStream(replace(plan, max_edges_per_source=edges))
        stream.push(_sweep(size, stream.hosts, np.random.default_rng(seed)))
        rows = stream.flush()
        rows = rows.take(rows.length_s == plan.windows[0].length_s)
        score, verdict = bundle.score(rows.values)
        yield float(rows.values[0, _DST_COUNT]), float(score[0]), bool(verdict[0, 0])


def _sweep(size: int, hosts: HostTable, rng: np.random.Generator) -> Connections:
    net = int(rng.integers(0, 256))
    targets = [f"10.{net}.{at >> 8}.{at & 255}" for at in rng.choice(1 << 16, size, replace=False).tolist()]
    missing = np.full(size, MISSING, np.int64)
    outcome = np.where(rng.random(size) < 0.1, Outcome.ANSWERED, Outcome.UNANSWERED)
    return Connections(
        ts_us=_BEGIN_US + np.sort(rng.integers(0, 50 * US_PER_S, size)),
        source=np.full(size, hosts.encode("192.168.0.9"), np.int32),
        destination=hosts.encode_all(targets),
        service=np.full(size, pack_service(Protocol.TCP, 445), np.uint32),
        outcome=outcome.astype(np.uint8),
        **dict.fromkeys(("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets"), missing),
        label=np.zeros(size, np.uint8),
    )


if __name__ == "__main__":
    main()
