"""Contacts, rows and alerts made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sweepml.features.stream import FeatureStream
from sweepml.graph.connection_graph import ConnectionGraph
from sweepml.graph.hosts import HostTable, InternalNetworks
from sweepml.runtime.alerts import Alert, AlertBook, PositiveRow
from sweepml.runtime.evidence import Evidence
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle.oracle import TCP, Record
from tests.oracle.traffic import to_connections
from tests.runtime.bundles import DST_COUNT, manifest

US = 1_000_000
T0 = 1_700_000_000
"""Seconds; a whole multiple of 100."""
SOURCE = "10.0.0.5"


def new_hosts() -> HostTable:
    return HostTable(InternalNetworks(("10.0.0.0/8", "fd00::/8")))


def contact(dst: str, port: int = 445, at_s: float = 0.0, outcome: int = 3, **fields: Any) -> Record:
    """Return one contact, `at_s` seconds after T0, unanswered by default."""
    volume = dict.fromkeys(("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets"))
    whole = {"src": SOURCE, "protocol": TCP} | volume | fields
    return Record(ts_us=T0 * US + round(at_s * US), dst=dst, port=port, outcome=outcome, **whole)


def sweep(count: int, net: str = "10.1.0.", first: int = 1, **fields: Any) -> list[Record]:
    """Return one contact each with `count` hosts of a network, a tenth of a second apart."""
    at_s = fields.pop("at_s", 0.0)
    return [contact(f"{net}{first + i}", at_s=at_s + i / 10, **fields) for i in range(count)]


def graph_of(records: Sequence[Record], hosts: HostTable) -> ConnectionGraph:
    return ConnectionGraph.from_connections(to_connections(records, hosts))


def evidence_of(records: Sequence[Record]) -> Evidence:
    hosts = new_hosts()
    return Evidence.of(graph_of(records, hosts), hosts)


def positive(
    records: Sequence[Record], hosts: HostTable, source: str = SOURCE, horizon_s: int = 60, score: float = 0.9
) -> PositiveRow:
    values = np.ones(len(FEATURE_NAMES), np.float32)
    values[DST_COUNT] = len({record.dst for record in records})
    return PositiveRow(source, horizon_s, score, values, graph_of(records, hosts))


class Book:
    """An alert book that is fed with seconds after T0."""

    def __init__(self, close_after_s: float = 600.0, **limits: int) -> None:
        self.hosts = new_hosts()
        self.book = AlertBook(manifest(close_after_s=close_after_s), "0123456789ab", self.hosts, **limits)

    def at(self, at_s: float, *rows: PositiveRow) -> list[Alert]:
        return self.book.advance(T0 * US + round(at_s * US), rows)

    def row(self, records: Sequence[Record], **fields: Any) -> PositiveRow:
        return positive(records, self.hosts, **fields)


def one_alert(records: Sequence[Record] | None = None, **fields: Any) -> Alert:
    """Return the alert that opens a finding."""
    book = Book()
    (alert,) = book.at(60, book.row(sweep(30) if records is None else records, **fields))
    return alert


def batch_rows(bundle: Any, records: Sequence[Record]) -> Any:
    """Return the rows that the batch pipeline makes of records."""
    stream = FeatureStream(bundle.plan)
    first = stream.push(to_connections(records, stream.hosts))
    return type(first).concat([first, stream.flush()]), stream.hosts


def states(alerts: Iterable[Alert]) -> list[str]:
    return [str(alert.state) for alert in alerts]
