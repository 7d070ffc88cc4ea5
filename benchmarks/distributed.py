"""What messages are worth where several sources divide the targets: ``python -m benchmarks.distributed [--seeds 5]``.

Models are trained on the laboratory campaigns, alone and together with a simulated network in which campaigns are dealt
to 2 to 16 sources, and asked about another simulated network (other hosts, other seeds, other campaigns) in which 4, 8
and 16 sources divide the targets of each campaign, so that each has few. Compared are the graph embedding, the same
head without messages, and boosted trees on the features.

Measured is order, not a threshold: the share of campaigns of which one source at least, and of all their sources, whose
best row scores above the best rows of all benign sources but a few. The table is written into the model's README,
between its marks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.judged import Judged, judged, laboratory
from benchmarks.pages import put_between_marks
from sweepml.datasets.capture import Episode
from sweepml.datasets.load import CaptureSource
from sweepml.features.edges import EDGES_PER_ROW
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import TrainingRows
from sweepml.models.registry import make_model
from sweepml.pipeline.rows import LabelledRows, balanced_weights
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.episodes import SweepFacts, episode_of
from sweepml.simulation.log_files import open_log
from sweepml.simulation.network import Network, NetworkPlan
from sweepml.simulation.portrait import Portrait, service_keys
from sweepml.simulation.records import Records
from sweepml.simulation.sweeps import PlayedSweep, SweepMaker, SweepOptions
from sweepml.simulation.targets import free_address
from sweepml.simulation.truth import beside, write_episodes

LAB: Final = ("train", "train2")
CONTESTANTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "graph embedding": ("graph_embedding", {}),
    "the same head without messages": ("graph_embedding", {"message_passing": False}),
    "gradient boosting": ("gradient_boosting", {"n_bags": 1}),
}
SOURCES: Final = (4, 8, 16)
"""Sources of a campaign that is tested on."""
_TRAINED_SOURCES: Final = (2, 3, 4, 6, 8, 12, 16)
_FALSE_SOURCES: Final = (0, 3)
"""Benign sources that may score as high."""

_CAMPAIGNS: Final = 20
"""Of each number of sources."""
_PER_SOURCE: Final = (5, 10)
"""Targets of one source, fewest and most: a source alone is hard to tell from a busy client."""
_SCANNERS: Final = ("connect_loop", "nmap_t4", "nmap_t3", "zmap")
"""Those that take the targets that they are given."""
_BEGIN_US: Final = 1_767_603_600_000_000
_HOSTS: Final = 150
_SPAN_US: Final = round(1.5 * 3.6e9)
_TRAIN_SEED, _TEST_SEED = 101, 202
_PLAN: Final = FeaturePlan(edges_per_row=EDGES_PER_ROW)
_README: Final = Path(__file__).resolve().parent.parent / "sweepml" / "models" / "graph_embedding" / "README.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the networks, train, judge, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--lab", type=Path, default=Path("data/lab"))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args(arguments)
    lab = [laboratory(options.lab / name, _PLAN) for name in LAB]
    with tempfile.TemporaryDirectory() as folder:
        made = network(Path(folder) / "train.log", _TRAIN_SEED, _TRAINED_SOURCES)
        test = network(Path(folder) / "test.log", _TEST_SEED, SOURCES)
    arms = {
        "the laboratory": [one.rows for one in lab],
        "the laboratory and a simulated network": [one.rows for one in (*lab, made)],
    }
    results = {
        (arm, name): np.array([found(model, params, parts, test, seed) for seed in range(options.seeds)])
        for arm, parts in arms.items()
        for name, (model, params) in CONTESTANTS.items()
    }
    table = render(results, test)
    put_between_marks(_README, "distributed", table)
    sys.stdout.write(table)


def network(log: Path, seed: int, sources: Sequence[int]) -> Judged:
    """Return a simulated network in which campaigns are dealt to so many sources in turn."""
    plan = NetworkPlan(seed, _HOSTS, _BEGIN_US, _BEGIN_US + _SPAN_US)
    simulated = Network(plan)
    portrait = simulated.portrait()
    taken = set(portrait.sources.texts())
    parts = [simulated.records(number) for number in range(simulated.slices)]
    episodes: list[Episode] = []
    for count in sources:
        sizes = (count * _PER_SOURCE[0], count * _PER_SOURCE[1])
        maker = SweepMaker(portrait, SweepOptions(scanners=_SCANNERS, sizes=sizes), seed + count, repr(plan))
        for number in range(_CAMPAIGNS):
            for episode, records in dealt(maker.play(number), count, portrait, taken):
                episodes.append(episode)
                parts.append(records)
    with open_log(log) as writer:
        writer.write(Records.concat(parts).in_time_order().to_batch())
    write_episodes(beside(log, "episodes"), episodes)
    return judged(CaptureSource(f"network {seed}", str(log), str(beside(log, "episodes"))), _PLAN)


def dealt(played: PlayedSweep, count: int, portrait: Portrait, taken: set[str]) -> Iterator[tuple[Episode, Records]]:
    """Yield the parts of a sweep whose targets are dealt to new sources in turn, whose addresses are then taken."""
    records, rng = played.records, np.random.default_rng(len(taken))
    _, first, pair = np.unique(service_keys(records.dst, records.service), return_index=True, return_inverse=True)
    turn = np.argsort(np.argsort(first))[pair] % count
    for number in range(count):
        own = records.take(turn == number)
        if not len(own):
            continue
        sender = free_address(records.src.take(slice(0, 1)), taken, rng)
        taken.add(sender.texts()[0])
        own = replace(own, src=Addresses.concat([sender] * len(own)))
        facts = SweepFacts(f"{count}:{played.episode.episode_id}", played.episode.attributes["tool"], "dealt", True)
        yield replace(episode_of(own, facts, portrait.internal), kind="distributed_sweep"), own


def found(
    name: str, params: dict[str, Any], parts: Sequence[LabelledRows], test: Judged, seed: int
) -> NDArray[np.float64]:
    """Train; return the shares found, shape (false sources, sources of a campaign, 2): of campaigns, of sources."""
    rows = LabelledRows.concat(parts)
    weights = balanced_weights(rows.y, rows.unit)
    training = TrainingRows(rows.features.values, rows.y, weights, rows.unit.astype(np.int64), rows.features.edges)
    model = make_model(name, params).fit(training, seed)
    score = model.score_rows(test.rows.features.values, test.rows.features.edges)
    best = {source: float(score[test.rows.unit == place].max()) for place, (_, source) in enumerate(test.rows.units)}
    episodes = test.capture.episodes
    benign = sorted((best[one] for one in best.keys() - {episode.source for episode in episodes}), reverse=True)
    shares = np.empty((len(_FALSE_SOURCES), len(SOURCES), 2))
    for i, false in enumerate(_FALSE_SOURCES):
        for j, count in enumerate(SOURCES):
            # A source that never reached five targets in any window has no row, and is missed.
            caught = {
                (one.episode_id, one.source): best.get(one.source, -np.inf) > benign[false]
                for one in episodes
                if one.episode_id.startswith(f"{count}:")
            }
            campaigns = {campaign for campaign, _ in caught}
            hit = {campaign for (campaign, _), is_caught in caught.items() if is_caught}
            shares[i, j] = len(hit) / len(campaigns), np.mean(list(caught.values()))
    return shares


def render(results: dict[tuple[str, str], NDArray[np.float64]], test: Judged) -> str:
    """Return the tables as Markdown: mean over the seeds, and least to most where they differ."""
    sweeping = {episode.source for episode in test.capture.episodes}
    benign = len({source for _, source in test.rows.units} - sweeping)
    lines = [
        f"{_CAMPAIGNS} campaigns for each number of sources; {len(sweeping)} sweeping sources, {benign} benign ones "
        "with a row. Share of campaigns with a source, and share of sources, that score above:",
        "",
    ]
    for i, false in enumerate(_FALSE_SOURCES):
        lines += [f"{'Every benign source' if not false else f'All benign sources but {false}'}:", ""]
        heads = [f"{count} sources: campaigns | sources" for count in SOURCES]
        lines.append("| trained on | model | " + " | ".join(heads) + " |")
        lines.append("|---|---|" + "--:|--:|" * len(SOURCES))
        for (arm, name), runs in results.items():
            cells = [_spread(runs[:, i, j, what]) for j in range(len(SOURCES)) for what in (0, 1)]
            lines.append(f"| {arm} | {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _spread(values: NDArray[np.float64]) -> str:
    least, most = f"{values.min():.0%}", f"{values.max():.0%}"
    return f"{values.mean():.0%}" + (f" ({least} to {most})" if least != most else "")


if __name__ == "__main__":
    main()
