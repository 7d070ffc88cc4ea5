"""What sweeps among its training rows cost an autoencoder: ``python -m benchmarks.contamination [--seeds N]``.

Half of the laboratory's sources are trained on, without any label: their rows without sweeps, and rows of sweeps as a
share of all. The plain autoencoder and one that leaves the worst rows out of each epoch are tested on the other half.
Rows of the test weigh as in training with labels, so that no long sweep decides.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.lab import read_lab
from sweepml.datasets.splits import grouped_folds
from sweepml.models.autoencoder.detector import Autoencoder
from sweepml.models.base import TrainingRows
from sweepml.models.normal_rows import ALL
from sweepml.pipeline.rows import balanced_weights
from sweepml.tasks.data import TrainingData

SHARES: Final = (0.0, 0.05, 0.1)
"""Of the training rows that belong to sweeps."""
TRIM_SHARES: Final = (0.0, 0.1)
FALSE_SHARE: Final = 0.01
"""Of the rows without a sweep that may score above the threshold."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contamination", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args(arguments).seeds)
    lab = read_lab()
    sys.stdout.write(
        f"| sweeps in training | trim_share | average precision, seeds {seeds[0]} to {seeds[-1]} | mean "
        f"| recall of rows at {FALSE_SHARE:.0%} false | mean |\n| --- | --- | --- | --- | --- | --- |\n"
    )
    for share in SHARES:
        for trim_share in TRIM_SHARES:
            precision, recall = zip(*(figures(lab, share, trim_share, seed) for seed in seeds), strict=True)
            sys.stdout.write(f"| {share:.0%} | {trim_share:g} | {_line(precision)} | {_line(recall)} |\n")
            sys.stdout.flush()


def figures(lab: TrainingData, share: float, trim_share: float, seed: int) -> tuple[float, float]:
    """Return average precision and recall of one autoencoder on sources that it has not met."""
    rows = lab.table.rows
    fold = grouped_folds(lab.groups, 2, seed)[lab.groups.places(rows.units)][rows.unit]
    group = lab.groups.group[lab.groups.places(rows.units)][rows.unit].astype(np.int64)
    index = contaminated(rows.y, fold == 0, share, np.random.default_rng(seed))
    unlabelled = np.full(len(index), -1, np.int8)
    training = TrainingRows(rows.features.values[index], unlabelled, np.zeros(len(index)), group[index])
    model = Autoencoder(train_on=ALL, trim_share=trim_share).fit(training, seed)
    test = (fold == 1) & (rows.y >= 0)
    score, y = model.score(rows.features.values[test]), rows.y[test]
    weights = balanced_weights(y, group[test])
    rest = y == 0
    limit = np.quantile(score[rest], 1 - FALSE_SHARE, weights=weights[rest], method="inverted_cdf")
    recall = float(np.average(score[~rest] > limit, weights=weights[~rest]))
    return float(average_precision_score(y, score, sample_weight=weights)), recall


def contaminated(
    y: NDArray[np.int8], usable: NDArray[np.bool_], share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the usable rows without a sweep, and so many of those with one that they are a share of all."""
    benign, sweeps = np.flatnonzero(usable & (y == 0)), np.flatnonzero(usable & (y == 1))
    return np.concatenate([benign, rng.choice(sweeps, round(len(benign) * share / (1 - share)))])


def _line(values: Sequence[float]) -> str:
    return f"{', '.join(f'{value:.3f}' for value in values)} | {np.mean(values):.3f}"


if __name__ == "__main__":
    main()
