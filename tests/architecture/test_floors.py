"""The floors of the house: who may import whom, as the contracts in pyproject.toml say."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def contracts(repo_root: Path) -> list[dict]:
    """Return the contracts of import-linter as they stand in pyproject.toml."""
    settings = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["importlinter"]["contracts"]


def test_imports_only_go_down(repo_root: Path, tmp_path: Path) -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--cache-dir", tmp_path],
        cwd=repo_root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_room_has_a_floor(repo_root: Path, contracts: list[dict]) -> None:
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    named = {room.strip(" ()") for floor in layers for room in floor.split("|")}
    rooms = {
        entry.stem
        for entry in (repo_root / "sweepml").iterdir()
        if (entry.suffix == ".py" or any(entry.glob("*.py"))) and entry.stem != "__init__"
    }
    assert rooms <= named, f"name these in the layers contract of pyproject.toml: {sorted(rooms - named)}"
