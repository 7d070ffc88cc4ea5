"""How fast the simulator writes, and how much memory it takes: ``python -m benchmarks.simulate``.

Each line is one run in a process of its own with one thread, so that its peak memory is its own. The time is that of
`simulate` as a whole: attacks, records, sorting and writing; making the roles file's rows is in it as well.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RUNS: Final = (
    (300, 8, "conn.parquet"),
    (300, 72, "conn.parquet"),
    (5_000, 1, "conn.parquet"),
    (5_000, 4, "conn.parquet"),
    (300, 8, "conn.log"),
    (300, 72, "conn.log"),
    (5_000, 1, "conn.log"),
    (5_000, 1, "conn.log.gz"),
    (100_000, 0.1, "conn.parquet"),
)
"""Clients, hours, file."""

_SWEEPS: Final = 20
_BEGIN_US: Final = 1_767_603_600_000_000
"""Monday 2026-01-05, 9:00 UTC."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("HOSTS", "HOURS", "FILE"), help=argparse.SUPPRESS)
    one = parser.parse_args(arguments).one
    if one:
        sys.stdout.write(measured(int(one[0]), float(one[1]), one[2]) + "\n")
        return
    sys.stdout.write("| clients | hours | file | records | seconds | records a second | MB | peak memory, MiB |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
    for hosts, hours, name in RUNS:
        command = [sys.executable, "-m", "benchmarks.simulate", "--one", str(hosts), str(hours), name]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=one_thread)
        sys.stdout.write(done.stdout)
        sys.stdout.flush()


def measured(hosts: int, hours: float, name: str) -> str:
    """Return a row of the table."""
    import pyarrow as pa

    from sweepml.simulation.network import NetworkPlan
    from sweepml.simulation.simulate import simulate

    pa.set_cpu_count(1)
    plan = NetworkPlan(0, hosts, _BEGIN_US, _BEGIN_US + round(hours * 3.6e9))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        begin = time.perf_counter()
        records = simulate(plan, path, _SWEEPS).records
        seconds = time.perf_counter() - begin
        size = path.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return (
        f"| {hosts:,} | {hours:g} | {name} | {records:,} | {seconds:.1f} | {records / seconds:,.0f} | {size:,.0f} "
        f"| {peak:,} |"
    )


if __name__ == "__main__":
    main()
