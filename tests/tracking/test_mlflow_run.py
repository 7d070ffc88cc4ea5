"""What is recorded can be read again with MLflow's own client."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import mlflow
import onnx
import pytest
from mlflow import MlflowClient

from sweepml.errors import ConfigError
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.tracking.mlflow_run import Store, recorded_run, sqlite_uri
from tests.runtime.bundles import WINDOWS, write_bundle

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("tracking")
    return Store(sqlite_uri(folder / "deeper" / "mlflow.db"), "experiment", "model")


@pytest.fixture(autouse=True)
def _artefacts_in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert mlflow.active_run() is None


def test_naming_a_store_makes_nothing(tmp_path: Path) -> None:
    uri = sqlite_uri(tmp_path / "a" / "b" / "mlflow.db")
    assert uri == f"sqlite:///{tmp_path}/a/b/mlflow.db"
    assert not list(tmp_path.iterdir())


def test_a_run_that_ends_well_is_finished(store: Store) -> None:
    with recorded_run(store, "good") as run:
        pass
    assert MlflowClient(store.uri).get_run(run.run_id).info.status == "FINISHED"
    assert MlflowClient(store.uri).get_run(run.run_id).info.run_name == "good"


@pytest.mark.parametrize("error", [ConfigError, RuntimeError, KeyboardInterrupt])
def test_a_run_that_raises_is_failed(store: Store, error: type[BaseException]) -> None:
    with pytest.raises(error, match="broken"), recorded_run(store, "bad") as run:
        raise error("broken")
    assert MlflowClient(store.uri).get_run(run.run_id).info.status == "FAILED"


def test_configuration_is_parameters_and_an_artefact(store: Store) -> None:
    flat = {"seed": 0, "data.captures.lab.log": "x" * 7000, "split.time_cut": None}
    with recorded_run(store, "config") as run:
        run.log_config(flat, json.dumps({"seed": 0}))
    params = MlflowClient(store.uri).get_run(run.run_id).data.params
    assert params == {"seed": "0", "data.captures.lab.log": "x" * 6000, "split.time_cut": "None"}
    text = mlflow.artifacts.load_text(f"runs:/{run.run_id}/config.yaml")
    assert json.loads(text) == {"seed": 0}


def test_more_than_a_hundred_parameters_are_recorded(store: Store) -> None:
    with recorded_run(store, "many") as run:
        run.log_config({f"key{i}": i for i in range(250)}, "")
    assert len(MlflowClient(store.uri).get_run(run.run_id).data.params) == 250


def test_numbers_that_could_not_be_computed_are_left_out(store: Store) -> None:
    with recorded_run(store, "metrics") as run:
        run.log_metrics({"test/recall": 0.5, "test/precision": math.nan})
    assert MlflowClient(store.uri).get_run(run.run_id).data.metrics == {"test/recall": 0.5}


def test_a_bundle_is_registered_as_it_is(store: Store, tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "detector.onnx")
    versions = []
    for _ in range(2):
        with recorded_run(store, "bundle") as run:
            recorded = run.register_bundle(path, len(FEATURE_NAMES), len(WINDOWS))
        versions.append(recorded.model_version)
        assert recorded.run_id == run.run_id
        assert recorded.page == f"#/experiments/{run.experiment_id}/runs?workflowType=machine_learning"
    assert versions == ["1", "2"]
    copy = mlflow.artifacts.download_artifacts(
        f"runs:/{run.run_id}/bundle/detector.onnx", dst_path=str(tmp_path / "out")
    )
    assert Path(copy).read_bytes() == path.read_bytes()
    loaded = mlflow.onnx.load_model("models:/model/2")
    assert loaded.SerializeToString(deterministic=True) == onnx.load(path).SerializeToString(deterministic=True)
    signature = mlflow.models.get_model_info("models:/model/2").signature
    assert signature.inputs.input_names() == ["features"]
    assert signature.outputs.input_names() == ["score", "verdict"]


def test_a_store_that_cannot_be_used_is_refused_in_one_sentence() -> None:
    store = Store("sqlite:////proc/nowhere/mlflow.db", "experiment", "model")
    with (
        pytest.raises(ConfigError, match=r"the tracking store 'sqlite:.*' cannot be used: ") as refusal,
        recorded_run(store, "x"),
    ):
        pass
    assert "\n" not in str(refusal.value)
