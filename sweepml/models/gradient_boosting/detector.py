"""Gradient-boosted trees on feature vectors (scikit-learn's HistGradientBoostingClassifier)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from sweepml.errors import ConfigError
from sweepml.models.base import Detector, TrainingRows, check_values
from sweepml.models.gradient_boosting.bins import Bins
from sweepml.models.gradient_boosting.trees import trees_of
from sweepml.models.params import ABOVE_ZERO, check_numbers
from sweepml.models.tree_ensemble import Trees
from sweepml.schema.catalogue import CATALOGUE


@dataclass
class GradientBoosting(Detector):
    """Boosted trees with monotone constraints, averaged over a few fits.

    Parameters
    ----------
    n_bags
        Fits that differ in their seed, and hence in the features each split may choose from; scores are
        averaged. More of them make a smoother score at proportional cost.
    max_iter
        Trees of each fit.
    learning_rate
        Shrinkage of each tree, above 0.
    max_leaf_nodes
        Leaves of a tree, at least 2.
    min_samples_leaf
        Rows in a leaf, at least 1.
    l2_regularization
        On leaf values.
    max_features
        Share of the features, drawn anew for each split, in (0, 1]. Below 1 no single feature carries the
        decision, so that the model leans less on what is peculiar to one network.
    monotone
        Apply the catalogue's monotone constraints: more destinations never lower the score.

    Notes
    -----
    Missing values need no imputation: each split learns the side to which they go. Features are float32 in
    fit and in predict. Scores are log-odds.
    """

    name: ClassVar[str] = "gradient_boosting"
    supervised: ClassVar[bool] = True

    n_bags: int = 3
    max_iter: int = 120
    learning_rate: float = 0.08
    max_leaf_nodes: int = 15
    min_samples_leaf: int = 20
    l2_regularization: float = 1.0
    max_features: float = 0.4
    monotone: bool = True
    bins_: Bins = field(default_factory=lambda: Bins(()), init=False, repr=False)
    fits_: list[HistGradientBoostingClassifier] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        # Refused here rather than by scikit-learn in `fit`, which comes after the reading of the data.
        check_numbers(
            self,
            {
                "n_bags": (1, np.inf),
                "max_iter": (1, np.inf),
                "learning_rate": (ABOVE_ZERO, np.inf),
                "max_leaf_nodes": (2, np.inf),
                "min_samples_leaf": (1, np.inf),
                "l2_regularization": (0, np.inf),
                "max_features": (ABOVE_ZERO, 1),
            },
        )

    def fit(self, rows: TrainingRows, seed: int) -> Self:
        """Fit on the labelled rows.

        Raises
        ------
        InputError
            If rows of one class are missing.
        ConfigError
            If scikit-learn refuses a parameter.
        """
        check_values(rows.values)
        known = rows.labelled("gradient boosting")
        values, labels, weights = known.values, known.labels, known.weights
        bins = Bins.fit(values, weights)
        numbers = bins.numbers(values)
        # scikit-learn refuses a column without any value; a constant one it never splits.
        numbers[:, np.isnan(numbers).all(axis=0)] = 0
        constraints = [spec.monotone for spec in CATALOGUE] if self.monotone else None
        fits = []
        for bag in range(self.n_bags):
            model = HistGradientBoostingClassifier(
                max_iter=self.max_iter,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=self.min_samples_leaf,
                l2_regularization=self.l2_regularization,
                max_features=self.max_features,
                monotonic_cst=constraints,
                early_stopping=False,  # its validation set is drawn by random rows, which leaks
                random_state=seed * 1000 + bag,
            )
            try:
                model.fit(numbers, labels, sample_weight=weights)
            except ValueError as error:
                raise ConfigError(f"gradient_boosting: {error}") from None
            fits.append(model)
        self.bins_, self.fits_ = bins, fits  # a fit that failed leaves the former one whole
        return self

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return mean log-odds, float32, shape (n,)."""
        check_values(values)
        self._check_fitted()
        if not len(values):
            return np.empty(0, np.float32)
        total = np.zeros(len(values))
        numbers = self.bins_.numbers(values)
        for model in self.fits_:
            total += model.decision_function(numbers)
        return (total / len(self.fits_)).astype(np.float32)

    def to_onnx(self) -> onnx.ModelProto:
        """Return all trees of all bags as one TreeEnsembleRegressor."""
        return self._trees().to_onnx()

    def feature_weights(self) -> NDArray[np.float64]:
        """Return each feature's share of the loss reduction over all splits, shape (features,)."""
        return self._trees().gain_shares()

    def _trees(self) -> Trees:
        self._check_fitted()
        return trees_of(self.fits_, self.bins_)

    def _check_fitted(self) -> None:
        if not self.fits_:
            raise self.not_fitted()
