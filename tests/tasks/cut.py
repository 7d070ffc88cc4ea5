"""The first minutes of a laboratory capture, small enough to train on in a test."""

import csv
import gzip
from itertools import islice
from pathlib import Path

from sweepml.config.train import CaptureConfig, DataConfig, ModelConfig, SplitConfig, TrainConfig

QUICK_MODEL = {"n_bags": 1, "max_iter": 40}


def cut_capture(folder: Path, out: Path, minutes: float) -> CaptureConfig:
    """Write the first minutes of a capture's log, and the episodes that had begun by a minute before their end."""
    out.mkdir(parents=True, exist_ok=True)
    end = None
    with gzip.open(folder / "conn.log.gz", "rt") as log, (out / "conn.log").open("w") as short:
        short.writelines(islice(log, 8))  # the header
        for line in log:
            ts = float(line.split("\t", 1)[0])
            end = end or ts + minutes * 60
            if ts > end:
                break
            short.write(line)
    assert end is not None
    with (folder / "truth.csv").open(newline="") as truth, (out / "truth.csv").open("w", newline="") as short:
        rows = csv.DictReader(truth)
        writer = csv.DictWriter(short, rows.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for row in rows if float(row["start_epoch"]) < end - 60)
    (out / "roles.csv").write_bytes((folder / "roles.csv").read_bytes())
    return CaptureConfig(str(out / "conn.log"), str(out / "truth.csv"), str(out / "roles.csv"))


def quick_config(output_root: Path, **captures: CaptureConfig) -> TrainConfig:
    """Return a configuration that trains in seconds."""
    return TrainConfig(
        name="quick",
        output_root=str(output_root),
        rules=["random_walk", "slips_horizontal"],
        data=DataConfig(name="quick", captures=captures),
        model=ModelConfig(params=dict(QUICK_MODEL)),
        split=SplitConfig(folds=3),
    )
