"""Promotion: the champion changes only if a benchmark of both says that nothing gets worse."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from onnx import helper

from sweepml.cli.main import main
from sweepml.config.benchmark import BenchmarkConfig
from sweepml.config.train import CaptureConfig, DataConfig, TrackingConfig
from sweepml.datasets.load import fingerprint
from sweepml.errors import InputError, InputMissingError
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import MANIFEST_KEY
from sweepml.tasks.export import export_bundle
from sweepml.tasks.promote import promote, render_promotion
from sweepml.tracking.mlflow_run import Store, recorded_run
from sweepml.tracking.registry import find_alias
from tests.runtime.bundles import WINDOWS, graph, manifest
from tests.tasks.cut import cut_capture

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

Recorder = Callable[..., str]
HEARS, DEAF = 0.5, 2.0
"""Thresholds of detectors whose score is sigmoid(dst_count - 20): one sees all from 20 destinations on, one nothing."""


@pytest.fixture(scope="module")
def capture(lab_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> CaptureConfig:
    return cut_capture(lab_dir / "train2", tmp_path_factory.mktemp("cut"), minutes=6)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one store for all tests: making its tables takes seconds."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture
def config(
    capture: CaptureConfig,
    outputs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> BenchmarkConfig:
    monkeypatch.chdir(tmp_path)
    number = request.session.items.index(request.node)
    return BenchmarkConfig(
        name=f"promote{number}",
        output_root=str(outputs),
        tracking=TrackingConfig(registered_model=f"model{number}"),
        models=[],
        rules=[],
        arenas=["lab"],
        published=None,
        probes=False,
        quick=True,
        data=DataConfig(name="cut", captures={"cut": capture}),
    )


@pytest.fixture
def record(config: BenchmarkConfig, tmp_path: Path) -> Recorder:
    """Record a handmade detector as training would; return its run's id."""

    def run(name: str, threshold: float, trained_on: tuple[str, ...] = ()) -> str:
        limits = (threshold,) * len(WINDOWS)
        said = manifest(name=name, thresholds=limits, training={"captures": [{"sha256": one} for one in trained_on]})
        verdicts = tuple((score >= threshold,) * len(WINDOWS) for score in said.golden_scores)
        model = graph(limits)
        helper.set_model_props(model, {MANIFEST_KEY: replace(said, golden_verdicts=verdicts).to_json()})
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        with recorded_run(store_of(config), name) as active:
            active.register_bundle(path, len(FEATURE_NAMES), len(WINDOWS))
        return active.run_id

    return run


def version(config: BenchmarkConfig, number: int) -> str:
    return f"models:/{config.tracking.registered_model}/{number}"


def store_of(config: BenchmarkConfig) -> Store:
    return Store.of(config.tracking, config.output_root)


def test_the_first_champion_has_nobody_to_be_compared_with(config: BenchmarkConfig, record: Recorder) -> None:
    made = promote(record("first", DEAF), config)
    assert made.is_promoted
    assert made.comparison is None
    assert render_promotion(made).endswith("version 1 is the first @champion: there was nothing to compare it with")
    assert find_alias(store_of(config)) == made.candidate.registered


def test_a_detector_that_is_as_good_becomes_the_champion(
    config: BenchmarkConfig, record: Recorder, capture: CaptureConfig
) -> None:
    promote(record("one", HEARS), config)
    made = promote(record("other", HEARS, (fingerprint(capture.log),)), config)
    assert made.is_promoted
    assert find_alias(store_of(config)) == made.candidate.registered
    assert made.seen_in_training == ("cut",)
    text = render_promotion(made)
    assert "not worse: 1 compared" in text
    assert " version 2 was trained on cut: figures" in text
    assert text.endswith("version 2 is @champion now")
    tags = MlflowClient(store_of(config).uri).get_model_version(config.tracking.registered_model, "2").tags
    assert (tags["champion.over"], tags["champion.captures"]) == ("version 1", "cut")


