"""Trials on disk: a search in pieces is the search in one piece."""

from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import FloatDistribution

from sweepml.errors import ConfigError
from sweepml.tasks.search.study import TrialStore, best_of

SPACE = {"x": FloatDistribution(-5.0, 5.0)}
START = {"x": 4.0, "unrelated": 1}


def tries(path: Path, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Go on until so many trials are over, opening the file anew; the best x is 1."""
    store = TrialStore(path, seed, {})
    while len(store.over) < count:
        with store.trial(SPACE, START) as trial:
            store.tell(trial, -((trial.params["x"] - 1.0) ** 2), {"twice": 2 * trial.params["x"]})
    return [one.params for one in store.over]


def test_a_search_in_pieces_tries_what_a_search_in_one_piece_tries(tmp_path: Path) -> None:
    whole = tries(tmp_path / "whole", 16)
    for count in (1, 2, 9, 16):
        pieces = tries(tmp_path / "pieces", count)
    assert pieces == whole
    assert whole[0] == {"x": 4.0}
    assert len({one["x"] for one in whole}) == 16


def test_another_seed_tries_something_else(tmp_path: Path) -> None:
    assert tries(tmp_path / "one", 3)[1:] != tries(tmp_path / "other", 3, seed=1)[1:]


@pytest.mark.parametrize("stopped_at", [0, 1, 12])
def test_an_interrupted_trial_is_tried_again(tmp_path: Path, stopped_at: int) -> None:
    whole = tries(tmp_path / "whole", 14)
    path = tmp_path / "stopped"
    tries(path, stopped_at)
    store = TrialStore(path, 0, {})
    with pytest.raises(KeyboardInterrupt), store.trial(SPACE, START):
        raise KeyboardInterrupt
    assert len(store.over) == stopped_at
    assert tries(path, 14) == whole


def test_a_trial_of_a_process_that_was_killed_is_tried_again(tmp_path: Path) -> None:
    whole = tries(tmp_path / "whole", 3)
    path = tmp_path / "killed"
    store = TrialStore(path, 0, {})
    store.trial(SPACE, START).__enter__()  # and nothing ends it
    assert tries(path, 3) == whole


def test_a_trial_that_failed_counts_and_is_not_tried_again(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials", 0, {})
    with store.trial(SPACE, START) as trial:
        store.tell_failure(trial, "diverged")
    with store.trial(SPACE, START) as trial:
        store.tell(trial, 1.0, {"twice": 2.0})
    first, second = TrialStore(tmp_path / "trials", 0, {}).over
    assert (first.value, first.failure, first.figures) == (None, "diverged", {})
    assert (second.value, second.failure, second.figures) == (1.0, None, {"twice": 2.0})
    assert first.params != second.params
    assert best_of([first, second]) == second
    assert best_of([first]) is None


def test_the_first_of_equals_is_the_best(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials", 0, {})
    for _ in range(3):
        with store.trial(SPACE, START) as trial:
            store.tell(trial, 1.0, {})
    best = best_of(store.over)
    assert best is not None
    assert best.number == 0


def test_trials_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    TrialStore(tmp_path / "trials", 0, {"folds": 5})
    TrialStore(tmp_path / "trials", 0, {"folds": 5})
    with pytest.raises(ConfigError, match="trials of a search with other settings or data"):
        TrialStore(tmp_path / "trials", 0, {"folds": 3})


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    path.write_text("no journal\n" * 3)
    with pytest.raises(ConfigError, match="cannot be read, delete the file to start anew"):
        TrialStore(path, 0, {})


def test_the_run_is_remembered(tmp_path: Path) -> None:
    store = TrialStore(tmp_path / "trials", 0, {})
    assert store.run_id is None
    store.run_id = "abc"
    assert TrialStore(tmp_path / "trials", 0, {}).run_id == "abc"
