"""Sweeps put into a log that someone recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sweepml.datasets.batches import BatchReader
from sweepml.datasets.capture import Episode
from sweepml.datasets.load import fingerprint
from sweepml.origins.report import ReadReport
from sweepml.schema.outcome import Outcome
from sweepml.simulation.log_files import open_log
from sweepml.simulation.portrait import LogInput, draw_portrait
from sweepml.simulation.records import Records
from sweepml.simulation.sweeps import SweepMaker, SweepOptions


@dataclass(frozen=True, slots=True)
class Injection:
    """What was written.

    Attributes
    ----------
    episodes
        Of the injected sweeps, in order of their numbers.
    sources
        Who the log shows connecting, in canonical form, sorted.
    read
        What was read and rejected.
    injected
        Injected records.
    blocked
        Records of the log whose outcome was `blocked`: a Zeek log has no word for it.
    """

    episodes: tuple[Episode, ...]
    sources: tuple[str, ...]
    read: ReadReport
    injected: int
    blocked: int


def inject(
    log: LogInput,
    output: str | os.PathLike[str],
    sweeps: int,
    options: SweepOptions | None = None,
    seed: int = 0,
) -> Injection:
    """Write a log again, with sweeps in it.

    The log is read twice: once for what it shows of its network, once to be written. Memory grows with its distinct
    hosts and services and with the injected records, not with its length. What the canonical columns do not hold
    (source ports, unique ids, other columns) is not carried over: real and injected records get it alike.

    Parameters
    ----------
    log
        What to read.
    output
        What to write, see `open_log`.
    sweeps
        How many.
    options
        What they are drawn from.
    seed
        The same log, options and seed give the same bytes, and the first sweeps do not depend on how many follow.

    Returns
    -------
    Injection
        With the episodes; writing them down is the caller's.

    Raises
    ------
    InputError, FormatError
        If the log cannot be read, or shows nothing.
    ConfigError
        If it is too short for what is asked, or the output's name has no known ending.
    """
    options = options or SweepOptions()
    portrait, reader = draw_portrait(log, seed, options.excluded)
    maker = SweepMaker(portrait, options, seed, fingerprint(log.path))
    played = [maker.play(number) for number in range(sweeps)]
    records = Records.concat([one.records for one in played]).in_time_order()
    blocked = 0
    with open_log(output) as writer:
        for batch in merged(reader, records, by_end=portrait.by_end):
            blocked += int(np.count_nonzero(batch.column("outcome").to_numpy() == Outcome.BLOCKED))
            writer.write(batch)
    episodes, sources = tuple(one.episode for one in played), tuple(sorted(portrait.sources.texts()))
    return Injection(episodes, sources, reader.report, len(records), blocked)


def merged(reader: BatchReader, records: Records, *, by_end: bool) -> Iterator[pa.RecordBatch]:
    """Yield a log's batches with records at the places where the log would have them.

    Parameters
    ----------
    reader
        The log; its order stays.
    records
        What to put in, in any order.
    by_end
        Whether the log's records stand in the order in which connections end.
    """
    place = _arrival_us(records.ts_us, records.sizes[:, 0], by_end=by_end)
    order = np.argsort(place, kind="stable")
    place, waiting = place[order], records.take(order).to_batch()
    latest, done = np.int64(0), 0
    for batch in reader:
        arrival = _arrival_us(batch.column("ts_us").to_numpy(), batch.column("duration_us").to_numpy(), by_end=by_end)
        reached = np.maximum(np.maximum.accumulate(arrival), latest)
        latest = reached[-1]
        end = done + int(np.searchsorted(place[done:], latest, side="left"))
        if end == done:
            yield batch
            continue
        spot = np.searchsorted(reached, place[done:end], side="right")
        yield from _interleaved(batch, waiting.slice(done, end - done), spot)
        done = end
    if done < len(place):
        yield waiting.slice(done)


def _arrival_us(ts_us: NDArray[np.int64], duration_us: NDArray[np.int64], *, by_end: bool) -> NDArray[np.int64]:
    return ts_us + np.maximum(duration_us, 0) if by_end else ts_us


def _interleaved(batch: pa.RecordBatch, put_in: pa.RecordBatch, spot: NDArray[np.intp]) -> list[pa.RecordBatch]:
    """Return a batch with each row of another before row `spot` of it."""
    order = np.insert(np.arange(batch.num_rows), spot, np.arange(batch.num_rows, batch.num_rows + put_in.num_rows))
    both = pa.Table.from_batches([batch, put_in]).unify_dictionaries().combine_chunks()
    return both.take(pa.array(order)).to_batches()
