"""From a configuration to captures and training rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sweepml.config.train import CaptureConfig, DataConfig, FeaturesConfig, TrainConfig, VariantsConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.datasets.paths import expand_stored
from sweepml.datasets.splits import SourceGroups, assign_groups
from sweepml.errors import ConfigError, InputMissingError, did_you_mean
from sweepml.features.plan import FeaturePlan
from sweepml.graph.hosts import DEFAULT_INTERNAL_NETWORKS
from sweepml.graph.windows import DEFAULT_WINDOWS, WindowSpec
from sweepml.models.base import Detector
from sweepml.origins.report import ReadReport
from sweepml.pipeline.rows import LabelledRows, labelled_rows, thinned
from sweepml.schema.catalogue import CATALOGUE, FAMILIES
from sweepml.simulation.variants import Variant, vary
from sweepml.tasks.progress import Progress
from sweepml.tasks.settings import model_maker


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """Rows to train on.

    Attributes
    ----------
    rows
        Of the captures themselves; only these are ever tested on.
    varied
        Of their varied copies.
    rows_per_source
        At most so many rows of a source, horizon and label are fitted on, see `thinned`; None for all. Every one of
        `rows` is tested on.
    """

    rows: LabelledRows
    varied: LabelledRows
    rows_per_source: int | None = None

    def fitted(self, mask: NDArray[np.bool_] | None = None) -> LabelledRows:
        """Return the rows to fit on: those that a mask picks, and of these what `rows_per_source` leaves."""
        rows = self.rows if mask is None else self.rows.take(mask)
        return rows if self.rows_per_source is None else thinned(rows, self.rows_per_source)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model is trained and cross-validated on.

    Attributes
    ----------
    plan
        Which rows were made.
    captures
        With their truth.
    reads
        What was read and rejected, by capture.
    groups
        Which sources stay on one side of every split.
    table
        Rows of the captures and of their varied copies.
    """

    plan: FeaturePlan
    captures: tuple[Capture, ...]
    reads: dict[str, ReadReport]
    groups: SourceGroups
    table: TrainingTable


def read_training_data(config: TrainConfig, seed: int, progress: Progress) -> TrainingData:
    """Read the captures of a configuration and compute their rows.

    Parameters
    ----------
    config
        Of the data, the features and the varied copies.
    seed
        Of the varied copies.
    progress
        Told about both stages.

    Raises
    ------
    ConfigError, InputMissingError
        As `load_captures`.
    InputError, LabelError
        If a capture cannot be read.
    """
    plan = plan_for(config.features, [model_maker(config.model)()])
    captures, reads = load_captures(config.data, plan, progress)
    groups = assign_groups(captures, together=config.data.together)
    table = training_table(captures, plan, config.features.positive_dst_count, config.variants, seed, progress)
    return TrainingData(plan, tuple(captures), reads, groups, table)


def require_sweeps(captures: Iterable[Capture]) -> None:
    """Refuse captures on which nothing can be caught.

    Raises
    ------
    ConfigError
        If no episode of them is a sweep.
    """
    if not any(episode.is_sweep for capture in captures for episode in capture.episodes):
        raise ConfigError("these captures hold no labelled sweep, so that there is nothing to catch")


def feature_plan(config: FeaturesConfig) -> FeaturePlan:
    """Return the plan that a configuration describes; no windows or networks mean the defaults."""
    windows = tuple(WindowSpec(window.length_s, window.stride_s) for window in config.windows)
    return FeaturePlan(
        windows=windows or DEFAULT_WINDOWS,
        min_dst_count=config.min_dst_count,
        internal_networks=tuple(config.internal_networks) or DEFAULT_INTERNAL_NETWORKS,
        milestones=tuple(config.milestones),
        max_edges_per_source=config.max_edges_per_source,
        memory_s=config.memory_s,
        max_remembered=config.max_remembered,
        max_sources_per_pane=config.max_sources_per_pane,
    )


def plan_for(config: FeaturesConfig, models: Iterable[Detector]) -> FeaturePlan:
    """Return the plan that a configuration describes, with as many edges a row as some models read."""
    return replace(feature_plan(config), edges_per_row=max((model.edges_per_row for model in models), default=0))


