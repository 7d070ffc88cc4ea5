"""Compares what the bulk reader, the line reader and the row-wise way make of a log."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa

from sweepml.datasets.batches import BatchReader
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.origins.files import splitter_for
from sweepml.origins.parser import LineParser
from sweepml.origins.registry import detect
from sweepml.origins.report import ReadReport
from sweepml.runtime.lines import LineReader


def by_name(connections: Connections, hosts: HostTable) -> dict[str, list[object]]:
    names = np.array(hosts.names, object)
    found = {field.name: getattr(connections, field.name) for field in fields(Connections)}
    found["source"], found["destination"] = names[found["source"]], names[found["destination"]]
    found["identity"] = np.append(names, "")[found["identity"]]
    return {name: column.tolist() for name, column in found.items()}


def read_bulk(path: Path, **options: object) -> tuple[dict[str, list[object]], set[str], ReadReport]:
    hosts = HostTable()
    reader = read_connections(path, **options)
    connections = table_to_connections(read_table(reader), hosts)
    return by_name(connections, hosts), set(hosts.names), reader.report


def read_table(reader: BatchReader) -> pa.Table:
    """Return the rows of a reader, also where there are none and that is an error."""
    batches: list[pa.RecordBatch] = []
    try:
        batches.extend(reader)
    except FormatError:
        assert not reader.report.rows
        assert reader.report.rejects
    return pa.Table.from_batches(batches, schema=reader.schema)


def read_lines(path: Path, **options: object) -> tuple[dict[str, list[object]], set[str], ReadReport]:
    hosts = HostTable()
    reader = LineReader(path, hosts, **options)
    parts = list(reader)
    none = table_to_connections(read_connections(path).schema.empty_table(), HostTable())
    return by_name(Connections.concat([none, *parts]), hosts), set(hosts.names), reader.report


def read_rows(path: Path) -> tuple[list[tuple[object, ...]], ReadReport]:
    """Read row by row, with none of the fast ways."""
    data = path.read_bytes()
    report = ReadReport(str(path))
    origin, encoding = detect(data)
    parser, splitter = LineParser(origin, encoding, report), splitter_for(encoding)
    rows = parser.parse_block(splitter.feed(data) + splitter.flush(), 1) + parser.flush()
    if rows:
        report.accept(len(rows), min(row.ts_us for row in rows), max(row.ts_us for row in rows))
    return [tuple(row) for row in rows], report


def assert_readers_agree(path: Path, **options: object) -> None:
    bulk, bulk_hosts, bulk_report = read_bulk(path, **options)
    lines, line_hosts, line_report = read_lines(path, **options)
    assert bulk == lines
    assert bulk_hosts == line_hosts
    assert bulk_report == line_report
    rows, row_report = read_rows(path)
    table = read_table(read_connections(path))
    assert [tuple(row.values()) for row in table.to_pylist()] == rows
    assert bulk_report == row_report


def assert_fast_ways_agree(path: Path) -> ReadReport:
    """Compare the two readers only, for logs too long to be read row by row; return their report."""
    bulk, bulk_hosts, bulk_report = read_bulk(path)
    lines, line_hosts, line_report = read_lines(path)
    assert bulk == lines
    assert bulk_hosts == line_hosts
    assert bulk_report == line_report
    return bulk_report
