"""Records as a Zeek conn.log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sweepml.simulation.office import Record

FIELDS: Final = (
    ("ts", "time"),
    ("uid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
    ("proto", "enum"),
    ("duration", "interval"),
    ("orig_bytes", "count"),
    ("resp_bytes", "count"),
    ("conn_state", "string"),
    ("orig_pkts", "count"),
    ("resp_pkts", "count"),
)
"""Name and type of the columns that are written, in order."""


def zeek_header() -> str:
    """Return the lines that a conn.log begins with."""
    return (
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        + "\t".join(["#fields", *(name for name, _ in FIELDS)])
        + "\n"
        + "\t".join(["#types", *(kind for _, kind in FIELDS)])
        + "\n"
    )


def write_zeek_log(records: Iterable[Record], path: Path) -> int:
    """Write records as a tab-separated conn.log; return how many.

    The folder is made if it is not there, a file of that name is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="ascii", newline="\n") as log:
        log.write(zeek_header())
        for record in records:
            count += 1
            # Zeek leaves sizes and duration unset where it saw a single packet.
            lone = record.orig_packets + record.resp_packets == 1
            measured = ("-",) * 3 if lone else (f"{record.duration:.6f}", record.orig_bytes, record.resp_bytes)
            cells = (
                f"{record.ts:.6f}",
                f"C{count:07d}",
                record.src,
                record.src_port,
                record.dst,
                record.dst_port,
                record.proto,
                *measured,
                record.state,
                record.orig_packets,
                record.resp_packets,
            )
            log.write("\t".join(map(str, cells)) + "\n")
    return count
