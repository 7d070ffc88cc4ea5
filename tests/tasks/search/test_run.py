"""`search`: trials on the training captures, the best of them as a file, everything in MLflow."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from mlflow import MlflowClient

from sweepml.cli.compose import compose_train
from sweepml.cli.search import train_command
from sweepml.config.search import DimensionConfig, SearchConfig
from sweepml.config.train import CaptureConfig, ModelConfig, TrainConfig
from sweepml.errors import ConfigError, InputError
from sweepml.tasks.data import read_training_data
from sweepml.tasks.progress import Silent
from sweepml.tasks.search import run as module
from sweepml.tasks.search.run import SearchResult, render, search, trial_value
from sweepml.tasks.settings import model_maker
from sweepml.tasks.tryout import Tryout, try_out
from tests.tasks.cut import cut_capture, quick_config

pytestmark = [
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

STRENGTH = {"logistic_regression": {"strength": DimensionConfig(1e-4, 10.0, log=True)}}


@pytest.fixture(scope="module")
def config(lab_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> SearchConfig:
    out = tmp_path_factory.mktemp("search")
    quick = quick_config(out / "outputs", lab=cut_capture(lab_dir / "train2", out / "lab", 8))
    known = {field.name: getattr(quick, field.name) for field in fields(TrainConfig)}
    known |= {"model": ModelConfig("logistic_regression", {"strength": 0.01}), "name": "search"}
    return SearchConfig(**known, n_trials=3, space=STRENGTH)


@pytest.fixture(scope="module")
def result(config: SearchConfig) -> SearchResult:
    return search(config)


def test_the_configured_parameters_are_tried_first_and_no_trial_twice(result: SearchResult) -> None:
    strengths = [one.params["strength"] for one in result.tried]
    assert strengths[0] == 0.01
    assert len(set(strengths)) == 3


def test_a_trial_is_what_cross_validation_says(config: SearchConfig, result: SearchResult) -> None:
    data = read_training_data(config, config.seed, Silent())
    for one in result.tried:
        made = try_out(model_maker(ModelConfig("logistic_regression", one.params)), data, config, config.seed)
        assert one.figures["caught"] == len(made.report.caught)
        assert one.figures["episodes"] == made.report.episode_count > 3
        assert one.figures["average_precision"] == made.average_precision
        assert one.value == pytest.approx(len(made.report.caught) + made.average_precision)


def test_more_episodes_are_better_then_the_average_precision(result: SearchResult) -> None:
    ranked = sorted(result.tried, key=lambda one: (-one.figures["caught"], -one.figures["average_precision"]))
    assert result.best == ranked[0]


def test_an_episode_outweighs_every_average_precision() -> None:
    assert trial_value(4, 1.0) < trial_value(5, 0.0) < trial_value(5, 0.1)


def test_the_best_parameters_are_a_file_that_training_takes(result: SearchResult) -> None:
    written = yaml.safe_load(result.best_path.read_text())
    assert written == {"name": "logistic_regression", "params": result.best.params}
    composed = compose_train([f"model={result.best_path}"])
    assert composed.model == ModelConfig("logistic_regression", dict(result.best.params))
    assert compose_train([f"model={result.best_path}", "model.params.strength=2"]).model.params == {"strength": 2}


def test_the_command_trains_with_them_on_what_was_searched(result: SearchResult) -> None:
    arguments = ["model=autoencoder", "data=field", "n_trials=9", "+space.autoencoder.epochs={low: 3, high: 9}"]
    command = train_command("mine", result.best_path, [*arguments, "~space.autoencoder.code", "name=mine", "seed=2"])
    assert command == f"sweepml train name=mine-best model={result.best_path} data=field seed=2"


def test_trials_are_runs_below_the_run_of_the_search(result: SearchResult) -> None:
    client = MlflowClient(result.store.uri)
    parent = client.get_run(result.run_id)
    runs = client.search_runs([parent.info.experiment_id], f"tags.mlflow.parentRunId = '{result.run_id}'")
    assert {run.info.run_name for run in runs} == {"trial 000", "trial 001", "trial 002"}
    for run in runs:
        one = result.tried[int(str(run.info.run_name).removeprefix("trial "))]
        assert run.data.params == {"strength": str(one.params["strength"])}
        assert run.data.metrics["test/window_average_precision"] == one.figures["average_precision"]
        assert run.info.status == "FINISHED"
    best = result.best.figures
    assert parent.data.metrics["best/episode_recall"] == best["caught"] / best["episodes"]
    assert len(client.get_metric_history(result.run_id, "best/episode_recall")) == 3
    assert parent.data.params["model.name"] == "logistic_regression"
    (data,) = parent.inputs.dataset_inputs
    assert data.dataset.name == "lab"
    assert {one.path for one in client.list_artifacts(result.run_id)} == {"config.yaml", "best.yaml", "trials.txt"}


def test_an_interrupted_search_goes_on_as_if_it_had_never_stopped(
    config: SearchConfig, result: SearchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = replace(config, output_root=str(tmp_path))
    calls = []

    def interrupted(*arguments: object) -> Tryout:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return try_out(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module, "try_out", interrupted)
        with pytest.raises(KeyboardInterrupt):
            search(stopped)
    assert (tmp_path / "search" / "best.yaml").exists()
    again = search(stopped)
    assert again.tried == result.tried
    runs = MlflowClient(again.store.uri).search_runs(
        [MlflowClient(again.store.uri).get_run(again.run_id).info.experiment_id]
    )
    assert sorted(run.info.status for run in runs) == ["FAILED", *["FINISHED"] * 4]
    assert MlflowClient(again.store.uri).get_run(again.run_id).info.status == "FINISHED"


def test_a_larger_number_goes_on(config: SearchConfig, result: SearchResult) -> None:
    more = search(replace(config, n_trials=4))
    assert more.tried[:3] == result.tried
    assert len(more.tried) == 4
    assert more.run_id == result.run_id
    assert search(config).tried == more.tried, "what is over stays"


def test_other_settings_are_another_search(config: SearchConfig, result: SearchResult) -> None:
    with pytest.raises(ConfigError, match=r"other settings or data.* give this one another name="):
        search(replace(config, seed=1))


def test_the_text_ranks_trials(result: SearchResult) -> None:
    lines = render(result.tried).splitlines()
    assert lines[0].split() == ["trial", "caught", "average", "precision", "false", "alerts", "strength"]
    assert lines[2].split()[0] == str(result.best.number)


def test_parameters_that_do_not_work_are_counted_and_the_search_goes_on(
    config: SearchConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverged(*_: object) -> Tryout:
        raise InputError("training diverged: the held-out loss is nan")

    monkeypatch.setattr(module, "try_out", diverged)
    with pytest.raises(InputError, match="none of 2 trials could be fitted; the last one: training diverged"):
        search(replace(config, n_trials=2, output_root=str(tmp_path)))


def test_captures_without_a_sweep_are_refused(config: SearchConfig, tmp_path: Path) -> None:
    log = config.data.captures["lab"].log
    data = replace(config.data, captures={"calm": CaptureConfig(log, background=True)})
    with pytest.raises(ConfigError, match="no labelled sweep"):
        search(replace(config, data=data, output_root=str(tmp_path)))
    with pytest.raises(ConfigError, match="n_trials must be at least 1"):
        search(replace(config, n_trials=0))
