"""The benchmark from beginning to end, on short cuts of the laboratory captures."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sweepml.cli.main import main
from sweepml.config.benchmark import BenchmarkConfig, ForeignAlertsConfig
from sweepml.config.train import DataConfig, SplitConfig
from sweepml.errors import ConfigError, InputError, InputMissingError
from sweepml.evaluation.benchmark_tables import TABLES, read_tables
from sweepml.tasks.benchmark.run import BenchmarkResult, benchmark, compare_results
from tests.runtime.bundles import write_bundle
from tests.tasks.cut import QUICK_MODEL, cut_capture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

RULES = ["random_walk", "zeek_scan"]
ARENAS = ["lab", "tools", "sampled 1:10", "aggregated 600 s"]


@pytest.fixture(scope="module")
def config(lab_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> BenchmarkConfig:
    folder = tmp_path_factory.mktemp("benchmark")
    captures = {}
    for name in ("train", "train2"):
        (folder / name).mkdir()
        captures[name] = cut_capture(lab_dir / name, folder / name, minutes=8)
    alerts = folder / "alerts.jsonl"
    start = pd.read_csv(captures["train"].episodes).sort_values("start_epoch").iloc[0]
    alerts.write_text(json.dumps({"source": start["src"], "detected": float(start["start_epoch"]) + 1}) + "\n")
    return BenchmarkConfig(
        seeds=2,
        output_root=str(folder / "outputs"),
        models=["gradient_boosting"],
        model_params={"gradient_boosting": dict(QUICK_MODEL)},
        rules=RULES,
        arenas=ARENAS,
        detectors=[str(write_bundle(folder / "brought.onnx"))],
        foreign_alerts={"tool": ForeignAlertsConfig(str(alerts), "train")},
        published=None,
        quick=True,
        data=DataConfig(name="cut", captures=captures),
        split=SplitConfig(folds=3),
    )


@pytest.fixture(scope="module")
def result(config: BenchmarkConfig, tmp_path_factory: pytest.TempPathFactory) -> BenchmarkResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        return benchmark(config)


def test_everybody_is_judged_in_every_arena(result: BenchmarkResult) -> None:
    summary = result.tables["summary"]
    judged = {(row["arena"], row["contestant"]) for row in summary.to_dict("records")}
    rules = {name for rule in RULES for name in (rule, f"{rule}@budget")}
    (brought,) = [name for name in set(summary["contestant"]) if name.startswith("handmade:")]
    for arena in ARENAS:
        assert {who for where, who in judged if where == arena} == {"gradient_boosting", brought, *rules}
    assert {who for where, who in judged if where == "only train"} == {"tool", brought, *RULES}


def test_models_are_judged_with_every_seed_in_the_lab(result: BenchmarkResult) -> None:
    seeds, summary = result.tables["seeds"], result.tables["summary"]
    assert seeds[["arena", "contestant", "seed"]].values.tolist() == [["lab", "gradient_boosting", i] for i in (0, 1)]
    first = summary[(summary.arena == "lab") & (summary.contestant == "gradient_boosting")].iloc[0]
    assert seeds.caught[0] == first.caught
    for row in seeds.itertuples():
        assert len([name for name in row.missed.split(", ") if name]) == row.episode_count - row.caught


def test_tables_report_and_results_are_written(result: BenchmarkResult) -> None:
    read = read_tables(result.folder / "tables")
    assert read.keys() == TABLES.keys()
    pd.testing.assert_frame_equal(read["episodes"], result.tables["episodes"])
    page = (result.folder / "report.html").read_text()
    assert "scanning tools held out" in page
    assert (result.folder / "report.md").read_text().startswith("# ")
    assert result.headline is not None
    assert "gradient boosting" in result.headline


def test_a_flow_logs_wait_is_in_every_alert_and_delay(result: BenchmarkResult) -> None:
    alerts = result.tables["alerts"]
    assert (alerts["detected_us"][alerts["arena"] == "aggregated 600 s"] % 600_000_000 == 0).all()
    episodes = result.tables["episodes"].set_index(["arena", "contestant", "scenario"])["delay_s"]
    at_once = episodes["lab"]["random_walk"]
    in_a_log = episodes["aggregated 600 s"]["random_walk"]
    in_a_log.index = in_a_log.index.str.replace("~600s", "")
    waited = (in_a_log - at_once).dropna()
    assert len(waited) > 3
    assert (waited >= 0).all()
    assert waited.max() <= 600


def test_sampling_takes_the_failures_from_the_walk(result: BenchmarkResult) -> None:
    caught = result.tables["summary"].set_index(["arena", "contestant"])["caught"]
    assert caught["lab", "random_walk"] > 3 * caught["sampled 1:10", "random_walk"]
    assert "as recorded | 1:10 |" in (result.folder / "report.md").read_text()


def test_foreign_alerts_are_judged_as_any(result: BenchmarkResult) -> None:
    alerts = result.tables["alerts"]
    own = alerts[alerts["contestant"] == "tool"]
    assert own["is_true"].tolist() == [True]


def test_addresses_and_times_tell_nothing(result: BenchmarkResult) -> None:
    probes = result.tables["probes"].set_index("probe")
    assert set(probes.index) == {"addresses", "ports", "times"}
    assert probes.loc["addresses", "is_chance"]
    assert probes.loc["times", "is_chance"]


def test_a_result_is_not_worse_than_itself_and_lost_sweeps_are(
    result: BenchmarkResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not compare_results(result.folder, result.folder).is_worse
    results = json.loads((result.folder / "results.json").read_text())
    for entry in results["entries"]:
        entry["scenarios"] = dict.fromkeys(entry["scenarios"], False)
    worse = tmp_path / "worse.json"
    worse.write_text(json.dumps(results))
    assert main(["benchmark", "compare", str(result.folder), str(result.folder)]) == 0
    assert main(["benchmark", "compare", str(result.folder), str(worse)]) == 1
    assert "newly missed" in capsys.readouterr().out
    assert main(["benchmark", "compare", str(worse), str(result.folder)]) == 0


def test_what_cannot_be_judged_is_refused_before_anything_is_read(config: BenchmarkConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model is called"):
        benchmark(replace(config, models=["gradient_bosting"]))
    with pytest.raises(ConfigError, match="nobody to judge"):
        benchmark(replace(config, models=[], rules=[], detectors=[], foreign_alerts={}))
    with pytest.raises(ConfigError, match="seeds must be at least 1, got 0"):
        benchmark(replace(config, seeds=0))
    with pytest.raises(ConfigError, match="judges the models again in the arena lab: add it to arenas"):
        benchmark(replace(config, arenas=["tools"]))
    with pytest.raises(InputMissingError, match="sweepml benchmark writes it"):
        compare_results(tmp_path / "none.json", tmp_path)
    (tmp_path / "broken.json").write_text("[")
    with pytest.raises(InputError, match="holds no results"):
        compare_results(tmp_path / "broken.json", tmp_path)
    assert main(["benchmark", "compare", str(tmp_path / "none")]) == 2
