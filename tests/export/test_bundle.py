"""Parts of writing a bundle; the whole is tested in parity/."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sweepml.export import bundle as module
from sweepml.export.bundle import CalibratedDetector, git_commit, golden_rows, versions
from sweepml.models.calibration import PlattCalibration
from sweepml.models.registry import make_model

SCORES = hnp.arrays(np.float32, st.integers(1, 100), elements=st.floats(0, 1, width=32))


@given(SCORES, st.lists(st.floats(0, 1), max_size=3))
def test_golden_rows_are_distinct_and_span_the_scores(scores: NDArray[np.float32], thresholds: list[float]) -> None:
    values = np.arange(len(scores) * 2, dtype=np.float32).reshape(-1, 2)
    chosen = golden_rows(values, scores, thresholds)
    assert len(np.unique(chosen)) == len(chosen) >= min(32, len(scores))
    assert scores[chosen].min() == scores.min()
    assert scores[chosen].max() == scores.max()


@given(SCORES, st.floats(0, 1))
def test_golden_rows_would_show_another_threshold(scores: NDArray[np.float32], threshold: float) -> None:
    chosen = scores[golden_rows(np.zeros((len(scores), 1), np.float32), scores, [threshold])]
    limit = np.float32(threshold)
    for side in (scores < limit, scores >= limit):
        if side.any():
            nearest = np.abs(scores[side] - limit).min()
            assert np.abs(chosen - limit).min() <= nearest
    assert {bool(one) for one in chosen >= limit} == {bool(one) for one in scores >= limit}


def test_golden_rows_may_have_missing_values() -> None:
    values = np.full((3, 2), np.nan, np.float32)
    assert sorted(golden_rows(values, np.array([0.1, 0.2, 0.3], np.float32), [])) == [0, 1, 2]


def test_verdicts_are_by_growing_horizon() -> None:
    model = make_model("gradient_boosting", {})
    detector = CalibratedDetector(model, PlattCalibration(1, 0), {3600: 0.9, 60: 0.1, 600: 0.5})
    assert detector.verdicts(np.array([0.5], np.float32)).tolist() == [[True, True, False]]


def test_versions_name_what_a_score_depends_on() -> None:
    found = versions()
    assert {"python", "numpy", "scikit-learn", "onnx", "onnxruntime", "git_commit"} <= found.keys()
    assert all(re.match(r"\d+\.\d+", found[name]) for name in ("python", "numpy", "onnxruntime"))


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_VERSIONED", ("numpy", "no-such-package"))
    assert "no-such-package" not in versions()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit, in which the package is made to believe that it lives."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bundle.py").write_text("first\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "bundle.py"))
    return tmp_path


def test_the_commit_is_that_of_the_checkout(checkout: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", git_commit())
    (checkout / "new.txt").write_text("untracked files are nobody's business")
    assert re.fullmatch(r"[0-9a-f]{40}", git_commit())


def test_a_changed_checkout_is_marked(checkout: Path) -> None:
    (checkout / "bundle.py").write_text("second\n")
    assert re.fullmatch(r"[0-9a-f]{40}\+", git_commit())


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "bundle.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() == "unknown"
