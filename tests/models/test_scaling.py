"""Scaling: center, scale, limits, missing values, and the same in a graph."""

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from sweepml.models.onnx_graph import GraphBuilder
from sweepml.models.scaling import LIMIT, UNBOUNDED, FeatureScaling
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import CONTRIBUTION_NAME, INPUT_NAME
from tests.contract.planted import hostile_rows, planted_rows

PLAIN = np.array([False])


def column(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None]


def fitted(*values: float, weights: list[float] | None = None) -> FeatureScaling:
    return FeatureScaling.fit(column(*values), np.array(weights or [1.0] * len(values)), PLAIN)


def test_the_median_becomes_zero_and_a_missing_value_too() -> None:
    z, known = fitted(1, 2, 3, 4, 5).apply(column(3, float("nan")))
    assert z.tolist() == [[0.0], [0.0]]
    assert known.tolist() == [[1.0], [0.0]]


def test_one_wild_value_moves_neither_center_nor_scale_much() -> None:
    values = np.linspace(0, 1, 1001).tolist()
    calm, wild = fitted(*values), fitted(*values, 1e2)
    assert wild.center == pytest.approx(calm.center, abs=0.01)
    assert wild.scale[0] < 3 * calm.scale[0]


def test_rows_without_weight_do_not_count() -> None:
    weighted = fitted(1, 2, 3, 900, weights=[1, 1, 1, 0])
    assert weighted.center == fitted(1, 2, 3).center
    assert weighted.scale == fitted(1, 2, 3).scale


@pytest.mark.parametrize("values", [(7.0, 7.0, 7.0), (float("nan"),) * 3])
def test_a_column_that_says_nothing_has_scale_one(values: tuple[float, ...]) -> None:
    assert fitted(*values).scale.tolist() == [1.0]


def test_counts_are_compared_by_order_of_magnitude() -> None:
    scaling = FeatureScaling.fit(column(1, 10, 100, 1000, 10000), np.ones(5), np.array([True]))
    z, _ = scaling.apply(column(10, 100, 1000))
    assert np.diff(z[:, 0]) == pytest.approx(np.diff(np.log([11, 101, 1001])) / scaling.scale[0])
    assert scaling.apply(column(-100))[0][0] == pytest.approx(
        (-np.log(101) - scaling.center) / scaling.scale, abs=1e-12
    )


def test_no_value_is_further_out_than_the_limit() -> None:
    largest = float(np.finfo(np.float32).max)
    z, _ = fitted(1, 2, 3).apply(column(largest, -largest, float("inf")))
    assert z[:, 0].tolist() == [LIMIT, -LIMIT, LIMIT]


def test_a_graph_scales_alike() -> None:
    rows = planted_rows(200)
    scaling = FeatureScaling.fit(rows.values, rows.weights, UNBOUNDED)
    graph = GraphBuilder()
    z, known = scaling.nodes(graph, INPUT_NAME)
    both = graph.to_float32(graph.node("Add", z, graph.node("Mul", known, graph.constant(np.array(100.0)))))
    model = graph.model(graph.row_sum(both), both)
    values = hostile_rows(rows.values, np.empty((len(FEATURE_NAMES), 0), np.float32), 2000)
    (served,) = ort.InferenceSession(model.SerializeToString()).run([CONTRIBUTION_NAME], {INPUT_NAME: values})
    z_, known_ = scaling.apply(values)
    np.testing.assert_allclose(served, z_ + 100 * known_, rtol=1e-6)
