"""What `sweepml features` can be told. Each key of conf/features.yaml has its place here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sweepml.config.train import FeaturesConfig


@dataclass
class EngineFeaturesConfig(FeaturesConfig):
    """Which rows are made, and where.

    Attributes
    ----------
    engine
        ``local`` or ``dask``.
    workers
        Processes at most, null for one a core.
    """

    engine: str = "local"
    workers: int | None = None


@dataclass
class FeatureTableConfig:
    """The whole configuration of a feature table.

    Attributes
    ----------
    input
        A path or glob pattern, a list of them, or a mapping of a capture's name to one or several. See
        `sweepml.pipeline.inputs.resolve_inputs`.
    output
        Parquet file to write; parts stand in ``<output without suffix>.parts/`` until it is complete.
    origin
        Log format, ``auto`` to tell it from the content.
    keep_parts
        Leave the parts where they are, so that a run with more inputs computes only the new ones.
    scheduler
        Address of a Dask scheduler; null for a cluster on this machine.
    """

    input: Any = None
    output: str = "features.parquet"
    origin: str = "auto"
    keep_parts: bool = False
    scheduler: str | None = None
    features: EngineFeaturesConfig = field(default_factory=EngineFeaturesConfig)
