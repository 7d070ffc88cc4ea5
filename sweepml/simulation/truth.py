"""Ground truth as files: what `sweepml.datasets.episodes` reads."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sweepml.datasets.capture import Episode
from sweepml.schema.connection import Protocol, protocol_label
from sweepml.simulation.log_files import LOG_SUFFIXES

EPISODE_COLUMNS: Final = ("episode_id", "src", "start_epoch", "end_epoch", "kind", "proto", "ports", "targets")
"""What an episode is; those of the laboratory's truth.csv. Further columns are `Episode.attributes`."""

ATTRIBUTE_COLUMNS: Final = (
    "target_scope",
    "tool",
    "probes_sent",
    "note",
    "targets_probed",
    "pairs_probed",
    "pairs_open",
    "probe_rate_per_s",
    "new_pair_rate_per_s",
)
"""Attributes that a made episode has, as in the laboratory's truth.csv."""


def beside(log: str | os.PathLike[str], what: str) -> Path:
    """Return the path of a file that describes a log: ``a/conn.log.gz``, ``episodes`` -> ``a/conn.episodes.csv``."""
    text = os.fspath(log)
    suffix = next(suffix for suffix in sorted(LOG_SUFFIXES, key=len, reverse=True) if text.endswith(suffix))
    return Path(f"{text.removesuffix(suffix)}.{what}.csv")


def write_episodes(path: str | os.PathLike[str], episodes: Sequence[Episode]) -> None:
    """Write an episodes file; `read_episodes` gives the same episodes back."""
    extra = sorted({name for episode in episodes for name in episode.attributes} - {*ATTRIBUTE_COLUMNS})
    columns = [*EPISODE_COLUMNS, *ATTRIBUTE_COLUMNS, *extra]
    with _writer(path) as writer:
        writer.writerow(columns)
        writer.writerows([_cells(episode).get(name, "") for name in columns] for episode in episodes)


def write_roles(path: str | os.PathLike[str], roles: Iterable[tuple[str, str, bool, str]]) -> None:
    """Write a roles file: source address, role, whether it is benign, and a note."""
    with _writer(path) as writer:
        writer.writerow(("src", "role", "benign", "note"))
        writer.writerows((src, role, str(benign).lower(), note) for src, role, benign, note in roles)


def write_origins_of(path: str | os.PathLike[str], roles: Mapping[str, str], scripts: Mapping[str, str]) -> None:
    """Write a roles file that says of which recorded sources those of a log are copies.

    Parameters
    ----------
    path
        What to write; `read_roles` and `read_scripts` give the same back.
    roles
        Source -> role.
    scripts
        Source -> ``log_name:address``, for every source of `roles`.
    """
    with _writer(path) as writer:
        writer.writerow(("src", "role", "script"))
        writer.writerows((src, role, scripts[src]) for src, role in roles.items())


@contextmanager
def _writer(path: str | os.PathLike[str]) -> Iterator[Any]:
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        yield csv.writer(file, lineterminator="\n")


def _cells(episode: Episode) -> Mapping[str, str]:
    # "icmp" stands for both versions, in this file as in people's mouths.
    named = ("icmp" if number == Protocol.ICMP6 else protocol_label(number) for number in episode.protocols)
    protocols = dict.fromkeys(named)
    return {
        **episode.attributes,
        "episode_id": episode.episode_id,
        "src": episode.source,
        "start_epoch": f"{episode.start_us / 1e6:.6f}",
        "end_epoch": f"{episode.end_us / 1e6:.6f}",
        "kind": episode.kind,
        "proto": "+".join(protocols) or "any",
        "ports": " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in episode.ports) or "any",
        "targets": " ".join(episode.targets) or episode.attributes.get("targets", "any"),
    }
