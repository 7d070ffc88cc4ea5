"""Who competes for the frontier: bundles as they are, models trained here, rules at the budget and as shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweepml.baselines.base import Rule
from sweepml.baselines.registry import make_rule
from sweepml.config.frontier import FrontierConfig
from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.frontier_report.results import TRAINED_ON
from sweepml.features.plan import FeaturePlan
from sweepml.runtime.bundle import Bundle
from sweepml.tasks.benchmark.contestants import (
    BUDGET,
    SHIPPED,
    ModelContestant,
    RuleContestant,
    Tables,
    in_words,
    model_names,
    rule_names,
)
from sweepml.tasks.benchmark.rounds import Round
from sweepml.tasks.data import training_table
from sweepml.tasks.frontier.watchers import Judge, Watcher, rows_watchers, rule_watchers
from sweepml.tasks.progress import Progress

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Competitors:
    """Who competes.

    Attributes
    ----------
    watchers
        All of them, those that share work together.
    rows
        Of table ``contestants``, models first.
    """

    watchers: tuple[Watcher, ...]
    rows: tuple[Row, ...]


def make_competitors(
    config: FrontierConfig,
    plan: FeaturePlan,
    learned: Sequence[Capture],
    tested: Sequence[Capture],
    progress: Progress,
) -> Competitors:
    """Open bundles, train models and tune rules.

    Parameters
    ----------
    config
        Who is wanted.
    plan
        Of models that are trained here.
    learned
        Captures to train models and to tune rules on.
    tested
        Captures that sweeps will be put into, or that are watched: contestants that know them are marked.
    progress
        Told about stages.

    Raises
    ------
    ConfigError
        If a model cannot be trained on the captures.
    BundleError, InputMissingError
        If a bundle cannot be opened.
    """
    detectors: list[tuple[str, FeaturePlan, Judge]] = []
    rows: list[Row] = []
    for path in config.detectors:
        bundle = Bundle(Path(path))
        name = f"{bundle.manifest.name}:{bundle.bundle_id}"
        detectors.append((name, bundle.plan, bundle.judge))
        seen = {str(one.get("sha256", "")) for one in bundle.manifest.training.get("captures", [])}
        rows.append(
            _row(name, bundle.manifest.name, "bundle", SHIPPED, in_words(bundle.thresholds), _known(tested, seen))
        )
    for judged, row in _trained(config, plan, learned, tested, progress):
        detectors.append(judged)
        rows.append(row)
    rules = _rules(config, learned, progress)
    rows += [_rule_row(name, rule) for name, rule in rules.items()]
    watchers: tuple[Watcher, ...] = (
        *rows_watchers(detectors, config.features.positive_dst_count),
        *rule_watchers(rules),
    )
    return Competitors(watchers, tuple(rows))


def _trained(
    config: FrontierConfig,
    plan: FeaturePlan,
    learned: Sequence[Capture],
    tested: Sequence[Capture],
    progress: Progress,
) -> list[tuple[tuple[str, FeaturePlan, Judge], Row]]:
    names = model_names(config)
    if not names:
        return []
    labels = config.features.positive_dst_count
    table = training_table(learned, plan, labels, config.variants, config.seed, progress)
    here = Round(Arena("frontier", tested), tuple(learned))
    seen = {capture.fingerprint for capture in learned}
    made: list[tuple[tuple[str, FeaturePlan, Judge], Row]] = []
    progress.stage("training models", len(names))
    for name in names:
        contestant = ModelContestant(config.of_model(name), Tables([table]))
        detector = contestant.detector(here)
        progress.step()
        if detector is None:
            raise ConfigError(f"model {name} cannot be trained: data={config.data.name} holds fewer than two sweeps")
        row = _row(name, contestant.title, "model", BUDGET, in_words(detector.thresholds), _known(tested, seen))
        made.append(((name, plan, detector.judge), row))
    return made


def _rules(config: FrontierConfig, learned: Sequence[Capture], progress: Progress) -> dict[str, Rule]:
    """Return every rule at the budget, and as shipped where that is another threshold."""
    names = rule_names(config)
    progress.stage("tuning rules", len(names))
    rules: dict[str, Rule] = {}
    for name in names:
        shipped = make_rule(name)
        contestant = RuleContestant(shipped, BUDGET, config)
        tuned = contestant.tuned(learned)
        rules[contestant.name] = tuned
        if tuned.threshold != shipped.threshold:
            rules[name] = shipped
        progress.step()
    return rules


def _rule_row(name: str, rule: Rule) -> Row:
    is_shipped = rule.threshold == rule.as_shipped()
    title = rule.title if name == rule.name else f"{rule.title}, tuned"
    note = "the budget's threshold is the shipped one" if is_shipped and name != rule.name else ""
    return _row(name, title, "rule", SHIPPED if name == rule.name else BUDGET, f"{rule.threshold:g}", note)


def _known(tested: Sequence[Capture], seen: set[str]) -> str:
    """Return a warning where somebody was trained on a capture that is tested on."""
    names = [capture.name for capture in tested if capture.fingerprint in seen]
    return f"{TRAINED_ON} {', '.join(names)}" if names else ""


def _row(name: str, title: str, kind: str, operating_point: str, threshold: str, note: str) -> Row:
    return {
        "contestant": name,
        "title": title,
        "kind": kind,
        "operating_point": operating_point,
        "threshold": threshold,
        "note": note,
    }
