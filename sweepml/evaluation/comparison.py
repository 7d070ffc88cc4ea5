"""Two benchmark results side by side: what became worse, in which direction, and beyond which tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from sweepml.errors import ConfigError, InputError, did_you_mean
from sweepml.evaluation.report import align

RESULTS_FORMAT: Final = 1
"""Number of the layout that `results_of` gives; grows when it changes."""


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """What a change is."""

    SAME = "same"
    WITHIN = "within tolerance"
    BETTER = "better"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a figure may move before that means something.

    Parameters
    ----------
    direction
        Which way is better.
    absolute, relative
        In the figure's unit, and as a share of the base's value: the larger one counts.
    loss_is_worse
        Whether it is worse that the figure can no longer be computed: a median that is no longer reached is, the
        precision of a detector that raises nothing any more is not (its recall tells).

    Raises
    ------
    ConfigError
        If a value is negative.
    """

    direction: Direction
    absolute: float = 0.0
    relative: float = 0.0
    loss_is_worse: bool = False

    def __post_init__(self) -> None:
        if self.absolute < 0 or self.relative < 0:
            raise ConfigError(f"a tolerance must not be negative, got {self.absolute} and {self.relative}")

    def judge(self, base: float, head: float) -> Verdict:
        """Return what became of a figure; NaN where it could not be computed."""
        if math.isnan(base) or math.isnan(head):
            if math.isnan(base) == math.isnan(head):
                return Verdict.SAME
            lost = math.isnan(head)
            if not self.loss_is_worse:
                return Verdict.WITHIN
            return Verdict.WORSE if lost else Verdict.BETTER
        gain = head - base if self.direction is Direction.HIGHER else base - head
        if gain == 0:
            return Verdict.SAME
        # Figures are shares of small counts: a step of exactly the tolerance must not depend on rounding.
        allowed = max(self.absolute, self.relative * abs(base)) * (1 + 1e-9)
        if abs(gain) <= allowed:
            return Verdict.WITHIN
        return Verdict.BETTER if gain > 0 else Verdict.WORSE


