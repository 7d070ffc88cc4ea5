"""Splits that cannot leak: by group of sources, by capture, or by time with a gap.

There is no split by random rows: rows of one source overlap in time and tell the same story, so that a model
scored on such a split is scored on what it has seen. `Split` refuses it when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError, InputError, SweepmlError, did_you_mean
from sweepml.graph.connections import is_contact
from sweepml.graph.windows import US_PER_S

Unit = tuple[str, str]
"""(capture, source)."""

_NAMED: Final = 5
"""Most names in one error message (STYLE)."""


class LeakError(SweepmlError, ValueError):
    """A split has the same thing on both sides."""


@dataclass(frozen=True, slots=True)
class RowKeys:
    """Whose rows of a feature table are, and of when; arrays have shape (n,).

    Attributes
    ----------
    units, unit
        Every (capture, source) that occurs, and the place in `units` of each row (int32).
    start_us, end_us
        int64, the row's window, half-open, microseconds since 1970 UTC.
    """

    units: tuple[Unit, ...]
    unit: NDArray[np.int32]
    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.unit)

    @classmethod
    def from_columns(
        cls, capture: Sequence[str], source: Sequence[str], start_us: ArrayLike, end_us: ArrayLike
    ) -> RowKeys:
        """Return the keys from text columns, as a data frame holds them."""
        codes: dict[Unit, int] = {}
        pairs = zip(capture, source, strict=True)
        unit = np.fromiter((codes.setdefault(pair, len(codes)) for pair in pairs), np.int32)
        return cls(tuple(codes), unit, np.asarray(start_us, np.int64), np.asarray(end_us, np.int64))


@dataclass(frozen=True, slots=True)
class SourceGroups:
    """Which sources must stay together.

    Attributes
    ----------
    units
        (capture, source) of every host that contacted another (`is_contact`) or has an episode, sorted.
    group
        int32, shape (units,): group number, dense, in the order of the groups' first units.
    episodes
        (capture, episode) of every labelled attack, sorted.
    """

    units: tuple[Unit, ...]
    group: NDArray[np.int32]
    episodes: tuple[tuple[str, Episode], ...]

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return int(self.group.max()) + 1 if len(self.group) else 0

    def sweeps(self) -> list[set[Unit]]:
        """Return the (capture, episode_id) of each group's sweeps, by group number."""
        place = {unit: i for i, unit in enumerate(self.units)}
        sweeps: list[set[Unit]] = [set() for _ in range(self.group_count)]
        for capture, episode in self.episodes:
            if episode.is_sweep:
                sweeps[self.group[place[capture, episode.source]]].add((capture, episode.episode_id))
        return sweeps

    def places(self, units: Iterable[Unit]) -> NDArray[np.int64]:
        """Return the place of each given unit in `units`.

        Raises `InputError` if a unit is not known.
        """
        place = {unit: i for i, unit in enumerate(self.units)}
        wanted = list(units)
        strange = [unit for unit in wanted if unit not in place]
        if strange:
            raise InputError(f"rows of sources that are in no capture: {_names(strange)}")
        return np.array([place[unit] for unit in wanted], np.int64)


