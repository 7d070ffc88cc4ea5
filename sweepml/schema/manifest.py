"""The manifest: what a bundle says of itself, stored as JSON in the ONNX file's metadata."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.errors import BundleError

MANIFEST_KEY: Final = "sweepml.manifest"
"""Key of the ONNX metadata under which the manifest stands."""

FORMAT_VERSION: Final = 1
"""Raised when an older runtime could misread a newer manifest."""

INPUT_NAME: Final = "features"
EDGE_INDPTR_NAME: Final = "edge_indptr"
EDGES_NAME: Final = "edges"
"""Inputs of bundles that read the edges of each row, int64 (n + 1,) and float32 (edges, edge columns): compressed
sparse rows, see `EdgeInputs`."""
SCORE_NAME: Final = "score"
VERDICT_NAME: Final = "verdict"
CONTRIBUTION_NAME: Final = "contribution"
"""Output that not every bundle has: how much each feature adds to a row's score, float32, shape (n, features)."""


@dataclass(frozen=True, slots=True)
class FeatureUsage:
    """One input column, and what is usual for it.

    Attributes
    ----------
    name, unit
        From the catalogue.
    usual_low, usual_high
        5th and 95th percentile over the benign training rows; None where all of them were missing.
    weight
        How much the model leans on it, 0 to 1, summing to 1 over all features.
    """

    name: str
    unit: str
    usual_low: float | None
    usual_high: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class EdgeInputs:
    """The edges that a bundle reads beside the features of each row.

    Attributes
    ----------
    edge_schema
        `schema_hash` of the edge catalogue that the model was trained on.
    columns
        Input columns in order.
    per_row
        Edges of a row at most; the rest of the feature plan.
    golden_counts
        Edges of each golden vector.
    golden_edges
        The edges of the golden vectors, end to end: little-endian float32, row by row, in base64. As numbers they would
        make up most of the file.
    """

    edge_schema: str
    columns: tuple[str, ...]
    per_row: int
    golden_counts: tuple[int, ...]
    golden_edges: str

    @staticmethod
    def encode(values: NDArray[np.float32]) -> str:
        """Return edges as `golden_edges` has them."""
        return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")

    def decode(self) -> NDArray[np.float32]:
        """Return the edges of the golden vectors, float32, shape (edges, columns).

        Raises
        ------
        BundleError
            If they are not as many as the manifest says.
        """
        try:
            content = base64.b64decode(self.golden_edges, validate=True)
            return np.frombuffer(content, "<f4").astype(np.float32).reshape(sum(self.golden_counts), len(self.columns))
        except (TypeError, ValueError) as error:
            raise BundleError(f"the bundle's golden edges are malformed: {error}") from None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a runtime and a reader need to know of a bundle.

    Attributes
    ----------
    name
        Name of the training run.
    created
        RFC 3339 time in UTC.
    feature_schema
        `schema_hash` of the catalogue that the model was trained on.
    features
        Input columns in order.
    windows
        (length_s, stride_s) of each horizon, by growing length; the columns of the verdict output.
    min_dst_count, internal_networks, milestones, max_edges_per_source, max_sources_per_pane, memory_s, max_remembered
        The rest of the feature plan.
    thresholds
        By horizon, in the order of `windows`; the graph holds the same numbers.
    alert_budget
        What the thresholds were chosen for, and what validation could say about it.
    close_after_s
        An alert closes when its source had no positive window for so long.
    model
        Registry name, parameters and calibration.
    training
        Captures with fingerprints, counts of rows and episodes.
    metrics
        Name -> value, as in the tracking run.
    versions
        Package -> version at training time, and the git commit.
    golden_features, golden_scores, golden_verdicts
        Vectors (n, features; None is missing), the scores (n,) that the training-side model gave, and the
        verdicts (n, horizons) that its thresholds gave. A runtime that does not reproduce them refuses the
        bundle.
    edges
        What the bundle reads beside the features; None, and no field of the JSON, where that is nothing.
    """

    name: str
    created: str
    feature_schema: str
    features: tuple[FeatureUsage, ...]
    windows: tuple[tuple[int, int], ...]
    min_dst_count: int
    internal_networks: tuple[str, ...]
    milestones: tuple[int, ...]
    max_edges_per_source: int
    max_sources_per_pane: int
    memory_s: int
    max_remembered: int
    thresholds: tuple[float, ...]
    alert_budget: Mapping[str, Any]
    close_after_s: float
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    metrics: Mapping[str, float]
    versions: Mapping[str, str]
    golden_features: tuple[tuple[float | None, ...], ...]
    golden_scores: tuple[float, ...]
    golden_verdicts: tuple[tuple[bool, ...], ...]
    edges: EdgeInputs | None = None
    format_version: int = field(default=FORMAT_VERSION)

    def facts(self) -> dict[str, Any]:
        """Return the manifest as plain values; no ``edges`` where the bundle reads none."""
        said = asdict(self)
        if self.edges is None:
            del said["edges"]
        return said

    def to_json(self) -> str:
        """Return the manifest as JSON with sorted keys: the same manifest gives the same text."""
        return json.dumps(self.facts(), sort_keys=True, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest.

        Raises
        ------
        BundleError
            If the text is no manifest, or one of a newer format.
        """
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise BundleError(f"the bundle's manifest is no JSON: {error}") from None
        if not isinstance(raw, dict):
            raise BundleError("the bundle's manifest is no JSON object")
        version = raw.get("format_version")
        if version != FORMAT_VERSION:
            raise BundleError(
                f"the bundle's manifest has format_version {version!r}, this sweepml reads {FORMAT_VERSION}: "
                "use a matching version of sweepml, or export the model again"
            )
        names = {f.name for f in fields(cls)}
        if raw.keys() | {"edges"} != names:
            odd = sorted(names.symmetric_difference(raw.keys() | {"edges"}))
            raise BundleError(f"the bundle's manifest lacks or adds fields: {', '.join(odd[:5])}")
        try:
            raw["features"] = tuple(FeatureUsage(**feature) for feature in raw["features"])
            for name in ("windows", "golden_features", "golden_verdicts"):
                raw[name] = tuple(tuple(row) for row in raw[name])
            for name in ("internal_networks", "milestones", "thresholds", "golden_scores"):
                raw[name] = tuple(raw[name])
            if "edges" in raw:
                for name in ("columns", "golden_counts"):
                    raw["edges"][name] = tuple(raw["edges"][name])
                raw["edges"] = EdgeInputs(**raw["edges"])
            return cls(**raw)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"the bundle's manifest is malformed: {error}") from None
