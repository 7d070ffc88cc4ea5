"""Where partitions are computed: in this process, in several of this machine, or on a Dask cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sweepml.datasets.paths import absolute_input
from sweepml.errors import ConfigError, MissingExtraError, did_you_mean
from sweepml.pipeline.partitions import Advance, Partition, PartitionJob, compute_partition

_POLL_S: Final = 0.2
"""How often progress of other processes is looked at."""

_CONNECT_S: Final = 10
"""How long a scheduler may take to answer."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to compute partitions.

    Parameters
    ----------
    engine
        Name in `ENGINES`.
    workers
        Processes at most; None for one a core.
    scheduler
        Address of a running Dask scheduler; None for a cluster on this machine, which ends with the run.

    Raises
    ------
    ConfigError
        If there is no such engine, or an option does not fit it.
    """

    engine: str = "local"
    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"there is no engine {self.engine!r}; {did_you_mean(self.engine, ENGINES)}")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers must be at least 1, got {self.workers}")
        if self.scheduler is not None and self.engine != "dask":
            raise ConfigError(f"scheduler={self.scheduler} needs features.engine=dask")


def compute_partitions(jobs: Sequence[PartitionJob], options: EngineOptions, advance: Advance) -> list[Partition]:
    """Compute all partitions; return them in the order of the jobs.

    After an error no further job is begun and the error of the first job in order is raised: what was
    finished is kept on the disk.

    Raises
    ------
    InputError, FormatError
        If an input cannot be read.
    MissingExtraError
        If the engine's package is not installed.
    """
    return ENGINES[options.engine](jobs, options, advance)


def _local(jobs: Sequence[PartitionJob], options: EngineOptions, advance: Advance) -> list[Partition]:
    workers = min(options.workers or _cores(), len(jobs))
    if workers <= 1:
        return [compute_partition(job, advance) for job in jobs]
    # Processes, since half of the work holds Python's lock; spawned, since Arrow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(told,)) as pool:
        # Large ones first: a large one that begins last would run alone.
        order = sorted(range(len(jobs)), key=lambda i: -jobs[i].steps)
        futures = {i: pool.submit(_in_worker, jobs[i]) for i in order}
        try:
            waiting: set[Future[Partition]] = set(futures.values())
            while waiting:
                done, waiting = wait(waiting, _POLL_S, FIRST_EXCEPTION)
                while not told.empty():
                    advance(told.get())
                if any(future.exception() for future in done):
                    break
        finally:
            pool.shutdown(cancel_futures=True)
        while not told.empty():
            advance(told.get())
    return _in_order([futures[i] for i in range(len(jobs))])


def _dask(jobs: Sequence[PartitionJob], options: EngineOptions, advance: Advance) -> list[Partition]:
    with _client(options, len(jobs)) as (client, as_completed):
        # Workers stand in folders of their own, and must not take a result of another run for theirs.
        absolute = [
            replace(job, paths=tuple(map(absolute_input, job.paths)), part=str(Path(job.part).absolute()))
            for job in jobs
        ]
        futures = client.map(_on_cluster, absolute, pure=False, retries=0)
        steps = {future.key: job.steps for future, job in zip(futures, jobs, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            if future.status == "error":
                client.cancel([other for other in futures if not other.done()])
                break
            advance(steps[future.key])
        found = _in_order(futures)
    return [replace(partition, part=job.part) for partition, job in zip(found, jobs, strict=True)]


@contextmanager
def _client(options: EngineOptions, jobs: int) -> Iterator[tuple[Any, Any]]:
    try:
        from distributed import Client, LocalCluster, as_completed
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "distributed", "distributed") from None
    if options.scheduler is not None:
        try:
            client = Client(options.scheduler, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConfigError(f"scheduler={options.scheduler}: no Dask scheduler answers there ({error})") from None
        with client:
            yield client, as_completed
        return
    workers = max(1, min(options.workers or _cores(), jobs))
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client, as_completed


_Engine = Callable[[Sequence[PartitionJob], EngineOptions, Advance], list[Partition]]

ENGINES: Final[dict[str, _Engine]] = {"local": _local, "dask": _dask}
"""Name -> function. All give the same files, byte for byte."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(futures: Sequence[Any]) -> list[Partition]:
    """Return the results; raise the first error in order, past those that were never begun."""
    for future in futures:
        if not future.cancelled() and future.exception() is not None:
            raise future.exception()
    partitions = [future.result() for future in futures]
    for partition in partitions:
        for report in partition.reports:
            report.log()
    return partitions


_told: Any = None  # of a worker process: the way back for progress


def _begin(told: Any) -> None:
    global _told  # noqa: PLW0603 (an initializer has no other place to leave it)
    _told = told
    _be_silent()


def _in_worker(job: PartitionJob) -> Partition:
    return compute_partition(job, _told.put)


def _on_cluster(job: PartitionJob) -> Partition:
    _be_silent()
    return compute_partition(job)


def _be_silent() -> None:
    """Log nothing in a worker: reports come back with the result, to where somebody set up logging."""
    logger = logging.getLogger("sweepml")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
