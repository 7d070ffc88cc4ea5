"""Unidirectional records: made by hand, and of the laboratory capture."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sweepml.origins.exchange import ACK, FIN, PSH, RST, SYN, Flow
from sweepml.schema.connection import MISSING, PROTOCOL_BY_NAME

S = 1_000_000
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
FLAGS = {"S": SYN, "A": ACK, "R": RST, "P": PSH, "F": FIN}


def flags(letters: str) -> int:
    """Return TCP flags of their letters."""
    return sum(FLAGS[letter] for letter in letters)


def request(**changes: Any) -> Flow:
    """Return one SYN of the client to port 445 of the server."""
    values: dict[str, Any] = {"ts_us": 0, "end_us": 0, "src": CLIENT, "dst": SERVER, "protocol": 6, "packets": 1}
    values |= {"src_port": 40000, "dst_port": 445, "tcp_flags": SYN, "bytes": 40}
    return Flow(**values | changes)


def reply(**changes: Any) -> Flow:
    """Return the server's SYN-ACK to `request`."""
    values: dict[str, Any] = {"ts_us": 0, "end_us": 0, "src": SERVER, "dst": CLIENT, "protocol": 6, "packets": 1}
    values |= {"src_port": 445, "dst_port": 40000, "tcp_flags": SYN | ACK, "bytes": 44}
    return Flow(**values | changes)


def nfdump_flows(path: Path) -> Iterator[Flow]:
    """Yield the records of an nfdump CSV file with whole-second times and the column set of nfdump 1.6."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            protocol = PROTOCOL_BY_NAME[record["pr"].lower()]
            start_us, port = _second_us(record["ts"]), int(record["dp"])
            is_icmp, is_tcp = record["pr"] == "ICMP", record["pr"] == "TCP"
            yield Flow(
                ts_us=start_us,
                end_us=start_us + round(float(record["td"]) * S),
                src=record["sa"],
                dst=record["da"],
                protocol=protocol,
                src_port=MISSING if is_icmp else int(record["sp"]),
                dst_port=MISSING if is_icmp else port,
                icmp_type=port >> 8 if is_icmp else MISSING,
                tcp_flags=sum(1 << i for i, c in enumerate(record["flg"][::-1]) if c != ".") if is_tcp else MISSING,
                bytes=int(record["ibyt"]),
                packets=int(record["ipkt"]),
            )


@lru_cache(maxsize=4096)
def _second_us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S