TOLERANCES: Final[Mapping[str, Tolerance]] = {
    "recall": Tolerance(Direction.HIGHER, absolute=0.02),
    "precision": Tolerance(Direction.HIGHER, absolute=0.03),
    "average_precision": Tolerance(Direction.HIGHER, absolute=0.02),
    "false_rate": Tolerance(Direction.LOWER, relative=0.1),
    "median_delay_s": Tolerance(Direction.LOWER, absolute=1.0, relative=0.15, loss_is_worse=True),
    "median_targets": Tolerance(Direction.LOWER, absolute=1.0, relative=0.15, loss_is_worse=True),
}
"""Figures of the summary that are compared. Chosen, not tuned: what another seed may do, not what a fault does."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both results; NaN where it could not be computed."""

    figure: str
    base: float
    head: float
    tolerance: Tolerance
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class EntryComparison:
    """One contestant in one arena, in both results.

    Attributes
    ----------
    arena, contestant
        Ids.
    changes
        One per figure of the tolerances. Recall is over the scenarios that both results have.
    newly_missed, newly_caught
        Scenarios that both have, sorted.
    scenarios_gone, scenarios_new
        Scenarios that only one has, sorted: the captures changed.
    new_false_sources, quiet_sources
        ``capture/source`` with a false alert in the head only, and in the base only, sorted.
    """

    arena: str
    contestant: str
    changes: tuple[Change, ...]
    newly_missed: tuple[str, ...]
    newly_caught: tuple[str, ...]
    scenarios_gone: tuple[str, ...]
    scenarios_new: tuple[str, ...]
    new_false_sources: tuple[str, ...]
    quiet_sources: tuple[str, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """Figures that are worse beyond their tolerance."""
        return tuple(change for change in self.changes if change.verdict is Verdict.WORSE)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        lists = (
            self.newly_missed,
            self.newly_caught,
            self.scenarios_gone,
            self.scenarios_new,
            self.new_false_sources,
            self.quiet_sources,
        )
        return not any(lists) and all(change.verdict is Verdict.SAME for change in self.changes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results.

    Attributes
    ----------
    entries
        What both judged, by arena and contestant.
    lacking, added
        (arena, contestant) that only the base has, and only the head, sorted.
    """

    entries: tuple[EntryComparison, ...]
    lacking: tuple[tuple[str, str], ...]
    added: tuple[tuple[str, str], ...]

    @property
    def is_worse(self) -> bool:
        """Whether a figure is worse beyond its tolerance, or something is no longer judged."""
        return bool(self.lacking) or any(entry.worse for entry in self.entries)


def results_of(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return of a benchmark's tables what is compared later, as plain values for JSON.

    Parameters
    ----------
    tables
        With ``summary``, ``episodes`` and ``alerts``.

    Returns
    -------
    dict
        ``format`` and a list ``entries``, by arena and contestant: ``figures`` (None where NaN), ``scenarios`` (id ->
        caught) and ``false_sources`` (``capture/source``, sorted).

    Raises
    ------
    InputError
        If a table is absent.
    """
    absent = [name for name in ("summary", "episodes", "alerts") if name not in tables]
    if absent:
        raise InputError(f"results need the tables summary, episodes and alerts; absent: {', '.join(absent)}")
    entries = []
    for line in tables["summary"].sort_values(["arena", "contestant"]).to_dict("records"):
        who = (line["arena"], line["contestant"])
        episodes, alerts = _own(tables["episodes"], *who), _own(tables["alerts"], *who)
        false = alerts[~alerts["is_true"]]
        entries.append(
            {
                "arena": line["arena"],
                "contestant": line["contestant"],
                "figures": {name: None if math.isnan(line[name]) else line[name] for name in TOLERANCES},
                "scenarios": dict(zip(episodes["scenario"], episodes["caught"].tolist(), strict=True)),
                "false_sources": sorted(set(false["capture"] + "/" + false["source"])),
            }
        )
    return {"format": RESULTS_FORMAT, "entries": entries}


def compare(
    base: Mapping[str, Any], head: Mapping[str, Any], tolerances: Mapping[str, Tolerance] = TOLERANCES
) -> Comparison:
    """Compare two results of `results_of`.

    Parameters
    ----------
    base
        What was.
    head
        What is.
    tolerances
        Figure -> how far it may move; figures that are not named are not compared.

    Raises
    ------
    InputError
        If a result has another layout.
    ConfigError
        If a tolerance names no figure that results hold.
    """
    for figure in tolerances:
        if figure not in TOLERANCES:
            raise ConfigError(f"results hold no figure {figure!r}; {did_you_mean(figure, TOLERANCES)}")
    before, after = _entries(base, "base"), _entries(head, "head")
    return Comparison(
        entries=tuple(
            _compare_entry(*key, before[key], after[key], tolerances) for key in sorted(before.keys() & after.keys())
        ),
        lacking=tuple(sorted(before.keys() - after.keys())),
        added=tuple(sorted(after.keys() - before.keys())),
    )


def of_contestant(results: Mapping[str, Any], contestant: str, called: str) -> dict[str, Any]:
    """Return what results say of one contestant, under another name, so that two of them can be compared.

    Parameters
    ----------
    results
        Of `results_of`.
    contestant
        Whose entries are kept.
    called
        Its name in what is returned.

    Raises
    ------
    InputError
        If the contestant was not judged, or the results have another layout.
    """
    entries = [entry for (_, name), entry in _entries(results, contestant).items() if name == contestant]
    if not entries:
        names = sorted({entry["contestant"] for entry in results["entries"]})
        raise InputError(f"{contestant} was not judged in these results; {did_you_mean(contestant, names)}")
    return {"format": RESULTS_FORMAT, "entries": [{**entry, "contestant": called} for entry in entries]}


def render_comparison(comparison: Comparison) -> str:
    """Return a comparison as text: what differs, then whether it is worse."""
    parts = [_render_entry(entry) for entry in comparison.entries if not entry.is_same]
    for title, keys in (("no longer judged", comparison.lacking), ("newly judged", comparison.added)):
        if keys:
            parts.append(f"{title}: " + ", ".join(f"{contestant} in {arena}" for arena, contestant in keys))
    worse = sum(len(entry.worse) for entry in comparison.entries)
    if comparison.is_worse:
        ending = f"worse: {worse} figures beyond tolerance, {len(comparison.lacking)} contestants no longer judged"
    else:
        ending = f"not worse: {len(comparison.entries)} compared, all within tolerance or better"
    return "\n\n".join([*parts, ending])


def _entries(results: Mapping[str, Any], which: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    if results.get("format") != RESULTS_FORMAT:
        raise InputError(
            f"{which}: expected results of format {RESULTS_FORMAT}, got {results.get('format')}; "
            "run the benchmark again"
        )
    return {(entry["arena"], entry["contestant"]): entry for entry in results["entries"]}


def _compare_entry(
    arena: str,
    contestant: str,
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    tolerances: Mapping[str, Tolerance],
) -> EntryComparison:
    was, now = base["scenarios"], head["scenarios"]
    common = sorted(was.keys() & now.keys())
    changes = []
    for name, tolerance in tolerances.items():
        before, after = _figure(base, name, common), _figure(head, name, common)
        changes.append(Change(name, before, after, tolerance, tolerance.judge(before, after)))
    noisy, still = set(base["false_sources"]), set(head["false_sources"])
    return EntryComparison(
        arena=arena,
        contestant=contestant,
        changes=tuple(changes),
        newly_missed=tuple(one for one in common if was[one] and not now[one]),
        newly_caught=tuple(one for one in common if now[one] and not was[one]),
        scenarios_gone=tuple(sorted(was.keys() - now.keys())),
        scenarios_new=tuple(sorted(now.keys() - was.keys())),
        new_false_sources=tuple(sorted(still - noisy)),
        quiet_sources=tuple(sorted(noisy - still)),
    )


def _figure(entry: Mapping[str, Any], name: str, common: list[str]) -> float:
    if name == "recall":
        return sum(entry["scenarios"][one] for one in common) / len(common) if common else math.nan
    value = entry["figures"][name]
    return math.nan if value is None else float(value)


def _render_entry(entry: EntryComparison) -> str:
    lines: list[tuple[str, ...]] = [("figure", "base", "head", "change", "tolerance", "better is", "verdict")]
    for change in entry.changes:
        if change.verdict is not Verdict.SAME:
            allowed = max(change.tolerance.absolute, change.tolerance.relative * abs(change.base))
            lines.append(
                (
                    change.figure,
                    _number(change.base),
                    _number(change.head),
                    _number(change.head - change.base, sign="+"),
                    _number(allowed),
                    change.tolerance.direction,
                    change.verdict,
                )
            )
    named = (
        ("newly missed", entry.newly_missed),
        ("newly caught", entry.newly_caught),
        ("scenarios gone", entry.scenarios_gone),
        ("scenarios new", entry.scenarios_new),
        ("new false sources", entry.new_false_sources),
        ("no longer false", entry.quiet_sources),
    )
    parts = [f"{entry.contestant} in {entry.arena}"]
    if len(lines) > 1:
        parts.append(align(lines))
    parts += [f"{title} ({len(names)}): {', '.join(names)}" for title, names in named if names]
    return "\n".join(parts)


def _number(value: float, sign: str = "") -> str:
    return format(value, f"{sign}.4g") if math.isfinite(value) else "-"


def _own(table: pd.DataFrame, arena: str, contestant: str) -> pd.DataFrame:
    return table[(table["arena"] == arena) & (table["contestant"] == contestant)]
