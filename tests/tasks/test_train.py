"""`train`: captures in, an evaluated, exported and recorded detector out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from sweepml.config.train import CaptureConfig, DataConfig, ModelConfig, TrainConfig
from sweepml.datasets.load import fingerprint
from sweepml.errors import ConfigError, InputMissingError, SweepmlError
from sweepml.models.base import Detector
from sweepml.models.gradient_boosting.detector import GradientBoosting
from sweepml.models.registry import make_model
from sweepml.runtime.bundle import Bundle
from sweepml.schema.catalogue import SCHEMA_HASH
from sweepml.schema.manifest import INPUT_NAME
from sweepml.tasks import train as module
from sweepml.tasks.train import TrainResult, flatten, train
from tests.tasks.cut import cut_capture, quick_config

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@dataclass
class Steps:
    """Counts what it is told."""

    stages: list[tuple[str, int]]
    steps: list[int]

    def stage(self, title: str, steps: int) -> None:
        self.stages.append((title, steps))
        self.steps.append(0)

    def step(self) -> None:
        self.steps[-1] += 1


@dataclass(frozen=True)
class Trained:
    config: TrainConfig
    result: TrainResult
    progress: Steps

    @property
    def run(self) -> Run:
        return MlflowClient(self.result.store.uri).get_run(self.result.recorded.run_id)

    def artefacts(self, folder: str | None = None) -> set[str]:
        client = MlflowClient(self.result.store.uri)
        return {entry.path for entry in client.list_artifacts(self.result.recorded.run_id, folder)}

    def text(self, name: str) -> str:
        return mlflow.artifacts.load_text(f"runs:/{self.result.recorded.run_id}/{name}")


@pytest.fixture(scope="module")
def capture(lab_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> CaptureConfig:
    return cut_capture(lab_dir / "train2", tmp_path_factory.mktemp("cut"), minutes=12)


@pytest.fixture(scope="module")
def trained(capture: CaptureConfig, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("outputs")
    config = quick_config(root, cut=capture)
    progress = Steps([], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return Trained(config, train(config, progress), progress)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may be left beside the tests, nor depend on the working directory."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.glob("mlruns*"))


def test_the_bundle_is_where_the_configuration_says(trained: Trained) -> None:
    path = Path(trained.config.output_root) / "quick" / "detector.onnx"
    assert trained.result.bundle_path == path
    assert Bundle(path).bundle_id == trained.result.bundle_id
    assert [file.name for file in path.parent.iterdir()] == ["detector.onnx"]


def test_the_manifest_says_where_it_comes_from(trained: Trained) -> None:
    manifest = Bundle(trained.result.bundle_path).manifest
    (capture,) = manifest.training["captures"]
    assert capture["name"] == "cut"
    assert capture["sha256"] == fingerprint(trained.config.data.captures["cut"].log)
    assert manifest.training["rows"]["varied_copies"] == 0
    assert manifest.name == "quick"
    assert manifest.close_after_s == trained.config.alerts.close_after_s
    assert manifest.alert_budget["per_day_per_1000_sources"] == 1.0
    assert manifest.metrics.items() <= trained.run.data.metrics.items()
    assert manifest.versions["git_commit"] == trained.run.data.tags["git_commit"]


def test_thresholds_in_the_bundle_are_those_chosen(trained: Trained) -> None:
    assert Bundle(trained.result.bundle_path).thresholds == trained.result.choice.thresholds


def test_model_and_onnxruntime_agree(trained: Trained) -> None:
    assert 0 <= trained.result.parity <= 1e-6
    assert trained.run.data.metrics["validation/onnx_difference"] == trained.result.parity


def test_one_capture_is_evaluated_once_beside_the_rules(trained: Trained) -> None:
    (evaluation,) = trained.result.evaluations
    assert evaluation.captures == "all"
    assert evaluation.model.detector == "gradient_boosting"
    assert [rule.detector for rule in evaluation.rules] == ["random_walk", "slips_horizontal"]
    assert evaluation.model.episode_count > 10
    assert len(evaluation.model.caught) > 0


def test_the_table_names_model_and_rules(trained: Trained) -> None:
    table = trained.result.table
    assert table.startswith("all, cross-validated by source and episode\n")
    for text in ("gradient_boosting", "Threshold random walk", "Slips horizontal scan", "thresholds: 60 s windows"):
        assert text in table
    assert "no rate below" in table, "twelve minutes cannot verify the budget, and the text says so"


def test_reads_report_every_capture(trained: Trained) -> None:
    assert trained.result.reads.keys() == {"cut"}
    assert trained.result.reads["cut"].rejects == {}


def test_the_run_holds_the_configuration(trained: Trained) -> None:
    expected = {key: str(value) for key, value in flatten(trained.config).items()}
    params = trained.run.data.params
    assert params.items() < expected.items()
    apart = {"data.captures.cut", "data.root", "data.real_root", "output_root", "tracking"}
    assert {key for key in expected.keys() - params.keys() if not key.startswith(tuple(apart))} == set()
    assert json.loads(trained.text("config.yaml")) == asdict(trained.config)


def test_the_run_holds_its_data_and_says_what_it_is(trained: Trained) -> None:
    (data,) = trained.run.inputs.dataset_inputs
    log = trained.config.data.captures["cut"].log
    assert (data.dataset.name, data.dataset.digest) == ("cut", fingerprint(log)[:36])
    assert json.loads(data.dataset.source)["uri"] == log
    note = trained.run.data.tags["mlflow.note.content"]
    assert note.startswith("gradient_boosting on quick\n")
    assert trained.result.table in note


def test_the_run_holds_facts_to_search_by(trained: Trained) -> None:
    tags = trained.run.data.tags
    assert tags["feature_schema"] == SCHEMA_HASH
    assert tags["data.cut"] == fingerprint(trained.config.data.captures["cut"].log)
    assert tags["git_commit"]
    assert {"version.python", "version.numpy", "version.scikit-learn", "version.onnxruntime"} <= tags.keys()


def test_metrics_are_named_split_slash_metric(trained: Trained) -> None:
    metrics = trained.run.data.metrics
    assert {name.split("/")[0] for name in metrics} == {"test", "validation"}
    assert all(name.count("/") == 1 for name in metrics)
    model = trained.result.evaluations[0].model
    assert metrics["test/episode_recall"] == pytest.approx(model.recall)
    assert metrics["test/false_sources"] == len(model.false_sources)
    assert metrics["validation/threshold_60s"] == trained.result.choice.thresholds[60]
    assert "test/window_average_precision" in metrics


def test_the_run_holds_plot_text_and_bundle(trained: Trained) -> None:
    assert {"precision_recall.png", "evaluation.txt", "config.yaml", "bundle"} <= trained.artefacts()
    assert trained.artefacts("bundle") == {"bundle/detector.onnx"}
    assert trained.text("evaluation.txt") == trained.result.table


def test_the_run_is_finished_and_has_the_name(trained: Trained) -> None:
    assert trained.run.info.status == "FINISHED"
    assert trained.run.info.run_name == "quick"


def test_artefacts_lie_beside_the_database(trained: Trained) -> None:
    assert trained.config.output_root in trained.run.info.artifact_uri


def test_the_registered_model_scores_as_the_bundle(trained: Trained) -> None:
    mlflow.set_tracking_uri(trained.result.store.uri)
    version = trained.result.recorded.model_version
    model = mlflow.onnx.load_model(f"models:/sweepml/{version}")
    bundle = Bundle(trained.result.bundle_path)
    golden = np.array(bundle.manifest.golden_features, np.float32)
    predict = mlflow.pyfunc.load_model(f"models:/sweepml/{version}").predict({INPUT_NAME: golden})
    np.testing.assert_array_equal(predict["score"], bundle.score(golden)[0])
    assert model.metadata_props[0].value == bundle.manifest.to_json()


def test_progress_ends_every_stage(trained: Trained) -> None:
    assert [title for title, _ in trained.progress.stages] == [
        "reading captures",
        "computing features",
        "cross-validating",
        "fitting and exporting the detector",
    ]
    assert trained.progress.steps == [steps for _, steps in trained.progress.stages]


def test_the_same_configuration_gives_the_same_detector(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers and time of day do not matter; the run gets a new version of the registered model."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    root = tmp_path / "again"
    config = replace(trained.config, output_root=str(root))
    config.tracking = replace(config.tracking, uri=trained.result.store.uri)
    again = train(config)
    assert again.table == trained.result.table
    assert again.choice == trained.result.choice
    one, other = (Bundle(path).manifest for path in (again.bundle_path, trained.result.bundle_path))
    assert one.golden_scores == other.golden_scores
    assert int(again.recorded.model_version) == int(trained.result.recorded.model_version) + 1


def test_a_training_that_fails_marks_its_run(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Detector:
        raise RuntimeError("out of memory")

    config = replace(trained.config, output_root=str(tmp_path / "failed"), name="doomed")
    config.tracking = replace(config.tracking, uri=trained.result.store.uri)
    monkeypatch.setattr(GradientBoosting, "fit", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        train(config)
    client = MlflowClient(trained.result.store.uri)
    (run,) = client.search_runs([trained.result.recorded.experiment_id], "attributes.run_name = 'doomed'")
    assert run.info.status == "FAILED"
    assert run.data.params["name"] == "doomed", "what was tried is recorded all the same"
    assert not (tmp_path / "failed" / "doomed").exists()


def changed(**parts: dict[str, object]) -> Callable[[TrainConfig], TrainConfig]:
    def apply(config: TrainConfig) -> TrainConfig:
        return replace(config, **{name: replace(getattr(config, name), **fields) for name, fields in parts.items()})

    return apply


REFUSED: dict[str, tuple[Callable[[TrainConfig], TrainConfig], type[SweepmlError], str]] = {
    "no captures": (changed(data={"captures": {}}), ConfigError, "names no captures; try data=lab"),
    "no ground truth": (
        lambda config: replace(
            config, data=DataConfig(captures={"cut": CaptureConfig(config.data.captures["cut"].log)})
        ),
        ConfigError,
        "capture cut has no ground truth: give episodes=FILE .* or say background=true",
    ),
    "no log": (
        changed(data={"captures": {"cut": CaptureConfig("nowhere.log", background=True)}}),
        InputMissingError,
        "capture cut: no log at nowhere.log; paths are relative to the working directory",
    ),
    "no path": (
        changed(data={"captures": {"cut": CaptureConfig(background=True)}}),
        InputMissingError,
        r"capture cut: no log at \(no path given\)",
    ),
    "unknown model": (changed(model={"name": "forest"}), ConfigError, "no model is called 'forest'"),
    "bad parameter": (
        changed(model={"params": {"learning_rate": -1}}),
        ConfigError,
        "learning_rate must be a number above 0, got -1",
    ),
    "unknown rule": (lambda config: replace(config, rules=["walk"]), ConfigError, "walk"),
    "negative seed": (lambda config: replace(config, seed=-1), ConfigError, "seed must not be negative, got -1"),
    "negative budget": (
        changed(alerts={"budget_per_day_per_1000": -1.0}),
        ConfigError,
        "an alert budget must not be negative",
    ),
}


@pytest.mark.parametrize(("change", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_is_refused_before_anything_is_recorded(
    capture: CaptureConfig,
    tmp_path: Path,
    change: Callable[[TrainConfig], TrainConfig],
    error: type[SweepmlError],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        train(change(quick_config(tmp_path / "out", cut=capture)))
    assert not (tmp_path / "out").exists()


def test_background_alone_cannot_be_trained_on(capture: CaptureConfig, tmp_path: Path) -> None:
    config = quick_config(tmp_path / "out", cut=CaptureConfig(capture.log, background=True))
    with pytest.raises(SweepmlError, match="rows with and without a sweep, got 0 with"):
        train(config)


def test_captures_too_short_for_a_split_in_time_are_refused(capture: CaptureConfig, tmp_path: Path) -> None:
    config = changed(split={"time_cut": 0.5})(quick_config(tmp_path / "out", cut=capture))
    with pytest.raises(ConfigError, match=r"time_cut=0\.5 with gap_s=86400 leaves no rows on one side"):
        train(config)


def test_the_module_exports_what_it_promises() -> None:
    assert module.__all__ == ["Evaluation", "TrainResult", "train"]
    assert make_model("gradient_boosting", {}).supervised


def test_a_model_with_epochs_records_its_losses(trained: Trained, capture: CaptureConfig, tmp_path: Path) -> None:
    config = replace(trained.config, model=ModelConfig("autoencoder", {"epochs": 3}), output_root=str(tmp_path / "out"))
    config.tracking = replace(config.tracking, uri=trained.result.store.uri)
    result = train(config)
    client = MlflowClient(result.store.uri)
    for name in ("fit/loss", "fit/held_out_loss"):
        points = client.get_metric_history(result.recorded.run_id, name)
        assert [point.step for point in points] == [1, 2, 3]
        assert points[-1].value < points[0].value


@pytest.mark.slow  # two to three minutes: the committed configuration on all of the laboratory data
@pytest.mark.timeout(1800)
def test_the_committed_configuration_reaches_its_targets(
    repo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweepml.cli.compose import compose_train

    monkeypatch.chdir(tmp_path)
    config = compose_train(["data=lab", f"data.root={repo_root}/data", f"output_root={tmp_path}/out"])
    result = train(config)
    by_name = {evaluation.captures: evaluation.model for evaluation in result.evaluations}
    assert by_name.keys() == {"all", "lab_train", "lab_train2"}
    first, second = by_name["lab_train"], by_name["lab_train2"]
    assert (first.episode_count, second.episode_count) == (47, 47)
    assert first.recall >= 0.95, first.missed
    assert len(first.false_sources) <= 2, first.false_sources
    assert second.recall >= 0.90, second.missed
    assert len(second.false_sources) <= 3, second.false_sources
    assert result.parity <= 1e-6
