"""The bundle's graph: model, calibration and thresholds, raw features in, score and verdicts out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sweepml.models.base import RAW_SCORE_NAME
from sweepml.models.calibration import PlattCalibration
from sweepml.schema.manifest import CONTRIBUTION_NAME, MANIFEST_KEY, SCORE_NAME, VERDICT_NAME, Manifest


def bundle_graph(model: onnx.ModelProto, calibration: PlattCalibration, thresholds: Sequence[float]) -> onnx.ModelProto:
    """Append calibration and thresholds to a model's graph.

    Parameters
    ----------
    model
        From ``features`` to ``raw_score`` (n, 1); not changed.
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
    limits = constant("thresholds", np.array([list(thresholds)], np.float32))
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


def with_manifest(bundle: onnx.ModelProto, manifest: Manifest) -> bytes:
    """Return the file's content: the graph with its manifest. The same input gives the same bytes."""
    out = onnx.ModelProto()
    out.CopyFrom(bundle)
    helper.set_model_props(out, {MANIFEST_KEY: manifest.to_json()})
    return out.SerializeToString(deterministic=True)
