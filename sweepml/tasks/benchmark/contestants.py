"""Contestants: models, rules, bundles and foreign alerts, each giving alerts in an arena."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sweepml.baselines.base import Rule
from sweepml.baselines.registry import RULES, make_rule
from sweepml.config.benchmark import BenchmarkConfig, ContestConfig
from sweepml.config.train import TrainConfig
from sweepml.datasets.capture import Capture, Episode
from sweepml.datasets.splits import SourceGroups, assign_groups, grouped_folds
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.curves import CurvePoint, curve_of_alerts, curve_of_rule
from sweepml.evaluation.judged_tables import JudgedRows
from sweepml.evaluation.rows import ScoredRows
from sweepml.evaluation.rule_thresholds import tune_rule
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.export.bundle import CalibratedDetector
from sweepml.models.base import Detector
from sweepml.models.registry import MODELS, make_model
from sweepml.pipeline.rows import LabelledRows, labelled_rows
from sweepml.runtime.bundle import Bundle
from sweepml.schema.alert import AlertRow
from sweepml.tasks.benchmark.rounds import Round
from sweepml.tasks.cross_validation import (
    FoldVerdicts,
    OutOfFold,
    fold_verdicts,
    judge_by,
    judge_seen_otherwise,
    out_of_fold,
    scored_rows,
)
from sweepml.tasks.data import TrainingTable
from sweepml.tasks.progress import Silent
from sweepml.tasks.settings import alert_budget, judgement_rules
from sweepml.tasks.train import final_detector

SHIPPED: Final = "shipped"
BUDGET: Final = "budget"

_CURVE_FROM: Final = 0.02
"""Curves of models begin at this score: below it nearly every source is an alert. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a contestant said in an arena.

    Attributes
    ----------
    alerts
        At its operating point, on the arena's test captures.
    threshold
        The operating point, in words.
    curve
        What would happen at other thresholds; None where its alerts are all that is known.
    rows
        Of models only: every row with its score and verdict.
    """

    alerts: tuple[AlertRow, ...]
    threshold: str
    curve: list[CurvePoint] | None = None
    rows: JudgedRows | None = None


class Contestant(Protocol):
    """Whoever raises alerts."""

    @property
    def name(self) -> str:
        """Permanent id, such as ``gradient_boosting`` or ``slips_horizontal@budget``."""

    @property
    def title(self) -> str:
        """What tables call it."""

    @property
    def kind(self) -> str:
        """``model``, ``rule``, ``bundle`` or ``alerts``."""

    @property
    def operating_point(self) -> str:
        """`SHIPPED` or `BUDGET`."""

    def enter(self, here: Round) -> Entry | None:
        """Return what it says in an arena, None where it cannot take part."""


class Tables:
    """Training rows by capture, computed once for all models and arenas.

    Parameters
    ----------
    tables
        Rows, and varied copies, each of other captures.
    """

    def __init__(self, tables: Sequence[TrainingTable]) -> None:
        self._tables = tuple(tables)

    def of(self, captures: Sequence[Capture]) -> TrainingTable:
        """Return the table of some captures."""
        names = {capture.name for capture in captures}
        rows = [table.rows.of_captures(names) for table in self._tables]
        varied = [table.varied.of_captures(names) for table in self._tables]
        return replace(self._tables[0], rows=LabelledRows.concat(rows), varied=LabelledRows.concat(varied))


@dataclass(frozen=True)
class _Folded:
    table: TrainingTable
    groups: SourceGroups
    folds: int
    found: OutOfFold
    captures: tuple[Capture, ...]
    budget: AlertBudget

    @cached_property
    def verdicts(self) -> dict[int, FoldVerdicts]:
        """What turns scores into verdicts: the arena of the captures needs it, and one for every other sensor."""
        return fold_verdicts(self.found, self.table.rows, self.groups, self.captures, self.budget)


class ModelContestant:
    """A registered model, trained anew in every arena.

    Parameters
    ----------
    config
        How it is trained.
    tables
        Its rows.
    """

    kind = "model"
    operating_point = BUDGET

    def __init__(self, config: TrainConfig, tables: Tables) -> None:
        self._config = config
        self._tables = tables
        self._trained: dict[tuple[str, ...], CalibratedDetector] = {}
        self._folds: dict[tuple[tuple[str, ...], Callable[[Episode], str] | None], _Folded] = {}
        self.name = config.model.name
        self.title = config.model.name.replace("_", " ")

    def make(self) -> Detector:
        """Return an untrained model."""
        return make_model(self._config.model.name, self._config.model.params)

    def enter(self, here: Round) -> Entry | None:
        """Train and test as the arena says; None where too few sweeps can be trained on."""
        if not here.train:
            return None
        if here.is_cross_validated:
            return self._cross_validated(here)
        if here.seen_as:
            return self._seen_otherwise(here)
        detector = self.detector(here)
        if detector is None:
            return None
        rows = self._tables.of(here.test).rows
        score, raised = detector.judge(rows.features.values, rows.features.length_s, rows.features.edges)
        return _entry_of_rows(here, scored_rows(rows, score), raised, in_words(detector.thresholds), self.name)

    def _cross_validated(self, here: Round) -> Entry | None:
        folded = self._folded(here)
        if folded is None:
            return None
        validated = judge_by(folded.verdicts, folded.found, folded.table.rows)
        words = f"chosen in each of {folded.folds} folds on the others"
        return _entry_of_rows(here, validated.scored, validated.verdicts, words, self.name)

    def _seen_otherwise(self, here: Round) -> Entry | None:
        """Judge the captures as another sensor shows them, by the detectors of the cross-validated ones."""
        folded = self._folded(here)
        if folded is None:
            return None
        rows, groups = self._tables.of(here.test).rows, folded.groups
        known_as = [(here.seen_as[capture], source) for capture, source in rows.units]
        unit_fold = grouped_folds(groups, folded.folds, self._config.seed)[groups.places(known_as)]
        validated = judge_seen_otherwise(folded.found, folded.verdicts, rows, unit_fold[rows.unit])
        words = f"chosen in each of {folded.folds} folds on the others, as recorded"
        return _entry_of_rows(here, validated.scored, validated.verdicts, words, self.name)

    def detector(self, here: Round) -> CalibratedDetector | None:
        """Return the detector trained on a round's captures, made once; None where too few sweeps can be folded."""
        key = tuple(capture.name for capture in here.train)
        if key not in self._trained:
            folded = self._folded(here)
            if folded is None:
                return None
            self._trained[key], _ = final_detector(
                self.make, folded.table, folded.groups, here.train, folded.found, self._config
            )
        return self._trained[key]

    def _folded(self, here: Round) -> _Folded | None:
        """Return the out-of-fold scores of a round's captures, made once; None where too few sweeps can be folded."""
        key = (tuple(capture.name for capture in here.train), here.tie)
        if key not in self._folds:
            table, groups = self._tables.of(here.train), self._groups(here)
            folds = min(self._config.split.folds, sum(map(bool, groups.sweeps())))
            if folds < 2:
                return None
            split = replace(self._config.split, folds=folds)
            found = out_of_fold(self.make, table, groups, split, self._config.seed, Silent())
            budget = alert_budget(self._config.alerts)
            self._folds[key] = _Folded(table, groups, folds, found, here.train, budget)
        return self._folds[key]

    def _groups(self, here: Round) -> SourceGroups:
        names = {capture.name for capture in here.train}
        together = [chain for chain in self._config.data.together if set(chain) <= names]
        return assign_groups(here.train, together=together, tie=here.tie)


