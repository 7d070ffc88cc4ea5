"""From files to a capture."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.datasets.encode import empty_connections, table_to_connections
from sweepml.datasets.episodes import read_episodes, read_roles, read_scripts
from sweepml.datasets.labels import episodes_from_labels, label_connections
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.origins.files import open_binary
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport


@dataclass(frozen=True, slots=True)
class CaptureSource:
    """Where a capture comes from.

    Parameters
    ----------
    name
        What the capture is called; unique in a run.
    log
        Connection log, plain or gzip.
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
    reader = read_connections(source.log, source.origin)
    # Encoded batch by batch, so that the text never stands in memory as a whole.
    parts = [table_to_connections(batch, hosts) for batch in reader]
    connections = Connections.concat(parts or [empty_connections()])
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
        fingerprint=fingerprint(source.log),
        log_name=Path(source.log).name,
        scripts=scripts,
    )
    return capture, reader.report


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as they stand on the disk, hexadecimal."""
    with open_binary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stronger(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels of two judgements: a sweep wins over another attack, either over none."""
    either = np.where(a != 0, a, b)
    return np.where((a == SWEEP_LABEL) | (b == SWEEP_LABEL), np.uint8(SWEEP_LABEL), either)
