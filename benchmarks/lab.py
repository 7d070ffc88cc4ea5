"""The laboratory captures of the repository as training rows, for the studies of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepml.config.train import CaptureConfig, DataConfig, FeaturesConfig, VariantsConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.splits import SourceGroups, assign_groups
from sweepml.features.plan import FeaturePlan
from sweepml.tasks.data import TrainingTable, feature_plan, load_captures, training_table
from sweepml.tasks.progress import Silent


@dataclass(frozen=True, slots=True)
class Lab:
    """What studies are made on.

    Attributes
    ----------
    plan
        The default one.
    captures
        With episodes and roles.
    table
        Their rows, without varied copies.
    groups
        What no split may divide.
    """

    plan: FeaturePlan
    captures: Sequence[Capture]
    table: TrainingTable
    groups: SourceGroups


def read_lab(root: str = "data/lab") -> Lab:
    """Read both captures and compute their rows: half a minute."""
    folders = {f"lab_{name}": f"{root}/{name}" for name in ("train", "train2")}
    captured = {
        name: CaptureConfig(f"{folder}/conn.log.gz", f"{folder}/truth.csv", f"{folder}/roles.csv")
        for name, folder in folders.items()
    }
    features = FeaturesConfig()
    plan = feature_plan(features)
    captures, _ = load_captures(DataConfig(captures=captured), plan, Silent())
    table = training_table(captures, plan, features.positive_dst_count, VariantsConfig(), 0, Silent())
    return Lab(plan, captures, table, assign_groups(captures))
