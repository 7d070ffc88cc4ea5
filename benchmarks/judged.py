"""Captures with their rows, for the studies of this folder that train and test by whole captures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.features.plan import FeaturePlan
from sweepml.pipeline.rows import LabelledRows, labelled_rows

POSITIVE_DST_COUNT: Final = 5
"""Targets of a sweep from which a row is positive, as in conf/features."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A capture with its rows."""

    capture: Capture
    rows: LabelledRows


def judged(source: CaptureSource, plan: FeaturePlan) -> Judged:
    """Read a capture and compute its rows."""
    capture, _ = load_capture(source, plan)
    return Judged(capture, labelled_rows(capture, plan, POSITIVE_DST_COUNT))


def laboratory(folder: Path, plan: FeaturePlan) -> Judged:
    """Return a campaign of the laboratory."""
    files = (str(folder / name) for name in ("conn.log.gz", "truth.csv", "roles.csv"))
    return judged(CaptureSource(folder.name, *files), plan)