def assign_groups(
    captures: Sequence[Capture],
    *,
    whole_captures: bool = False,
    together: Iterable[Sequence[str]] = (),
    tie: Callable[[Episode], str] | None = None,
) -> SourceGroups:
    """Return the groups of sources that no split may divide.

    Parameters
    ----------
    captures
        With unique names.
    whole_captures
        Keep all sources of a capture together.
    together
        Names of captures that share records or scripts: each set is kept whole and on one side.
    tie
        Says of an episode what ties it to others, such as its tool: the sources of all episodes of which it says the
        same are one group, in whatever capture, so that no tool is on both sides. Of an episode of which it says
        nothing (an empty text) nothing is tied.

    Returns
    -------
    SourceGroups
        The sources of one `episode_id` are one group, whatever its kind, and so are a source and those that
        replay it (`Capture.scripts`). One address in two captures is two sources, unless `together` ties them.
        Independent of the order of the captures.

    Raises
    ------
    InputError, ConfigError
        If two captures have one name; if `together` names a capture that is not there.
    """
    names = sorted(capture.name for capture in captures)
    if len(set(names)) < len(names):
        raise InputError(f"capture names must be unique, got {names}")
    parent: dict[Unit, Unit] = {}
    episodes: list[tuple[str, Episode]] = []
    replayed = {script for capture in captures for script in capture.scripts.values()}
    first_of_script: dict[str, Unit] = {}
    first_tied: dict[str, Unit] = {}
    for capture in sorted(captures, key=lambda capture: capture.name):
        contacts = is_contact(capture.connections, capture.hosts)
        for code in np.unique(capture.connections.source[contacts]).tolist():
            _root(parent, (capture.name, capture.hosts.name(code)))
        for address in sorted(source for name, source in parent if name == capture.name):
            # A replay and what it replays are one story, and so are two replays of one source.
            unit = (capture.name, address)
            script = capture.scripts.get(address, f"{capture.log_name}:{address}")
            if script not in replayed:
                continue
            parent[_root(parent, unit)] = _root(parent, first_of_script.setdefault(script, unit))
        first_of: dict[str, Unit] = {}
        for episode in capture.episodes:
            unit = (capture.name, episode.source)
            first = first_of.setdefault(episode.episode_id, unit)
            parent[_root(parent, unit)] = _root(parent, first)
            episodes.append((capture.name, episode))
            if tie is not None and (said := tie(episode)):
                parent[_root(parent, unit)] = _root(parent, first_tied.setdefault(said, unit))
    whole = [list(chain) for chain in together] + ([[name] for name in names] if whole_captures else [])
    for chain in whole:
        for name in chain:
            if name not in names:
                raise ConfigError(f"no capture is called {name!r}; {did_you_mean(name, names)}")
        units = [unit for unit in parent if unit[0] in chain]
        for unit in units:
            parent[_root(parent, unit)] = _root(parent, units[0])
    units = sorted(parent)
    dense: dict[Unit, int] = {}
    group = np.fromiter((dense.setdefault(_root(parent, unit), len(dense)) for unit in units), np.int32)
    episodes.sort(key=lambda pair: (pair[0], pair[1].episode_id, pair[1].source, pair[1].start_us))
    return SourceGroups(tuple(units), group, tuple(episodes))


def grouped_folds(groups: SourceGroups, n_folds: int, seed: int) -> NDArray[np.int32]:
    """Deal groups to folds, alike in sweeps and background of every capture.

    Parameters
    ----------
    groups
        From `assign_groups`.
    n_folds
        At least 2.
    seed
        Of the local random generator.

    Returns
    -------
    ndarray of int32, shape (units,)
        Fold of each unit. Groups are dealt stratum by stratum, (has a sweep episode, capture), the largest
        first, each to the fold that has the fewest episodes and then the fewest sources; ties go by the
        generator.

    Raises
    ------
    ConfigError
        If there are fewer groups, or fewer groups with a sweep, than folds: a fold would test nothing.
    """
    if n_folds < 2:
        raise ConfigError(f"n_folds must be at least 2, got {n_folds}")
    sweeps = groups.sweeps()
    with_sweep = sum(bool(found) for found in sweeps)
    if groups.group_count < n_folds or 0 < with_sweep < n_folds:
        raise ConfigError(
            f"{n_folds} folds need as many groups of sources, and as many with a sweep; there are "
            f"{groups.group_count} groups, {with_sweep} with a sweep: ask for fewer folds"
        )
    sizes = np.bincount(groups.group, minlength=groups.group_count)
    strata: dict[tuple[bool, str], list[int]] = {}
    for number, first in enumerate(np.unique(groups.group, return_index=True)[1].tolist()):
        strata.setdefault((not sweeps[number], groups.units[first][0]), []).append(number)

    rng = np.random.default_rng(seed)
    load = np.zeros((n_folds, 2), int)  # episodes, sources
    fold_of = np.zeros(groups.group_count, np.int32)
    for stratum in sorted(strata):
        shuffled = rng.permutation(strata[stratum]).tolist()
        members = sorted(shuffled, key=lambda number: (-len(sweeps[number]), -sizes[number]))
        here = np.zeros((n_folds, 2), int)
        for number in members:
            # Within the stratum first, then overall, so that no fold gets the remainder of every stratum.
            by_sources = [here[:, 1], load[:, 1], rng.permutation(n_folds)]
            by_episodes = [here[:, 0], load[:, 0]] if sweeps[number] else []
            fold = int(np.lexsort([*by_episodes, *by_sources][::-1])[0])
            fold_of[number] = fold
            here[fold] += (len(sweeps[number]), sizes[number])
            load[fold] += (len(sweeps[number]), sizes[number])
    return fold_of[groups.group]


