"""Plots of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sweepml.evaluation.rows import NEGATIVE, POSITIVE, ScoredRows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def precision_recall_figure(rows: ScoredRows, verdicts: np.ndarray) -> Figure:
    """Return window-level precision against recall, one line per horizon, with the operating point on it.

    Parameters
    ----------
    rows
        Labelled and scored; unlabelled rows are left out.
    verdicts
        bool, shape (n,): what the thresholds said.
    """
    from matplotlib.figure import Figure  # without pyplot, hence without any global state or display

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    for horizon_s in np.unique(rows.horizon_s).tolist():
        here = (rows.horizon_s == horizon_s) & (rows.y >= NEGATIVE)
        positive = rows.y[here] == POSITIVE
        if not positive.any():
            continue
        order = np.argsort(-rows.score[here], kind="stable")
        found = np.cumsum(positive[order])
        recall = found / positive.sum()
        precision = found / np.arange(1, len(found) + 1)
        line = axes.plot(recall, precision, label=f"{horizon_s} s windows")[0]
        raised = verdicts[here]
        if raised.any():
            axes.plot(
                (raised & positive).sum() / positive.sum(),
                (raised & positive).sum() / raised.sum(),
                "o",
                color=line.get_color(),
            )
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title("Windows, cross-validated; dots are the thresholds")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    return figure