def load_captures(
    config: DataConfig, plan: FeaturePlan, progress: Progress
) -> tuple[list[Capture], dict[str, ReadReport]]:
    """Read all captures of a data configuration.

    Raises
    ------
    ConfigError
        If there is none, or one has neither episodes nor is said to be background.
    InputMissingError
        If a log is not there.
    """
    if not config.captures:
        raise ConfigError("the data configuration names no captures; try data=lab, or see data/README.md")
    for name, one in config.captures.items():
        _check(name, one)
    progress.stage("reading captures", len(config.captures))
    captures, reports = [], {}
    for name, one in config.captures.items():
        source = CaptureSource(
            name=name,
            log=one.log,
            episodes=one.episodes,
            roles=one.roles,
            origin=one.origin,
            use_log_labels=one.use_log_labels,
            episodes_file=one.episodes_file,
        )
        capture, reports[name] = load_capture(source, plan)
        captures.append(capture)
        progress.step()
    return captures, reports


def _check(name: str, one: CaptureConfig) -> None:
    try:
        expand_stored(one.log)
    except InputMissingError:
        raise InputMissingError(
            f"capture {name}: no log at {one.log or '(no path given)'}; paths are relative to the working "
            "directory, data.root and data.real_root move them"
        ) from None
    if not (one.episodes or one.use_log_labels or one.background):
        raise ConfigError(
            f"capture {name} has no ground truth: give episodes=FILE or use_log_labels=true, or say "
            "background=true if no source in it sweeps"
        )


def training_table(
    captures: Sequence[Capture],
    plan: FeaturePlan,
    positive_dst_count: int,
    variants: VariantsConfig,
    seed: int,
    progress: Progress,
) -> TrainingTable:
    """Compute the rows of captures and of their varied copies."""
    chosen = [fitting_stretches(capture.span_s, variants) for capture in captures]
    progress.stage("computing features", len(captures) + sum(map(len, chosen)))
    rows, varied = [], []
    for i, (capture, stretches) in enumerate(zip(captures, chosen, strict=True)):
        rows.append(labelled_rows(capture, plan, positive_dst_count))
        progress.step()
        for j, stretch in enumerate(stretches):
            variant = Variant(stretch, variants.unlucky_share, variants.dead_share_max)
            copy = vary(capture.connections, variant, seed=seed + 1000 * i + j)
            made = labelled_rows(capture, plan, positive_dst_count, copy)
            if variants.rows_per_source is not None:  # now, since the copies are what fills the memory
                made = thinned(made, variants.rows_per_source)
            varied.append(blinded(made, variants.blind_families, variants.blind_share, seed=seed + 1000 * i + j))
            progress.step()
    own = LabelledRows.concat(rows)
    copies = LabelledRows.concat(varied) if varied else own.take(np.zeros(len(own), bool))
    return TrainingTable(own, copies, variants.rows_per_source)


def fitting_stretches(span_s: float, variants: VariantsConfig) -> list[float]:
    """Return the stretches in which a capture does not last too long; those that do not slow it down always fit.

    >>> fitting_stretches(86_400, VariantsConfig([0.5, 1, 2, 3], longest_copy_s=172_800))
    [0.5, 1, 2]
    """
    return [one for one in variants.stretches if one <= 1 or span_s * one <= variants.longest_copy_s]


def blinded(rows: LabelledRows, families: Sequence[str], share: float, seed: int) -> LabelledRows:
    """Return the rows with whole feature families missing, each in a random share of the rows of its own.

    Many logs carry no sizes, and a network of one or two hosts has no others to stand beside. A model that has always
    seen a family leans on it, and what a missing value then means is left to chance (measured: docs/transfer.md).

    Raises
    ------
    ConfigError
        If the share is no share, or no family has a name.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"blind_share must lie between 0 and 1, got {share}")
    rng = np.random.default_rng(seed)
    values = rows.features.values.copy()
    for family in families:
        if family not in FAMILIES:
            raise ConfigError(f"no feature family is called {family!r}; {did_you_mean(family, FAMILIES)}")
        blind = rng.random(len(rows)) < share
        values[np.ix_(blind, np.array([spec.family == family for spec in CATALOGUE]))] = np.nan
    return replace(rows, features=replace(rows.features, values=values))
