"""What injected and simulated sweeps add: ``python -m benchmarks.injection [--real FOLDER] [--seeds 3]``.

A detector is trained on one laboratory campaign, alone and together with more data, and asked about captures into which
nothing was ever injected: the other campaign, and published captures whose sources are known. What is added comes from
published logs that are no part of either: as they are, with sweeps injected, and a simulated network.

Measured is order, not a threshold: the share of sweeping sources whose best row scores above the best rows of all
benign sources but a few. Sources that replay a peer-to-peer bot are not counted as benign: what they do is no sweep,
and looks like one in every respect. A small model, so that the whole runs in minutes: it compares what is added. The
last two arms have the varied copies of the laboratory that `sweepml train` makes by default. The tables are written
into docs/simulation.md, between its marks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.judged import POSITIVE_DST_COUNT, Judged, judged, laboratory
from benchmarks.pages import put_between_marks
from sweepml.config.train import VariantsConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import Detector, TrainingRows
from sweepml.models.registry import make_model
from sweepml.pipeline.rows import LabelledRows, balanced_weights
from sweepml.simulation.inject import inject
from sweepml.simulation.network import NetworkPlan
from sweepml.simulation.portrait import LogInput
from sweepml.simulation.simulate import simulate
from sweepml.simulation.sweeps import SweepOptions
from sweepml.simulation.truth import beside, write_episodes
from sweepml.tasks.data import training_table
from sweepml.tasks.progress import Silent

LAB: Final = ("train", "train2")
BACKGROUND: Final = ("strato011_mixed.conn.log.labeled", "ics_tridium.conn.log", "apt29_day1.conn.log")
"""Published logs that sweeps are put into; no source of theirs is replayed in the laboratory."""
FOREIGN: Final = (
    "strato002_nmap.conn.log",
    "iot23_test_90_10.conn.log",
    "iot23_calib_60_40.conn.log",
    "iot23_34_1.conn.log.labeled",
    "m57_day.conn.log",
    "strato008_mixed.conn.log.labeled",
    "idps2023_benign.conn.log.labeled",
    "iot23_benign_b1.conn.log",
    "iot23_benign_b2.conn.log",
    "zeroaccess_p2p.conn.log",
)
"""Published captures that are only ever tested on."""

ARMS: Final = {
    "laboratory": (),
    "and background": ("background",),
    "and background with sweeps": ("injected",),
    "and a simulated network": ("simulated",),
    "and both": ("injected", "simulated"),
    "laboratory, varied": ("varied",),
    "varied, and both": ("varied", "injected", "simulated"),
}
"""Name -> what is trained on beside the laboratory."""

TESTS: Final = (
    "Trained on lab/train, tested on lab/train2",
    "Trained on lab/train2, tested on lab/train",
    "Trained on lab/train, tested on published captures",
    "Trained on lab/train2, tested on published captures",
)

_FALSE_SOURCES: Final = (0, 1, 3)
"""Benign sources that may score as high."""
_VARIED: Final = "varied"
_NOT_JUDGED: Final = "replay_p2p"
_SWEEPS: Final = 60
_OPTIONS: Final = SweepOptions(sizes=(10, 1000))
_BEGIN_US: Final = 1_767_603_600_000_000
_NETWORK: Final = NetworkPlan(0, 120, _BEGIN_US, _BEGIN_US + round(1.5 * 3.6e9))
_MODEL: Final = {"n_bags": 1, "max_iter": 80}
_PLAN: Final = FeaturePlan()
_MOST_ROWS: Final = 60_000
"""Rows of one capture that are trained on at most, drawn evenly: a long sweep has very many that are alike."""
_DOCS: Final = Path(__file__).resolve().parent.parent / "docs" / "simulation.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, judge, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.injection", description=__doc__)
    parser.add_argument("--real", type=Path, default=Path("../shared/data/real"))
    parser.add_argument("--lab", type=Path, default=Path("data/lab"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    lab = {name: laboratory(options.lab / name, _PLAN) for name in LAB}
    foreign = list(published(options.real))
    with tempfile.TemporaryDirectory() as folder:
        more = additions(options.real / "zeek", Path(folder))
    table = render(measured(lab, foreign, more, options.seeds))
    put_between_marks(_DOCS, "injection", table)
    sys.stdout.write(table)


def published(real: Path) -> Iterable[Judged]:
    """Yield the captures that are only tested on."""
    for name in FOREIGN:
        truth, file = str(real / "ground_truth.csv"), f"zeek/{name}"
        known = file in Path(truth).read_text()
        yield judged(
            CaptureSource(name, str(real / file), truth if known else None, episodes_file=file if known else None),
            _PLAN,
        )


def additions(zeek: Path, folder: Path) -> dict[str, list[LabelledRows]]:
    """Return what is trained on beside the laboratory."""
    made: dict[str, list[LabelledRows]] = {"background": [], "injected": [], "simulated": []}
    for number, name in enumerate(BACKGROUND):
        made["background"].append(judged(CaptureSource(name, str(zeek / name)), _PLAN).rows)
        output = folder / f"{number}.log"
        done = inject(LogInput(zeek / name), output, _SWEEPS, _OPTIONS, seed=number)
        write_episodes(beside(output, "episodes"), done.episodes)
        made["injected"].append(
            judged(CaptureSource(f"{name}+", str(output), str(beside(output, "episodes"))), _PLAN).rows
        )
    output = folder / "network.log"
    write_episodes(beside(output, "episodes"), simulate(_NETWORK, output, _SWEEPS, _OPTIONS).episodes)
    made["simulated"].append(judged(CaptureSource("network", str(output), str(beside(output, "episodes"))), _PLAN).rows)
    return made


def measured(
    lab: dict[str, Judged], foreign: list[Judged], more: dict[str, list[LabelledRows]], seeds: int
) -> dict[str, NDArray[np.float64]]:
    """Return each arm's results, shape (seeds, tests, false sources)."""
    results = {}
    for arm, added in ARMS.items():
        parts = [rows for name in added if name != _VARIED for rows in more[name]]
        runs = []
        for seed in range(seeds):
            models = {}
            for name in LAB:
                copies = [varied(lab[name].capture, seed)] if _VARIED in added else []
                models[name] = fitted([lab[name].rows, *copies, *parts], seed)
            tests = [(models[a], [lab[b]]) for a, b in (LAB, LAB[::-1])]
            tests += [(models[name], foreign) for name in LAB]
            runs.append([[found(model, captures, false) for false in _FALSE_SOURCES] for model, captures in tests])
        results[arm] = np.array(runs)
    return results


