"""Fixtures and settings that every test shares."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Plain `pytest` must be as quiet on the network as `make test`, and MLflow reads this when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

# deadline=None: two busy cores make single examples slow without anything being wrong.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

REPO_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """Return the root of the checkout."""
    return REPO_ROOT


@pytest.fixture(scope="session")
def lab_dir(repo_root: Path) -> Path:
    """Return data/lab, the laboratory campaigns that are part of the repository."""
    return repo_root / "data" / "lab"


@pytest.fixture(scope="session")
def real_dir(repo_root: Path) -> Path:
    """Return the folder of published captures, or skip: their licences keep them out of the repository."""
    named = os.environ.get("SWEEPML_REAL_DATA")
    folder = Path(named) if named else repo_root.parent / "shared" / "data" / "real"
    if not folder.is_dir():
        pytest.skip(f"no published captures at {folder}: set SWEEPML_REAL_DATA to the folder that holds them")
    return folder
