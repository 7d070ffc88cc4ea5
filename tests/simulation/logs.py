"""Small logs for the tests of this folder."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.reader import read_connections
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.hosts import HostTable
from sweepml.simulation.zeek_log import zeek_header

BEGIN_S = 1_767_600_000

Row = tuple[float, str, str, str, int, str, float, int, int, int, int]


def rows(count: int = 400, *, ipv6: bool = False, seed: int = 0) -> list[Row]:
    """Return an hour of a small office: answered web and name lookups, some refused, some silent."""
    rng = np.random.default_rng(seed)
    made: list[Row] = []
    for start in np.sort(rng.uniform(0, 3600, count)).round(6):
        client, server = int(rng.integers(20, 40)), int(rng.integers(1, 15))
        src = f"2001:db8:7::{client:x}" if ipv6 else f"192.168.7.{client}"
        dst = f"2001:db8:8::{server:x}" if ipv6 else f"192.168.8.{server}"
        if rng.random() < 0.3:
            made.append((start, src, dst, "udp", 53, "SF", 0.02, 40, 90, 1, 1))
        elif server < 12:
            size = int(rng.integers(300, 4000))
            made.append((start, src, dst, "tcp", 443, "SF", float(rng.uniform(0.1, 9)), size, 3 * size, 9, 11))
        elif server < 14:
            made.append((start, src, dst, "tcp", 443, "REJ", 0.0005, 0, 0, 1, 1))
        else:
            made.append((start, src, dst, "tcp", 443, "S0", 3.0, 0, 0, 3, 0))
    return made


def write_log(path: Path, made: Iterable[Row]) -> Path:
    """Write rows as a conn.log."""
    lines = [zeek_header()]
    for i, (start, src, dst, proto, port, state, *sizes) in enumerate(made):
        duration, orig_bytes, resp_bytes, orig_packets, resp_packets = sizes
        lines.append(
            f"{BEGIN_S + start:.6f}\tC{i}\t{src}\t40000\t{dst}\t{port}\t{proto}\t{duration:.6f}\t{orig_bytes}\t"
            f"{resp_bytes}\t{state}\t{orig_packets}\t{resp_packets}\n"
        )
    path.write_text("".join(lines))
    return path


def contacts(path: Path) -> tuple[Connections, HostTable]:
    """Return a log's connections with a target, and its hosts."""
    hosts = HostTable()
    table = pq.read_table(path) if path.suffix == ".parquet" else read_connections(path).read_all()
    connections = table_to_connections(table, hosts)
    return connections.take(is_contact(connections, hosts)), hosts
