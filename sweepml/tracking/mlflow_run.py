"""One training run in MLflow: configuration, data, metrics, plots, bundle, registered model version."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

# Before mlflow is imported, or it phones home once.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# A bar for each small file would tear those of the command line apart.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import mlflow.onnx
import numpy as np
import onnx
from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from sweepml.config.train import TrackingConfig
from sweepml.errors import ConfigError, InputMissingError
from sweepml.schema.manifest import EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME, SCORE_NAME, VERDICT_NAME

logger = logging.getLogger(__name__)

BUNDLE_FOLDER: Final = "bundle"
"""Artefact folder of a run that holds the bundle as it was written."""

BUNDLE_SHA256: Final = "bundle_sha256"
"""Tag of runs and of model versions."""

_SQLITE: Final = "sqlite:///"

_KIND: Final = ("mlflow.experimentKind", "custom_model_development")
"""Tag of an experiment without which the UI shows its runs as evaluations of language models."""

_SOURCE: Final = {"mlflow.source.name": "sweepml"}
"""Tag of a run whose source would otherwise be the file that Python was started with."""


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

    @classmethod
    def of(cls, config: TrackingConfig, output_root: str) -> Store:
        """Return the store of a configuration; without a URI that is an SQLite file among the outputs."""
        uri = config.uri or sqlite_uri(Path(output_root) / "mlflow.db")
        return cls(uri, config.experiment, config.registered_model)

    def require(self) -> None:
        """Refuse an SQLite file that is not there, which MLflow would make.

        Raises
        ------
        InputMissingError
            If it is not there.
        """
        if self.uri.startswith(_SQLITE) and not Path(self.uri.removeprefix(_SQLITE)).is_file():
            raise InputMissingError(f"no runs are recorded in {self.uri.removeprefix(_SQLITE)}; sweepml train makes it")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a finished run is called in the store."""

    run_id: str
    experiment_id: str
    model_version: str

    @property
    def page(self) -> str:
        """Path of the experiment's page in the MLflow UI."""
        return experiment_path(self.experiment_id)


def experiment_path(experiment_id: str) -> str:
    """Return the path of an experiment's runs in the MLflow UI, which otherwise opens on a page for other things."""
    return f"#/experiments/{experiment_id}/runs?workflowType=machine_learning"


