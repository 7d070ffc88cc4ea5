"""How fast the feature kernel is, against the same features in Polars, DuckDB and pandas, with equal results.

``python -m benchmarks.kernel [--rows N] [--json FILE] [--scaling]``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from benchmarks.duckdb_engine import DUCKDB, DUCKDB_1
from benchmarks.engines import KEY, Engine, Table, as_columns
from benchmarks.pandas_engine import PANDAS
from benchmarks.polars_engine import POLARS
from benchmarks.traffic import EPOCH_US, WINDOW_US, Traffic, make_traffic
from sweepml.features.kernel import FeatureRows, compute_features
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connection_graph import stack_connections
from sweepml.schema.catalogue import CATALOGUE

T = TypeVar("T")

PANDAS_ROWS: Final = 5_000_000
CHUNK_ROWS: Final = 100_000
"""Records in one push of the stream."""
_IDLE_LOAD: Final = 0.5
SCALING_ROWS: Final = (100_000, 500_000, 1_000_000, 5_000_000, 20_000_000, 50_000_000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, print a table, write JSON if asked to."""
    options = _parse(arguments)
    report: dict[str, Any] = {"machine": _machine(), "rows": options.rows, "repeats": options.repeats}
    traffic = make_traffic(options.rows, options.per_window)
    windows = int((traffic.connections.ts_us[-1] - EPOCH_US) // WINDOW_US) + 1
    report["records_per_window"] = options.rows // windows
    _say(f"{options.rows:,} records, {windows} windows of 60 s, {report['machine']}")
    busy = report["load_before"] = os.getloadavg()[0]
    if busy > _IDLE_LOAD:
        _say(f"the machine is busy (load {busy:.1f}): trust processor time rather than the wall clock")
    report["tumbling"] = compare(traffic, options.repeats, engines=not options.no_engines)
    report["three_horizons"] = three_horizons(traffic, options.repeats)
    if options.scaling:
        report["scaling"] = scaling(options.repeats)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="records (default %(default)s)")
    parser.add_argument("--per-window", type=int, default=200_000, help="records in a minute (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many counts (default %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--scaling", action="store_true", help="also fit how time grows with records")
    parser.add_argument("--no-engines", action="store_true", help="leave Polars, DuckDB and pandas out")
    return parser.parse_args(arguments)


def compare(traffic: Traffic, repeats: int, *, engines: bool) -> list[dict[str, Any]]:
    """Time every engine on tumbling windows of 60 s and check that each agrees with the kernel."""
    rows = len(traffic.connections)
    took, features = _best(repeats, lambda: tumbling(traffic))
    results = [_result("sweepml", 1, rows, rows, took)]
    if engines:
        cores = len(os.sched_getaffinity(0))
        plan: list[tuple[Engine, int, int]] = [
            (POLARS, cores, rows),
            (DUCKDB, cores, rows),
            (DUCKDB_1, 1, rows),
            (PANDAS, 1, min(rows, PANDAS_ROWS)),
        ]
        for engine, threads, used in plan:
            data = engine.prepare(as_columns(traffic, used))
            took, table = _best(repeats, lambda engine=engine, data=data: engine.compute(data))
            result = _result(engine.name, threads, used, rows, took)
            result["left_out"] = check(features, table, whole=used == rows)
            results.append(result)
    own = results[0]
    _say(f"{'':<20}{'':>8}{'wall clock':>25}{'processor time':>25}")
    _say(f"{'tumbling windows':<20}{'threads':>8}" + f"{'M records/s':>13}{'sweepml is':>12}" * 2)
    for result in results:
        result["sweepml_is_faster_by"] = own["records_per_s"] / result["records_per_s"]
        result["sweepml_is_cheaper_by"] = own["records_per_cpu_s"] / result["records_per_cpu_s"]
        note = "" if result["rows"] == rows else f"  measured on {result['rows']:,} records, rate taken as constant"
        note += f"  without {', '.join(result['left_out'])}" if result.get("left_out") else ""
        _say(
            f"{result['engine']:<20}{result['threads']:>8}{result['records_per_s'] / 1e6:>13.2f}"
            f"{result['sweepml_is_faster_by']:>11.1f}x{result['records_per_cpu_s'] / 1e6:>13.2f}"
            f"{result['sweepml_is_cheaper_by']:>11.1f}x{note}"
        )
    return results


