"""Captures that others published, with what is known of their sources.

A folder holds the logs and ``ground_truth.csv``: one row per source whose nature is known (``file``, ``source``,
``kind``, ``protocol``, ``ports``, ``start``, ``end``, ``note``). Sources that are not listed are background, except in
captures of a sensor that sees others scan it: there the listed sources alone are judged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sweepml.datasets.capture import Capture
from sweepml.datasets.episodes import COLUMNS
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.datasets.tables import find_column, read_csv_rows
from sweepml.errors import FormatError, InputMissingError, MissingExtraError
from sweepml.features.plan import FeaturePlan

GROUND_TRUTH: Final = "ground_truth.csv"

_ONLY_LISTED: Final = ("strato",)
"""Files that begin so are of a sensor that meets inbound scanners: nobody knows what their external sources do."""

_BACKGROUND_KINDS: Final = "benign"
_NOT_LOGS: Final = frozenset({".csv", ".md", ".txt"})


@dataclass(frozen=True, slots=True)
class Published:
    """The captures of a folder.

    Attributes
    ----------
    captures
        Named by their paths, in the order of these; episodes are the listed attacks.
    left_out
        File -> why it could not be read, one sentence each.
    """

    captures: tuple[Capture, ...]
    left_out: dict[str, str]


def load_published(root: str | os.PathLike[str], plan: FeaturePlan, without: Sequence[str] = ()) -> Published:
    """Read all captures of a folder.

    Parameters
    ----------
    root
        Folder with `GROUND_TRUTH`; every other file below it is a log or a packet capture.
    plan
        Decides which addresses are internal.
    without
        Names of captures (`capture_name`) that are not wanted.

    Raises
    ------
    InputMissingError
        If there is no such folder, or no ground truth in it.
    InputError, LabelError
        If the ground truth cannot be read.
    """
    root = Path(root)
    truth = root / GROUND_TRUTH
    if not truth.is_file():
        raise InputMissingError(f"{truth}: no such file; published captures come with what is known of their sources")
    names, rows = read_csv_rows(truth)
    source_column = find_column(names, COLUMNS["source"], os.fspath(truth))
    known: dict[str, dict[str, str]] = {}
    for row in rows:
        known.setdefault(row.get("file"), {})[row.address(source_column)] = row.get("kind")
    captures, left_out = [], {}
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix not in _NOT_LOGS):
        file = path.relative_to(root).as_posix()
        name = capture_name(file)
        if name in without:
            continue
        listed = known.get(file, {})
        source = CaptureSource(
            name=name,
            log=str(path),
            episodes=str(truth) if listed else None,
            episodes_file=file if listed else None,
        )
        try:
            capture, _ = load_capture(source, plan)
        except (FormatError, MissingExtraError) as error:
            left_out[file] = str(error)
            continue
        captures.append(
            replace(
                capture,
                episodes=tuple(one for one in capture.episodes if not one.kind.startswith(_BACKGROUND_KINDS)),
                roles={source: kind for source, kind in listed.items() if kind.startswith(_BACKGROUND_KINDS)},
                judged=frozenset(listed) if path.name.startswith(_ONLY_LISTED) else None,
            )
        )
    return Published(tuple(captures), left_out)


def capture_name(file: str) -> str:
    """Return what a capture is called: its file's path in the folder, up to the first point of its name.

    >>> capture_name("zeek/m57_day.conn.log")
    'zeek/m57_day'
    """
    folder, _, name = file.rpartition("/")
    return f"{folder}/{name.split('.')[0]}".removeprefix("/")
