"""Bundles that read edges: fed by the runtime, and refused where they ask for what it does not make."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sweepml.errors import BundleError, InputError
from sweepml.export.bundle import CalibratedDetector
from sweepml.export.graph import with_manifest
from sweepml.features.kernel import FeatureRows
from sweepml.features.stream import FeatureStream
from sweepml.models.registry import make_model
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle
from sweepml.runtime.session import ScoringSession
from sweepml.schema.edge_catalogue import EDGE_NAMES, EDGE_SCHEMA_HASH
from sweepml.schema.manifest import EdgeInputs
from tests.contract.checks import FRESH, calibrated, fitted, written
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import to_connections


@pytest.fixture(scope="module")
def detector() -> CalibratedDetector:
    return calibrated(fitted(make_model("graph_embedding", {"epochs": 4})))


@pytest.fixture(scope="module")
def path(detector: CalibratedDetector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "detector.onnx"
    written(detector, path)
    return path


def doctored(path: Path, out: Path, **changes: Any) -> Path:
    """Write the bundle again with fields of what it says of its edges changed."""
    manifest = Bundle(path).manifest
    assert manifest.edges is not None
    out.write_bytes(with_manifest(onnx.load(path), replace(manifest, edges=replace(manifest.edges, **changes))))
    return out


def traffic() -> list[Record]:
    """A sweep, and hosts that talk to a few servers."""
    sweep = [Record(i * US, "10.0.0.9", f"10.1.0.{i}", outcome=i % 4) for i in range(1, 150)]
    others = [
        Record(i * US + host, f"10.0.1.{host}", f"10.2.0.{(i + host) % 9}", port=443)
        for i in range(1, 150)
        for host in range(8)
    ]
    return sorted([*sweep, *others], key=lambda one: one.ts_us)


def test_the_manifest_says_what_else_is_read(path: Path) -> None:
    bundle = Bundle(path)
    said = bundle.manifest.edges
    assert said is not None
    assert (said.edge_schema, said.columns) == (EDGE_SCHEMA_HASH, EDGE_NAMES)
    assert said.per_row == bundle.plan.edges_per_row > 0
    assert len(said.golden_counts) == len(bundle.manifest.golden_scores)


def test_a_session_scores_as_training_does(detector: CalibratedDetector, path: Path) -> None:
    seen: list[tuple[FeatureRows, np.ndarray]] = []
    session = ScoringSession(Bundle(path), observer=lambda rows, score: seen.append((rows, score)))
    session.push(to_connections(traffic(), session.hosts))
    session.flush()
    stream = FeatureStream(Bundle(path).plan)
    rows = FeatureRows.concat([stream.push(to_connections(traffic(), stream.hosts)), stream.flush()])
    assert len(rows) > 50
    served = np.concatenate([score for _, score in seen])
    np.testing.assert_allclose(served, detector.score(rows.values, rows.edges), rtol=0, atol=GOLDEN_TOLERANCE)


@pytest.mark.parametrize("size", [1, 7, 250])
def test_chunks_change_no_score(path: Path, size: int) -> None:
    scores = []
    for step in (10_000, size):
        seen: list[np.ndarray] = []
        session = ScoringSession(Bundle(path), observer=lambda _, score, seen=seen: seen.append(score))
        records = traffic()
        for i in range(0, len(records), step):
            session.push(to_connections(records[i : i + step], session.hosts))
        session.flush()
        scores.append(np.concatenate(seen))
    np.testing.assert_array_equal(*scores)


def test_rows_without_edges_are_refused(path: Path) -> None:
    with pytest.raises(InputError, match="reads the edges of each row: expected those of 300 rows, got none"):
        Bundle(path).score(FRESH.values)


def test_edges_of_another_schema_are_refused(path: Path, tmp_path: Path) -> None:
    other = doctored(path, tmp_path / "other.onnx", edge_schema="0" * 16, columns=("is_odd", *EDGE_NAMES[1:]))
    said = rf"reads edges of schema 0000000000000000, this sweepml makes {EDGE_SCHEMA_HASH} \(columns that differ: "
    with pytest.raises(BundleError, match=said):
        Bundle(other)


def test_a_graph_that_reads_something_else_is_refused(path: Path, tmp_path: Path) -> None:
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("weather", TensorProto.FLOAT, ["rows"]))
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(BundleError, match="reads edge_indptr, edges, features, weather, this sweepml would feed it"):
        Bundle(tmp_path / "other.onnx")


def test_a_graph_whose_manifest_is_silent_on_edges_is_refused(path: Path, tmp_path: Path) -> None:
    content = with_manifest(onnx.load(path), replace(Bundle(path).manifest, edges=None))
    (tmp_path / "other.onnx").write_bytes(content)
    with pytest.raises(BundleError, match="this sweepml would feed it features: use the sweepml that made it"):
        Bundle(tmp_path / "other.onnx")


def test_altered_golden_edges_are_refused(path: Path, tmp_path: Path) -> None:
    said = Bundle(path).manifest.edges
    assert said is not None
    values = said.decode() + np.float32(0.5)
    other = doctored(path, tmp_path / "other.onnx", golden_edges=EdgeInputs.encode(values))
    with pytest.raises(BundleError, match="does not reproduce its golden scores"):
        Bundle(other)


@pytest.mark.parametrize("golden", ["", "AAA=", "no base64!"])
def test_golden_edges_that_are_none_are_refused(path: Path, tmp_path: Path, golden: str) -> None:
    other = doctored(path, tmp_path / "other.onnx", golden_edges=golden)
    with pytest.raises(BundleError, match="golden edges are malformed"):
        Bundle(other)
