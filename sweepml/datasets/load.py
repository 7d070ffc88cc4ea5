"""From files to a capture."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.episodes import read_episodes, read_roles, read_scripts
from sweepml.datasets.labels import episodes_from_labels, label_connections
from sweepml.datasets.paths import expand_stored, open_input
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport

_DIGEST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CaptureSource:
    """Where a capture comes from.

    Parameters
    ----------
    name
        What the capture is called; unique in a run.
    log
        Connection log, plain or compressed; or a folder, glob pattern or URL (`sweepml.datasets.paths`), whose files
        are one log in the order of their names.
    episodes
        Episodes file (`read_episodes`), None for background traffic or where the log has the labels.
    roles
        Roles file (`read_roles`).
    origin
        Log format, or ``auto``.
    use_log_labels
        Take episodes and labels from the log's own label column, too. Such labels are often wrong in places,
        so this must be asked for; where an episode and a log label meet, a sweep wins over another attack.
    episodes_file
        Take only the rows of the episodes file whose column ``file`` is this text.

    Raises
    ------
    ConfigError
        If `episodes_file` is given without `episodes`.
    """

    name: str
    log: str
    episodes: str | None = None
    roles: str | None = None
    origin: str = AUTO
    use_log_labels: bool = False
    episodes_file: str | None = None

    def __post_init__(self) -> None:
        if self.episodes_file is not None and self.episodes is None:
            raise ConfigError(f"{self.name}: episodes_file picks rows of an episodes file, but none is given")


def load_capture(source: CaptureSource, plan: FeaturePlan) -> tuple[Capture, ReadReport]:
    """Read a log with its ground truth.

    Parameters
    ----------
    source
        The files.
    plan
        Decides which addresses are internal.

    Returns
    -------
    capture : Capture
        Connections in the order of the log. Labels come from the episodes, and from the log where asked for.
    report : ReadReport
        What was read and what was rejected.

    Raises
    ------
    InputError, FormatError, LabelError
        As `ConnectionReader`, `read_episodes` and `read_roles`.
    """
    # The small files first: a typo in them should not cost the reading of a large log.
    episodes = read_episodes(source.episodes, source.episodes_file) if source.episodes else ()
    roles = read_roles(source.roles) if source.roles else {}
    scripts = read_scripts(source.roles) if source.roles else {}
    hosts = plan.new_hosts()
    paths = expand_stored(source.log)
    readers = [read_connections(path, source.origin) for path in paths]
    # Encoded batch by batch, so that the text never stands in memory as a whole.
    parts = [table_to_connections(batch, hosts) for reader in readers for batch in reader]
    connections = Connections.concat(parts or [Connections.empty()])
    label = label_connections(connections, hosts, episodes)
    if source.use_log_labels:
        episodes += episodes_from_labels(connections, hosts)
        label = _stronger(label, connections.label)
    capture = Capture(
        name=source.name,
        connections=replace(connections, label=label),
        hosts=hosts,
        episodes=episodes,
        roles=roles,
        fingerprint=_fingerprint_of(paths),
        log_name=Path(source.log).name,
        scripts=scripts,
    )
    return capture, _combined(source.log, [reader.report for reader in readers])


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as they are stored, hexadecimal."""
    digest = hashlib.sha256()
    with open_input(path) as file:
        while block := file.read(_DIGEST_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _fingerprint_of(paths: list[str]) -> str:
    """Return the fingerprint of a file, or of the fingerprints of several."""
    found = [fingerprint(path) for path in paths]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def _combined(path: str, reports: list[ReadReport]) -> ReadReport:
    """Return what reading several files gave as if they were one; each example is of the first file that has any."""
    if len(reports) == 1:
        return reports[0]
    whole = replace(reports[0], path=path, rows=0, rejects={}, examples={}, first_us=None, last_us=None)
    for report in reports:
        if report.first_us is not None and report.last_us is not None:
            whole.accept(report.rows, report.first_us, report.last_us)
        for reason, count in report.rejects.items():
            whole.rejects[reason] = whole.rejects.get(reason, 0) + count
            whole.examples.setdefault(reason, report.examples[reason])
    whole.lacking = tuple(sorted({name for report in reports for name in report.lacking}))
    return whole


def _stronger(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels of two judgements: a sweep wins over another attack, either over none."""
    either = np.where(a != 0, a, b)
    return np.where((a == SWEEP_LABEL) | (b == SWEEP_LABEL), np.uint8(SWEEP_LABEL), either)
