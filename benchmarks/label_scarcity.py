"""What labels are worth: ``python -m benchmarks.label_scarcity``.

Recall against the number of labelled sweep episodes, cross-validated by groups of sources on the laboratory captures. A
model is fitted with so many labelled episodes; calibration, thresholds (at the default alert budget) and figures are
made with all labels, so that what differs is what the model has learned. With each seed other episodes are labelled,
and the folds are others. Boosted trees are half as many as by default, once instead of three times, and there are no
varied copies: a curve is to be read beside the others of the page, not beside the benchmark.

Every point is kept in a CSV file as soon as it is known; a study that was interrupted goes on from there.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.lab import read_lab
from sweepml.config.train import (
    LABELS_ALL,
    LABELS_NONE,
    LABELS_POSITIVE,
    LabelsConfig,
    ModelConfig,
    SplitConfig,
    TrainConfig,
)
from sweepml.evaluation.intervals import wilson_interval
from sweepml.tasks.data import TrainingData
from sweepml.tasks.labels import learner_maker
from sweepml.tasks.tryout import try_out

EVERY: Final = 0
"""As a number of labelled episodes: all of them."""
LABELLED: Final = (2, 4, 8, 16, 32, EVERY)
FEW: Final = 16
"""Up to so many, the draw matters more than the folds do."""
SEEDS, SEEDS_OF_FEW = 3, 5
FOLDS: Final = 3
BOOSTING: Final = ModelConfig("gradient_boosting", {"n_bags": 1, "max_iter": 60})


@dataclass(frozen=True, slots=True)
class Way:
    """A model and what it may know."""

    title: str
    model: ModelConfig
    use: str


WAYS: Final = (
    Way("boosted trees; all other sources known to be no sweep", BOOSTING, LABELS_ALL),
    Way("boosted trees; all other sources unlabelled", BOOSTING, LABELS_POSITIVE),
    Way("isolation forest; no labels", ModelConfig("isolation_forest", {"train_on": "all"}), LABELS_NONE),
    Way("autoencoder; no labels", ModelConfig("autoencoder", {"train_on": "all"}), LABELS_NONE),
    Way(
        "autoencoder, trim_share 0.3; no labels",
        ModelConfig("autoencoder", {"train_on": "all", "trim_share": 0.3}),
        LABELS_NONE,
    ),
)


@dataclass(frozen=True, slots=True)
class Point:
    """What a model caught with so many labelled episodes and one seed."""

    way: str
    labelled: int
    seed: int
    caught: int
    episode_count: int
    false_sources: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not measured yet, and write the page and its plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.label_scarcity", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/label_scarcity"), help="of the files, without ending")
    output = parser.parse_args(arguments).output
    kept = output.with_suffix(".csv")
    points = read_points(kept)
    done = {(one.way, one.labelled, one.seed) for one in points}
    wanted = [one for one in plan() if (one[0].title, *one[1:]) not in done]
    lab = read_lab() if wanted else None
    for way, labelled, seed in wanted:
        assert lab is not None  # read where there is anything to measure
        points.append(measure(lab, way, labelled, seed))
        write_points(kept, points)
        sys.stderr.write(f"{points[-1]}\n")
    figure(points).savefig(output.with_suffix(".png"), dpi=120, metadata={"Software": None})
    output.with_suffix(".md").write_text(page(points, output.name), encoding="utf-8")


def plan() -> Iterator[tuple[Way, int, int]]:
    """Give every point that is wanted: a way, a number of labelled episodes and a seed."""
    for way in WAYS:
        for labelled in (EVERY,) if way.use == LABELS_NONE else LABELLED:
            seeds = SEEDS_OF_FEW if EVERY < labelled <= FEW else SEEDS
            yield from ((way, labelled, seed) for seed in range(seeds))


def measure(lab: TrainingData, way: Way, labelled: int, seed: int) -> Point:
    """Cross-validate one model."""
    config = TrainConfig(
        model=way.model,
        labels=LabelsConfig(way.use, None if labelled == EVERY else labelled),
        split=SplitConfig(folds=FOLDS),
    )
    report = try_out(learner_maker(config, lab.groups), lab, config, seed).report
    return Point(way.title, labelled, seed, len(report.caught), report.episode_count, len(report.false_sources))


def read_points(path: Path) -> list[Point]:
    """Return the points that were measured before."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [Point(row["way"], *(int(row[name.name]) for name in fields(Point)[1:])) for row in csv.DictReader(file)]