class RuleContestant:
    """A public rule, as shipped or tuned to the alert budget."""

    kind = "rule"

    def __init__(self, rule: Rule, operating_point: str, config: ContestConfig) -> None:
        self._rule = rule
        self._config = config
        self._tuned_on: dict[tuple[str, ...], Rule] = {}
        self.operating_point = operating_point
        self.name = rule.name if operating_point == SHIPPED else f"{rule.name}@{operating_point}"
        self.title = rule.title if operating_point == SHIPPED else f"{rule.title}, tuned"

    def enter(self, here: Round) -> Entry | None:
        """Run the rule; where it is tuned and the arena is cross-validated, each capture's threshold is the others'."""
        if self.operating_point == SHIPPED:
            return self._run([(self._rule, here.test)], curve_of_rule(here.test, self._rule))
        if not here.train:
            return None
        if not (here.is_cross_validated or here.seen_as):
            return self._run([(self.tuned(here.train), here.test)])
        if len(here.train) < 2:
            return None
        return self._run([(self.tuned(here.train_without(one)), (one,)) for one in here.test])

    def tuned(self, captures: Sequence[Capture]) -> Rule:
        """Return the rule at the lowest threshold that keeps the budget on some captures; as it is if nothing rises."""
        key = tuple(capture.name for capture in captures)
        if key not in self._tuned_on:
            budget, judgement = alert_budget(self._config.alerts), judgement_rules(self._config.alerts)
            try:
                self._tuned_on[key] = tune_rule(self._rule, captures, budget, judgement).rule
            except InputError:  # its statistic rises nowhere here
                self._tuned_on[key] = self._rule
        return self._tuned_on[key]

    def _run(self, parts: Sequence[tuple[Rule, Sequence[Capture]]], curve: list[CurvePoint] | None = None) -> Entry:
        alerts = [
            replace(alert, detector=self.name)
            for rule, captures in parts
            for capture in captures
            for alert in rule.alerts(capture.connections, capture.hosts, capture.name)
        ]
        return Entry(tuple(alerts), ", ".join(sorted({f"{rule.threshold:g}" for rule, _ in parts})), curve)


