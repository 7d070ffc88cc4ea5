"""What a bundle says of published captures: ``python -m benchmarks.transfer BUNDLE [BUNDLE ...] --real FOLDER``.

One line a capture: who raised an alert, on which ports, and the highest score among the others. Sources whose nature is
known from ``ground_truth.csv`` are named with it. With ``--without-volume`` sizes, packets and durations are taken
out of every record first, as in a log that does not carry them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import FormatError
from sweepml.features.kernel import FeatureRows
from sweepml.graph.connections import Connections
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.lines import LineReader
from sweepml.runtime.session import ScoringSession
from sweepml.schema.connection import MISSING


def main() -> int:
    """Print the table of every bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--real", type=Path, default=Path("../shared/data/real"))
    parser.add_argument("--without-volume", action="store_true")
    options = parser.parse_args()
    kinds = known_kinds(options.real / "ground_truth.csv")
    for path in options.bundles:
        bundle = Bundle(path)
        print(f"\n{path} ({bundle.manifest.name}){' without volume' if options.without_volume else ''}\n")  # noqa: T201
        print("| capture | sources judged | alerts | highest score of the others |\n|---|---|---|---|")  # noqa: T201
        for log in sorted((options.real / "zeek").iterdir()):
            print(line(log, bundle, kinds, without_volume=options.without_volume))  # noqa: T201
    return 0


def known_kinds(path: Path) -> dict[tuple[str, str], str]:
    """Return (file name, source) -> kind."""
    with path.open(newline="") as file:
        return {(Path(row["file"]).name, row["source"]): row["kind"] for row in csv.DictReader(file)}


def line(log: Path, bundle: Bundle, kinds: dict[tuple[str, str], str], *, without_volume: bool) -> str:
    """Return a capture's line of the table."""
    best: dict[str, float] = {}

    def observe(rows: FeatureRows, scores: NDArray[np.float32]) -> None:
        for code, score in zip(rows.source.tolist(), scores.tolist(), strict=True):
            name = session.hosts.name(code)
            best[name] = max(best.get(name, 0.0), score)

    session = ScoringSession(bundle, observer=observe)
    alerts = []
    for chunk in chunks(log, session, without_volume=without_volume):
        alerts += session.push(chunk)
    alerts += session.flush()
    raised: dict[str, set[str]] = {}
    for alert in alerts:
        ports = [f"{port.protocol}/{port.port}" for port in alert.ports if port.dst_count >= bundle.plan.min_dst_count]
        raised.setdefault(alert.source, set()).update(ports[:3])
    named = [
        f"{source} on {', '.join(sorted(ports))} ({kinds.get((log.name, source), 'not in ground truth')})"
        for source, ports in raised.items()
    ]
    others = max((score for source, score in best.items() if source not in raised), default=float("nan"))
    return f"| {log.name} | {len(best)} | {'; '.join(named) or 'none'} | {others:.3f} |"


def chunks(log: Path, session: ScoringSession, *, without_volume: bool) -> Iterator[Connections]:
    """Yield a log's connections."""
    try:
        for chunk in LineReader(log, session.hosts):
            missing = np.full(len(chunk), MISSING, np.int64)
            sizes = ("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets")
            yield replace(chunk, **dict.fromkeys(sizes, missing)) if without_volume else chunk
    except FormatError as error:
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    sys.exit(main())