class Run:
    """An open run."""

    def __init__(self, store: Store, run_id: str, experiment_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.experiment_id = experiment_id

    def log_config(self, flat: Mapping[str, Any], text: str) -> None:
        """Record the configuration: what tells runs apart as parameters, the whole as an artefact."""
        self.log_params(flat)
        mlflow.log_text(text, "config.yaml")

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters, any number of them."""
        # MLflow takes 100 parameters at a time (a configuration of ten captures has more) and keeps 6,000
        # characters of each.
        items = iter([(key, str(value)[:6000]) for key, value in params.items()])
        while batch := dict(islice(items, 100)):
            mlflow.log_params(batch)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, names as ``split/metric``; those that could not be computed (NaN) are left out.

        `step` numbers the values of one metric, such as epochs or trials.
        """
        mlflow.log_metrics({name: value for name, value in metrics.items() if not math.isnan(value)}, step=step)

    def log_curve(self, name: str, values: Sequence[float]) -> None:
        """Record a metric's value after each epoch, counted from 1."""
        now_ms = time.time_ns() // 1_000_000
        points = [Metric(name, value, now_ms, step) for step, value in enumerate(values, 1)]
        mlflow.MlflowClient().log_batch(self.run_id, metrics=points)

    def log_data(self, name: str, path: str, fingerprint: str) -> None:
        """Record a capture as what the run was trained on.

        Parameters
        ----------
        name, path
            Of the capture and of its log.
        fingerprint
            Of its content; MLflow keeps the first 36 characters of it.
        """
        source = get_dataset_source_from_json(json.dumps({"uri": path}), "local")
        # MLflow leaves `profile` abstract and makes objects of this class itself.
        data = MetaDataset(source, name=name, digest=fingerprint[:36])  # type: ignore[abstract]
        mlflow.log_input(data, context="training")

    def describe(self, text: str) -> None:
        """Record what the run's page shows first, as Markdown."""
        mlflow.set_tag("mlflow.note.content", text)

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

        The artefact is the file as it is, which `sweepml.tracking.registry` gives back; run and model version carry its
        SHA-256. The ONNX model is the same graph, written by MLflow.

        Parameters
        ----------
        path
            The bundle.
        features, horizons, edge_columns
            How many there are; no edge columns where the bundle reads no edges.
        """
        mlflow.log_artifact(str(path), BUNDLE_FOLDER)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        mlflow.set_tag(BUNDLE_SHA256, digest)
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
        version = str(info.registered_model_version)
        mlflow.MlflowClient().set_model_version_tag(self.store.registered_model, version, BUNDLE_SHA256, digest)
        return Recorded(self.run_id, self.experiment_id, version)

    @contextlib.contextmanager
    def child(self, name: str) -> Iterator[Run]:
        """Open a run below this one; it is marked as failed when the block raises."""
        with mlflow.start_run(run_name=name, nested=True, tags=_SOURCE) as active:
            yield Run(self.store, active.info.run_id, self.experiment_id)


@contextlib.contextmanager
def recorded_run(store: Store, name: str, run_id: str | None = None) -> Iterator[Run]:
    """Open a run; it is marked as failed when the block raises.

    Parameters
    ----------
    store
        Where it is recorded.
    name
        What the UI calls it.
    run_id
        Of a run to go on with, if the store has it; otherwise, and by default, a new one is opened.

    Raises
    ------
    ConfigError
        If the store cannot be used.
    """
    with _refused_in_one_sentence(store):
        if store.uri.startswith(_SQLITE):
            Path(store.uri.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    connect(store)
    with _refused_in_one_sentence(store):
        _create_experiment(store)
        experiment = mlflow.set_experiment(store.experiment)
        mlflow.set_experiment_tag(*_KIND)
    known = run_id is not None and _has_run(run_id)
    opened = mlflow.start_run(run_id=run_id) if known else mlflow.start_run(run_name=name, tags=_SOURCE)
    with opened as active:
        yield Run(store, active.info.run_id, experiment.experiment_id)


def connect(store: Store) -> None:
    """Point MLflow at a store.

    Raises
    ------
    ConfigError
        If the store cannot be used.
    """
    # Alembic and mlflow log every step of creating a database at INFO, which nobody asked for.
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with _refused_in_one_sentence(store):
        mlflow.set_tracking_uri(store.uri)
        mlflow.set_registry_uri(store.uri)
        mlflow.search_experiments(max_results=1)


@contextlib.contextmanager
def _refused_in_one_sentence(store: Store) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # every backend has its own exceptions
        raise ConfigError(
            f"the tracking store {store.uri!r} cannot be used: {str(error).strip().splitlines()[0]}"
        ) from error


def _has_run(run_id: str) -> bool:
    try:
        return mlflow.get_run(run_id).info.lifecycle_stage == "active"
    except MlflowException:
        return False


def _create_experiment(store: Store) -> None:
    """Create the experiment of an SQLite store with its artefacts beside the database.

    By default they would lie in the working directory, and the store would lose them wherever else it is used from.
    """
    if store.uri.startswith(_SQLITE) and mlflow.get_experiment_by_name(store.experiment) is None:
        folder = Path(store.uri.removeprefix(_SQLITE)).resolve().parent / "mlartifacts"
        mlflow.create_experiment(store.experiment, artifact_location=folder.as_uri())


def sqlite_uri(path: Path) -> str:
    """Return the tracking URI of an SQLite file."""
    return f"{_SQLITE}{path.resolve()}"
