"""`ablate`: a family is left out, nothing else changes, and the page says what came of it."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from sweepml.config.ablation import AblationConfig
from sweepml.config.train import DataConfig, TrainConfig
from sweepml.errors import ConfigError
from sweepml.schema.catalogue import CATALOGUE, FAMILIES
from sweepml.tasks import ablation as module
from sweepml.tasks.ablation import NOTHING, Ablation, ablate, without_family
from sweepml.tasks.data import feature_plan, load_captures, training_table
from sweepml.tasks.progress import Silent
from sweepml.tasks.train import train
from tests.tasks.cut import cut_capture, quick_config

SEEDS = [0, 3]


@pytest.fixture(scope="module")
def config(lab_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> AblationConfig:
    out = tmp_path_factory.mktemp("ablation")
    quick = quick_config(out / "outputs", lab=cut_capture(lab_dir / "train2", out / "lab", 12))
    known = {field.name: getattr(quick, field.name) for field in fields(TrainConfig)}
    return AblationConfig(**known, output=str(out / "ablation.md"), seeds=SEEDS)


@pytest.fixture(scope="module")
def found(config: AblationConfig) -> Ablation:
    return ablate(config)


def test_only_the_familys_columns_are_missing(config: AblationConfig) -> None:
    plan = feature_plan(config.features)
    captures, _ = load_captures(config.data, plan, Silent())
    rows = training_table(captures, plan, 5, config.variants, 0, Silent()).rows
    before = rows.features.values.copy()
    for family in FAMILIES:
        values = without_family(rows, family).features.values
        own = np.array([spec.family == family for spec in CATALOGUE])
        assert np.isnan(values[:, own]).all()
        np.testing.assert_array_equal(values[:, ~own], before[:, ~own])
    assert without_family(rows, NOTHING) is rows
    np.testing.assert_array_equal(rows.features.values, before)


def test_unknown_family_is_refused() -> None:
    with pytest.raises(ConfigError, match="no feature family 'fan-out'; known: fan_out"):
        without_family(None, "fan-out")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_with_everything_it_is_what_training_reports(config: AblationConfig, found: Ablation) -> None:
    for i, seed in enumerate(SEEDS):
        known = {field.name: getattr(config, field.name) for field in fields(TrainConfig)}
        trained = train(TrainConfig(**(known | {"seed": seed})))
        report = trained.evaluations[0].model
        assert found.full.caught[i] == len(report.caught)
        assert found.full.episodes == report.episode_count > 5
        assert found.full.false_alerts[i] == report.false_alerts
        assert found.full.average_precision[i] == pytest.approx(trained.windows.overall.average_precision, abs=1e-12)


def test_every_family_is_left_out_once(found: Ablation) -> None:
    assert [one.left_out for one in found.without] == list(FAMILIES)
    assert [one.columns for one in found.without] == [len(specs) for specs in FAMILIES.values()]
    assert found.full.left_out == NOTHING
    assert any(one.average_precision != found.full.average_precision for one in found.without)


def test_page_has_a_line_for_each(found: Ablation, config: AblationConfig) -> None:
    lines = [line for line in found.page.splitlines() if line.startswith("| ")][1:]
    assert len(lines) == 1 + len(FAMILIES)
    assert all(line.count("|") == 9 for line in lines)
    assert Path(config.output).read_text() == found.page
    assert "seeds 0, 3" in found.page


def test_change_is_without_minus_with_everything(found: Ablation) -> None:
    line = next(line for line in found.page.splitlines() if line.startswith("| timing |"))
    cells = [cell.strip() for cell in line.split("|")]
    one = found.without[list(FAMILIES).index("timing")]
    changes = np.subtract(one.average_precision, found.full.average_precision)
    assert cells[6] == f"{changes.mean():+.4f} [{changes.min():+.4f}, {changes.max():+.4f}]"


def test_same_configuration_gives_the_same_page(
    config: AblationConfig, found: Ablation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAMILIES", {"timing": FAMILIES["timing"]})
    again = ablate(config)
    assert again.full == found.full
    assert again.without[0] == found.without[list(FAMILIES).index("timing")]


@pytest.mark.parametrize("seeds", [[], [-1], [1, 1]])
def test_seeds_that_are_none_are_refused(config: AblationConfig, seeds: list[int]) -> None:
    with pytest.raises(ConfigError, match="seeds must be one or several different numbers"):
        ablate(replace(config, seeds=seeds))


def test_missing_folder_is_refused_before_anything_is_read(config: AblationConfig) -> None:
    with pytest.raises(ConfigError, match="there is no folder nowhere"):
        ablate(replace(config, output="nowhere/ablation.md", data=DataConfig()))


def test_captures_without_sweeps_are_refused(config: AblationConfig) -> None:
    background = {name: replace(one, episodes=None, background=True) for name, one in config.data.captures.items()}
    with pytest.raises(ConfigError, match="no labelled sweep"):
        ablate(replace(config, data=replace(config.data, captures=background)))
