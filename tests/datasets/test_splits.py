"""Splits: no leak, ever, and the same split for the same seed."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.datasets.capture import Capture, Episode
from sweepml.datasets.splits import (
    LeakError,
    RowKeys,
    SourceGroups,
    Split,
    assign_groups,
    grouped_folds,
    split_by_capture,
    split_by_fold,
    split_by_time,
    time_holdout,
)
from sweepml.errors import ConfigError, InputError
from sweepml.schema.connection import Protocol
from tests.evaluation.handmade import US, Contact, episode, to_capture

WINDOW_S = 60


def source(i: int) -> str:
    return f"10.0.0.{i + 1}"


def make_capture(name: str, sources: int, episodes: list[Episode]) -> Capture:
    """Return a capture of an hour in which every source makes two contacts."""
    contacts = [Contact(at, source(i), "10.9.0.1") for i in range(sources) for at in (0, 3600)]
    return to_capture(name, contacts, episodes)


def make_rows(captures: list[Capture], every_s: int = 600) -> RowKeys:
    """Return one window of a minute per source every ten minutes."""
    keys = [
        (capture.name, capture.hosts.name(code), start_s)
        for capture in captures
        for code in capture.source_codes.tolist()
        for start_s in range(0, 3600, every_s)
    ]
    names, sources, starts = zip(*keys, strict=True)
    start_us = np.array(starts) * US
    return RowKeys.from_columns(names, sources, start_us, start_us + WINDOW_S * US)


@st.composite
def campaigns(draw: st.DrawFn) -> list[Capture]:
    """Draw captures with single and distributed sweeps and vertical scans; sources may have several."""
    captures = []
    for c in range(draw(st.integers(1, 3))):
        sources = draw(st.integers(4, 12))
        episodes = []
        for e in range(draw(st.integers(0, 6))):
            kind = draw(st.sampled_from(["sweep", "distributed_sweep", "vertical_scan"]))
            count = draw(st.integers(2, 4)) if kind == "distributed_sweep" else 1
            members = draw(st.lists(st.integers(0, sources - 1), min_size=count, max_size=count, unique=True))
            start_s = draw(st.integers(0, 3000))
            episodes += [episode(f"E{e}", source(i), start_s, start_s + 500, kind) for i in members]
        captures.append(make_capture(f"c{c}", sources, episodes))
    return captures


def assert_apart(captures: list[Capture], split: Split) -> None:
    """Check with sets and loops that no source and no episode is on both sides."""
    units = split.rows.units
    train = {units[i] for i in split.rows.unit[split.train]}
    test = {units[i] for i in split.rows.unit[split.test]}
    assert not train & test
    for capture in captures:
        for name in {one.episode_id for one in capture.episodes}:
            members = {(capture.name, one.source) for one in capture.episodes if one.episode_id == name}
            assert not (members & train and members & test)


CAPTURES = [
    make_capture(
        "a",
        6,
        [
            episode("D", source(0), 100, 300, "distributed_sweep"),
            episode("D", source(1), 100, 300, "distributed_sweep"),
            episode("E", source(1), 1000, 1100),
            episode("E2", source(2), 1000, 1100),
            episode("V", source(3), 1000, 1100, "vertical_scan"),
        ],
    ),
    make_capture("b", 4, [episode("E", source(0), 100, 300), episode("E3", source(1), 100, 300)]),
]


def group_of(groups: SourceGroups, capture: str, i: int) -> int:
    return int(groups.group[groups.places([(capture, source(i))])[0]])


def test_sources_of_a_distributed_episode_are_one_group() -> None:
    groups = assign_groups(CAPTURES)
    assert group_of(groups, "a", 0) == group_of(groups, "a", 1)
    assert groups.group_count == 9


def test_chains_of_shared_episodes_are_one_group() -> None:
    chained = make_capture("a", 4, [episode(f"D{i}", source(j), 0, 1) for i in range(3) for j in (i, i + 1)])
    assert assign_groups([chained]).group.tolist() == [0, 0, 0, 0]


def test_one_address_in_two_captures_is_two_sources() -> None:
    groups = assign_groups(CAPTURES)
    assert group_of(groups, "a", 0) != group_of(groups, "b", 0)


def test_captures_can_be_kept_whole() -> None:
    groups = assign_groups(CAPTURES, whole_captures=True)
    assert groups.group.tolist() == [0] * 6 + [1] * 4


def test_captures_can_be_tied_together() -> None:
    groups = assign_groups([*CAPTURES, make_capture("c", 2, [])], together=[("a", "b")])
    assert groups.group.tolist() == [0] * 10 + [1, 2]


def test_episodes_can_be_tied_by_what_is_said_of_them() -> None:
    tools = {"D": "nmap", "E": "nmap", "E2": "zmap", "E3": "zmap", "V": ""}
    groups = assign_groups(CAPTURES, tie=lambda episode: tools[episode.episode_id])
    assert len({group_of(groups, *unit) for unit in [("a", 0), ("a", 1), ("b", 0)]}) == 1
    assert group_of(groups, "a", 2) == group_of(groups, "b", 1) != group_of(groups, "a", 0)
    assert group_of(groups, "a", 3) != group_of(groups, "a", 4)


def test_unknown_capture_to_tie_is_refused() -> None:
    with pytest.raises(ConfigError, match="no capture is called 'aa'; did you mean a"):
        assign_groups(CAPTURES, together=[("aa", "b")])


def test_source_without_connections_but_with_an_episode_is_grouped() -> None:
    silent = make_capture("a", 2, [episode("D", source(0), 0, 1), episode("D", "10.0.0.77", 0, 1)])
    assert ("a", "10.0.0.77") in assign_groups([silent]).units


def test_host_that_only_sent_icmp_errors_is_no_source() -> None:
    errors = [Contact(i, "10.0.0.9", source(0), port=3, protocol=Protocol.ICMP) for i in range(3)]
    groups = assign_groups([to_capture("a", [Contact(0, source(0), "10.9.0.1"), *errors])])
    assert groups.units == (("a", source(0)),)


def test_captures_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="unique"):
        assign_groups([CAPTURES[0], CAPTURES[0]])


@given(campaigns(), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_captures(captures: list[Capture], random: object) -> None:
    shuffled = list(captures)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = assign_groups(captures), assign_groups(shuffled)
    assert one.units == other.units
    assert one.group.tolist() == other.group.tolist()


@given(campaigns(), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_folds_never_leak(captures: list[Capture], n_folds: int, seed: int) -> None:
    groups, rows = assign_groups(captures), make_rows(captures)
    try:
        folds = grouped_folds(groups, n_folds, seed)
    except ConfigError as refusal:
        assert "folds need" in str(refusal)  # noqa: PT017 - too few groups is a legitimate answer
        return
    for fold in range(n_folds):
        assert_apart(captures, split_by_fold(rows, groups, folds, fold))


@given(campaigns(), st.integers(0, 2**32 - 1))
def test_folds_are_deterministic(captures: list[Capture], seed: int) -> None:
    groups = assign_groups(captures)
    try:
        first = grouped_folds(groups, 2, seed)
    except ConfigError:
        return
    assert first.tolist() == grouped_folds(assign_groups(captures[::-1]), 2, seed).tolist()


def test_seed_changes_the_folds() -> None:
    groups = assign_groups([make_capture("a", 40, [])])
    assert grouped_folds(groups, 2, 0).tolist() != grouped_folds(groups, 2, 1).tolist()


def test_folds_are_balanced_in_episodes_and_background() -> None:
    captures = [
        make_capture(name, 60, [episode(f"E{i}", source(i), 0, 1) for i in range(sweeps)])
        for name, sweeps in (("a", 20), ("b", 11))
    ]
    groups = assign_groups(captures)
    folds = grouped_folds(groups, 5, seed=3)
    place = {unit: i for i, unit in enumerate(groups.units)}
    of_capture = np.array([capture for capture, _ in groups.units])
    swept = np.zeros(len(groups.units), bool)
    for capture, one in groups.episodes:
        swept[place[capture, one.source]] = True
    for mask, slack in [
        (swept & (of_capture == "a"), 0),
        (swept & (of_capture == "b"), 1),
        (~swept & (of_capture == "a"), 0),
        (~swept & (of_capture == "b"), 1),
    ]:
        assert np.ptp(np.bincount(folds[mask], minlength=5)) <= slack


@pytest.mark.parametrize(("n_folds", "message"), [(1, "at least 2"), (5, "9 groups, 4 with a sweep")])
def test_impossible_folds_are_refused(n_folds: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grouped_folds(assign_groups(CAPTURES), n_folds, 0)


def test_captures_can_be_held_out() -> None:
    split = split_by_capture(make_rows(CAPTURES), assign_groups(CAPTURES), ["b"])
    assert {split.rows.units[i][0] for i in split.rows.unit[split.test]} == {"b"}
    assert (split.train | split.test).all()
    assert not split.shares_sources


def test_tied_captures_cannot_be_held_out_apart() -> None:
    groups = assign_groups(CAPTURES, together=[("a", "b")])
    with pytest.raises(LeakError, match=r"one group on both sides: a/10\.0\.0\.1, .* and 5 more"):
        split_by_capture(make_rows(CAPTURES), groups, ["b"])


def test_unknown_capture_to_hold_out_is_refused() -> None:
    with pytest.raises(ConfigError, match="no capture is called 'z'"):
        split_by_capture(make_rows(CAPTURES), assign_groups(CAPTURES), ["z"])


@given(campaigns(), st.integers(0, 2**32 - 1))
def test_random_rows_are_refused(captures: list[Capture], seed: int) -> None:
    rows = make_rows(captures)
    test = np.random.default_rng(seed).random(len(rows)) < 0.5
    if len(np.intersect1d(rows.unit[test], rows.unit[~test])) and test.any() and not test.all():
        with pytest.raises(LeakError, match="sources on both sides"):
            Split(rows, assign_groups(captures), ~test, test)


def test_leak_is_named() -> None:
    rows = make_rows(CAPTURES)
    group = [i for i, unit in enumerate(rows.units) if unit == ("a", source(1))]
    test = np.isin(rows.unit, group)
    with pytest.raises(LeakError, match=re.escape("one group on both sides: a/10.0.0.1, a/10.0.0.2")):
        Split(rows, assign_groups(CAPTURES), ~test, test)


def test_row_on_both_sides_is_refused() -> None:
    rows = make_rows(CAPTURES)
    with pytest.raises(LeakError, match="60 rows are both"):
        Split(rows, assign_groups(CAPTURES), np.ones(60, bool), np.ones(60, bool))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros(60, bool), "no rows for test"),
        (np.zeros(59, bool), "bool mask of 60 rows for test"),
        (np.zeros(60, int), "bool mask of 60 rows for test, got int64"),
    ],
)
def test_masks_must_fit(mask: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Split(make_rows(CAPTURES), assign_groups(CAPTURES), np.ones(60, bool), mask)


def test_rows_of_unknown_sources_are_refused() -> None:
    with pytest.raises(InputError, match="in no capture: b/"):
        split_by_capture(make_rows(CAPTURES), assign_groups(CAPTURES[:1]), ["b"])


def test_holdout_by_time_is_half_open_and_purged() -> None:
    start_us = np.array([0, 39, 40, 41, 99, 100, 101]) * US
    train, test = time_holdout(start_us, start_us + 30 * US, cut_us=100 * US, gap_us=30 * US)
    assert train.tolist() == [True, True, True, False, False, False, False]
    assert test.tolist() == [False, False, False, False, False, True, True]


def test_gap_must_cover_the_longest_window() -> None:
    start_us, end_us = np.array([0, 0]), np.array([60, 600]) * US
    with pytest.raises(ConfigError, match="longest window, 600 s, got 60 s"):
        time_holdout(start_us, end_us, 0, 60 * US)


@given(campaigns(), st.integers(600, 3000), st.integers(WINDOW_S, 1200))
def test_splits_in_time_keep_gap_and_episodes(captures: list[Capture], cut_s: int, gap_s: int) -> None:
    rows = make_rows(captures, every_s=60)
    try:
        split = split_by_time(rows, assign_groups(captures), cut_s * US, gap_s * US)
    except InputError as refusal:
        assert "no rows" in str(refusal)  # noqa: PT017 - everything may have to be purged
        return
    assert rows.start_us[split.test].min() - rows.end_us[split.train].max() >= gap_s * US
    for capture in captures:
        for one in capture.episodes:
            code = rows.units.index((capture.name, one.source))
            touched = (rows.unit == code) & (rows.start_us <= one.end_us) & (rows.end_us > one.start_us)
            assert not (split.train[touched].any() and split.test[touched].any())


def test_split_in_time_says_that_it_shares_sources() -> None:
    rows = make_rows(CAPTURES)
    assert split_by_time(rows, assign_groups(CAPTURES), 1800 * US, WINDOW_S * US).shares_sources


def test_gap_that_is_not_kept_is_refused() -> None:
    rows = make_rows(CAPTURES)
    test = rows.start_us >= 1800 * US
    with pytest.raises(LeakError, match="capture a: expected 600 s between training and test, got 540 s"):
        Split(rows, assign_groups(CAPTURES), ~test, test, gap_us=600 * US)


def test_episode_over_the_cut_is_refused() -> None:
    captures = [make_capture("a", 3, [episode("E", source(0), 1000, 2500)])]
    rows = make_rows(captures)
    test = rows.start_us >= 1800 * US
    with pytest.raises(LeakError, match="episodes on both sides: a/E"):
        Split(rows, assign_groups(captures), ~test, test, gap_us=WINDOW_S * US)


def replaying(name: str, log_name: str, scripts: dict[str, str]) -> Capture:
    return replace(make_capture(name, 4, []), log_name=log_name, scripts=scripts)


def test_replays_of_one_source_stay_together_with_it() -> None:
    office = replaying("office", "office.log", {})
    lab = replaying("lab", "conn.log", {source(i): f"office.log:{source(0)}" for i in (1, 3)})
    groups = assign_groups([lab, office])
    assert group_of(groups, "lab", 1) == group_of(groups, "lab", 3) == group_of(groups, "office", 0)
    assert group_of(groups, "lab", 1) != group_of(groups, "lab", 2)


def test_one_address_in_two_logs_of_one_name_is_two_sources() -> None:
    groups = assign_groups([replaying("a", "conn.log", {}), replaying("b", "conn.log", {})])
    assert groups.group_count == 8
