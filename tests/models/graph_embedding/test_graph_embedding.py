"""The graph embedding beyond the contract: edges that decide, hubs, threads, torch, and speed."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from sweepml.errors import ConfigError, InputError
from sweepml.features.edges import RowEdges
from sweepml.models.base import RAW_SCORE_NAME, TrainingRows
from sweepml.models.dense import Perceptron
from sweepml.models.graph_embedding.anomaly import NormalCloud
from sweepml.models.graph_embedding.batches import GraphNetwork
from sweepml.models.graph_embedding.detector import GraphEmbedding
from sweepml.models.graph_embedding.embedding import EdgeEmbedding
from sweepml.models.graph_embedding.stages import LabelHead
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.edge_catalogue import EDGE_NAMES
from sweepml.schema.manifest import EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME
from tests.contract.planted import hostile_edges, planted_rows

ROWS = planted_rows(400)
MOST_MS = 30.0
"""Budget of 1,000 sources with 100,000 edges on one core."""


def fitted(**params: Any) -> GraphEmbedding:
    return GraphEmbedding(epochs=10, **params).fit(ROWS, 0)


def session(model: GraphEmbedding, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    content = model.to_onnx().SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def feed(values: NDArray[np.float32], edges: RowEdges) -> dict[str, NDArray[Any]]:
    return {INPUT_NAME: values, EDGE_INDPTR_NAME: edges.indptr, EDGES_NAME: edges.values}


def ranked_above(scores: NDArray[np.float32], labels: NDArray[np.int8]) -> float:
    """Share of the pairs of a sweep and another row in which the sweep scores higher."""
    return float((scores[labels == 1][:, None] > scores[labels == 0]).mean())


def only_edges_tell(count: int, seed: int) -> TrainingRows:
    """Rows whose features say nothing: sweeps are told by what others do on the same service."""
    rows = planted_rows(count, seed)
    rng = np.random.default_rng(seed)
    return replace(rows, values=rng.normal(size=rows.values.shape).astype(np.float32))


@pytest.mark.parametrize(("objective", "least"), [("supervised", 0.9), ("self_supervised", 0.88)])
def test_messages_tell_what_features_do_not(objective: str, least: float) -> None:
    train, test = only_edges_tell(600, 0), only_edges_tell(300, 1)
    with_messages = GraphEmbedding(objective=objective, epochs=10).fit(train, 0).score_rows(test.values, test.edges)
    without = GraphEmbedding(objective=objective, message_passing=False, epochs=10).fit(train, 0).score(test.values)
    assert ranked_above(with_messages, test.labels) > least
    assert ranked_above(without, test.labels) < 0.65


def test_order_of_the_edges_changes_no_bit() -> None:
    model = fitted()
    assert ROWS.edges is not None
    row = np.repeat(np.arange(len(ROWS.edges)), np.diff(ROWS.edges.indptr))
    order = np.lexsort((np.random.default_rng(0).random(len(row)), row))
    shuffled = RowEdges(ROWS.edges.indptr, ROWS.edges.values[order])
    np.testing.assert_array_equal(model.score_rows(ROWS.values, shuffled), model.score_rows(ROWS.values, ROWS.edges))


@pytest.mark.parametrize("objective", ["supervised", "self_supervised"])
def test_hubs_and_two_threads_change_nothing(objective: str) -> None:
    model = fitted(objective=objective)
    values = np.resize(ROWS.values, (10_000, len(FEATURE_NAMES)))
    edges = hostile_edges(len(values))
    assert np.diff(edges.indptr).max() == 20_000
    expected = model.score_rows(values, edges)
    served = session(model, threads=2)
    for _ in range(20):
        (raw,) = served.run([RAW_SCORE_NAME], feed(values, edges))
        np.testing.assert_allclose(raw[:, 0], expected, rtol=0, atol=1e-6)


def test_stages_are_what_torch_computes() -> None:
    rng = np.random.default_rng(0)
    rows = 10_000
    edges = hostile_edges(rows)
    x = rng.normal(size=(rows, 2 * len(FEATURE_NAMES)))
    center, scale = rng.normal(size=len(EDGE_NAMES)), rng.uniform(0.5, 2, len(EDGE_NAMES))
    network = GraphNetwork(x.shape[1], len(EDGE_NAMES), 16, 32, torch.Generator().manual_seed(0)).double()
    place = np.repeat(np.arange(rows), np.diff(edges.indptr))
    with torch.no_grad():
        scaled = torch.from_numpy((edges.values.astype(np.float64) - center) / scale)
        odds = network.log_odds(torch.from_numpy(x), torch.from_numpy(place), scaled).numpy()
    assert network.encoder is not None
    messages = EdgeEmbedding.of(Perceptron.of(network.encoder), center, scale).apply(edges)
    head = LabelHead(Perceptron.of(network.head))
    np.testing.assert_allclose(head.score(np.hstack([x, messages])), odds, rtol=0, atol=1e-6)


def test_edges_are_asked_for() -> None:
    with pytest.raises(InputError, match="reads the edges of each row: expected those of 400 rows, got none"):
        fitted().score(ROWS.values)
    with pytest.raises(InputError, match="expected those of 400 rows, got none"):
        GraphEmbedding().fit(replace(ROWS, edges=None), 0)
    assert ROWS.edges is not None
    with pytest.raises(InputError, match="expected those of 400 rows, got 3"):
        fitted().score_rows(ROWS.values, ROWS.edges.take(np.arange(3)))


def test_without_message_passing_no_edges_are_read() -> None:
    model = GraphEmbedding(message_passing=False, epochs=1).fit(replace(ROWS, edges=None), 0)
    assert model.edges_per_row == 0
    assert [one.name for one in model.to_onnx().graph.input] == [INPUT_NAME]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"objective": "supervsed"}, "there is no objective='supervsed'"),
        ({"message_passing": "no"}, "message_passing must be true or false, got 'no'"),
        ({"message": 0}, "message must be a number at least 1, got 0"),
        ({"hidden_share": 1.0}, "hidden_share must be a number"),
    ],
)
def test_parameters_out_of_range_are_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        GraphEmbedding(**params)


def test_self_supervised_needs_no_label() -> None:
    labels = np.full(len(ROWS.labels), -1, np.int8)
    unlabelled = replace(ROWS, labels=labels, weights=np.zeros(len(labels)))
    model = GraphEmbedding(objective="self_supervised", train_on="all", epochs=5).fit(unlabelled, 0)
    assert np.isfinite(model.score_rows(ROWS.values, ROWS.edges)).all()


def test_distance_is_that_of_mahalanobis() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))
    cloud = NormalCloud.fit(x, np.full(500, 1 / 500))
    covariance = np.cov(x.T, bias=True)
    shrunk = 0.9 * covariance + 0.1 * np.diag(np.diag(covariance))
    off = x - x.mean(axis=0)
    expected = np.log(np.einsum("ij,jk,ik->i", off, np.linalg.inv(shrunk), off) / 6)
    np.testing.assert_allclose(cloud.statistic(x), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(np.abs(off * (off @ np.linalg.inv(shrunk))), cloud.parts(x), rtol=1e-6, atol=1e-8)


@pytest.mark.slow  # measures time
def test_a_thousand_sources_with_a_hundred_thousand_edges_keep_the_budget() -> None:
    served = session(fitted(), threads=1)
    values = np.resize(ROWS.values, (1000, len(FEATURE_NAMES)))
    edge_values = np.random.default_rng(0).random((100_000, len(EDGE_NAMES)), np.float32)
    inputs = feed(values, RowEdges(np.arange(1001) * 100, edge_values))
    taken = []
    for _ in range(30):
        # The core's own time, since others may use it too; the quickest, since nothing that they do makes it shorter.
        start = time.thread_time()
        served.run([RAW_SCORE_NAME], inputs)
        taken.append(time.thread_time() - start)
    assert min(taken) * 1e3 <= MOST_MS, f"{min(taken) * 1e3:.1f} ms"
