"""A detector and a log for the commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.logs import sweep_rows, write_log
from tests.runtime.bundles import write_bundle


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle that calls 20 destinations a sweep."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "detector.onnx")


@pytest.fixture
def conn_log(tmp_path: Path) -> Path:
    """Return a log with one sweep of 50 hosts."""
    return write_log(tmp_path / "conn.log", sweep_rows(50))


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Take away what the command line sets, so that other tests see the library's silence."""
    import logging

    logger = logging.getLogger("sweepml")
    before, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = before
    logger.setLevel(level)
