"""The contest: every contestant in every arena."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sweepml.config.benchmark import BenchmarkConfig
from sweepml.config.train import VariantsConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.published import Published, load_published
from sweepml.errors import ConfigError, InputError
from sweepml.features.plan import FeaturePlan
from sweepml.simulation.ports import with_permuted_ports
from sweepml.tasks.benchmark.contestants import (
    BundleContestant,
    Contestant,
    Entry,
    ModelContestant,
    Tables,
    check_contestants,
    model_names,
    rule_contestants,
)
from sweepml.tasks.benchmark.evading import EVASION, evasion_round
from sweepml.tasks.benchmark.exporters import EXPORTER_ARENAS, exporter_rounds
from sweepml.tasks.benchmark.rounds import LAB, TOOLS, Round, make_rounds, pick
from sweepml.tasks.data import load_captures, plan_for, require_sweeps, training_table
from sweepml.tasks.progress import Progress
from sweepml.tasks.settings import model_maker

QUICK_ARENAS = (LAB, TOOLS, EVASION)


@dataclass(frozen=True, slots=True)
class Part:
    """What one contestant said in one arena."""

    round: Round
    contestant: Contestant
    entry: Entry


@dataclass(frozen=True, slots=True)
class Material:
    """What the contest is held on.

    Attributes
    ----------
    own
        Captures that may be trained on.
    published
        Captures of other networks, and what of them could not be read.
    rounds
        Those that are wanted.
    tables
        Training rows of all captures.
    caveats
        What could not be made of these captures though nobody left it out, one sentence each.
    """

    own: tuple[Capture, ...]
    published: Published
    rounds: tuple[Round, ...]
    tables: Tables
    caveats: tuple[str, ...] = ()


def gather(config: BenchmarkConfig, progress: Progress) -> Material:
    """Read the captures and compute their training rows.

    Raises
    ------
    ConfigError
        If a name is unknown, there is no sweep to be caught, or an arena that was asked for cannot be made.
    InputError, LabelError
        If a capture cannot be read.
    """
    check_contestants(config)
    plan = plan_for(config.features, [model_maker(config.of_model(name).model)() for name in model_names(config)])
    own, _ = load_captures(config.data, plan, progress)
    require_sweeps(own)
    published = _published(config, plan, progress)
    wanted, caveats = config.arenas, []
    if wanted is None and config.quick:
        wanted = list(QUICK_ARENAS)
    permuted = [with_permuted_ports(capture, config.seed + i) for i, capture in enumerate(own)]
    rounds = make_rounds(own, published.captures, permuted)
    # Captures of our own making are made only where they are wanted.
    rounds += tuple(exporter_rounds(own, config.seed, EXPORTER_ARENAS if wanted is None else wanted))
    if wanted is None or EVASION in wanted:
        try:
            rounds += (evasion_round(own, published.captures, config.seed),)
        except (ConfigError, InputError) as error:
            if config.arenas is not None:
                raise
            caveats.append(f"No evasions were played: {error}.")
            wanted = wanted and [name for name in wanted if name != EVASION]
    rounds = rounds if wanted is None else pick(rounds, wanted)
    variants = VariantsConfig() if config.quick else config.variants
    # Published captures last for days; slowed down thirty times they would fill months with windows.
    as_fast = replace(variants, stretches=variants.stretches and [1.0])
    used = {capture.name for one in rounds for capture in (*one.train, *one.test)}
    trained_on = {capture.name for capture in (*own, *permuted, *published.captures)}
    only_tested = {capture.name: capture for one in rounds for capture in one.test if capture.name not in trained_on}
    tables = []
    kinds = (
        (own, variants),
        (permuted, variants),
        (published.captures, as_fast),
        (list(only_tested.values()), VariantsConfig()),
    )
    for captures, chosen in kinds:
        wanted_captures = [capture for capture in captures if capture.name in used]
        if wanted_captures:
            labels = config.features.positive_dst_count
            tables.append(training_table(wanted_captures, plan, labels, chosen, config.seed, progress))
    return Material(tuple(own), published, rounds, Tables(tables), tuple(caveats))


def contestants(config: BenchmarkConfig, material: Material) -> Iterator[Contestant]:
    """Give everybody who is to be judged but foreign tools, the models first."""
    for name in model_names(config):
        yield ModelContestant(config.of_model(name), material.tables)
    for path in config.detectors:
        yield BundleContestant(path, config.features.positive_dst_count)
    yield from rule_contestants(config)


def contest(config: BenchmarkConfig, material: Material, progress: Progress) -> Iterator[Part]:
    """Give what every contestant says in every arena, contestant by contestant."""
    everybody = list(contestants(config, material))
    progress.stage("judging", len(everybody) * len(material.rounds))
    for contestant in everybody:
        for one in material.rounds:
            entry = contestant.enter(one)
            progress.step()
            if entry is not None:
                yield Part(one, contestant, entry)


def _published(config: BenchmarkConfig, plan: FeaturePlan, progress: Progress) -> Published:
    if config.published is None or config.quick or not Path(config.published).is_dir():
        return Published((), {})
    progress.stage("reading published captures", 1)
    found = load_published(config.published, plan)
    progress.step()
    return found
