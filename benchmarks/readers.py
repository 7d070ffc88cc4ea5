"""How fast logs are read: ``python -m benchmarks.readers [--rows N]``.

A conn.log as text and as JSON, made up by `benchmarks.traffic`, is read by the bulk reader into the canonical table, by
the line reader of the runtime into the arrays of the kernel, and by pandas into a frame of the same columns.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.traffic import make_traffic
from sweepml.datasets.reader import read_connections
from sweepml.graph.hosts import HostTable
from sweepml.runtime.lines import LineReader
from sweepml.schema.connection import protocol_label
from sweepml.simulation.zeek_log import FIELDS, zeek_header

NAMES: Final = tuple(name for name, _ in FIELDS)
_TEXT: Final = frozenset({"uid", "id.orig_h", "id.resp_h", "proto", "conn_state"})
_STATES: Final = ("SF", "REJ", "S0", "S0", "OTH")
"""By `Outcome`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="lines of the log (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many counts (default %(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        text, objects = Path(folder) / "conn.log", Path(folder) / "conn.json"
        write_logs(options.rows, text, objects)
        for name, work in (
            ("bulk reader, text", lambda: read_connections(text).read_all().num_rows),
            ("pandas, text", lambda: len(_pandas(text))),
            ("bulk reader, JSON", lambda: read_connections(objects).read_all().num_rows),
            ("line reader, text", lambda: sum(map(len, LineReader(text, HostTable())))),
            ("line reader, JSON", lambda: sum(map(len, LineReader(objects, HostTable())))),
        ):
            seconds = min(_took(work, options.rows) for _ in range(options.repeats))
            sys.stdout.write(f"{name:<20} {options.rows / seconds / 1e6:>6.2f} M lines a second of processor time\n")
            sys.stdout.flush()


def write_logs(rows: int, text: Path, objects: Path) -> None:
    """Write the same records as tab-separated text and as JSON lines."""
    traffic = make_traffic(rows)
    hosts, connections = traffic.hosts.names, traffic.connections
    with text.open("w") as lines, objects.open("w") as json_lines:
        lines.write(zeek_header())
        for first in range(0, rows, 100_000):
            part = connections.take(slice(first, first + 100_000))
            for i, (ts, source, destination, service, outcome) in enumerate(
                zip(
                    part.ts_us.tolist(),
                    part.source.tolist(),
                    part.destination.tolist(),
                    part.service.tolist(),
                    part.outcome.tolist(),
                    strict=True,
                )
            ):
                values = (
                    ts / 1e6,
                    f"C{first + i:x}",
                    hosts[source],
                    40_000 + i % 20_000,
                    hosts[destination],
                    service & 0xFFFF,
                    protocol_label(service >> 16),
                    (i % 9_000) / 1e3,
                    i % 1_400,
                    i * 7 % 90_000,
                    _STATES[outcome],
                    i % 19,
                    i % 17,
                )
                lines.write("\t".join(map(str, values)) + "\n")
                json_lines.write(json.dumps(dict(zip(NAMES, values, strict=True)), separators=(",", ":")) + "\n")


def _pandas(path: Path) -> pd.DataFrame:
    kinds = {name: "category" for name in NAMES if name in _TEXT and name != "uid"}
    wanted = [name for name in NAMES if name != "uid"]
    return pd.read_csv(
        path,
        sep="\t",
        skiprows=zeek_header().count("\n"),
        names=list(NAMES),
        usecols=wanted,
        dtype=kinds,
        engine="c",
        na_filter=False,
    )


def _took(work: Callable[[], int], rows: int) -> float:
    begin = time.process_time()
    found = work()
    seconds = time.process_time() - begin
    if found != rows:
        raise RuntimeError(f"expected {rows} rows, got {found}")
    return seconds


if __name__ == "__main__":
    main()
