"""One capture -> one Parquet file: the unit of work of every engine."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.load import fingerprint
from sweepml.datasets.mapping import SUFFIXES as MAPPING_SUFFIXES
from sweepml.datasets.paths import input_bytes
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.origins.report import ReadReport
from sweepml.pipeline.ahead import ahead
from sweepml.pipeline.inputs import CaptureFiles
from sweepml.pipeline.table import (
    FeatureTableWriter,
    FileStamp,
    InputStamp,
    TableStamp,
    plan_facts,
    read_stamp,
    table_of_rows,
)

logger = logging.getLogger(__name__)

MIB: Final = 1 << 20

_HOSTS: Final = 1 << 20
"""Hosts known before the first look whether some can be forgotten, about 300 bytes each. Chosen, not tuned."""

Advance = Callable[[int], None]
"""Told how many more MiB of input are done."""


@dataclass(frozen=True, slots=True)
class PartitionJob:
    """One capture to compute; it can be sent to another process.

    Attributes
    ----------
    capture
        Files and name.
    paths
        Where the worker finds the files, in the order of `capture.paths`.
    part
        File to write, read by whoever assembles the table.
    origin
        Log format, or ``auto``.
    plan
        Windows and gates.
    version, git_commit
        Of sweepml, for the stamp.
    """

    capture: CaptureFiles
    paths: tuple[str, ...]
    part: str
    origin: str
    plan: FeaturePlan
    version: str
    git_commit: str

    @property
    def steps(self) -> int:
        """MiB of input, each begun one counted."""
        return mebibytes(sum(map(input_bytes, self.paths)))


@dataclass(frozen=True, slots=True)
class Partition:
    """A finished part.

    Attributes
    ----------
    part
        Its file.
    stamp
        What it was made of.
    computed
        False where it was found finished.
    reports
        What was read and rejected; empty where it was found finished.
    """

    part: str
    stamp: TableStamp
    computed: bool
    reports: tuple[ReadReport, ...] = ()


def mebibytes(size: int) -> int:
    """Return a size in MiB, rounded up, at least 1."""
    return max(1, -(-size // MIB))


def part_name(capture: str) -> str:
    """Return the file name of a capture's part: readable, and never that of another capture.

    >>> part_name("logs/conn.*.log")
    'logs-conn-log-bd60a1d0.parquet'
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", capture).strip("-")[-60:]
    return f"{readable}-{hashlib.sha256(capture.encode()).hexdigest()[:8]}.parquet"


def stamp_inputs(job: PartitionJob) -> TableStamp:
    """Return the stamp of a capture that is not computed yet; reads every byte of its files once."""
    files = tuple(FileStamp(name, fingerprint(path)) for name, path in zip(job.capture.paths, job.paths, strict=True))
    # A mapping decides the rows by what it says, not by its name.
    is_mapping = job.origin.endswith(MAPPING_SUFFIXES)
    origin = f"{job.origin} {fingerprint(job.origin)}" if is_mapping else job.origin
    inputs = (InputStamp(job.capture.name, files, origin),)
    return TableStamp(inputs, plan_facts(job.plan), job.version, job.git_commit)


def compute_partition(job: PartitionJob, advance: Advance | None = None) -> Partition:
    """Compute a part, unless it is there and was made of the same files, plan, schema and code.

    Parameters
    ----------
    job
        What to do.
    advance
        Told about progress.

    Raises
    ------
    InputError, FormatError
        If a file cannot be read. No part is then left.
    """
    done = 0

    def told(so_far: int) -> None:
        nonlocal done
        if advance is not None and so_far > done:
            advance(so_far - done)
        done = max(done, so_far)

    expected = stamp_inputs(job)
    found = read_stamp(job.part)
    if found is not None and expected.is_same_as(found):
        told(job.steps)
        return Partition(job.part, found, computed=False)
    before = _states(job)
    stream, limit = FeatureStream(job.plan), _HOSTS
    reader = _Reader(job, told)
    with FeatureTableWriter(job.part) as writer:
        for batch in reader:
            for rows in stream.push_batches(table_to_connections(batch, stream.hosts)):
                writer.write(table_of_rows(rows.rows, stream.hosts, job.capture.name))
            if len(stream.hosts) > limit:
                stream.compact()  # every code that was handed out is in a table by now
                limit = max(_HOSTS, 2 * len(stream.hosts))
        for rows in stream.flush_batches():
            writer.write(table_of_rows(rows.rows, stream.hosts, job.capture.name))
        if _states(job) != before:
            raise InputError(f"{job.capture.name}: changed while it was read; run again when nobody writes to it")
        made = replace(
            expected.inputs[0],
            connections=sum(report.rows for report in reader.reports),
            rejected=sum(report.rejected for report in reader.reports),
            rows=writer.rows,
        )
        stamp = replace(expected, inputs=(made,))
        writer.finish(stamp)
    told(job.steps)
    return Partition(job.part, stamp, computed=True, reports=tuple(reader.reports))


def assemble(partitions: list[Partition], path: Path) -> TableStamp:
    """Write the parts as one table, in order; memory does not grow with them."""
    first = partitions[0].stamp
    stamp = replace(first, inputs=tuple(one for partition in partitions for one in partition.stamp.inputs))
    with FeatureTableWriter(path) as writer:
        for partition in partitions:
            with pq.ParquetFile(partition.part) as part:
                for group in range(part.num_row_groups):
                    writer.write(part.read_row_group(group).replace_schema_metadata(None))
        writer.finish(stamp)
    return stamp


class _Reader:
    """The batches of a capture's files, one after the other."""

    def __init__(self, job: PartitionJob, told: Advance) -> None:
        self.reports: list[ReadReport] = []
        self._job, self._told = job, told

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        before = 0
        for path in self._job.paths:
            reader = read_connections(path, self._job.origin)
            for batch in ahead(iter(reader)):
                yield batch
                self._told((before + reader.bytes_read) // MIB)
            self.reports.append(reader.report)
            before += Path(path).stat().st_size


def _states(job: PartitionJob) -> list[tuple[int, int]]:
    found = [Path(path).stat() for path in job.paths]
    return [(one.st_size, one.st_mtime_ns) for one in found]
