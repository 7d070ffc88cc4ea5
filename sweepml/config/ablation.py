"""What `sweepml ablate` can be told: what training can, and where the table goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweepml.config.train import TrainConfig


@dataclass
class AblationConfig(TrainConfig):
    """The whole configuration of an ablation.

    Attributes
    ----------
    output
        Markdown file to write.
    seeds
        The whole is repeated with each, other folds among them: a change that is smaller than the seeds differ is
        none. `seed` is not used.
    """

    output: str = "ablation.md"
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
