"""Checkpoints: where a training run stood, so that one that was interrupted goes on and ends where it would have."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sweepml.errors import ConfigError

logger = logging.getLogger(__name__)


class Checkpoints:
    """One file for one run, written anew after each epoch.

    Parameters
    ----------
    folder
        Made if it is missing. None keeps nothing.
    key
        Of `run_key`: the same data, parameters and seed find the file again, and others never do.
    """

    def __init__(self, folder: str | None, key: str) -> None:
        self._path = None if folder is None else Path(folder) / f"{key}.pt"

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None where nothing was.

        Raises
        ------
        ConfigError
            If the file is damaged.
        """
        if self._path is None or not self._path.exists():
            return None
        try:
            # weights_only: a file from elsewhere can hold tensors and numbers, and no code.
            state: dict[str, Any] = torch.load(self._path, weights_only=True, map_location="cpu")
        except Exception as error:  # torch and pickle have many
            raise ConfigError(f"the checkpoint {self._path} cannot be read, delete it to start anew: {error}") from None
        logger.info("going on from %s", self._path)
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Save; an interruption leaves the former file whole."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        torch.save(dict(state), draft)
        draft.replace(self._path)


def run_key(name: str, params: Mapping[str, Any], seed: int, *arrays: NDArray[Any]) -> str:
    """Return 16 hexadecimal digits that stand for a model, its parameters, its seed and its training data."""
    digest = hashlib.sha256(json.dumps([name, dict(params), seed], sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"{name}-{digest.hexdigest()[:16]}"
