"""Writing a bundle: graph, manifest, golden vectors, and the proof that the file scores as the model did."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from sweepml.errors import BundleError
from sweepml.export.graph import bundle_graph, with_manifest, with_thresholds
from sweepml.features.edges import RowEdges
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import Detector
from sweepml.models.calibration import PlattCalibration
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle, count_flipped
from sweepml.schema.catalogue import CATALOGUE, SCHEMA_HASH
from sweepml.schema.edge_catalogue import EDGE_NAMES, EDGE_SCHEMA_HASH
from sweepml.schema.manifest import EdgeInputs, FeatureUsage, Manifest

_GOLDEN_ROWS: Final = 32
_VERSIONED: Final = ("sweepml", "numpy", "scikit-learn", "torch", "onnx", "onnxruntime", "mlflow")


@dataclass(frozen=True, slots=True)
class CalibratedDetector:
    """A fitted model with its calibration and its thresholds: the training side of a bundle.

    Attributes
    ----------
    model, calibration
        Raw score, and raw score to probability.
    thresholds
        Horizon in seconds -> threshold, by growing horizon.
    """

    model: Detector
    calibration: PlattCalibration
    thresholds: Mapping[int, float]

    def score(self, values: NDArray[np.float32], edges: RowEdges | None = None) -> NDArray[np.float32]:
        """Return probabilities, float32, shape (n,)."""
        return self.calibration.apply(self.model.score_rows(values, edges))

    def verdicts(self, score: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return whether each score reaches each horizon's threshold, shape (n, horizons)."""
        limits = np.array([self.thresholds[length] for length in sorted(self.thresholds)], np.float32)
        return score[:, None] >= limits

    def judge(
        self, values: NDArray[np.float32], length_s: NDArray[np.int32], edges: RowEdges | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Score rows and compare each with its own horizon's threshold, as `Bundle.judge`; both of shape (n,)."""
        score = self.score(values, edges)
        limits = np.array([self.thresholds[length] for length in length_s.tolist()], np.float32)
        return score, score >= limits


@dataclass(frozen=True, slots=True)
class ValidationRows:
    """The rows on which a bundle is proved; every array's first axis has length n.

    Attributes
    ----------
    values
        float32, shape (n, features). Every row is scored both ways.
    benign
        bool, shape (n,): rows from which the usual ranges are taken.
    edges
        The edges of each row; None for a model that reads none.
    """

    values: NDArray[np.float32]
    benign: NDArray[np.bool_]
    edges: RowEdges | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a detector comes from: the parts of the manifest that only the training task knows.

    Attributes
    ----------
    name, created
        Of the run.
    alert_budget, close_after_s, training, metrics
        As in `Manifest`.
    """

    name: str
    created: str
    alert_budget: Mapping[str, Any]
    close_after_s: float
    training: Mapping[str, Any]
    metrics: Mapping[str, float]


def write_bundle(
    path: Path,
    detector: CalibratedDetector,
    plan: FeaturePlan,
    rows: ValidationRows,
    provenance: Provenance,
) -> Bundle:
    """Write a bundle and prove it.

    Parameters
    ----------
    path
        Where to; replaced only by a file that passed.
    detector
        Fitted.
    plan
        What rows it was trained on.
    rows
        To prove it on.
    provenance
        The rest of the manifest.

    Returns
    -------
    Bundle
        The written file, opened.

    Raises
    ------
    BundleError
        If onnxruntime and the model differ by more than 1e-6, or on a verdict, on any row. What stood at
        `path` before stands there still, and no other file is left.
    """
    values = rows.values
    scores = detector.score(values, rows.edges)
    golden = golden_rows(values, scores, detector.thresholds.values())
    manifest = Manifest(
        name=provenance.name,
        created=provenance.created,
        feature_schema=SCHEMA_HASH,
        features=_usage(detector.model, values[rows.benign]),
        windows=tuple((spec.length_s, spec.stride_s) for spec in plan.windows),
        min_dst_count=plan.min_dst_count,
        internal_networks=plan.internal_networks,
        milestones=plan.milestones,
        max_edges_per_source=plan.max_edges_per_source,
        max_sources_per_pane=plan.max_sources_per_pane,
        memory_s=plan.memory_s,
        max_remembered=plan.max_remembered,
        thresholds=tuple(float(detector.thresholds[spec.length_s]) for spec in plan.windows),
        alert_budget=provenance.alert_budget,
        close_after_s=provenance.close_after_s,
        model={
            "name": detector.model.name,
            "params": detector.model.params(),
            "calibration": {
                "method": "platt",
                "slope": detector.calibration.slope,
                "intercept": detector.calibration.intercept,
            },
        },
        training=provenance.training,
        metrics=provenance.metrics,
        versions=versions(),
        golden_features=tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in values[golden]),
        golden_scores=tuple(float(score) for score in scores[golden]),
        golden_verdicts=tuple(tuple(bool(v) for v in row) for row in detector.verdicts(scores[golden])),
        edges=_edge_inputs(detector.model, rows.edges, golden),
    )
    graph = bundle_graph(detector.model.to_onnx(), detector.calibration, manifest.thresholds)
    return _written(
        path, with_manifest(graph, manifest), lambda bundle: check_parity(bundle, detector, values, rows.edges)
    )


def write_with_thresholds(
    source: Path, target: Path, thresholds: Mapping[int, float], alert_budget: Mapping[str, Any]
) -> Bundle:
    """Write a bundle again with other thresholds; model, calibration and scores stay as they are.

    Parameters
    ----------
    source, target
        The bundle, and where the new one goes; replaced only by a file that opens and reproduces its golden scores.
    thresholds
        Horizon in seconds -> threshold, for every horizon of the bundle.
    alert_budget
        What they were chosen for; goes into the manifest.

    Raises
    ------
    BundleError
        If the source cannot be used, or a horizon has no threshold.
    """
    bundle = Bundle(source)
    horizons = [spec.length_s for spec in bundle.plan.windows]
    if set(horizons) != set(thresholds):
        raise BundleError(f"expected a threshold for each of {horizons}, got those of {sorted(thresholds)}")
    limits = tuple(float(np.float32(thresholds[length])) for length in horizons)
    old = bundle.manifest
    manifest = replace(
        old,
        thresholds=limits,
        alert_budget=dict(alert_budget),
        golden_verdicts=tuple(tuple(score >= limit for limit in limits) for score in old.golden_scores),
    )
    graph = with_thresholds(onnx.load(source), limits)
    return _written(target, with_manifest(graph, manifest), lambda _: None)


def _written(path: Path, content: bytes, check: Callable[[Bundle], object]) -> Bundle:
    """Write a bundle that opens and passes a check, or leave what stood at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".onnx.draft")
    try:
        draft.write_bytes(content)
        bundle = Bundle(draft)
        check(bundle)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return bundle


