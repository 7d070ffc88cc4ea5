"""An isolation forest (scikit-learn's), as plain trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.tree import BaseDecisionTree

from sweepml.models.base import Detector, TrainingRows, check_values
from sweepml.models.normal_rows import BENIGN, TRAIN_ON, normal_rows
from sweepml.models.params import check_choice, check_numbers
from sweepml.models.tree_ensemble import Trees, float32_below

_QUANTUM: Final = 2.0**-22
"""Leaves add multiples of it: below 4 float32 then holds every sum of them exactly, in whatever order it is taken."""


@dataclass
class IsolationForestDetector(Detector):
    """How few random cuts it takes until a row stands alone.

    Parameters
    ----------
    n_trees
        Trees; more of them make a smoother score at proportional cost.
    rows_per_tree
        Rows that a tree is grown on, at least 2. Few of them are the point: in a small sample an odd row is soon alone.
    train_on
        ``benign``: rows known to hold no sweep; ``all``: every row, labelled or not.

    Notes
    -----
    Scores are minus the mean depth at which the trees isolate a row, in units of the mean depth of a random search tree
    (Liu et al. 2008, eq. 1 and 2, without the power of two, which changes no order): about -1 is ordinary, towards 0 is
    odd.
    """

    name: ClassVar[str] = "isolation_forest"
    supervised: ClassVar[bool] = False

    n_trees: int = 100
    rows_per_tree: int = 256
    train_on: str = BENIGN
    trees_: tuple[BaseDecisionTree, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        check_numbers(self, {"n_trees": (1, np.inf), "rows_per_tree": (2, np.inf)})
        check_choice(self, "train_on", TRAIN_ON)

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit on normal rows.

        Raises
        ------
        InputError
            If there are none.
        """
        check_values(rows.values)
        normal = normal_rows(rows, self.train_on)
        # scikit-learn's forest draws all rows alike: those it draws from are drawn by their weight.
        rng = np.random.default_rng(seed)
        drawn = rng.choice(len(normal.values), self.n_trees * self.rows_per_tree, p=normal.share)
        forest = IsolationForest(n_estimators=self.n_trees, max_samples=self.rows_per_tree, random_state=seed)
        self.trees_ = tuple(forest.fit(normal.values[drawn]).estimators_)
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return minus the relative mean depth, float32, shape (n,)."""
        check_values(values)
        self._check_fitted()
        if not len(values):
            return np.empty(0, np.float32)
        rows = np.ascontiguousarray(values)
        total = np.zeros(len(rows))
        for tree in self.trees_:
            total += self._leaf_scores(tree)[tree.tree_.apply(rows)]
        return total.astype(np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        """Return all trees as one TreeEnsembleRegressor."""
        return self._ensemble().to_onnx()

    def feature_weights(self) -> NDArray[np.float64]:
        """Return each feature's share of the rows that all splits part, shape (features,).

        Splits are random: the shares are nearly alike, and say little.
        """
        return self._ensemble().gain_shares()

    def _leaf_scores(self, tree: BaseDecisionTree) -> NDArray[np.float64]:
        """Return what ending in each node adds to the score, shape (nodes,); meaningless where nothing ends."""
        nodes = tree.tree_
        depth = nodes.compute_node_depths().astype(np.float64) - 1  # the root is counted as 1
        depth += _search_depth(nodes.n_node_samples)
        score = -depth / (self.n_trees * _search_depth(np.array([self.rows_per_tree]))[0])
        return np.round(score / _QUANTUM) * _QUANTUM

    def _ensemble(self) -> Trees:
        self._check_fitted()
        parts = [tree.tree_ for tree in self.trees_]
        sizes = [part.node_count for part in parts]
        left = np.concatenate([part.children_left for part in parts])
        is_leaf = left < 0
        return Trees(
            tree=np.repeat(np.arange(len(parts)), sizes),
            node=np.concatenate([np.arange(size) for size in sizes]),
            is_leaf=is_leaf,
            missing_left=np.concatenate([part.missing_go_to_left for part in parts]).astype(bool),
            feature=np.concatenate([part.feature for part in parts]),
            left=left,
            right=np.concatenate([part.children_right for part in parts]),
            threshold=float32_below(np.concatenate([part.threshold for part in parts])),
            value=np.concatenate([self._leaf_scores(tree) for tree in self.trees_]),
            gain=np.where(is_leaf, 0.0, np.concatenate([part.weighted_n_node_samples for part in parts])),
            base=0.0,
        )

    def _check_fitted(self) -> None:
        if not self.trees_:
            raise self.not_fitted()


def _search_depth(count: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean depth of an unsuccessful search in a random search tree of so many rows; float64.

    References
    ----------
    Liu, Ting, Zhou 2008, eq. 1, with the harmonic number summed out where it is small rather than approximated.

    >>> _search_depth(np.array([1, 2, 256])).round(3).tolist()
    [0.0, 1.0, 10.249]
    """
    n = np.maximum(count, 2).astype(np.float64)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, int(n.max()) + 1))])
    depth = 2.0 * harmonic[n.astype(int) - 1] - 2.0 * (n - 1.0) / n
    return np.where(np.asarray(count) > 1, depth, 0.0)
