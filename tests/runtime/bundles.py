"""A detector made by hand: its score is sigmoid(dst_count - 20), so that tests know every score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sweepml.features.plan import FeaturePlan
from sweepml.graph.windows import WindowSpec
from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES, SCHEMA_HASH
from sweepml.schema.manifest import (
    INPUT_NAME,
    MANIFEST_KEY,
    SCORE_NAME,
    VERDICT_NAME,
    FeatureUsage,
    Manifest,
)

LIMIT = 20
"""Destinations with which the score is one half."""
WINDOWS = ((60, 10), (600, 100), (3600, 600))
DST_COUNT = FEATURE_NAMES.index("dst_count")


def manifest(**changes: Any) -> Manifest:
    """Return the manifest of the detector, with some fields changed."""
    golden = np.ones((3, len(CATALOGUE)), np.float32)
    golden[:, DST_COUNT] = [1, LIMIT, LIMIT + 5]
    golden[0, FEATURE_NAMES.index("answered_ratio")] = np.nan
    score = 1 / (1 + np.exp(-(golden[:, DST_COUNT].astype(np.float64) - LIMIT)))
    fields: dict[str, Any] = {
        "name": "handmade",
        "created": "2026-08-01T12:00:00Z",
        "feature_schema": SCHEMA_HASH,
        "features": usage(),
        "windows": WINDOWS,
        "min_dst_count": 5,
        "internal_networks": ("10.0.0.0/8", "fd00::/8"),
        "milestones": (),
        "max_edges_per_source": 20_000,
        "memory_s": 86_400,
        "max_remembered": 1_000_000,
        "max_sources_per_pane": 1_000_000,
        "thresholds": (0.5,) * len(WINDOWS),
        "alert_budget": {"per_day_per_1000": 1.0, "is_verifiable": False},
        "close_after_s": 600.0,
        "model": {"name": "handmade", "params": {"limit": LIMIT}},
        "training": {"captures": [{"name": "lab", "rows": 12}]},
        "metrics": {"test/recall": 0.75},
        "versions": {"sweepml": "0.1.0"},
        "golden_features": tuple(tuple(None if np.isnan(value) else float(value) for value in row) for row in golden),
        "golden_scores": tuple(score.tolist()),
        "golden_verdicts": tuple((bool(one >= 0.5),) * len(WINDOWS) for one in score),
    }
    return Manifest(**(fields | changes))


def usage(**weights: float) -> tuple[FeatureUsage, ...]:
    """Return what is usual, 1 to 5 for every feature; by default the model uses dst_count only."""
    weights = weights or {"dst_count": 1.0}
    return tuple(FeatureUsage(spec.name, spec.unit, 1.0, 5.0, weights.get(spec.name, 0.0)) for spec in CATALOGUE)


def graph(thresholds: Sequence[float] = (0.5,) * len(WINDOWS)) -> onnx.ModelProto:
    """Return the detector's graph, without a manifest."""

    def constant(name: str, value: Any, dtype: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(value, dtype), name)

    made = helper.make_graph(
        [
            helper.make_node("Gather", [INPUT_NAME, "column"], ["picked"], axis=1),
            helper.make_node("Sub", ["picked", "limit"], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], ["probability"]),
            helper.make_node("Reshape", ["probability", "flat"], [SCORE_NAME]),
            helper.make_node("GreaterOrEqual", ["probability", "thresholds"], [VERDICT_NAME]),
        ],
        "handmade",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["rows", len(CATALOGUE)])],
        [
            helper.make_tensor_value_info(SCORE_NAME, TensorProto.FLOAT, ["rows"]),
            helper.make_tensor_value_info(VERDICT_NAME, TensorProto.BOOL, ["rows", len(thresholds)]),
        ],
        [
            constant("column", [DST_COUNT], np.int64),
            constant("limit", [[LIMIT]], np.float32),
            constant("flat", [-1], np.int64),
            constant("thresholds", [list(thresholds)], np.float32),
        ],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write_bundle(path: Path, said: Manifest | str | None = None) -> Path:
    """Write the detector with a manifest; text stands there as it is."""
    model = graph()
    said = manifest() if said is None else said
    helper.set_model_props(model, {MANIFEST_KEY: said if isinstance(said, str) else said.to_json()})
    path.write_bytes(model.SerializeToString())
    return path


def stub_bundle(
    windows: Sequence[tuple[int, int]],
    *,
    limit: int,
    min_dst_count: int = 1,
    close_after_s: float = 600.0,
    milestones: tuple[int, ...] = (),
) -> Any:
    """Return what looks like an opened `Bundle`, without onnxruntime: any windows, and quick to make."""
    ordered = tuple(sorted(windows))
    said = manifest(
        windows=ordered,
        thresholds=(0.5,) * len(ordered),
        min_dst_count=min_dst_count,
        close_after_s=close_after_s,
        milestones=milestones,
    )

    def judge(values: np.ndarray, length_s: np.ndarray, edges: object = None) -> tuple[np.ndarray, np.ndarray]:
        odds = values[:, DST_COUNT].astype(np.float64) - limit
        return (1 / (1 + np.exp(-odds))).astype(np.float32), odds >= 0

    return SimpleNamespace(
        manifest=said,
        bundle_id="0123456789ab",
        plan=FeaturePlan(
            tuple(WindowSpec(*window) for window in ordered),
            min_dst_count,
            said.internal_networks,
            said.milestones,
        ),
        judge=judge,
        contributions=lambda values, edges: None,  # a model that only has weights
    )
