"""On the laboratory capture: the model and its bundle say the same, and a bundle that does not is refused."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.datasets.splits import assign_groups
from sweepml.errors import BundleError
from sweepml.export import bundle as export
from sweepml.export.bundle import CalibratedDetector, Provenance, ValidationRows, check_parity, write_bundle
from sweepml.features.plan import FeaturePlan
from sweepml.models.base import Detector
from sweepml.models.calibration import PlattCalibration
from sweepml.models.registry import make_model
from sweepml.pipeline.rows import LabelledRows, balanced_weights, labelled_rows
from sweepml.runtime.bundle import GOLDEN_TOLERANCE, Bundle
from sweepml.schema.manifest import MANIFEST_KEY, Manifest
from sweepml.tasks.cross_validation import fit_on

PLAN = FeaturePlan()
PROVENANCE = Provenance("parity", "2026-01-01T00:00:00Z", {"per_day_per_1000_sources": 1.0}, 1800.0, {}, {})


@dataclass(frozen=True)
class Trained:
    rows: LabelledRows
    detector: CalibratedDetector

    def write(self, path: Path) -> Bundle:
        values = self.rows.features.values
        return write_bundle(path, self.detector, PLAN, ValidationRows(values, self.rows.y == 0), PROVENANCE)


@pytest.fixture(scope="module")
def trained(lab_dir: Path) -> Trained:
    folder = lab_dir / "train2"
    source = CaptureSource("lab_train2", str(folder / "conn.log.gz"), str(folder / "truth.csv"))
    capture, _ = load_capture(source, PLAN)
    rows = labelled_rows(capture, PLAN, 5)
    groups = assign_groups([capture])

    def make() -> Detector:
        return make_model("gradient_boosting", {"n_bags": 1, "max_iter": 30})

    model = fit_on(make, rows, rows.take(np.zeros(len(rows), bool)), groups, seed=0)
    weights = balanced_weights(rows.y, groups.group[groups.places(rows.units)][rows.unit])
    calibration = PlattCalibration.fit(model.score(rows.features.values), rows.y, weights)
    thresholds = {spec.length_s: float(np.float32(0.6)) for spec in PLAN.windows}
    return Trained(rows, CalibratedDetector(model, calibration, thresholds))


@pytest.fixture(scope="module")
def written(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "detector.onnx"
    trained.write(path)
    return path


def doctored(path: Path, out: Path, **changes: object) -> Path:
    """Write the bundle again with fields of its manifest changed."""
    model = onnx.load(path)
    (text,) = [entry.value for entry in model.metadata_props if entry.key == MANIFEST_KEY]
    manifest = replace(Manifest.from_json(text), **changes)  # type: ignore[arg-type]
    del model.metadata_props[:]
    helper.set_model_props(model, {MANIFEST_KEY: manifest.to_json()})
    onnx.save(model, out)
    return out


def test_every_row_scores_alike_on_both_sides(trained: Trained, written: Path) -> None:
    values = trained.rows.features.values
    assert len(values) > 10_000
    score, verdict = Bundle(written).score(values)
    expected = trained.detector.score(values)
    assert np.abs(score - expected).max() <= GOLDEN_TOLERANCE
    np.testing.assert_array_equal(verdict, trained.detector.verdicts(expected))
    assert 0 < verdict.mean() < 1, "a test in which all verdicts are alike would show nothing"


def test_rows_of_each_horizon_get_their_own_verdict(trained: Trained, written: Path) -> None:
    rows = trained.rows.features
    _, verdict = Bundle(written).judge(rows.values, rows.length_s)
    expected = trained.detector.score(rows.values) >= np.float32(0.6)
    np.testing.assert_array_equal(verdict, expected)


def test_the_manifest_says_what_was_trained(trained: Trained, written: Path) -> None:
    manifest = Bundle(written).manifest
    assert manifest.model["name"] == "gradient_boosting"
    assert manifest.model["params"] == trained.detector.model.params()
    assert manifest.windows == ((60, 10), (600, 100), (3600, 600), (86_400, 14_400))
    assert sum(feature.weight for feature in manifest.features) == pytest.approx(1.0)


def test_golden_rows_span_the_scores(trained: Trained, written: Path) -> None:
    golden = Bundle(written).manifest.golden_scores
    scores = trained.detector.score(trained.rows.features.values)
    assert 32 <= len(golden) <= 34
    assert (min(golden), max(golden)) == (scores.min(), scores.max())


def test_golden_rows_stand_next_to_the_thresholds(trained: Trained, written: Path) -> None:
    golden = np.array(Bundle(written).manifest.golden_scores)
    scores = trained.detector.score(trained.rows.features.values)
    assert golden[golden < 0.6].max() == scores[scores < 0.6].max()
    assert golden[golden >= 0.6].min() == scores[scores >= 0.6].min()


def test_usual_ranges_come_from_benign_rows(trained: Trained, written: Path) -> None:
    benign = trained.rows.features.values[trained.rows.y == 0]
    for i, feature in enumerate(Bundle(written).manifest.features):
        low, high = np.nanpercentile(benign[:, i], [5, 95])
        assert (feature.usual_low, feature.usual_high) == (pytest.approx(low), pytest.approx(high))


def test_the_same_detector_gives_the_same_bytes(trained: Trained, written: Path, tmp_path: Path) -> None:
    again = trained.write(tmp_path / "again.onnx")
    assert again.bundle_id == Bundle(written).bundle_id
    assert (tmp_path / "again.onnx").read_bytes() == written.read_bytes()


def test_an_altered_golden_score_is_refused(written: Path, tmp_path: Path) -> None:
    scores = list(Bundle(written).manifest.golden_scores)
    scores[7] += 3e-6
    path = doctored(written, tmp_path / "altered.onnx", golden_scores=tuple(scores))
    with pytest.raises(BundleError, match="does not reproduce its golden scores: they differ by up to 3e-06"):
        Bundle(path)


def test_an_altered_golden_verdict_is_refused(written: Path, tmp_path: Path) -> None:
    verdicts = [list(row) for row in Bundle(written).manifest.golden_verdicts]
    verdicts[0][1] = not verdicts[0][1]
    path = doctored(written, tmp_path / "altered.onnx", golden_verdicts=tuple(tuple(row) for row in verdicts))
    with pytest.raises(BundleError, match="verdicts differ"):
        Bundle(path)


@pytest.mark.parametrize("name", ["calibration_slope", "thresholds"])
def test_an_altered_graph_is_refused(written: Path, tmp_path: Path, name: str) -> None:
    model = onnx.load(written)
    (constant,) = [one for one in model.graph.initializer if one.name == name]
    constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) * np.float32(0.5), name))
    onnx.save(model, tmp_path / "altered.onnx")
    with pytest.raises(BundleError, match="does not reproduce its golden scores"):
        Bundle(tmp_path / "altered.onnx")


def test_parity_finds_what_golden_rows_miss(trained: Trained, written: Path) -> None:
    other = replace(trained.detector, calibration=PlattCalibration(1.0, 0.5))
    with pytest.raises(BundleError, match=r"the exported model is not the trained one: over \d+ rows"):
        check_parity(Bundle(written), other, trained.rows.features.values)


def test_parity_finds_flipped_verdicts(trained: Trained, written: Path) -> None:
    lower = replace(trained.detector, thresholds=dict.fromkeys(trained.detector.thresholds, 0.4))
    with pytest.raises(BundleError, match=r"[1-9]\d* verdicts flipped"):
        check_parity(Bundle(written), lower, trained.rows.features.values)


def test_parity_over_no_rows_is_zero(trained: Trained, written: Path) -> None:
    assert check_parity(Bundle(written), trained.detector, trained.rows.features.values[:0]) == 0.0


def test_an_export_that_disagrees_leaves_no_file(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = export.bundle_graph

    def wrong(model: onnx.ModelProto, calibration: PlattCalibration, thresholds: object) -> onnx.ModelProto:
        return right(model, replace(calibration, intercept=calibration.intercept + 1e-3), thresholds)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "bundle_graph", wrong)
    with pytest.raises(BundleError, match="golden scores"):
        trained.write(tmp_path / "detector.onnx")
    assert not list(tmp_path.iterdir())


def test_an_export_that_disagrees_off_the_golden_rows_leaves_the_former_bundle(
    trained: Trained, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "detector.onnx"
    path.write_bytes(written.read_bytes())

    def refuse(*_: object) -> float:
        raise BundleError("the exported model is not the trained one")

    monkeypatch.setattr(export, "check_parity", refuse)
    with pytest.raises(BundleError, match="not the trained one"):
        trained.write(path)
    assert [file.name for file in tmp_path.iterdir()] == ["detector.onnx"]
    assert path.read_bytes() == written.read_bytes()