def varied(capture: Capture, seed: int) -> LabelledRows:
    """Return a campaign's varied copies, as `sweepml train` makes them by default."""
    variants = VariantsConfig(
        stretches=[1, 3, 10, 30], blind_families=["volume", "order", "graph", "relative", "memory"]
    )
    return training_table([capture], _PLAN, POSITIVE_DST_COUNT, variants, seed, Silent()).varied


def fitted(parts: Sequence[LabelledRows], seed: int) -> Detector:
    """Return a small model."""
    rng = np.random.default_rng(seed)
    rows = LabelledRows.concat([part.take(np.sort(rng.permutation(len(part))[:_MOST_ROWS])) for part in parts])
    return make_model("gradient_boosting", _MODEL).fit(
        TrainingRows(rows.features.values, rows.y, balanced_weights(rows.y, rows.unit)), seed
    )


def found(model: Detector, captures: Sequence[Judged], false_sources: int) -> float:
    """Return the share of sweeping sources that score above all benign sources but so many."""
    sweeping: list[float] = []
    benign: list[float] = []
    for one in captures:
        score = model.score(one.rows.features.values)
        # Sources of other attacks, and of malware that does not sweep, are left out: nobody minds an alert there.
        other = {episode.source for episode in one.capture.episodes if not episode.kind.startswith("benign")}
        for place, (_, source) in enumerate(one.rows.units):
            here = one.rows.unit == place
            sweeps = here & (one.rows.y == 1)
            if sweeps.any():
                sweeping.append(float(score[sweeps].max()))
            elif source not in other and one.capture.roles.get(source) != _NOT_JUDGED:
                benign.append(float(score[here].max()))
    limit = sorted(benign, reverse=True)[false_sources]
    return float(np.mean(np.array(sweeping) > limit))


def render(results: dict[str, NDArray[np.float64]]) -> str:
    """Return the tables as Markdown: mean over the seeds, and least to most where they differ."""
    lines = []
    for place, test in enumerate(TESTS):
        lines += [f"{test}:", ""]
        lines.append("| trained on | " + " | ".join(f"{_amount(false)}" for false in _FALSE_SOURCES) + " |")
        lines.append("|---|" + "---|" * len(_FALSE_SOURCES))
        for arm, runs in results.items():
            lines.append(f"| {arm} | {' | '.join(_spread(values) for values in runs[:, place].T)} |")
        lines.append("")
    return "\n".join(lines)


def _amount(false: int) -> str:
    return "above every benign source" if not false else f"above all but {false}"


def _spread(values: NDArray[np.float64]) -> str:
    least, most = f"{values.min():.0%}", f"{values.max():.0%}"
    return f"{values.mean():.0%}" + (f" ({least} to {most})" if least != most else "")


if __name__ == "__main__":
    main()
