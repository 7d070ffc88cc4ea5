"""Sweeps among rows that nobody has labelled: what they cost an autoencoder, and one that leaves the worst rows out."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.contamination import contaminated
from sweepml.models.autoencoder.detector import Autoencoder
from sweepml.models.base import TrainingRows
from tests.contract.pool import pool

SEEDS = range(3)


def _rank_of_sweeps(share: float, trim_share: float, seed: int) -> float:
    """Return the area under the curve on sources that were not trained on, with a share of sweeps among the others."""
    rows = pool()
    train = rows.unit % 2 == 0
    index = contaminated(rows.y, train, share, np.random.default_rng(seed))
    unlabelled = np.full(len(index), -1, np.int8)
    training = TrainingRows(
        rows.features.values[index], unlabelled, np.zeros(len(index)), rows.unit[index].astype(np.int64)
    )
    model = Autoencoder(train_on="all", trim_share=trim_share, epochs=12).fit(training, seed)
    return float(roc_auc_score(rows.y[~train], model.score(rows.features.values[~train])))


@pytest.mark.slow  # a dozen fits
def test_sweeps_in_training_cost_the_plain_one_more_than_the_robust_one() -> None:
    def cost(trim_share: float) -> float:
        clean, dirty = (np.mean([_rank_of_sweeps(share, trim_share, seed) for seed in SEEDS]) for share in (0.0, 0.05))
        return float(clean - dirty)

    assert cost(0.0) > cost(0.1)
    assert cost(0.0) > 0.01