class BundleContestant:
    """A detector that somebody brought, as it is."""

    kind = "bundle"
    operating_point = SHIPPED

    def __init__(self, path: str, positive_dst_count: int) -> None:
        self._bundle = Bundle(Path(path))
        self._positive_dst_count = positive_dst_count
        self._rows: dict[str, LabelledRows] = {}
        self.name = bundle_contestant(self._bundle)
        self.title = f"{self._bundle.manifest.name} ({Path(path).name})"

    def enter(self, here: Round) -> Entry:
        """Score the test captures with the bundle's own windows and thresholds."""
        parts = [self._of(capture) for capture in here.test]
        rows = LabelledRows.concat(parts)
        score, raised = self._bundle.judge(rows.features.values, rows.features.length_s, rows.features.edges)
        return _entry_of_rows(here, scored_rows(rows, score), raised, in_words(self._bundle.thresholds), self.name)

    def _of(self, capture: Capture) -> LabelledRows:
        if capture.name not in self._rows:
            self._rows[capture.name] = labelled_rows(capture, self._bundle.plan, self._positive_dst_count)
        return self._rows[capture.name]


def bundle_contestant(bundle: Bundle) -> str:
    """Return the permanent id under which a bundle is judged."""
    return f"{bundle.manifest.name}:{bundle.bundle_id}"


class ForeignContestant:
    """Alerts that another tool raised on one capture."""

    kind = "alerts"
    operating_point = SHIPPED

    def __init__(self, name: str, alerts: Sequence[AlertRow]) -> None:
        self._alerts = tuple(replace(alert, detector=name) for alert in alerts)
        self.name = name
        self.title = name

    def enter(self, here: Round) -> Entry:
        """Return the alerts; the round must be that of their capture."""
        return Entry(self._alerts, "as the tool has it")


def model_names(config: ContestConfig) -> list[str]:
    """Return the models to judge; every registered one where none is named."""
    return list(MODELS) if config.models is None else list(config.models)


def rule_names(config: ContestConfig) -> list[str]:
    """Return the rules to judge; every registered one where none is named."""
    return list(RULES) if config.rules is None else list(config.rules)


def rule_contestants(config: ContestConfig) -> Iterator[RuleContestant]:
    """Give every rule as shipped and at the budget."""
    for name in rule_names(config):
        for point in (SHIPPED, BUDGET):
            yield RuleContestant(make_rule(name), point, config)


def check_names(config: ContestConfig) -> bool:
    """Refuse names that do not exist before anything is read; return whether anybody is named.

    Raises
    ------
    ConfigError
        If a model or rule has no such name or parameter.
    """
    models, rules = model_names(config), rule_names(config)
    for name in models:
        make_model(name, config.of_model(name).model.params)
    for name in rules:
        make_rule(name)
    return bool(models or rules or config.detectors)


def check_contestants(config: BenchmarkConfig) -> None:
    """Refuse a benchmark without contestants, or with some that do not exist, before anything is read.

    Raises
    ------
    ConfigError
        As `check_names`, or if nobody is to be judged.
    """
    if not (check_names(config) or config.foreign_alerts):
        raise ConfigError("nobody to judge: models, rules, detectors and foreign_alerts are all empty")


def in_words(thresholds: Mapping[int, float]) -> str:
    """Return thresholds by horizon as tables show them."""
    return ", ".join(f"{length} s: {limit:.4f}" for length, limit in sorted(thresholds.items()))


def _entry_of_rows(here: Round, scored: ScoredRows, raised: NDArray[np.bool_], words: str, name: str) -> Entry:
    """Return the entry of whoever scores rows."""
    # What scores below every verdict by far is on no curve; a finding is known by its highest row.
    ranked = scored.score >= np.float32(_CURVE_FROM)
    curve = curve_of_alerts(here.test, scored.to_alerts(ranked, name))
    return Entry(tuple(scored.to_alerts(raised, name)), words, curve, JudgedRows(scored, raised))
