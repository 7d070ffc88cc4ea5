"""Site calibration: thresholds that keep the budget on a site's own traffic, and who stands above them."""

from pathlib import Path

import numpy as np
import pytest

from sweepml.cli.main import main
from sweepml.errors import BundleError, ConfigError, InputError
from sweepml.evaluation.thresholds import AlertBudget
from sweepml.export.bundle import write_with_thresholds
from sweepml.runtime.bundle import Bundle
from sweepml.tasks.calibrate import SiteSettings, calibrate_site, render_calibration
from tests.runtime.bundles import write_bundle

HEADER = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n"
LIMITS = (0.5, 0.5, 0.5)


def _line(ts: float, source: str, target: int, state: str) -> str:
    return f"{1.7e9 + ts:.6f}\t{source}\t5\t10.1.{target >> 8}.{target & 255}\t445\ttcp\t{state}\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A detector whose score is sigmoid(dst_count - 20)."""
    return write_bundle(tmp_path / "detector.onnx")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A day: a crawler that reaches 22 hosts which answer, once, a sweeper of 32 that do not, and small clients."""
    lines = [_line(i * 0.1, "10.0.0.1", i, "SF") for i in range(22)]
    lines += [_line(30_000 + i * 0.1, "10.0.0.2", i, "S0") for i in range(32)]
    lines += [_line(60 * i, "10.0.0.3", i % 7, "SF") for i in range(1440)]
    path = tmp_path / "conn.log"
    path.write_text(HEADER + "".join(sorted(lines)))
    return path


def test_thresholds_rise_until_the_budget_holds(bundle: Path, log: Path, tmp_path: Path) -> None:
    result = calibrate_site(bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1.0))
    assert result.alerts_before == 2
    assert result.alerts_after == 0
    assert {one.within_budget for one in result.choice.horizons} == {True}
    site = Bundle(tmp_path / "site.onnx")
    assert site.thresholds == result.choice.thresholds
    values = np.ones((1, len(site.manifest.features)), np.float32)
    assert site.score(values)[0] == Bundle(bundle).score(values)[0]


def test_generous_budget_lets_thresholds_fall_to_the_floor(bundle: Path, log: Path, tmp_path: Path) -> None:
    result = calibrate_site(bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1e9))
    assert set(result.choice.thresholds.values()) == {0.5}
    assert result.alerts_after == result.alerts_before


def test_who_looks_like_a_sweep_is_named_first(bundle: Path, log: Path, tmp_path: Path) -> None:
    result = calibrate_site(bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1.0))
    assert [(one.source, one.looks_like_sweep) for one in result.suspects] == [("10.0.0.2", True), ("10.0.0.1", False)]
    assert result.to_review == 1
    text = render_calibration(result)
    assert "1 of the 2 sources" in text
    assert "10.0.0.2: 1.0000 over 60 s, 32 hosts on one port, looks like a sweep" in text


def test_known_sweep_is_left_out(bundle: Path, log: Path, tmp_path: Path) -> None:
    settings = SiteSettings(without=("10.0.0.2",))
    result = calibrate_site(bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1.0), settings)
    assert [one.source for one in result.suspects] == ["10.0.0.1"]
    # 22 hosts score sigmoid(2): the threshold lies above, and below what the sweep scores.
    assert all(0.88 < threshold < 0.999994 for threshold in result.choice.thresholds.values())


def _office(path: Path, sweepers: int, crawlers: int = 20) -> list[str]:
    """Write a day of an office: crawlers of 21 to 32 answering hosts, small clients, sweepers of 24 to 35 dead ones.

    Returns the sweepers' addresses.
    """
    lines = []
    for n in range(crawlers):
        lines += [_line(3_000 * n + i * 0.2, f"10.0.1.{n}", i, "SF") for i in range(21 + n % 12)]
    for n in range(30):
        lines += [_line(60 * i + n, f"10.0.2.{n}", i % 6, "SF") for i in range(300)]
    swept = [f"10.0.9.{n}" for n in range(sweepers)]
    for n, source in enumerate(swept):
        lines += [_line(1_500 + 3_000 * n + i * 0.1, source, 500 + i, "S0") for i in range(24 + n % 12)]
    path.write_text(HEADER + "".join(sorted(lines)))
    return swept


@pytest.mark.parametrize("sweepers", [0, 1, 5, 25])
@pytest.mark.parametrize("per_day", [0, 4, 12])
def test_the_budget_holds_however_much_of_the_traffic_sweeps(
    bundle: Path, tmp_path: Path, sweepers: int, per_day: int
) -> None:
    _office(tmp_path / "conn.log", sweepers)
    sources = 20 + 30 + sweepers
    budget = AlertBudget(per_day * 1000 / sources)
    result = calibrate_site(bundle, [str(tmp_path / "conn.log")], tmp_path / "site.onnx", budget)
    assert result.is_kept
    assert result.alerts_before >= sweepers
    assert result.alerts_after <= result.choice.exposure.allowed(budget.per_day_per_1000) + 1e-9
    site = Bundle(tmp_path / "site.onnx")
    assert site.thresholds == result.choice.thresholds


@pytest.mark.parametrize("sweepers", [0, 1, 5, 25])
def test_every_sweeper_of_contaminated_traffic_is_to_be_reviewed_and_nobody_else(
    bundle: Path, tmp_path: Path, sweepers: int
) -> None:
    swept = _office(tmp_path / "conn.log", sweepers)
    result = calibrate_site(bundle, [str(tmp_path / "conn.log")], tmp_path / "site.onnx", AlertBudget(1.0))
    assert {one.source for one in result.suspects if one.looks_like_sweep} == set(swept)
    assert result.to_review == sweepers
    assert [one.looks_like_sweep for one in result.suspects[:sweepers]] == [True] * sweepers
    text = render_calibration(result)
    assert f"{sweepers} of the {len(result.suspects)} sources above" in text
    assert ("review them first" in text) == (sweepers > 0)


def test_a_budget_that_no_threshold_can_keep_is_told(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "conn.log"
    log.write_text(HEADER + "".join(_line(i * 0.1, "10.0.0.1", i, "SF") for i in range(90)))  # its score is 1
    result = calibrate_site(bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1.0))
    assert not result.is_kept
    assert result.alerts_after > 0
    text = render_calibration(result)
    assert "no threshold keeps the budget at 60 s, 600 s, 3600 s windows" in text
    assert "leave them out with without=" in text
    assert main(["calibrate", str(bundle), str(log), f"output={tmp_path}/site.onnx"]) == 1
    assert "no threshold keeps the budget" in capsys.readouterr().out


def test_thresholds_without_the_sweepers_are_those_of_clean_traffic(bundle: Path, tmp_path: Path) -> None:
    swept = _office(tmp_path / "dirty.log", 12)
    _office(tmp_path / "clean.log", 0)
    budget = AlertBudget(40.0)
    dirty, clean = (
        calibrate_site(bundle, [str(tmp_path / name)], tmp_path / "site.onnx", budget, settings)
        for name, settings in (("dirty.log", SiteSettings(without=tuple(swept))), ("clean.log", None))
    )
    assert dirty.choice.thresholds == clean.choice.thresholds
    spoiled = calibrate_site(bundle, [str(tmp_path / "dirty.log")], tmp_path / "site.onnx", budget)
    assert max(spoiled.choice.thresholds.values()) > max(clean.choice.thresholds.values())


def test_several_logs_are_one_stream(bundle: Path, log: Path, tmp_path: Path) -> None:
    lines = log.read_text().splitlines(keepends=True)
    parts = []
    for i, cut in enumerate((lines[1:700], lines[700:])):
        parts.append(tmp_path / f"part{i}.log")
        parts[-1].write_text(HEADER + "".join(cut))
    whole = calibrate_site(bundle, [str(log)], tmp_path / "a.onnx", AlertBudget(1.0))
    cut_up = calibrate_site(bundle, [str(part) for part in parts], tmp_path / "b.onnx", AlertBudget(1.0))
    assert whole.choice == cut_up.choice


def test_what_cannot_be_calibrated_is_refused(bundle: Path, log: Path, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.log"
    quiet.write_text(HEADER + _line(0, "10.0.0.1", 1, "SF"))
    with pytest.raises(InputError, match="nothing can be calibrated"):
        calibrate_site(bundle, [str(quiet)], tmp_path / "site.onnx", AlertBudget(1.0))
    with pytest.raises(ConfigError, match="is the bundle itself"):
        calibrate_site(bundle, [str(log)], bundle, AlertBudget(1.0))
    with pytest.raises(ConfigError, match=r"without=10\.9\.9\.9"):
        calibrate_site(
            bundle, [str(log)], tmp_path / "site.onnx", AlertBudget(1.0), SiteSettings(without=("10.9.9.9",))
        )
    assert not (tmp_path / "site.onnx").exists()


def test_bundle_without_thresholds_in_its_graph_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="a threshold for each of"):
        write_with_thresholds(bundle, tmp_path / "b.onnx", {60: 0.5}, {})


def test_command_says_what_it_did(bundle: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(bundle), str(log), "budget=2", "without=10.0.0.2"]) == 0
    out = capsys.readouterr().out
    assert "threshold" in out
    assert (bundle.parent / "detector-site.onnx").exists()
    assert main(["calibrate", str(bundle)]) == 2
    assert main(["calibrate", str(bundle), str(log), "budget=much"]) == 2
    assert "budget must be a number" in capsys.readouterr().err
