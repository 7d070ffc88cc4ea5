"""Opening a bundle: one ONNX file that says what it is and proves that it scores as it did in training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from sweepml.errors import BundleError, InputError, InputMissingError, SweepmlError
from sweepml.features.edges import RowEdges
from sweepml.features.plan import FeaturePlan
from sweepml.graph.windows import WindowSpec
from sweepml.schema.catalogue import FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.edge_catalogue import EDGE_NAMES, EDGE_SCHEMA_HASH
from sweepml.schema.manifest import (
    CONTRIBUTION_NAME,
    EDGE_INDPTR_NAME,
    EDGES_NAME,
    INPUT_NAME,
    MANIFEST_KEY,
    SCORE_NAME,
    VERDICT_NAME,
    Manifest,
)

GOLDEN_TOLERANCE: Final = 1e-6
"""Largest difference between a score here and in training (measured: below 5e-7 over all validation rows)."""


def count_flipped(
    expected: NDArray[np.bool_], verdict: NDArray[np.bool_], score: NDArray[np.float32], thresholds: Sequence[float]
) -> int:
    """Return how many verdicts differ that a score within `GOLDEN_TOLERANCE` cannot explain.

    Scores that saturate crowd near 1, and one may lie within rounding of a threshold: its verdict is nobody's fault.

    Parameters
    ----------
    expected, verdict
        bool, shape (n, horizons).
    score
        float32, shape (n,).
    thresholds
        One per horizon.
    """
    decided = np.abs(score[:, None].astype(np.float64) - np.array(thresholds)) > GOLDEN_TOLERANCE
    return int(np.count_nonzero((expected != verdict) & decided))


class Bundle:
    """A detector that is ready to score.

    Opening checks that the file is a sweepml bundle, that it was made for this feature catalogue, and that it
    gives its golden vectors the scores and verdicts that the training-side model gave.

    Parameters
    ----------
    path
        The ``.onnx`` file.

    Attributes
    ----------
    manifest
        What the bundle says of itself.
    bundle_id
        First 12 hexadecimal digits of the file's SHA-256.
    plan
        Which rows to make for it.

    Raises
    ------
    InputMissingError
        If there is no such file.
    BundleError
        If the file is not a bundle, or does not match this runtime.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        if not path.is_file():
            raise InputMissingError(f"no bundle at {path}; `sweepml train` writes one")
        content = path.read_bytes()
        self.bundle_id = hashlib.sha256(content).hexdigest()[:12]
        self._session = _open(content, path)
        text = self._session.get_modelmeta().custom_metadata_map.get(MANIFEST_KEY)
        if text is None:
            raise BundleError(f"{path} is an ONNX model, but no sweepml bundle: it has no manifest")
        self.manifest = Manifest.from_json(text)
        self._explains = CONTRIBUTION_NAME in [output.name for output in self._session.get_outputs()]
        self._reads_edges = self.manifest.edges is not None
        self._check_features()
        self._check_inputs()
        try:
            self.plan = FeaturePlan(
                windows=tuple(WindowSpec(*window) for window in self.manifest.windows),
                min_dst_count=self.manifest.min_dst_count,
                internal_networks=self.manifest.internal_networks,
                milestones=self.manifest.milestones,
                max_edges_per_source=self.manifest.max_edges_per_source,
                max_sources_per_pane=self.manifest.max_sources_per_pane,
                memory_s=self.manifest.memory_s,
                max_remembered=self.manifest.max_remembered,
                edges_per_row=0 if self.manifest.edges is None else self.manifest.edges.per_row,
            )
        except (SweepmlError, TypeError) as error:
            raise BundleError(f"the bundle's feature plan is unusable: {error}") from None
        self._column_of_length = {spec.length_s: i for i, spec in enumerate(self.plan.windows)}
        self._check_golden()

    @property
    def thresholds(self) -> dict[int, float]:
        """Threshold by horizon in seconds."""
        return dict(zip(self._column_of_length, self.manifest.thresholds, strict=True))

    def score(
        self, values: NDArray[np.float32], edges: RowEdges | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Score feature vectors.

        Parameters
        ----------
        values
            float32, shape (n, features), in the order of the catalogue.
        edges
            Of the same rows; only looked at where the bundle reads them.

        Returns
        -------
        score : ndarray of float32, shape (n,)
            Higher is more suspicious, 0 to 1.
        verdict : ndarray of bool, shape (n, horizons)
            Whether the score reaches each horizon's threshold.

        Raises
        ------
        InputError
            If the bundle reads edges and there are none.
        """
        if not len(values):
            return np.empty(0, np.float32), np.empty((0, len(self._column_of_length)), bool)
        score, verdict = self._session.run([SCORE_NAME, VERDICT_NAME], self._inputs(values, edges))
        return score, verdict

    def contributions(self, values: NDArray[np.float32], edges: RowEdges | None = None) -> NDArray[np.float32] | None:
        """Return how much each feature adds to the score of each row; None where the model does not say.

        Costs as much as scoring does: meant for the few rows that become alerts.

        Parameters
        ----------
        values, edges
            As in `score`.

        Returns
        -------
        ndarray of float32, shape (n, features), or None
            Not negative; the scale is the model's own.
        """
        if not self._explains:
            return None
        if not len(values):
            return np.empty((0, len(FEATURE_NAMES)), np.float32)
        (contribution,) = self._session.run([CONTRIBUTION_NAME], self._inputs(values, edges))
        made: NDArray[np.float32] = contribution
        return made

    def judge(
        self, values: NDArray[np.float32], length_s: NDArray[np.int32], edges: RowEdges | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Score rows and pick the verdict of each row's own horizon; both results have shape (n,)."""
        score, verdict = self.score(values, edges)
        column = np.array([self._column_of_length[length] for length in length_s.tolist()], np.intp)
        return score, verdict[np.arange(len(score)), column]

    def _inputs(self, values: NDArray[np.float32], edges: RowEdges | None) -> dict[str, NDArray[Any]]:
        if not self._reads_edges:
            return {INPUT_NAME: values}
        if edges is None or len(edges) != len(values):
            raise InputError(
                f"this bundle reads the edges of each row: expected those of {len(values)} rows, got "
                f"{'none' if edges is None else len(edges)}; make the rows with the bundle's own plan"
            )
        return {INPUT_NAME: values, EDGE_INDPTR_NAME: edges.indptr, EDGES_NAME: edges.values}

    def _check_inputs(self) -> None:
        """Refuse a bundle that reads what this runtime does not make."""
        edges = self.manifest.edges
        wanted = {one.name for one in self._session.get_inputs()}
        made = {INPUT_NAME} if edges is None else {INPUT_NAME, EDGE_INDPTR_NAME, EDGES_NAME}
        if wanted != made:
            raise BundleError(
                f"the bundle's graph reads {', '.join(sorted(wanted))}, this sweepml would feed it "
                f"{', '.join(sorted(made))}: use the sweepml that made it, or export the model again"
            )
        if edges is not None and (edges.edge_schema != EDGE_SCHEMA_HASH or edges.columns != EDGE_NAMES):
            odd = sorted(set(edges.columns).symmetric_difference(EDGE_NAMES))
            raise BundleError(
                f"the bundle reads edges of schema {edges.edge_schema}, this sweepml makes {EDGE_SCHEMA_HASH} "
                f"({'columns that differ: ' + ', '.join(odd[:5]) if odd else 'other definitions or another order'}): "
                "train again, or use the sweepml that made it"
            )

    def _golden_edges(self) -> RowEdges | None:
        if self.manifest.edges is None:
            return None
        counts = np.array(self.manifest.edges.golden_counts, np.int64)
        return RowEdges(np.concatenate([[0], np.cumsum(counts)]), self.manifest.edges.decode())

    def _check_features(self) -> None:
        names = tuple(feature.name for feature in self.manifest.features)
        if self.manifest.feature_schema == SCHEMA_HASH and names == FEATURE_NAMES:
            return
        unknown = [name for name in names if name not in FEATURE_NAMES]
        lacking = [name for name in FEATURE_NAMES if name not in names]
        what = f"unknown here: {', '.join(unknown[:5])}; " if unknown else ""
        what += f"not in the bundle: {', '.join(lacking[:5])}; " if lacking else ""
        what += "" if what else "same names, but other definitions or another order; "
        raise BundleError(
            f"the bundle was made for feature schema {self.manifest.feature_schema}, this sweepml computes "
            f"{SCHEMA_HASH} ({what.rstrip('; ')}): train again, or use the sweepml that made it"
        )

    def _check_golden(self) -> None:
        manifest = self.manifest
        rows = [[np.nan if v is None else v for v in row] for row in manifest.golden_features]
        golden = np.array(rows, np.float32).reshape(-1, len(FEATURE_NAMES))
        if not len(golden) or len(manifest.thresholds) != len(manifest.windows):
            raise BundleError("the bundle has no golden vectors, or not one threshold per window")
        try:
            score, verdict = self.score(golden, self._golden_edges())
            difference = float(np.abs(score - np.array(manifest.golden_scores, np.float32)).max())
            expected = np.array(manifest.golden_verdicts, bool)
            same = verdict.shape == expected.shape and not count_flipped(
                expected, verdict, np.array(manifest.golden_scores, np.float32), manifest.thresholds
            )
        except Exception as error:  # onnxruntime has classes of its own; all mean the same here
            raise BundleError(f"the bundle cannot score its golden vectors: {error}") from None
        if not (difference <= GOLDEN_TOLERANCE and same):
            raise BundleError(
                f"the bundle does not reproduce its golden scores: they differ by up to {difference:.2g} "
                f"(allowed {GOLDEN_TOLERANCE:g}), verdicts {'agree' if same else 'differ'}"
            )


def _open(content: bytes, path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # One thread is fastest for models of this size, and leaves the other cores to the host.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised here in our words, not printed in onnxruntime's
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for each way in which a file can be bad
        first = str(error).strip().splitlines()[0][:160]
        raise BundleError(f"{path} is not a usable ONNX file: {first}") from None
