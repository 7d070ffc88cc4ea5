"""What is reported: the tables of a benchmark, how they were made, and who is compared with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from sweepml.errors import InputError
from sweepml.evaluation.benchmark_tables import TABLES, check_tables

AT_BUDGET: Final = "budget"
"""Operating point of contestants whose thresholds were tuned to the alert budget."""
MODEL_KINDS: Final = ("model", "bundle")
"""Kinds of contestants that were trained."""


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """One capture that was judged on: its name, the fingerprint of its content, and what a reader must know."""

    name: str
    fingerprint: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How the tables were made.

    Parameters
    ----------
    created
        Time in UTC, RFC 3339.
    command
        What makes the same report again.
    commit
        Of the code, with a mark where the checkout was changed.
    versions
        Software -> version.
    budget_per_day_per_1000
        Alert budget: false alerts per day per 1,000 sources.
    captures
        All that were read.
    headline_arenas
        Ids of the arenas that the report compares contestants on, most important first; those without a result are
        left out, and where none is left the first arena with an episode stands in.
    caveats
        What a reader must know before believing a number, one sentence each.
    """

    created: str
    command: str
    commit: str
    versions: Mapping[str, str]
    budget_per_day_per_1000: float
    captures: Sequence[CaptureFacts] = ()
    headline_arenas: Sequence[str] = ("tools", "lab")
    caveats: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """Tables with the look-ups that every section needs.

    Parameters
    ----------
    tables
        As `sweepml.evaluation.benchmark_tables` declares them; any may be absent or empty.
    measurement
        How they were made.

    Raises
    ------
    InputError
        If a table does not fit its schema, or names a contestant or an arena that is not listed.
    """

    tables: Mapping[str, pd.DataFrame]
    measurement: Measurement
    _labels: dict[str, str] = field(init=False)
    _kinds: dict[str, str] = field(init=False)
    _points: dict[str, str] = field(init=False)
    _arena_titles: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        check_tables(self.tables)
        contestants, arenas = self.table("contestants"), self.table("arenas")
        ids = contestants.contestant.tolist()
        object.__setattr__(self, "_labels", contestant_labels(contestants))
        object.__setattr__(self, "_kinds", dict(zip(ids, contestants.kind.tolist(), strict=True)))
        object.__setattr__(self, "_points", dict(zip(ids, contestants.operating_point.tolist(), strict=True)))
        object.__setattr__(self, "_arena_titles", dict(zip(arenas.arena.tolist(), arenas.title.tolist(), strict=True)))
        for name, frame in self.tables.items():
            for column, known in (("contestant", self._labels), ("arena", self._arena_titles)):
                strange = set(frame[column]) - set(known) if column in frame else set()
                if strange:
                    raise InputError(f"table {name} names the {column} {min(strange)!r}, which table {column}s lacks")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, without rows where it is absent."""
        return self.tables[name] if name in self.tables else TABLES[name].make([])

    def rows(self, name: str, arena: str, contestant: str | None = None) -> pd.DataFrame:
        """Return the rows of a table in one arena, of one contestant where named."""
        frame = self.table(name)
        frame = frame[frame.arena == arena]
        return frame if contestant is None else frame[frame.contestant == contestant]

    def label(self, contestant: str) -> str:
        """Return what a contestant is called; no two have one label."""
        return self._labels[contestant]

    def arena_title(self, arena: str) -> str:
        """Return what an arena is called."""
        return self._arena_titles[arena]

    def is_model(self, contestant: str) -> bool:
        """Return whether a contestant was trained."""
        return self._kinds[contestant] in MODEL_KINDS

    def is_at_budget(self, contestant: str) -> bool:
        """Return whether a contestant's thresholds were tuned to the alert budget."""
        return self._points[contestant] == AT_BUDGET

    @property
    def headline_arenas(self) -> list[str]:
        """Arenas that contestants are compared on, most important first; empty where nothing was judged."""
        summary = self.table("summary")
        judged = summary.arena[summary.episode_count > 0].drop_duplicates().tolist()
        return [arena for arena in self.measurement.headline_arenas if arena in judged] or judged[:1]

    def ranked(self, arena: str) -> pd.DataFrame:
        """Return the summary of one arena, best first.

        By recall, then fewer false alerts, then average precision, then id.
        """
        return self.rows("summary", arena).sort_values(
            ["recall", "false_rate", "average_precision", "contestant"],
            ascending=[False, True, False, True],
            na_position="last",
        )

    def compared(self, arena: str) -> list[str]:
        """Return who competes at the alert budget in one arena: models best first, then all others best first."""
        ids = [one for one in self.ranked(arena).contestant.tolist() if self.is_at_budget(one)]
        return sorted(ids, key=lambda one: not self.is_model(one))

    def best_model(self, arena: str) -> str | None:
        """Return the best model at the alert budget in one arena, if any competes."""
        return next((one for one in self.compared(arena) if self.is_model(one)), None)

    def tuned_rules(self, arena: str) -> list[str]:
        """Return the rules at the alert budget in one arena, best first."""
        return [one for one in self.compared(arena) if self._kinds[one] == "rule"]


def contestant_labels(contestants: pd.DataFrame) -> dict[str, str]:
    """Return id -> title of the rows of table ``contestants``, no two alike.

    Those of one title are told apart by being as shipped, or else by the id.
    """
    names = contestants.title.copy()
    is_shipped = names.duplicated(keep=False) & (contestants.operating_point != AT_BUDGET)
    names[is_shipped] += ", as shipped"
    is_shared = names.duplicated(keep=False)
    names[is_shared] += " (" + contestants.contestant + ")"
    return dict(zip(contestants.contestant.tolist(), names.tolist(), strict=True))


def named_rows(frame: pd.DataFrame) -> Iterable[Any]:
    """Return the rows of a table as named tuples; Any, because the schema and not the type says what a column holds."""
    return frame.itertuples(index=False)
