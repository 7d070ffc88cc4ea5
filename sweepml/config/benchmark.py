"""What `sweepml benchmark` can be told. Each key of conf/benchmark.yaml has its place here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sweepml.config.train import (
    AlertsConfig,
    DataConfig,
    FeaturesConfig,
    ModelConfig,
    SplitConfig,
    TrackingConfig,
    TrainConfig,
    VariantsConfig,
)


@dataclass
class ForeignAlertsConfig:
    """Alerts that another tool raised: its file, and the capture that they are about."""

    file: str = ""
    capture: str = ""


@dataclass
class ContestConfig:
    """Who competes, and what they may learn from. Lists that are null mean everything that there is.

    Attributes
    ----------
    name
        Of the run; everything is written to ``<output_root>/<name>/``.
    seed
        Seeds whatever is random.
    models
        Registry names.
    model_params
        Model -> constructor parameters; its own defaults where it is not named.
    rules
        Registry names.
    detectors
        Bundles to judge beside them as they are.
    """

    name: str = "contest"
    seed: int = 0
    output_root: str = "outputs"
    models: list[str] | None = None
    model_params: dict[str, Any] = field(default_factory=dict)
    rules: list[str] | None = None
    detectors: list[str] = field(default_factory=list)
    data: DataConfig = field(default_factory=DataConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    variants: VariantsConfig = field(default_factory=VariantsConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)

    def of_model(self, name: str) -> TrainConfig:
        """Return the configuration with which `sweepml train` would train a model of this contest."""
        return TrainConfig(
            name=self.name,
            seed=self.seed,
            output_root=self.output_root,
            data=self.data,
            features=self.features,
            variants=self.variants,
            model=ModelConfig(name, dict(self.model_params.get(name, {}))),
            split=self.split,
            alerts=self.alerts,
            tracking=self.tracking,
        )


@dataclass
class BenchmarkConfig(ContestConfig):
    """The whole configuration of a benchmark.

    Attributes
    ----------
    seeds
        So many seeds, from `seed` on, with which every model is judged on the own captures, cross-validated. Other
        arenas, and all rules, are judged with the first alone.
    foreign_alerts
        What other tools said, by what to call them.
    arenas
        Names of arenas: `make_rounds`, `exporter_rounds` and `evasion_round` in `sweepml.tasks.benchmark` make them.
    published
        Folder of published captures with ``ground_truth.csv``; null, or one that is not there, leaves them out.
    allowlist
        CSV file of an allowlist to account for.
    probes
        Whether to look for leaks: models that see only addresses, ports or times.
    quick
        Small models on unvaried captures, in three arenas of the own captures: minutes become seconds, and figures are
        of use only beside those of another quick run.
    """

    name: str = "benchmark"
    seeds: int = 1
    foreign_alerts: dict[str, ForeignAlertsConfig] = field(default_factory=dict)
    arenas: list[str] | None = None
    published: str | None = "../shared/data/real"
    allowlist: str | None = None
    probes: bool = True
    quick: bool = False
