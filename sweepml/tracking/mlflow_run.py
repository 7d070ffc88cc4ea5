"""One training run in MLflow: configuration, data, metrics, plots, bundle, registered model version."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

# Before mlflow is imported, or it phones home once.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from sweepml.errors import ConfigError
from sweepml.schema.manifest import EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME, SCORE_NAME, VERDICT_NAME

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """Where runs are recorded.

    Attributes
    ----------
    uri
        Tracking URI of MLflow.
    experiment
        Name of the experiment; made if it is new.
    registered_model
        Name under which bundles are registered.
    """

    uri: str
    experiment: str
    registered_model: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a finished run is called in the store."""

    run_id: str
    experiment_id: str
    model_version: str

    @property
    def page(self) -> str:
        """Path of the experiment's page in the MLflow UI."""
        return f"#/experiments/{self.experiment_id}/runs?workflowType=machine_learning"


class Run:
    """An open run."""

    def __init__(self, store: Store, run_id: str, experiment_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.experiment_id = experiment_id

    def log_config(self, flat: Mapping[str, Any], text: str) -> None:
        """Record the configuration: each key as a parameter, the whole as an artefact."""
        # MLflow takes 100 parameters at a time (a configuration of ten captures has more) and keeps 6,000
        # characters of each; the artefact is complete.
        items = iter([(key, str(value)[:6000]) for key, value in flat.items()])
        while batch := dict(islice(items, 100)):
            mlflow.log_params(batch)
        mlflow.log_text(text, "config.yaml")

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record metrics, names as ``split/metric``; those that could not be computed (NaN) are left out."""
        mlflow.log_metrics({name: value for name, value in metrics.items() if not math.isnan(value)})

    def log_text(self, text: str, name: str) -> None:
        """Record a text as an artefact."""
        mlflow.log_text(text, name)

    def log_figure(self, figure: Any, name: str) -> None:
        """Record a matplotlib figure as an artefact."""
        mlflow.log_figure(figure, name)

    def log_folder(self, folder: Path) -> None:
        """Record the files of a folder as artefacts, under its name."""
        mlflow.log_artifacts(str(folder), folder.name)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record facts to search by."""
        mlflow.set_tags(dict(tags))

    def register_bundle(self, path: Path, features: int, horizons: int, edge_columns: int = 0) -> Recorded:
        """Record the bundle as artefact and as ONNX model, and register the model.

        Parameters
        ----------
        path
            The bundle.
        features, horizons, edge_columns
            How many there are; no edge columns where the bundle reads no edges.
        """
        mlflow.log_artifact(str(path), "bundle")
        inputs: list[ColSpec | TensorSpec] = [TensorSpec(np.dtype(np.float32), (-1, features), INPUT_NAME)]
        if edge_columns:
            inputs += [
                TensorSpec(np.dtype(np.int64), (-1,), EDGE_INDPTR_NAME),
                TensorSpec(np.dtype(np.float32), (-1, edge_columns), EDGES_NAME),
            ]
        signature = ModelSignature(
            inputs=Schema(inputs),
            outputs=Schema(
                [
                    TensorSpec(np.dtype(np.float32), (-1,), SCORE_NAME),
                    TensorSpec(np.dtype(bool), (-1, horizons), VERDICT_NAME),
                ]
            ),
        )
        with warnings.catch_warnings():
            # mlflow warns of its own defaults here (type hints, future renames); none is ours to change.
            warnings.simplefilter("ignore")
            info = mlflow.onnx.log_model(
                onnx.load(path),
                name="detector",
                signature=signature,
                registered_model_name=self.store.registered_model,
                pip_requirements=["onnxruntime", "numpy"],
            )
        return Recorded(self.run_id, self.experiment_id, str(info.registered_model_version))


@contextlib.contextmanager
def recorded_run(store: Store, name: str) -> Iterator[Run]:
    """Open a run; it is marked as failed when the block raises.

    Raises
    ------
    ConfigError
        If the store cannot be used.
    """
    # Alembic and mlflow log every step of creating a database at INFO, which nobody asked for.
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        mlflow.set_tracking_uri(store.uri)
        mlflow.set_registry_uri(store.uri)
        _create_experiment(store)
        experiment = mlflow.set_experiment(store.experiment)
    except Exception as error:  # every backend has its own exceptions
        raise ConfigError(
            f"the tracking store {store.uri!r} cannot be used: {str(error).strip().splitlines()[0]}"
        ) from error
    with mlflow.start_run(run_name=name) as active:
        yield Run(store, active.info.run_id, experiment.experiment_id)


def _create_experiment(store: Store) -> None:
    """Create the experiment of an SQLite store with its artefacts beside the database.

    By default they would lie in the working directory, and the store would lose them wherever else it is used from.
    """
    prefix = "sqlite:///"
    if store.uri.startswith(prefix) and mlflow.get_experiment_by_name(store.experiment) is None:
        folder = Path(store.uri.removeprefix(prefix)).resolve().parent / "mlartifacts"
        mlflow.create_experiment(store.experiment, artifact_location=folder.as_uri())


def sqlite_uri(path: Path) -> str:
    """Return the tracking URI of an SQLite file, whose folder is made."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"
