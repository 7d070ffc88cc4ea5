"""Zeek logs made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FIELDS = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "conn_state",
    "orig_pkts",
    "resp_pkts",
]
HEADER = "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\t" + "\t".join(FIELDS) + "\n"
T0 = 1_700_000_000


def row(dst: str, *, at_s: float = 0.0, src: str = "10.0.0.5", port: int = 445) -> str:
    """Return one unanswered connection, `at_s` seconds after T0."""
    return f"{T0 + at_s:.6f}\tCx\t{src}\t50000\t{dst}\t{port}\ttcp\t-\t-\t-\t-\tS0\t1\t0\n"


def sweep_rows(count: int, *, at_s: float = 0.0, src: str = "10.0.0.5") -> list[str]:
    """Return contacts with `count` hosts, a tenth of a second apart."""
    return [row(f"10.1.0.{i + 1}", at_s=at_s + i / 10, src=src) for i in range(count)]


def write_log(path: Path, rows: Iterable[str]) -> Path:
    """Write a conn.log."""
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path
