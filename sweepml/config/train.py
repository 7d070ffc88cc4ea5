"""What `sweepml train` can be told. Each key of conf/ has its place here: a typo fails at composition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass
class CaptureConfig:
    """One capture: a log and what is known about it.

    Paths are relative to the working directory. `background` says that no source of it sweeps: without an
    episodes file that must be said, so that nobody trains on unlabelled attacks by accident.
    """

    log: str = ""
    episodes: str | None = None
    roles: str | None = None
    origin: str = "auto"
    use_log_labels: bool = False
    episodes_file: str | None = None
    background: bool = False


@dataclass
class DataConfig:
    """Which captures to train on, by name.

    `root` and `real_root` are only there for the captures' paths to refer to. `together` lists captures that
    share records and hence stay on one side of every split.
    """

    name: str = "unnamed"
    root: str = "data"
    real_root: str = "../shared/data/real"
    captures: dict[str, CaptureConfig] = field(default_factory=dict)
    together: list[list[str]] = field(default_factory=list)


@dataclass
class WindowConfig:
    """A sliding window, in whole seconds."""

    length_s: int = 60
    stride_s: int = 10


@dataclass
class FeaturesConfig:
    """Which rows are made and how they are labelled.

    A row is positive when its source contacted at least `positive_dst_count` targets of a labelled sweep in
    the window, unlabelled when it contacted fewer but some. Without `windows` or `internal_networks` the defaults of
    `FeaturePlan` hold; without `milestones` there are none.
    """

    windows: list[WindowConfig] = field(default_factory=list)
    min_dst_count: int = 5
    positive_dst_count: int = 5
    internal_networks: list[str] = field(default_factory=list)
    milestones: list[int] = field(default_factory=lambda: [5 * 2**i for i in range(9)])
    max_edges_per_source: int = 20_000
    max_sources_per_pane: int = 1_000_000
    memory_s: int = 86_400
    max_remembered: int = 1_000_000


@dataclass
class VariantsConfig:
    """Varied copies of the captures to train on beside the originals; without stretches there are none.

    No copy is slowed down to last longer than `longest_copy_s`: a day stretched over a month is nobody's. At most
    `rows_per_source` rows of each source, horizon and label are fitted on, of a capture as of a copy; null takes all.
    """

    stretches: list[float] = field(default_factory=list)
    unlucky_share: float = 0.5
    dead_share_max: float = 0.6
    blind_families: list[str] = field(default_factory=list)
    blind_share: float = 0.5
    longest_copy_s: float = 172_800.0
    rows_per_source: int | None = None


@dataclass
class ModelConfig:
    """A model's registry name and its constructor parameters."""

    name: str = "gradient_boosting"
    params: dict[str, Any] = field(default_factory=dict)


LABELS_ALL: Final = "all"
LABELS_POSITIVE: Final = "positive_unlabelled"
LABELS_NONE: Final = "none"
LABELS_USE: Final = (LABELS_ALL, LABELS_POSITIVE, LABELS_NONE)


@dataclass
class LabelsConfig:
    """Which labels a model is fitted on. Calibration, thresholds and figures are made with all that there are.

    Attributes
    ----------
    use
        ``all``; ``positive_unlabelled``: labelled sweeps, and everything else as if nobody had looked at it; ``none``:
        nothing, for models of normal traffic that are fitted on every row.
    episodes
        Sweep episodes that are labelled, drawn by the seed; those of all others count as unlabelled. None: all. For
        measuring what labels are worth.
    """

    use: str = LABELS_ALL
    episodes: int | None = None


@dataclass
class SplitConfig:
    """Cross-validation by groups of sources.

    With `time_cut` (0 to 1) rows are also split in time: folds are fitted on windows that end `gap_s` before
    that share of each capture has passed, and tested on windows that begin after it.
    """

    folds: int = 5
    time_cut: float | None = None
    gap_s: int = 86_400


@dataclass
class AlertsConfig:
    """The alert budget from which thresholds follow, and when an alert closes."""

    budget_per_day_per_1000: float = 1.0
    threshold_floor: float = 0.5
    close_after_s: float = 1800.0


@dataclass
class TrackingConfig:
    """Where the run is recorded. `uri` None is an SQLite file in the output folder's parent."""

    uri: str | None = None
    experiment: str = "sweepml"
    registered_model: str = "sweepml"


@dataclass
class TrainConfig:
    """The whole configuration of a training run.

    Attributes
    ----------
    name
        Of the run; the bundle is written to ``<output_root>/<name>/detector.onnx``.
    seed
        Seeds folds, variants and models.
    rules
        Public rules to show beside the model.
    """

    name: str = "default"
    seed: int = 0
    output_root: str = "outputs"
    rules: list[str] = field(default_factory=list)
    data: DataConfig = field(default_factory=DataConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    variants: VariantsConfig = field(default_factory=VariantsConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    labels: LabelsConfig = field(default_factory=LabelsConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
