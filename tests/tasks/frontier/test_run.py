"""The whole frontier, of detectors whose limits follow from arithmetic.

Steady sweeps that nothing answers meet rules whose thresholds are known, and a bundle whose score is known:

- Slips: 10 hosts within one clock hour. At 10 an hour every full hour has 10, and of 20 probes that span two or three
  clock hours one holds at least 10; at 9 an hour no hour has 10, however long the sweep.
- NEMEA haddrscan: 50 hosts without a pause of more than five minutes. Gaps are 3 minutes at 20 an hour, 6 at 10.
- The handmade bundle: 20 hosts within a window of an hour, ten or one minutes, whatever came of the probes. At 20 an
  hour a full hour has 20; at 19 none has.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sweepml.config.frontier import BackgroundConfig, FrontierConfig, GridConfig
from sweepml.config.train import AlertsConfig, CaptureConfig, DataConfig, SplitConfig
from sweepml.datasets.load import fingerprint
from sweepml.errors import BundleError, ConfigError, InputMissingError
from sweepml.evaluation.frontier import EVERY_BACKGROUND, Surface
from sweepml.simulation.plain_sweep import EXISTING, STEADY
from sweepml.tasks.frontier.run import FrontierResult, frontier
from tests.runtime.bundles import manifest, write_bundle
from tests.tasks.cut import QUICK_MODEL, cut_capture
from tests.tasks.frontier.day import write_day

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SLIPS, NEMEA = "slips_horizontal", "nemea_haddrscan"
ALL_FAIL, ALL_SUCCEED = 0.0, 1.0


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> FrontierConfig:
    folder = tmp_path_factory.mktemp("frontier")
    days = [str(write_day(folder / f"day{i}.log", seed=i)) for i in range(3)]
    return FrontierConfig(
        output_root=str(folder / "outputs"),
        models=[],
        rules=[SLIPS, NEMEA],
        detectors=[],
        data=DataConfig("days", captures={"learned": CaptureConfig(log=days[2], background=True)}),
        backgrounds={"one": BackgroundConfig(days[0]), "two": BackgroundConfig(days[1], note="another day")},
        controls={"watched": BackgroundConfig(days[2])},
        grid=GridConfig([9, 10, 19, 20, 10_000], [10, 20, 40, 80], [ALL_FAIL, ALL_SUCCEED], 4),
        pace=STEADY,
        company=2,
    )


@pytest.fixture(scope="module")
def result(config: FrontierConfig) -> FrontierResult:
    return frontier(config, command="sweepml benchmark frontier pace=steady")


@pytest.fixture(scope="module")
def of_bundle(config: FrontierConfig, tmp_path_factory: pytest.TempPathFactory) -> FrontierResult:
    """Of the bundle alone, on fewer cells: computing features takes its time."""
    watched = config.controls["watched"]
    knows = {"captures": [{"name": "elsewhere called so", "sha256": fingerprint(watched.log)}]}
    path = write_bundle(tmp_path_factory.mktemp("bundle") / "handmade.onnx", manifest(training=knows))
    grid = GridConfig([19, 20, 10_000], [10, 20, 40], [ALL_FAIL, ALL_SUCCEED], 2)
    one = {"one": config.backgrounds["one"]}
    return frontier(replace(config, name="bundle", rules=[], detectors=[str(path)], backgrounds=one, grid=grid))


def surface(result: FrontierResult, contestant: str, share: float) -> Surface:
    return Surface.of(result.results.tables["frontier"], contestant, share)


def test_slips_stops_where_arithmetic_says(result: FrontierResult) -> None:
    found = surface(result, SLIPS, ALL_FAIL)
    assert found.slowest(1.0) == found.slowest(0.01) == 10
    assert found.smallest(9, 0.01) is None
    assert found.smallest(10, 1.0) == 20
    assert found.smallest(10_000, 1.0) == 10
    at_once = found.at_rate(10_000).set_index("size")
    assert at_once.median_targets[80] == 10
    assert at_once.median_delay_s[80] == pytest.approx(9 * 0.36)


def test_nemea_stops_where_arithmetic_says(result: FrontierResult) -> None:
    found = surface(result, NEMEA, ALL_FAIL)
    assert found.slowest(1.0) == found.slowest(0.01) == 19  # gaps of 190 s
    assert [found.smallest(rate, 0.01) for rate in (19, 20, 10_000)] == [80, 80, 80]
    assert [found.smallest(rate, 1.0) for rate in (19, 20, 10_000)] == [80, 80, 80]
    assert found.at_rate(20).median_delay_s.tolist()[-1] == pytest.approx(49 * 180)


def test_rules_that_count_failures_never_catch_a_sweep_that_always_succeeds(result: FrontierResult) -> None:
    trials = result.results.tables["trials"]
    rules = trials.contestant.str.startswith((SLIPS, NEMEA))
    assert rules.any()
    assert not trials.caught[rules & (trials.success_share == ALL_SUCCEED)].any()


@pytest.mark.parametrize("share", [ALL_FAIL, ALL_SUCCEED])
def test_a_detector_that_counts_hosts_stops_where_arithmetic_says(of_bundle: FrontierResult, share: float) -> None:
    found = surface(of_bundle, of_bundle.results.ranked[0], share)
    assert found.slowest(1.0) == found.slowest(0.01) == 20
    assert found.smallest(20, 1.0) == 40  # 20 hosts take 57 minutes, and not every window of an hour holds them all
    assert found.smallest(10_000, 1.0) == found.smallest(10_000, 0.01) == 20


def test_every_background_has_its_share_of_every_cell(result: FrontierResult) -> None:
    cells = result.results.tables["frontier"]
    alone = cells[cells.background != EVERY_BACKGROUND]
    assert (alone.trials == 2).all()
    assert set(alone.background) == {"one", "two"}
    assert (cells.trials[cells.background == EVERY_BACKGROUND] == 4).all()


def test_false_alerts_are_counted_on_backgrounds_and_controls(result: FrontierResult) -> None:
    for one in (SLIPS, NEMEA):
        assert result.results.false_alerts(one).count == 0
    watched = result.results.tables["false_alerts"]
    assert set(watched.capture) == {"one", "two", "watched"}
    assert watched.source_days.sum() > 0


def test_a_cell_does_not_depend_on_what_else_is_tried(config: FrontierConfig, result: FrontierResult) -> None:
    few = replace(config, name="few", rules=[SLIPS], grid=GridConfig([10], [20], [ALL_FAIL], 4))
    alone = frontier(few).results.tables["trials"]
    everything = result.results.tables["trials"]
    same = everything[
        (everything.contestant == SLIPS)
        & (everything.rate_per_hour == 10)
        & (everything["size"] == 20)
        & (everything.success_share == ALL_FAIL)
    ]
    pd.testing.assert_frame_equal(alone[alone.contestant == SLIPS].reset_index(drop=True), same.reset_index(drop=True))


def test_an_alert_after_the_horizon_does_not_count(config: FrontierConfig) -> None:
    """NEMEA needs 50 hosts, 49 gaps of 3 minutes: 2 hours and 27 minutes."""
    grid = GridConfig([20], [80], [ALL_FAIL], 2)
    short = replace(config, name="short", rules=[NEMEA], grid=grid)
    room = frontier(replace(short, horizon_s=2 * 3600)).results.tables["trials"]
    assert set(room["size"]) == {40}
    assert not room.caught[room.contestant == NEMEA].any()
    longer = frontier(replace(short, horizon_s=3 * 3600)).results.tables["trials"]
    shipped = longer[longer.contestant == NEMEA]
    assert set(shipped["size"]) == {60}
    assert shipped.caught.all()


def test_hosts_of_the_background_sweep_beside_what_they_do(config: FrontierConfig) -> None:
    grid = GridConfig([10_000], [40], [ALL_FAIL], 4)
    beside = replace(config, name="beside", rules=[SLIPS], source=EXISTING, grid=grid)
    trials = frontier(beside).results.tables["trials"]
    assert trials.caught[trials.contestant == SLIPS].all()


def test_page_summary_picture_and_tables_are_written(result: FrontierResult) -> None:
    page = (result.folder / "frontier.html").read_text()
    assert "every probe is answered" in page
    summary = (result.folder / "frontier.md").read_text()
    assert summary.startswith("# How slow and how small a sweep is caught\n\n![")
    assert "another day" in summary
    assert (result.folder / "frontier.svg").read_text().rstrip().endswith("</svg>")
    written = pd.read_csv(result.folder / "frontier.csv")
    assert len(written) == len(result.results.tables["frontier"])
    kept = pd.read_parquet(result.folder / "tables" / "trials.parquet")
    pd.testing.assert_frame_equal(kept, result.results.tables["trials"])


def test_whoever_was_trained_on_a_background_is_marked(of_bundle: FrontierResult) -> None:
    (bundle,) = of_bundle.results.ranked
    assert of_bundle.results.fact(bundle, "note") == "was trained on watched"
    assert "handmade was trained on watched." in (of_bundle.folder / "frontier.md").read_text()


def test_a_model_that_is_trained_here_competes(config: FrontierConfig, lab_dir: Path, tmp_path: Path) -> None:
    learned = {name: cut_capture(lab_dir / name, tmp_path / name, minutes=5) for name in ("train", "train2")}
    trained = replace(
        config,
        name="trained",
        rules=[],
        models=["gradient_boosting"],
        model_params={"gradient_boosting": dict(QUICK_MODEL)},
        data=DataConfig("cut", captures=learned),
        split=SplitConfig(folds=2),
        alerts=AlertsConfig(budget_per_day_per_1000=1e6),  # so little data knows no threshold for a small one
        controls={},
        grid=GridConfig([3000], [160], [ALL_FAIL], 2),
    )
    results = frontier(trained).results
    assert results.ranked == ["gradient_boosting"]
    assert results.is_model("gradient_boosting")
    assert results.surface("gradient_boosting", ALL_FAIL).cells.caught.tolist() == [2]


def test_a_model_needs_sweeps_to_be_trained_on(config: FrontierConfig) -> None:
    grid = GridConfig([100], [10], [ALL_SUCCEED], 1)
    with pytest.raises(ConfigError, match="model isolation_forest cannot be trained: data=days holds fewer than two"):
        frontier(replace(config, rules=[], models=["isolation_forest"], grid=grid))


def test_what_cannot_be_measured_is_refused(config: FrontierConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody to measure"):
        frontier(replace(config, rules=[]))
    with pytest.raises(ConfigError, match="no background to put sweeps into"):
        frontier(replace(config, backgrounds={}))
    with pytest.raises(ConfigError, match="background office has no log"):
        frontier(replace(config, backgrounds={"office": BackgroundConfig()}))
    with pytest.raises(ConfigError, match="one is a background and a control"):
        frontier(replace(config, controls={"one": config.backgrounds["two"]}))
    with pytest.raises(ConfigError, match="seed must not be negative"):
        frontier(replace(config, seed=-1))
    with pytest.raises(InputMissingError, match=r"no\.log: no such file"):
        frontier(replace(config, backgrounds={"office": BackgroundConfig(str(tmp_path / "no.log"))}))
    with pytest.raises((BundleError, InputMissingError), match=r"no\.onnx"):
        frontier(replace(config, detectors=[str(tmp_path / "no.onnx")]))
    slow = GridConfig([0.5], [40], [ALL_FAIL], 1)
    with pytest.raises(ConfigError, match=r"no background is long enough for 40 targets at 0\.5 an hour"):
        frontier(replace(config, rules=[SLIPS], horizon_s=10 * 86_400, grid=slow))
