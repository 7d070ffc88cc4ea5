"""A quiet day of a small office, as a log: short enough to be watched in a moment."""

from pathlib import Path

from tests.simulation.logs import rows, write_log


def write_day(path: Path, seed: int = 0) -> Path:
    """Write the hour of `tests.simulation.logs` stretched to a day; nobody in it fails with ten hosts an hour."""
    stretched = [(row[0] * 24, *row[1:]) for row in rows(600, seed=seed)]
    first = stretched[0]
    # From midnight to midnight, so that everything that takes a day fits in.
    return write_log(path, [(0.0, *first[1:]), *stretched, (86_400.0, *first[1:])])