def time_holdout(
    start_us: NDArray[np.int64], end_us: NDArray[np.int64], cut_us: int, gap_us: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are before and which after a moment, with a gap between them.

    Parameters
    ----------
    start_us, end_us
        int64, shape (n,): windows, half-open.
    cut_us
        First moment of the test.
    gap_us
        At least the longest window.

    Returns
    -------
    train, test : ndarray of bool, shape (n,)
        Rows with ``end <= cut - gap``, and rows with ``start >= cut``. All others are purged.

    Raises
    ------
    ConfigError
        If the gap is shorter than a window: what a training row saw would reach into a test row's past.

    References
    ----------
    Lopez de Prado 2018, "Advances in financial machine learning", section 7.4 (purging and embargo).
    """
    longest_us = int((end_us - start_us).max()) if len(start_us) else 0
    if gap_us < longest_us:
        raise ConfigError(
            f"the gap must be at least the longest window, {longest_us / US_PER_S:g} s, got {gap_us / US_PER_S:g} s"
        )
    return end_us <= cut_us - gap_us, start_us >= cut_us


@dataclass(frozen=True, slots=True)
class Split:
    """Training and test rows with nothing in common; making one checks it.

    Attributes
    ----------
    rows, groups
        What was split, and what had to stay together.
    train, test
        bool, shape (n,). Rows in neither are purged.
    gap_us
        None for a split by source: no source, episode or group is on both sides. A number for a split in
        time: sources may be on both sides, episodes may not, and in every capture the gap lies between them.

    Raises
    ------
    LeakError
        If something is on both sides.
    InputError
        If a mask does not fit the rows, or a side is empty.
    """

    rows: RowKeys
    groups: SourceGroups
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    gap_us: int | None = None

    def __post_init__(self) -> None:
        check_split(self)

    @property
    def shares_sources(self) -> bool:
        """Whether a source has rows on both sides; say so beside every figure from such a split."""
        return bool(np.intersect1d(self.rows.unit[self.train], self.rows.unit[self.test]).size)


def split_by_fold(rows: RowKeys, groups: SourceGroups, folds: NDArray[np.int32], test_fold: int) -> Split:
    """Return the split that tests one fold of `grouped_folds` and trains on the others."""
    test = (folds[groups.places(rows.units)] == test_fold)[rows.unit]
    return Split(rows, groups, ~test, test)


def split_by_capture(rows: RowKeys, groups: SourceGroups, test_captures: Iterable[str]) -> Split:
    """Return the split that tests whole captures and trains on the others.

    Raises
    ------
    ConfigError, LeakError
        If a capture is not in the rows; if the groups tie a test capture to a training capture.
    """
    known = sorted({capture for capture, _ in rows.units})
    chosen = set(test_captures)
    for name in sorted(chosen - set(known)):
        raise ConfigError(f"no capture is called {name!r}; {did_you_mean(name, known)}")
    test = np.array([capture in chosen for capture, _ in rows.units], bool)[rows.unit]
    return Split(rows, groups, ~test, test)


def split_by_time(rows: RowKeys, groups: SourceGroups, cut_us: int, gap_us: int) -> Split:
    """Return the split by `time_holdout`; episodes that reach over the gap are purged on both sides."""
    train, test = time_holdout(rows.start_us, rows.end_us, cut_us, gap_us)
    for touched in _episode_rows(rows, groups).values():
        if train[touched].any() and test[touched].any():
            train[touched] = test[touched] = False
    return Split(rows, groups, train, test, gap_us)


def check_split(split: Split) -> None:
    """Raise if a split leaks; `Split` calls it for every split that is made.

    Raises
    ------
    LeakError
        If a row, source, group or episode is on both sides, or the gap is not kept; the message names up to
        five.
    InputError
        If a mask does not fit the rows, or a side is empty.
    """
    rows, groups, train, test = split.rows, split.groups, split.train, split.test
    for name, mask in (("train", train), ("test", test)):
        if mask.dtype != np.bool_ or mask.shape != (len(rows),):
            raise InputError(f"expected a bool mask of {len(rows)} rows for {name}, got {mask.dtype} {mask.shape}")
        if not mask.any():
            raise InputError(f"the split leaves no rows for {name}")
    if (train & test).any():
        raise LeakError(f"{int((train & test).sum())} rows are both trained on and tested")
    if split.gap_us is None:
        shared = np.intersect1d(rows.unit[train], rows.unit[test])
        if len(shared):
            raise LeakError(f"sources on both sides: {_names(rows.units[i] for i in shared)}")
        group = groups.group[groups.places(rows.units)]
        both = np.intersect1d(group[rows.unit[train]], group[rows.unit[test]])
        if len(both):
            members = [unit for unit, number in zip(groups.units, groups.group, strict=True) if number == both[0]]
            raise LeakError(f"sources of one group on both sides: {_names(members)}")
    else:
        _check_gap(split, split.gap_us)
    leaked = [key for key, at in _episode_rows(rows, groups).items() if train[at].any() and test[at].any()]
    if leaked:
        raise LeakError(f"episodes on both sides: {_names(leaked)}")


def _check_gap(split: Split, gap_us: int) -> None:
    rows = split.rows
    capture = np.array([name for name, _ in rows.units])[rows.unit]
    for name in np.unique(capture).tolist():
        here = capture == name
        train, test = split.train & here, split.test & here
        if train.any() and test.any():
            kept_us = int(rows.start_us[test].min() - rows.end_us[train].max())
            if kept_us < gap_us:
                raise LeakError(
                    f"capture {name}: expected {gap_us / US_PER_S:g} s between training and test, "
                    f"got {kept_us / US_PER_S:g} s"
                )


def _episode_rows(rows: RowKeys, groups: SourceGroups) -> dict[Unit, NDArray[np.int64]]:
    """Return (capture, episode_id) -> rows of its sources whose windows overlap their part of it."""
    code = {unit: i for i, unit in enumerate(rows.units)}
    order = np.argsort(rows.unit, kind="stable")
    bounds = np.searchsorted(rows.unit[order], np.arange(len(rows.units) + 1))
    found: dict[Unit, list[NDArray[np.int64]]] = {}
    for capture, episode in groups.episodes:
        i = code.get((capture, episode.source))
        if i is not None:
            own = order[bounds[i] : bounds[i + 1]]
            overlaps = (rows.start_us[own] <= episode.end_us) & (rows.end_us[own] > episode.start_us)
            found.setdefault((capture, episode.episode_id), []).append(own[overlaps])
    return {key: np.concatenate(parts) for key, parts in found.items()}


def _names(units: Iterable[Unit]) -> str:
    texts = sorted("/".join(unit) for unit in units)
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _root(parent: dict[Unit, Unit], unit: Unit) -> Unit:
    """Return who stands for a unit's set (union-find, Galler and Fischer 1964); a new unit is its own."""
    while parent.setdefault(unit, unit) != unit:
        parent[unit] = unit = parent[parent[unit]]
    return unit