def write_points(path: Path, points: Sequence[Point]) -> None:
    """Write all points."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [one.name for one in fields(Point)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(one) for one in points)


def figure(points: Sequence[Point]) -> Figure:
    """Return recall against labelled episodes: the mean over seeds, and their range."""
    drawn = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = drawn.subplots()
    places = {labelled: place for place, labelled in enumerate(LABELLED)}
    for number, way in enumerate(WAYS):
        groups = {labelled: recalls(points, way, labelled) for labelled in LABELLED}
        known = [labelled for labelled in LABELLED if len(groups[labelled])]
        if not known:
            continue
        mean = np.array([groups[labelled].mean() for labelled in known])
        low = np.array([groups[labelled].min() for labelled in known])
        high = np.array([groups[labelled].max() for labelled in known])
        color = f"C{number}"
        if way.use == LABELS_NONE:
            axes.axhline(mean[0], color=color, linestyle="--", label=way.title)
            axes.axhspan(low[0], high[0], color=color, alpha=0.1)
        else:
            x = [places[labelled] for labelled in known]
            axes.errorbar(x, mean, [mean - low, high - mean], color=color, marker="o", capsize=3, label=way.title)
    axes.set_xticks(range(len(LABELLED)), [_named(labelled) for labelled in LABELLED])
    axes.set(xlabel="labelled sweep episodes", ylabel="episodes caught, share", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    return drawn


def recalls(points: Sequence[Point], way: Way, labelled: int) -> np.ndarray:
    """Return the recall of every seed."""
    return np.array(
        [one.caught / one.episode_count for one in points if (one.way, one.labelled) == (way.title, labelled)]
    )


def page(points: Sequence[Point], name: str) -> str:
    """Return the page."""
    lines = [
        "# What labels are worth",
        "",
        _PROSE,
        "",
        f"![recall against labelled episodes]({name}.png)",
        "",
        "| model, and what it knows | labelled episodes | recall, mean | 95 % over episodes | over seeds | seeds "
        "| false sources, mean |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way in WAYS:
        for labelled in LABELLED:
            here = [one for one in points if (one.way, one.labelled) == (way.title, labelled)]
            if here:
                recall = recalls(points, way, labelled)
                low, high = wilson_interval(round(float(np.mean([one.caught for one in here]))), here[0].episode_count)
                false = np.mean([one.false_sources for one in here])
                shown = "none" if way.use == LABELS_NONE else _named(labelled)
                lines.append(
                    f"| {way.title} | {shown} | {recall.mean():.2f} | {low:.2f}-{high:.2f} "
                    f"| {recall.min():.2f}-{recall.max():.2f} | {len(here)} | {false:.1f} |"
                )
    return "\n".join([*lines, ""])


def _named(labelled: int) -> str:
    return "all" if labelled == EVERY else str(labelled)


_PROSE: Final = f"""\
Written by `python -m benchmarks.label_scarcity`; every point stands in the CSV file beside this page. Cross-validated
in {FOLDS} folds by groups of sources on the laboratory captures. A model is fitted with so many labelled episodes,
drawn anew with each seed; calibration, thresholds (at the default alert budget) and figures are made with all labels,
so that what differs is what the model has learned. With few labels of one's own, thresholds would be less sure, too.
Boosted trees are half as many as by default, once instead of three times, and without varied copies: read a line beside
the others of this page, not beside the benchmark. *All* are the episodes of the other folds, two thirds of them.

- *All other sources known to be no sweep*: somebody has looked at all of the traffic, and labelled few of its sweeps;
  rows of the other sweeps are left out.
- *All other sources unlabelled*: a few sweeps are known, and nothing else. The model tells them from all other rows,
  sweeps among them. If the labelled ones are a random draw, that ranks rows as their probability would (Elkan and Noto
  2008, "Learning classifiers from only positive and unlabeled data", lemma 1). Counting unlabelled rows by their chance
  of being a sweep (section 3 there) was tried at commit bdc4f6b: with 2, 4, 8, 16 and 32 labelled episodes it caught
  0.34, 0.40, 0.47, 0.56 and 0.77 of all, at up to 41 false sources, since few episodes say little about how likely a
  labelled one is.
- *No labels*: a model of normal traffic on all rows, sweeps among them, which are most of the rows of one capture.

What is dear is not labelled sweeps but not to know that the other sources do not sweep.

For a model of your own: `sweepml train labels.episodes=8`, `sweepml train labels.use=positive_unlabelled`, and
`sweepml train model=autoencoder model.params.train_on=all labels.use=none`."""


if __name__ == "__main__":
    main()
