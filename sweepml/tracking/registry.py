"""Bundles in the model registry: found by run, version, alias or content, and given back byte for byte."""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from sweepml.errors import BundleError, InputMissingError, did_you_mean
from sweepml.tracking.mlflow_run import BUNDLE_FOLDER, BUNDLE_SHA256, Store, connect

CHAMPION: Final = "champion"
"""Alias of the version that is in use."""

_MODEL: Final = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")
_RUN: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RegisteredBundle:
    """A bundle that a store holds.

    Attributes
    ----------
    run_id
        The run that made it.
    name, version
        Of the registered model.
    sha256
        Of the bundle's file, 64 hexadecimal digits.
    """

    run_id: str
    name: str
    version: str
    sha256: str


def find_bundle(store: Store, reference: str) -> RegisteredBundle:
    """Return the bundle that a reference means.

    Parameters
    ----------
    store
        Where to look.
    reference
        A run's id, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, or the path of a bundle, which is found by its
        content.

    Raises
    ------
    InputMissingError
        If the store has no such run, model, alias or version, or the run recorded no bundle.
    ConfigError
        If the store cannot be used.
    """
    connect(store)
    client = MlflowClient()
    if found := _MODEL.fullmatch(reference):
        return _registered(_named_version(client, found))
    if Path(reference).is_file():
        digest = hashlib.sha256(Path(reference).read_bytes()).hexdigest()
        versions = list(client.search_model_versions(f"tags.{BUNDLE_SHA256} = '{digest}'"))
        what = f"{reference} is no bundle that a run of this store recorded; sweepml train records what it writes"
    else:
        is_run = _RUN.fullmatch(reference) is not None
        versions = list(client.search_model_versions(f"run_id = '{reference}'")) if is_run else []
        what = (
            f"{reference} is no run with a bundle and no file; a registered model is written as models:/NAME@ALIAS or "
            "models:/NAME/VERSION"
        )
    if not versions:
        raise InputMissingError(f"{what} (store {store.uri})")
    return _registered(max(versions, key=lambda one: int(one.version)))


def find_alias(store: Store, alias: str = CHAMPION) -> RegisteredBundle | None:
    """Return the bundle that an alias of the store's registered model names; None where nothing has it yet."""
    connect(store)
    client = MlflowClient()
    try:
        return _registered(client.get_model_version_by_alias(store.registered_model, alias))
    except MlflowException as error:
        if _is_absent(error):
            return None
        raise


def set_alias(store: Store, bundle: RegisteredBundle, alias: str, tags: dict[str, str]) -> None:
    """Let an alias name a bundle from now on, and note why on its version."""
    connect(store)
    client = MlflowClient()
    for key, value in tags.items():
        client.set_model_version_tag(bundle.name, bundle.version, key, value)
    client.set_registered_model_alias(bundle.name, alias, bundle.version)


def fetch_bundle(store: Store, bundle: RegisteredBundle, target: Path) -> Path:
    """Write a bundle again, byte for byte as it was recorded.

    Parameters
    ----------
    store
        That holds it.
    bundle
        Which one.
    target
        Where to; replaced only by a file with the recorded SHA-256.

    Raises
    ------
    BundleError
        If the store's file is gone, or not the one that was recorded.
    """
    connect(store)
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetched = mlflow.artifacts.download_artifacts(
                run_id=bundle.run_id, artifact_path=BUNDLE_FOLDER, dst_path=folder
            )
        except (MlflowException, OSError) as error:
            raise BundleError(f"the bundle of run {bundle.run_id} cannot be fetched: {error}") from None
        (file,) = Path(fetched).glob("*.onnx")
        content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != bundle.sha256:
        raise BundleError(
            f"the bundle of run {bundle.run_id} was changed in the store: its SHA-256 is {digest}, recorded was "
            f"{bundle.sha256}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f"{target.suffix}.draft")
    draft.write_bytes(content)
    draft.replace(target)
    return target


def _named_version(client: MlflowClient, found: re.Match[str]) -> ModelVersion:
    name, alias, version = found["name"], found["alias"], found["version"]
    try:
        if alias is not None:
            return client.get_model_version_by_alias(name, alias)
        return client.get_model_version(name, version)
    except MlflowException as error:
        if not _is_absent(error):
            raise
    try:
        known = client.get_registered_model(name)
    except MlflowException:
        models = [model.name for model in client.search_registered_models()]
        raise InputMissingError(f"no model is registered as {name!r}; {did_you_mean(name, models)}") from None
    aliases = ", ".join(f"@{one}" for one in sorted(known.aliases)) or "no alias"
    raise InputMissingError(
        f"{name} has no {f'alias {alias!r}' if alias else f'version {version}'}; it has {aliases} and versions up to "
        f"{max(int(one.version) for one in client.search_model_versions(f'name = {name!r}'))}"
    )


def _registered(version: ModelVersion) -> RegisteredBundle:
    digest = version.tags.get(BUNDLE_SHA256)
    if digest is None:
        raise InputMissingError(
            f"version {version.version} of {version.name} was not made by sweepml: it has no bundle"
        )
    return RegisteredBundle(str(version.run_id), version.name, str(version.version), digest)


def _is_absent(error: MlflowException) -> bool:
    return error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
