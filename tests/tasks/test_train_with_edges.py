"""A model that reads edges, from captures to alerts: trained, exported, recorded, and run by the runtime alone."""

from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest

from sweepml.config.train import ModelConfig
from sweepml.features.kernel import FeatureRows
from sweepml.models.graph_embedding.detector import GraphEmbedding
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.lines import LineReader
from sweepml.runtime.session import ScoringSession
from sweepml.schema.manifest import EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME
from sweepml.tasks.train import TrainResult, train
from tests.tasks.cut import cut_capture, quick_config

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edges")


@pytest.fixture(scope="module")
def trained(lab_dir: Path, folder: Path) -> TrainResult:
    capture = cut_capture(lab_dir / "train2", folder / "cut", minutes=12)
    config = quick_config(folder / "outputs", cut=capture)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return train(replace(config, rules=[], model=ModelConfig("graph_embedding", {"epochs": 4})))


def test_every_validation_row_scores_alike_on_both_sides(trained: TrainResult) -> None:
    assert trained.parity <= 1e-6
    assert Bundle(trained.bundle_path).plan.edges_per_row == GraphEmbedding().edges_per_row


def test_the_registered_model_names_its_inputs(trained: TrainResult) -> None:
    mlflow.set_tracking_uri(trained.store.uri)
    version = trained.recorded.model_version
    signature = mlflow.models.get_model_info(f"models:/{trained.store.registered_model}/{version}").signature
    assert signature.inputs.input_names() == [INPUT_NAME, EDGE_INDPTR_NAME, EDGES_NAME]


def test_the_runtime_feeds_the_edges(trained: TrainResult, folder: Path) -> None:
    scored: list[tuple[FeatureRows, np.ndarray]] = []
    session = ScoringSession(Bundle(trained.bundle_path), observer=lambda rows, score: scored.append((rows, score)))
    for connections in LineReader(folder / "cut" / "conn.log", session.hosts):
        session.push(connections)
    session.flush()
    assert session.counts.rows == sum(len(score) for _, score in scored) > 500
    assert all(rows.edges is not None and len(rows.edges) == len(rows) for rows, _ in scored)
