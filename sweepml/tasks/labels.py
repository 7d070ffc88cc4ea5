"""What a model may know of the labels: all of them, a few, those of sweeps alone, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sweepml.config.train import LABELS_NONE, LABELS_POSITIVE, LABELS_USE, LabelsConfig, TrainConfig
from sweepml.datasets.splits import SourceGroups
from sweepml.errors import ConfigError, did_you_mean
from sweepml.models.base import Detector, TrainingRows
from sweepml.pipeline.rows import balanced_weights
from sweepml.tasks.cross_validation import Fittable
from sweepml.tasks.settings import model_maker


def check_labels(labels: LabelsConfig, model: Detector) -> None:
    """Refuse labels from which a model cannot learn, before anything is read.

    Raises
    ------
    ConfigError
        If there is no such use, a number of episodes makes no sense, or the model needs labels that it does not get.
    """
    if labels.use not in LABELS_USE:
        raise ConfigError(f"there is no labels.use={labels.use!r}; {did_you_mean(labels.use, LABELS_USE)}")
    if labels.episodes is not None and labels.episodes < 1:
        raise ConfigError(f"labels.episodes must be at least 1, or null for all, got {labels.episodes}")
    if labels.use == LABELS_NONE and model.supervised:
        raise ConfigError(
            f"labels.use=none leaves {model.name} nothing to learn from: take a model of normal traffic, such as "
            "model=autoencoder model.params.train_on=all"
        )
    if labels.use == LABELS_POSITIVE and not model.supervised:
        raise ConfigError(
            f"labels.use=positive_unlabelled is of no use to {model.name}, which does not learn from sweeps: take a "
            "supervised model, or labels.use=none"
        )


def learner_maker(config: TrainConfig, groups: SourceGroups) -> Callable[[], Fittable]:
    """Return what makes a configuration's model, for `fit_on` and `out_of_fold` with these groups."""
    make = model_maker(config.model)
    if config.labels == LabelsConfig():
        return make
    episodes = [len(sweeps) for sweeps in groups.sweeps()]
    return lambda: LimitedLabels(make, config.labels, episodes)


@dataclass(frozen=True, slots=True)
class LimitedLabels:
    """A model that is fitted as if less were known than is.

    With ``positive_unlabelled`` the model tells labelled sweeps from all other rows, sweeps or not. Where the labelled
    ones are a random draw of all sweeps, a row then ranks as it would by its probability of being a sweep (Elkan and
    Noto 2008, "Learning classifiers from only positive and unlabeled data", lemma 1), and calibration does the rest.

    Attributes
    ----------
    make
        Makes the model.
    labels
        What may be known.
    episodes
        Sweep episodes of each group of sources, by group number.
    """

    make: Callable[[], Detector]
    labels: LabelsConfig
    episodes: Sequence[int]

    def fit(self, rows: TrainingRows, seed: int) -> Detector:
        """Hide what may not be known, fit, and return the model.

        Raises
        ------
        InputError
            If the model cannot be fitted on what is left.
        """
        labels = self.known(rows.labels, rows.groups(), seed)
        if self.labels.use == LABELS_POSITIVE:
            labels = (labels == 1).astype(np.int8)
        return self.make().fit(replace(rows, labels=labels, weights=balanced_weights(labels, rows.groups())), seed)

    def known(self, labels: NDArray[np.int8], group: NDArray[np.int64], seed: int) -> NDArray[np.int8]:
        """Return the labels with -1 where they may not be known.

        Sweeps are drawn with all of their source's group, since a row knows no more than that, until there are as many
        episodes as wanted; the last group may bring more than one too many.
        """
        if self.labels.use == LABELS_NONE:
            return np.full(len(labels), -1, np.int8)
        hidden = (labels == 0) if self.labels.use == LABELS_POSITIVE else np.zeros(len(labels), bool)
        hidden |= (labels == 1) & ~np.isin(group, self._drawn(np.unique(group[labels == 1]), seed))
        return np.where(hidden, -1, labels).astype(np.int8)

    def _drawn(self, groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Return the groups of which sweeps are known."""
        drawn = np.random.default_rng(seed).permutation(groups)
        counts = np.array([self.episodes[one] for one in drawn.tolist()], np.int64)
        return drawn if self.labels.episodes is None else drawn[counts.cumsum() - counts < self.labels.episodes]
