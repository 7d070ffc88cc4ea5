"""Feature tables: logs in, one Parquet file out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sweepml.config.features import FeatureTableConfig
from sweepml.errors import ConfigError
from sweepml.export.bundle import git_commit, versions
from sweepml.pipeline.engines import EngineOptions, compute_partitions
from sweepml.pipeline.inputs import CaptureFiles, resolve_inputs
from sweepml.pipeline.partitions import PartitionJob, assemble, part_name, stamp_inputs
from sweepml.pipeline.table import TableStamp, read_stamp
from sweepml.tasks.data import feature_plan
from sweepml.tasks.progress import Progress, Silent


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """A finished feature table.

    Attributes
    ----------
    path
        The Parquet file.
    stamp
        What it was made of: inputs with their counts, plan, schema, version.
    computed
        Captures that were computed in this run; the others were found finished.
    """

    path: Path
    stamp: TableStamp
    computed: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Feature rows."""
        return sum(one.rows for one in self.stamp.inputs)


def features(config: FeatureTableConfig, progress: Progress | None = None) -> FeatureTable:
    """Compute the feature rows of logs and write them as one Parquet file.

    Each capture is read as one stream, so that memory does not grow with its size, and becomes one part under
    ``<output without suffix>.parts/``. A part is written whole or not at all, and a run that comes later computes
    only those that are missing or were made of other files, another plan or other code.

    Parameters
    ----------
    config
        Inputs, output, plan and engine. With several captures the local engine starts processes, so that a
        script that calls this needs ``if __name__ == "__main__":``.
    progress
        Told about stages; silent by default. Steps are MiB of input.

    Returns
    -------
    FeatureTable
        Rows of the captures in the order given, each capture's in the order in which windows closed.

    Raises
    ------
    ConfigError
        If a setting is out of range, or the output would overwrite an input.
    InputError, FormatError
        If an input cannot be read. Finished parts are kept.
    MissingExtraError
        If the engine's package is not installed.
    """
    progress = progress or Silent()
    plan = feature_plan(config.features)
    options = EngineOptions(config.features.engine, config.features.workers, config.scheduler)
    captures = resolve_inputs(config.input)
    output = _output(config.output, captures)
    parts = output.with_suffix(".parts")
    version, commit = versions().get("sweepml", "unknown"), git_commit()
    jobs = [
        PartitionJob(one, one.paths, str(parts / part_name(one.name)), config.origin, plan, version, commit)
        for one in captures
    ]
    if (finished := _finished(jobs, output)) is not None:
        return FeatureTable(output, finished, ())
    try:
        parts.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigError(f"{parts}: is a file, but the parts of {output} belong into a folder of this name") from None
    progress.stage("computing features, MiB", sum(job.steps for job in jobs))

    def advance(steps: int) -> None:
        for _ in range(steps):
            progress.step()

    partitions = compute_partitions(jobs, options, advance)
    stamp = assemble(partitions, output)
    if not config.keep_parts:
        _remove(parts, jobs)
    return FeatureTable(output, stamp, tuple(one.stamp.inputs[0].capture for one in partitions if one.computed))


def _output(text: str, captures: tuple[CaptureFiles, ...]) -> Path:
    path = Path(text)
    if path.suffix != ".parquet":
        raise ConfigError(f"output is a Parquet file and ends in .parquet, got {text!r}")
    if any(Path(one).resolve() == path.resolve() for capture in captures for one in capture.paths):
        raise ConfigError(f"output={text} is one of the inputs")
    if not path.parent.is_dir():
        raise ConfigError(f"output={text}: there is no folder {path.parent}")
    return path


def _finished(jobs: list[PartitionJob], output: Path) -> TableStamp | None:
    """Return the stamp of an output that is complete already, None if there is something to do."""
    found = read_stamp(output)
    if found is None or [one.capture for one in found.inputs] != [job.capture.name for job in jobs]:
        return None
    stamps = [stamp_inputs(job) for job in jobs]
    expected = replace(stamps[0], inputs=tuple(stamp.inputs[0] for stamp in stamps))
    return found if expected.is_same_as(found) else None


def _remove(parts: Path, jobs: list[PartitionJob]) -> None:
    for job in jobs:
        part = Path(job.part)
        part.unlink(missing_ok=True)
        for draft in parts.glob(f"{part.name}.*.draft"):  # left by a run that was killed
            draft.unlink(missing_ok=True)
    if not any(parts.iterdir()):
        parts.rmdir()