def tumbling(traffic: Traffic) -> FeatureRows:
    """Return the features of all windows, computed by the kernel window after window on one thread."""
    connections = traffic.connections
    number = (connections.ts_us - EPOCH_US) // WINDOW_US
    cuts = np.searchsorted(number, np.arange(int(number[-1]) + 2))
    parts = []
    for i in range(len(cuts) - 1):
        part = connections.take(slice(int(cuts[i]), int(cuts[i + 1])))
        stack = stack_connections(part, np.zeros(len(part), np.int32), 1)
        start_us = np.array([EPOCH_US + i * WINDOW_US])
        parts.append(compute_features(stack, traffic.hosts, start_us, np.array([WINDOW_US])))
    return FeatureRows.concat(parts)


def check(features: FeatureRows, table: Table, *, whole: bool) -> list[str]:
    """Fail unless an engine agrees: counts exactly, ratios to 1e-5. Return the features that it leaves out.

    An engine that got the first records only is compared on the windows that it has whole.
    """
    win = ((features.start_us - EPOCH_US) // WINDOW_US).astype(np.float64)
    last = np.inf if whole else table["win"].max()
    mine, its = win < last, table["win"] < last
    np.testing.assert_array_equal(win[mine], table["win"][its])
    np.testing.assert_array_equal(features.source[mine], table["src"][its])
    missing = []
    for i, spec in enumerate(CATALOGUE):
        if spec.name not in table:
            # A window by itself has no memory, which is missing on both sides.
            if not np.isnan(features.values[mine, i]).all():
                missing.append(spec.name)
        elif spec.unit == "count":
            np.testing.assert_array_equal(features.values[mine, i], table[spec.name][its], err_msg=spec.name)
        else:
            np.testing.assert_allclose(
                features.values[mine, i], table[spec.name][its], rtol=1e-5, atol=1e-5, err_msg=spec.name
            )
    assert set(table) - set(KEY) <= {spec.name for spec in CATALOGUE}
    return missing


def three_horizons(traffic: Traffic, repeats: int) -> dict[str, Any]:
    """Time the stream end to end with the default plan: every window of all horizons, pushed in chunks."""

    def run() -> int:
        stream = FeatureStream(FeaturePlan(), traffic.hosts)
        made = 0
        for first in range(0, len(traffic.connections), CHUNK_ROWS):
            made += len(stream.push(traffic.connections.take(slice(first, first + CHUNK_ROWS))))
        return made + len(stream.flush())

    took, made = _best(repeats, run)
    rate = len(traffic.connections) / took.wall_s
    _say(f"\nall horizons with strides (60 s, 10 min, 1 h, 1 day): {rate / 1e6:.2f} M records/s, {made:,} feature rows")
    cpu_rate = len(traffic.connections) / took.cpu_s
    return {
        "records_per_s": rate,
        "records_per_cpu_s": cpu_rate,
        "seconds": took.wall_s,
        "feature_rows": made,
    }


def scaling(repeats: int) -> dict[str, Any]:
    """Fit time = a * rows ** exponent over sizes that differ by a factor of 500."""
    seconds = []
    for rows in SCALING_ROWS:
        traffic = make_traffic(rows)
        seconds.append(_best(repeats, lambda traffic=traffic: tumbling(traffic))[0].wall_s)
        _say(f"{rows:>12,} records {seconds[-1]:>8.3f} s {rows / seconds[-1] / 1e6:>6.2f} M records/s")
    exponent = float(np.polyfit(np.log(SCALING_ROWS), np.log(seconds), 1)[0])
    _say(f"time grows as records ** {exponent:.2f}")
    return {"rows": list(SCALING_ROWS), "seconds": seconds, "exponent": exponent}


@dataclass(frozen=True, slots=True)
class Took:
    """The best of some runs; processor time counts all threads and minds a busy machine less."""

    wall_s: float
    cpu_s: float


def _best(repeats: int, work: Callable[[], T]) -> tuple[Took, T]:
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Took(min(walls), min(cpus)), result


def _result(engine: str, threads: int, rows: int, of_rows: int, took: Took) -> dict[str, Any]:
    return {
        "engine": engine,
        "threads": threads,
        "rows": rows,
        "seconds": took.wall_s,
        "records_per_s": rows / took.wall_s,
        "records_per_cpu_s": rows / took.cpu_s,
        "extrapolated": rows != of_rows,
    }


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = " ".join(f"{name} {version(name)}" for name in ("numpy", "polars", "duckdb", "pandas"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {versions}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
