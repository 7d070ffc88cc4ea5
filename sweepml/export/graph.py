"""The bundle's graph: model, calibration and thresholds, raw features in, score and verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sweepml.errors import BundleError
from sweepml.models.base import RAW_SCORE_NAME
from sweepml.models.calibration import PlattCalibration
from sweepml.schema.manifest import CONTRIBUTION_NAME, MANIFEST_KEY, SCORE_NAME, VERDICT_NAME, Manifest

_THRESHOLDS: Final = "thresholds"
"""Name of the constant that holds them in the graph."""


def bundle_graph(model: onnx.ModelProto, calibration: PlattCalibration, thresholds: Sequence[float]) -> onnx.ModelProto:
    """Append calibration and thresholds to a model's graph.

    Parameters
    ----------
    model
        From ``features``, and ``edges`` where it reads them, to ``raw_score`` (n, 1); not changed.
    calibration
        Becomes Mul, Add, Sigmoid.
    thresholds
        One per horizon, by growing length; float32 in the graph.

    Returns
    -------
    onnx.ModelProto
        Outputs ``score`` float32 (n,) and ``verdict`` bool (n, horizons), and ``contribution`` where the model has it.
    """
    bundle = onnx.ModelProto()
    bundle.CopyFrom(model)
    graph = bundle.graph

    def constant(name: str, value: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    slope = constant("calibration_slope", np.array([[calibration.slope]], np.float32))
    intercept = constant("calibration_intercept", np.array([[calibration.intercept]], np.float32))
    limits = constant(_THRESHOLDS, np.array([list(thresholds)], np.float32))
    flat = constant("flat", np.array([-1], np.int64))
    graph.node.extend(
        [
            helper.make_node("Mul", [RAW_SCORE_NAME, slope], ["scaled"]),
            helper.make_node("Add", ["scaled", intercept], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], ["probability"]),
            helper.make_node("Reshape", ["probability", flat], [SCORE_NAME]),
            helper.make_node("GreaterOrEqual", ["probability", limits], [VERDICT_NAME]),
        ]
    )
    kept = [output for output in graph.output if output.name == CONTRIBUTION_NAME]
    del graph.output[:]
    graph.output.extend(
        [
            helper.make_tensor_value_info(SCORE_NAME, TensorProto.FLOAT, ["rows"]),
            helper.make_tensor_value_info(VERDICT_NAME, TensorProto.BOOL, ["rows", len(thresholds)]),
            *kept,
        ]
    )
    onnx.checker.check_model(bundle, full_check=True)
    return bundle


def with_thresholds(bundle: onnx.ModelProto, thresholds: Sequence[float]) -> onnx.ModelProto:
    """Return a bundle's graph with other thresholds, one per horizon; the bundle is not changed.

    Raises
    ------
    BundleError
        If the graph has no thresholds, or as many as there are not.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(bundle)
    for constant in changed.graph.initializer:
        if constant.name == _THRESHOLDS:
            before = numpy_helper.to_array(constant)
            if before.shape != (1, len(thresholds)):
                raise BundleError(f"the bundle has {before.size} thresholds, expected {len(thresholds)}")
            constant.CopyFrom(numpy_helper.from_array(np.array([list(thresholds)], np.float32), _THRESHOLDS))
            return changed
    raise BundleError("the bundle's graph holds no thresholds that could be changed")


def with_manifest(bundle: onnx.ModelProto, manifest: Manifest) -> bytes:
    """Return the file's content: the graph with its manifest. The same input gives the same bytes."""
    out = onnx.ModelProto()
    out.CopyFrom(bundle)
    helper.set_model_props(out, {MANIFEST_KEY: manifest.to_json()})
    return out.SerializeToString(deterministic=True)
