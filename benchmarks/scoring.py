"""How fast bundles score: ``python -m benchmarks.scoring [MODEL ...]``.

Each registered model is fitted with its default parameters on the laboratory captures, exported as a bundle and opened
as the runtime opens it, with one thread. What is measured is the processor time of 1,000 rows at once, in the order in
which the kernel gives them; of 1,000 rows shuffled, where alike rows are apart and the processor guesses fewer branches
of a tree; and of one row. The folder of the captures is ``data`` of the working directory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.lab import read_lab
from sweepml.export.bundle import CalibratedDetector, Provenance, ValidationRows, write_bundle
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import Detector
from sweepml.models.calibration import PlattCalibration
from sweepml.models.registry import MODELS, make_model
from sweepml.pipeline.rows import LabelledRows
from sweepml.runtime.bundle import Bundle
from sweepml.tasks.cross_validation import fit_on

ROWS: Final = 1000
"""Sources of one batch."""
BATCHES: Final = 20
"""Of consecutive rows, spread over the captures."""
REPEATS: Final = 15
"""Of each batch."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all that read features only")
    names = parser.parse_args(arguments).models
    # The graph embedding has a test of its own, with 100,000 edges (tests/models/graph_embedding).
    names = names or [name for name in MODELS if not make_model(name, {}).edges_per_row]
    lab = read_lab()
    batches = consecutive(lab.table.rows.features.values)
    rng = np.random.default_rng(0)
    shuffled = consecutive(rng.permutation(lab.table.rows.features.values))
    sys.stdout.write(
        f"| model | {ROWS:,} rows, median | 5 % to 95 % | shuffled | one row | bundle |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
    )
    for name in names:
        model = fit_on(lambda name=name: make_model(name, {}), lab.table.rows, lab.table.varied, lab.groups, 0)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "detector.onnx"
            bundle = bundle_of(model, lab.plan, lab.table.rows, path)
            size = path.stat().st_size
        taken = seconds(bundle, batches) * 1e3
        low, high = np.quantile(taken, [0.05, 0.95])
        apart = np.median(seconds(bundle, shuffled)) * 1e3
        one = np.median(seconds(bundle, [batch[:1] for batch in batches])) * 1e6
        sys.stdout.write(
            f"| {name.replace('_', ' ')} | {np.median(taken):.2f} ms | {low:.2f} to {high:.2f} ms | {apart:.2f} ms "
            f"| {one:.0f} µs | {size / 1e3:.0f} kB |\n"
        )
        sys.stdout.flush()


def bundle_of(model: Detector, plan: FeaturePlan, rows: LabelledRows, path: Path) -> Bundle:
    """Write a fitted model as a bundle, opened; its calibration and thresholds are of no use."""
    thresholds = dict.fromkeys((spec.length_s for spec in plan.windows), 0.5)
    detector = CalibratedDetector(model, PlattCalibration(1.0, 0.0), thresholds)
    provenance = Provenance("scoring", "2026-01-01T00:00:00Z", {}, 1800.0, {}, {})
    return write_bundle(path, detector, plan, ValidationRows(rows.features.values, rows.y == 0), provenance)


def consecutive(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return batches of rows that follow each other."""
    starts = np.linspace(0, len(values) - ROWS, BATCHES).astype(int)
    return [values[start : start + ROWS] for start in starts.tolist()]


def seconds(bundle: Bundle, batches: Sequence[NDArray[np.float32]], repeats: int = REPEATS) -> NDArray[np.float64]:
    """Return the processor time that scoring each batch takes, again and again; float64, shape (batches * repeats,)."""
    bundle.score(batches[0])  # the first call allocates
    taken = []
    for _ in range(repeats):
        for batch in batches:
            start = time.process_time()
            bundle.score(batch)
            taken.append(time.process_time() - start)
    return np.array(taken)


if __name__ == "__main__":
    main()