def check_parity(
    bundle: Bundle, detector: CalibratedDetector, values: NDArray[np.float32], edges: RowEdges | None = None
) -> float:
    """Score every row with the model and with onnxruntime; return the largest difference.

    Raises
    ------
    BundleError
        If they differ by more than 1e-6, or on a verdict about a score that is farther than that from the threshold.
    """
    trained = detector.score(values, edges)
    served, verdicts = bundle.score(values, edges)
    difference = float(np.abs(trained - served).max()) if len(values) else 0.0
    flipped = count_flipped(detector.verdicts(trained), verdicts, trained, bundle.manifest.thresholds)
    if difference > GOLDEN_TOLERANCE or flipped:
        raise BundleError(
            f"the exported model is not the trained one: over {len(values)} rows scores differ by up to "
            f"{difference:.3g} (allowed {GOLDEN_TOLERANCE:g}), {flipped} verdicts flipped"
        )
    return difference


def golden_rows(
    values: NDArray[np.float32], scores: NDArray[np.float32], thresholds: Iterable[float]
) -> NDArray[np.int64]:
    """Choose rows that exercise a model and its thresholds.

    Evenly over the ranks of the scores, the extremes among them, and of each threshold the nearest rows on
    either side: a graph with another threshold gives one of those another verdict.
    """
    order = np.lexsort((np.nan_to_num(values).sum(axis=1), scores))
    last = len(order) - 1
    places = np.linspace(0, last, min(_GOLDEN_ROWS, len(order))).round().astype(int)
    limits = np.array(sorted(set(thresholds)), np.float32)
    above = np.searchsorted(scores[order], limits)
    return order[np.unique(np.concatenate([places, above - 1, above]).clip(0, last))]


def versions() -> dict[str, str]:
    """Return the versions that a score depends on, and the git commit where there is one."""
    found = {"python": platform.python_version()}
    for package in _VERSIONED:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    found["git_commit"] = git_commit()
    return found


def git_commit() -> str:
    """Return the commit of the checkout that this package runs from, ``unknown`` outside one.

    A ``+`` behind it says that tracked files were changed since.
    """
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _edge_inputs(model: Detector, edges: RowEdges | None, golden: NDArray[np.int64]) -> EdgeInputs | None:
    """Return what the manifest says of the edges, None of a model that reads none."""
    if not model.edges_per_row or edges is None:
        return None
    chosen = edges.take(golden)
    return EdgeInputs(
        edge_schema=EDGE_SCHEMA_HASH,
        columns=EDGE_NAMES,
        per_row=model.edges_per_row,
        golden_counts=tuple(np.diff(chosen.indptr).tolist()),
        golden_edges=EdgeInputs.encode(chosen.values),
    )


def _usage(model: Detector, benign: NDArray[np.float32]) -> tuple[FeatureUsage, ...]:
    weights = model.feature_weights()
    usage = []
    for i, spec in enumerate(CATALOGUE):
        column = benign[:, i]
        column = column[~np.isnan(column)]
        low, high = _percentiles(column)
        usage.append(FeatureUsage(spec.name, spec.unit, low, high, float(weights[i])))
    return tuple(usage)


def _percentiles(column: NDArray[np.float32]) -> Sequence[float | None]:
    if not len(column):
        return None, None
    return [float(v) for v in np.percentile(column, [5, 95])]
