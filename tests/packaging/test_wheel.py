"""What is built is what is meant: contents of wheel and sdist, and the wheel at work outside the checkout."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # builds and installs for real: a wheel is only known from the outside


def run(*command: str, cwd: Path, **env: str) -> str:
    """Run a Python command line in a folder and return what it printed; fail with what it said."""
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def dist(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a freshly built wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", str(folder), str(repo_root), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """Return the path of the wheel."""
    (path,) = dist.glob("*.whl")
    return path


def test_wheel_holds_package_and_config_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"sweepml/__init__.py", "sweepml/py.typed", "sweepml/_conf/train.yaml"} <= set(names)
    assert {f"sweepml/evaluation/benchmark_report/report.{end}" for end in ("html.j2", "css", "js")} <= set(names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"sweepml"}


def test_wheel_asks_for_two_packages_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert sorted(line.split()[1].partition(">=")[0] for line in required) == ["numpy", "onnxruntime"]


def test_sdist_holds_sources_only(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"sweepml/__init__.py", "conf/train.yaml", "LICENSE", "README.md"} <= names
    assert not {name.partition("/")[0] for name in names} & {"outputs", "data", "notebooks", "mlruns"}


def test_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    run(*install, cwd=tmp_path)
    program = "import sweepml.runtime; print(sweepml.runtime.__file__)"
    imported = run("-c", program, cwd=tmp_path, PYTHONPATH=str(target))
    assert Path(imported.strip()).is_relative_to(target)
