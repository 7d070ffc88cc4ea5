"""Bundles come back from the registry byte for byte, and are found by every name that they have."""

from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from sweepml.errors import BundleError, ConfigError, InputMissingError
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.tracking.mlflow_run import Store, recorded_run, sqlite_uri
from sweepml.tracking.registry import CHAMPION, fetch_bundle, find_alias, find_bundle, set_alias
from tests.runtime.bundles import WINDOWS, manifest, write_bundle

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(sqlite_uri(tmp_path_factory.mktemp("registry") / "mlflow.db"), "experiment", "model")


@pytest.fixture(scope="module")
def files(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three bundles by the id of the run that recorded them, versions 1 to 3."""
    folder = tmp_path_factory.mktemp("bundles")
    made = {}
    for name in ("one", "two", "three"):
        path = write_bundle(folder / f"{name}.onnx", manifest(name=name))
        with recorded_run(store, name) as run:
            run.register_bundle(path, len(FEATURE_NAMES), len(WINDOWS))
        made[run.run_id] = path
    return made


def test_a_bundle_is_found_by_run_version_alias_and_content(store: Store, files: dict[str, Path]) -> None:
    for i, (run_id, path) in enumerate(files.items(), 1):
        found = find_bundle(store, run_id)
        assert (found.run_id, found.name, found.version) == (run_id, "model", str(i))
        assert find_bundle(store, f"models:/model/{i}") == found
        assert find_bundle(store, str(path)) == found
        set_alias(store, found, f"alias{i}", {})
        assert find_bundle(store, f"models:/model@alias{i}") == found


def test_a_bundle_comes_back_byte_for_byte(store: Store, files: dict[str, Path], tmp_path: Path) -> None:
    for run_id, path in files.items():
        target = fetch_bundle(store, find_bundle(store, run_id), tmp_path / "deeper" / f"{run_id}.onnx")
        assert target.read_bytes() == path.read_bytes()
    assert {file.name for file in (tmp_path / "deeper").iterdir()} == {f"{run_id}.onnx" for run_id in files}


def test_a_bundle_that_was_changed_in_the_store_is_refused(store: Store, tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "detector.onnx", manifest(name="changed"))
    with recorded_run(store, "changed") as run:
        run.register_bundle(path, len(FEATURE_NAMES), len(WINDOWS))
    kept = Path(mlflow.get_run(run.run_id).info.artifact_uri.removeprefix("file://")) / "bundle" / "detector.onnx"
    found = find_bundle(store, run.run_id)
    kept.write_bytes(kept.read_bytes() + b"\0")
    with pytest.raises(BundleError, match="was changed in the store: its SHA-256 is"):
        fetch_bundle(store, found, tmp_path / "out.onnx")
    kept.unlink()
    kept.parent.rmdir()
    with pytest.raises(BundleError, match="cannot be fetched"):
        fetch_bundle(store, found, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_an_alias_that_nothing_has_is_none_and_moves_when_it_is_set_again(store: Store, files: dict[str, Path]) -> None:
    assert find_alias(store, CHAMPION) is None
    assert find_alias(replace(store, registered_model="nobody")) is None
    for run_id in files:
        bundle = find_bundle(store, run_id)
        set_alias(store, bundle, CHAMPION, {"why": f"because of {run_id}"})
        assert find_alias(store) == bundle
        version = MlflowClient(store.uri).get_model_version(bundle.name, bundle.version)
        assert version.tags["why"] == f"because of {run_id}"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("0" * 32, "is no run with a bundle and no file"),
        ("nowhere.onnx", "is no run with a bundle and no file; a registered model is written as models:/NAME@ALIAS"),
        ("models:/model@nobody", "model has no alias 'nobody'; it has .*alias1.* and versions up to"),
        ("models:/model/99", "model has no version 99"),
        ("models:/modle/1", "no model is registered as 'modle'; did you mean model"),
        ("models:/model", "written as models:/NAME@ALIAS or models:/NAME/VERSION"),
    ],
)
def test_what_the_store_does_not_hold_is_said(store: Store, files: dict[str, Path], reference: str, said: str) -> None:
    set_alias(store, find_bundle(store, "models:/model/1"), "alias1", {})
    with pytest.raises(InputMissingError, match=said):
        find_bundle(store, reference)


def test_a_file_that_no_run_recorded_is_told_so(store: Store, files: dict[str, Path], tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "stray.onnx", manifest(name="stray"))
    with pytest.raises(InputMissingError, match="is no bundle that a run of this store recorded"):
        find_bundle(store, str(path))


def test_a_version_of_something_else_has_no_bundle(store: Store, files: dict[str, Path]) -> None:
    client = MlflowClient(store.uri)
    client.create_registered_model("other")
    client.create_model_version("other", "file:///nowhere", "0" * 32)
    with pytest.raises(InputMissingError, match="version 1 of other was not made by sweepml"):
        find_bundle(store, "models:/other/1")


def test_a_store_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the tracking store .* cannot be used"):
        find_bundle(Store("sqlite:////proc/nowhere/mlflow.db", "e", "m"), "models:/m/1")


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/mlflow.db", "e", "m")
    with pytest.raises(InputMissingError, match=r"no runs are recorded in .*mlflow\.db; sweepml train makes it"):
        store.require()
    assert not list(tmp_path.iterdir())