@pytest.mark.parametrize(
    ("champion", "candidate", "figure", "lists"),
    [(HEARS, DEAF, "recall", "newly missed"), (DEAF, HEARS, "false_rate", "new false sources")],
)
def test_a_detector_that_is_worse_in_one_figure_is_refused_with_what_got_worse(
    config: BenchmarkConfig, record: Recorder, champion: float, candidate: float, figure: str, lists: str
) -> None:
    before = promote(record("one", champion), config)
    made = promote(record("other", candidate), config)
    assert not made.is_promoted
    assert made.comparison is not None
    (entry,) = made.comparison.entries
    assert figure in [change.figure for change in entry.worse]
    assert find_alias(store_of(config)) == before.candidate.registered
    text = render_promotion(made)
    assert figure in text
    assert lists in text
    assert text.endswith("refused: version 1 stays @champion")


def test_results_that_exist_are_used_and_must_be_about_both_on_the_same_captures(
    config: BenchmarkConfig, record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(record("good", HEARS), config)
    promote(record("deaf", DEAF), config)
    folder = str(Path(config.output_root) / config.name)
    record("other", HEARS)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the benchmark was run again")

    monkeypatch.setattr("sweepml.tasks.promote.benchmark", never)
    assert not promote(version(config, 2), config, (folder, folder)).is_promoted
    with pytest.raises(InputError, match=r"other:\w+ was not judged in these results; known: "):
        promote(version(config, 3), config, (folder, folder))
    results = json.loads((Path(folder) / "results.json").read_text())
    results["measurement"]["captures"][0]["fingerprint"] = "another"
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(results))
    with pytest.raises(InputError, match=r"about different captures \(cut\)"):
        promote(version(config, 2), config, (folder, str(elsewhere)))


def test_the_same_file_needs_no_comparison(config: BenchmarkConfig, record: Recorder) -> None:
    first = record("same", HEARS)
    promote(first, config)
    again = promote(record("same", HEARS), config)
    assert again.is_promoted
    assert again.comparison is None
    assert render_promotion(again).endswith("version 2 is @champion: its file is that of version 1")


def test_the_command_promotes_exports_and_refuses(
    config: BenchmarkConfig, record: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("good", HEARS)
    deaf = record("deaf", DEAF)
    model = config.tracking.registered_model
    root = f"output_root={config.output_root}"
    cut = config.data.captures["cut"]
    data = ["~data.captures.lab_train", "~data.captures.lab_train2"]
    data += [f"tracking.registered_model={model}", f"name={config.name}"]
    data += [f"+data.captures.cut.{key}={getattr(cut, key)}" for key in ("log", "episodes", "roles")]
    assert main(["promote", str(tmp_path / "good.onnx"), root, *data]) == 0
    assert main(["promote", deaf, root, *data]) == 1
    assert "refused: version 1 stays @champion" in capsys.readouterr().out
    out = tmp_path / "out" / "again.onnx"
    assert main(["export", f"model=models:/{model}@champion", root, f"output={out}"]) == 0
    assert out.read_bytes() == (tmp_path / "good.onnx").read_bytes()
    assert main(["export", f"run_id={deaf}", root, f"output={out}"]) == 0
    assert out.read_bytes() == (tmp_path / "deaf.onnx").read_bytes()
    assert "SHA-256" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export"], "usage: sweepml export run_id=RUN"),
        (["export", "run_id=a", "model=b"], "usage: sweepml export run_id=RUN"),
        (["export", "run_id=a", "output_root=nowhere"], "no runs are recorded in"),
        (["promote"], "usage: sweepml promote CANDIDATE"),
        (["promote", "a", "b"], "usage: sweepml promote CANDIDATE"),
        (["promote", "a", "--results", "b"], "--results takes 2 values, got 1"),
        (["promote", "a", "arena=lab"], "there is no key 'arena'; did you mean arenas"),
        (["promote", "a", "output_root=nowhere"], "no runs are recorded in"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "asking leaves nothing behind"


def test_exporting_leaves_nothing_where_it_fails(config: BenchmarkConfig, record: Recorder, tmp_path: Path) -> None:
    record("good", HEARS)
    with pytest.raises(InputMissingError, match="no model is registered as"):
        export_bundle(store_of(config), "models:/nobody/1", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
