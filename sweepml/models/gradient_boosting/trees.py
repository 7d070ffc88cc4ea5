"""The fitted trees of scikit-learn's histogram boosting, on feature values in place of bin numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from sweepml.models.gradient_boosting.bins import Bins
from sweepml.models.tree_ensemble import Trees, float32_below


def trees_of(fits: Sequence[HistGradientBoostingClassifier], bins: Bins) -> Trees:
    """Return the trees of several fits, scaled so that their sum is the mean of the fits' scores.

    Parameters
    ----------
    fits
        Fitted on two classes, without categorical features, on bin numbers.
    bins
        Whose numbers those are.
    """
    nodes, sizes = [], []
    base = 0.0
    for fit in fits:
        base += float(fit._baseline_prediction[0, 0]) / len(fits)
        for (predictor,) in fit._predictors:
            nodes.append(predictor.nodes)
            sizes.append(len(predictor.nodes))
    table = np.concatenate(nodes)
    starts = np.cumsum(sizes) - sizes
    feature = table["feature_idx"].astype(np.int64)
    return Trees(
        tree=np.repeat(np.arange(len(sizes)), sizes),
        node=np.arange(len(table)) - np.repeat(starts, sizes),
        is_leaf=table["is_leaf"].astype(bool),
        missing_left=table["missing_go_to_left"].astype(bool),
        feature=feature,
        left=table["left"].astype(np.int64),
        right=table["right"].astype(np.int64),
        threshold=float32_below(bins.thresholds(feature, table["num_threshold"])),
        value=table["value"] / len(fits),
        gain=np.maximum(table["gain"], 0.0),
        base=base,
    )
