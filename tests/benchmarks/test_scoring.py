"""How fast bundles score: within the budget, with a margin for other machines."""

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from benchmarks.scoring import bundle_of, consecutive, seconds
from sweepml.features.plan import FeaturePlan
from sweepml.models.registry import make_model
from tests.contract.planted import planted_rows
from tests.contract.pool import pool

BUDGET_S: Final = 0.005
"""For 1,000 sources on one core of the machine that docs/scoring-speed.md was measured on."""
MARGIN: Final = 2.0
"""For slower ones."""


@pytest.mark.slow  # a fit of default size for each
@pytest.mark.parametrize("name", ["gradient_boosting", "isolation_forest", "autoencoder", "logistic_regression"])
def test_a_thousand_sources_are_scored_within_the_budget(tmp_path: Path, name: str) -> None:
    model = make_model(name, {}).fit(planted_rows(), 0)
    bundle = bundle_of(model, FeaturePlan(), pool(), tmp_path / "detector.onnx")
    taken = seconds(bundle, consecutive(pool().features.values), repeats=5)
    assert np.median(taken) <= MARGIN * BUDGET_S
