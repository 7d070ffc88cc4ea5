"""The bundle's graph: calibration and thresholds appended to a model, the manifest beside them."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from sweepml.export.graph import bundle_graph, with_manifest
from sweepml.models.base import OPSET, RAW_SCORE_NAME
from sweepml.models.calibration import PlattCalibration
from sweepml.schema.manifest import INPUT_NAME, MANIFEST_KEY, SCORE_NAME, VERDICT_NAME
from tests.runtime.bundles import manifest

CALIBRATION = PlattCalibration(1.5, -0.75)
THRESHOLDS = (0.25, 0.5, 0.75)


def identity() -> onnx.ModelProto:
    """Return a model whose raw score is its only feature."""
    graph = helper.make_graph(
        [helper.make_node("Identity", [INPUT_NAME], [RAW_SCORE_NAME])],
        "identity",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info(RAW_SCORE_NAME, TensorProto.FLOAT, ["rows", 1])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def served(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    graph = bundle_graph(identity(), CALIBRATION, THRESHOLDS)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    score, verdict = session.run([SCORE_NAME, VERDICT_NAME], {INPUT_NAME: raw[:, None]})
    return score, verdict


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_the_graph_calibrates_as_training_does(rows: int) -> None:
    raw = np.linspace(-40, 40, rows, dtype=np.float32)
    score, verdict = served(raw)
    assert score.shape == (rows,)
    assert verdict.shape == (rows, 3)
    np.testing.assert_allclose(score, CALIBRATION.apply(raw), rtol=0, atol=1e-6)


def test_a_score_at_its_threshold_is_positive() -> None:
    # sigmoid(0) is exactly one half.
    score, verdict = served(np.array([0.5], np.float32))
    assert score[0] == 0.5
    assert verdict.tolist() == [[True, True, False]]


def test_each_column_has_its_own_threshold() -> None:
    raw = np.linspace(-5, 5, 200, dtype=np.float32)
    score, verdict = served(raw)
    np.testing.assert_array_equal(verdict, score[:, None] >= np.array(THRESHOLDS, np.float32))


def test_the_model_itself_is_not_changed() -> None:
    model = identity()
    before = model.SerializeToString(deterministic=True)
    bundle_graph(model, CALIBRATION, THRESHOLDS)
    assert model.SerializeToString(deterministic=True) == before


def test_the_manifest_stands_in_the_metadata() -> None:
    content = with_manifest(bundle_graph(identity(), CALIBRATION, THRESHOLDS), manifest())
    loaded = onnx.load_from_string(content)
    assert {entry.key: entry.value for entry in loaded.metadata_props} == {MANIFEST_KEY: manifest().to_json()}


def test_the_same_input_gives_the_same_bytes() -> None:
    def write() -> bytes:
        return with_manifest(bundle_graph(identity(), CALIBRATION, THRESHOLDS), manifest())

    assert write() == write()
