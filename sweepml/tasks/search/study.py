"""The trials of a search, in a file from which an interrupted search goes on as if it had never stopped."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from sweepml.errors import ConfigError

_NAME: Final = "search"
_FIGURES, _FAILURE, _SETTINGS, _RUN = "figures", "failure", "settings", "mlflow_run"


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial that is over.

    Attributes
    ----------
    number
        In the order of the trials, from 0.
    params
        What was tried.
    value
        What is to be large; None where the model could not be fitted.
    figures
        What else is known of it.
    failure
        Why the model could not be fitted; None where it could.
    """

    number: int
    params: dict[str, Any]
    value: float | None
    figures: dict[str, float]
    failure: str | None


class TrialStore:
    """Asks for parameters and is told what they were worth (tree-structured Parzen estimator, Bergstra et al. 2011).

    What is tried next depends on the seed and on the trials that are over, and on nothing else: trials that were
    interrupted are forgotten, so that a search in several pieces tries what a search in one piece tries.

    Parameters
    ----------
    path
        The file, a journal of optuna's; made with its folder if it is missing. One process at a time may use it.
    seed
        Of the trials.
    settings
        Everything on which a trial's value depends, as plain values for JSON.

    Raises
    ------
    ConfigError
        If the file cannot be read, or holds a search with other settings.
    """

    def __init__(self, path: Path, seed: int, settings: Mapping[str, Any]) -> None:
        logging.getLogger("optuna").setLevel(logging.WARNING)  # it tells every trial, and so do we
        path.parent.mkdir(parents=True, exist_ok=True)
        self._seed = seed
        try:
            storage = JournalStorage(JournalFileBackend(str(path)))
            self._study = optuna.create_study(
                study_name=_NAME, storage=storage, direction="maximize", load_if_exists=True
            )
        except (ValueError, KeyError) as error:
            raise ConfigError(f"the trials in {path} cannot be read, delete the file to start anew: {error}") from None
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        if self._study.user_attrs.get(_SETTINGS, digest) != digest:
            raise ConfigError(
                f"{path} holds trials of a search with other settings or data, which cannot be compared: give this one "
                "another name=, or delete the file"
            )
        self._study.set_user_attr(_SETTINGS, digest)
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)  # its process was killed

    @property
    def run_id(self) -> str | None:
        """The run that records the search; None before there is one."""
        known = self._study.user_attrs.get(_RUN)
        return None if known is None else str(known)

    @run_id.setter
    def run_id(self, run_id: str) -> None:
        self._study.set_user_attr(_RUN, run_id)

    @property
    def over(self) -> list[Tried]:
        """Trials that are over, in their order; those that were interrupted are left out."""
        kept = [trial for trial in self._study.get_trials(deepcopy=False) if _is_over(trial)]
        return [
            Tried(number, dict(one.params), one.value, one.user_attrs.get(_FIGURES, {}), one.user_attrs.get(_FAILURE))
            for number, one in enumerate(kept)
        ]

    @contextmanager
    def trial(self, space: Mapping[str, BaseDistribution], start: Mapping[str, Any]) -> Iterator[Trial]:
        """Begin a trial, and forget it if the block raises; the very first one takes the parameters of `start`."""
        number = len(self.over)
        # Anew for each trial: a sampler's own state would be lost where a search is interrupted.
        self._study.sampler = TPESampler(seed=int(np.random.default_rng([self._seed, number]).integers(2**31)))
        if number == 0 and not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self._study.enqueue_trial({name: start[name] for name in space})
        trial = self._study.ask(dict(space))
        try:
            yield trial
        except BaseException:
            self._study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            raise

    def tell(self, trial: Trial, value: float, figures: Mapping[str, float]) -> None:
        """End a trial with what its parameters are worth."""
        trial.set_user_attr(_FIGURES, dict(figures))
        self._study.tell(trial, value)

    def tell_failure(self, trial: Trial, why: str) -> None:
        """End a trial whose parameters do not work: it counts, and is not tried again."""
        trial.set_user_attr(_FAILURE, why)
        self._study.tell(trial, state=TrialState.FAIL)


def best_of(tried: list[Tried]) -> Tried | None:
    """Return the trial with the largest value, the first of equals; None where none has one."""
    known = [one for one in tried if one.value is not None]
    return max(known, key=lambda one: (one.value, -one.number), default=None)


def _is_over(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE or _FAILURE in trial.user_attrs
