"""A bundle from the registry, proved before it is handed over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweepml.runtime.bundle import Bundle
from sweepml.tracking.mlflow_run import Store
from sweepml.tracking.registry import RegisteredBundle, fetch_bundle, find_bundle


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written again.

    Attributes
    ----------
    registered
        What the registry calls it.
    path
        The file, byte for byte as training wrote it.
    bundle
        The same, opened.
    """

    registered: RegisteredBundle
    path: Path
    bundle: Bundle


def export_bundle(store: Store, reference: str, target: str | Path) -> Exported:
    """Write a registered bundle again.

    Parameters
    ----------
    store
        That holds it.
    reference
        See `find_bundle`.
    target
        The file to write.

    Raises
    ------
    InputMissingError
        If the store holds no such bundle.
    BundleError
        If its file was changed, or it does not open with this sweepml.
    """
    store.require()
    registered = find_bundle(store, reference)
    path = fetch_bundle(store, registered, Path(target))
    return Exported(registered, path, Bundle(path))
