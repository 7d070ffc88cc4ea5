"""What was left out of logs, as the commands say it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sweepml.origins.report import ReadReport

_SAMPLES_PER_REASON: Final = 2
"""Rejected lines that a summary shows of each reason; the report holds a few more."""


def rejects_text(reports: Sequence[ReadReport]) -> str:
    """Return how many lines were left out of all logs together, and why."""
    by_reason: dict[str, int] = {}
    for report in reports:
        for reason, count in report.rejects.items():
            by_reason[reason] = by_reason.get(reason, 0) + count
    if not by_reason:
        return "0"
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(by_reason.items()))
    return f"{sum(by_reason.values()):,} ({reasons})"


def sample_lines(reports: Sequence[ReadReport]) -> list[str]:
    """Return the first lines that were left out for each reason, one a line."""
    return [
        f"  {report.path}, line {example.line}, {reason}: {example.text}"
        for report in reports
        for reason, examples in sorted(report.examples.items())
        for example in examples[:_SAMPLES_PER_REASON]
    ]


@contextmanager
def summary_instead_of_warnings(*, enabled: bool) -> Iterator[None]:
    """Silence the warning about rejected lines where the summary says the same."""
    logger = logging.getLogger("sweepml.origins.report")
    before = logger.level
    if enabled:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
