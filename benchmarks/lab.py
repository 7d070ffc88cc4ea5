"""The laboratory captures of the repository as training rows, for the studies of this folder."""

from __future__ import annotations

from sweepml.config.train import CaptureConfig, DataConfig, TrainConfig
from sweepml.tasks.data import TrainingData, read_training_data
from sweepml.tasks.progress import Silent


def read_lab(root: str = "data/lab") -> TrainingData:
    """Read both captures and compute their rows, without varied copies: half a minute."""
    folders = {f"lab_{name}": f"{root}/{name}" for name in ("train", "train2")}
    captured = {
        name: CaptureConfig(f"{folder}/conn.log.gz", f"{folder}/truth.csv", f"{folder}/roles.csv")
        for name, folder in folders.items()
    }
    return read_training_data(TrainConfig(data=DataConfig(captures=captured)), 0, Silent())
