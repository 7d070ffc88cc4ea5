"""Golden verdicts: a score on the very threshold decides nothing, every other one does."""

from pathlib import Path

import numpy as np
import pytest

from sweepml.errors import BundleError
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle, count_flipped
from tests.runtime.bundles import WINDOWS, manifest, write_bundle

THRESHOLD = 0.5


def verdicts(*raised: bool) -> tuple[tuple[bool, ...], ...]:
    return tuple((one,) * len(WINDOWS) for one in raised)


def test_a_score_within_rounding_of_its_threshold_may_fall_on_either_side(tmp_path: Path) -> None:
    said = manifest(golden_verdicts=verdicts(False, False, True))
    assert said.golden_scores[1] == THRESHOLD, "where the graph says True"
    assert Bundle(write_bundle(tmp_path / "detector.onnx", said)).manifest == said


@pytest.mark.parametrize("flipped", [verdicts(True, True, True), verdicts(False, True, False)])
def test_every_other_verdict_must_be_reproduced(tmp_path: Path, flipped: tuple[tuple[bool, ...], ...]) -> None:
    with pytest.raises(BundleError, match="verdicts differ"):
        Bundle(write_bundle(tmp_path / "detector.onnx", manifest(golden_verdicts=flipped)))


def test_only_scores_beyond_the_tolerance_count() -> None:
    score = np.array([0.5, 0.5 + 0.5 * GOLDEN_TOLERANCE, 0.5 + 3 * GOLDEN_TOLERANCE, 0.9], np.float32)
    expected = np.ones((4, 1), bool)
    assert count_flipped(expected, ~expected, score, [THRESHOLD]) == 2
    assert count_flipped(expected, expected, score, [THRESHOLD]) == 0
