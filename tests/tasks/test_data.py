"""From a configuration to rows."""

from pathlib import Path

import numpy as np
import pytest

from sweepml.config.train import FeaturesConfig, VariantsConfig, WindowConfig
from sweepml.errors import ConfigError
from sweepml.features.plan import FeaturePlan
from sweepml.graph.windows import WindowSpec
from sweepml.pipeline.rows import labelled_rows
from sweepml.schema.catalogue import CATALOGUE
from sweepml.tasks.data import blinded, feature_plan, fitting_stretches, load_captures, training_table
from sweepml.tasks.progress import Silent
from tests.tasks.cut import cut_capture, quick_config

PLAN = FeaturePlan(windows=(WindowSpec(60, 10),))


def test_no_milestones_means_none() -> None:
    assert feature_plan(FeaturesConfig(milestones=[])).milestones == ()
    assert feature_plan(FeaturesConfig(milestones=[7, 9])).milestones == (7, 9)


def test_an_empty_configuration_is_the_default_plan() -> None:
    assert feature_plan(FeaturesConfig()) == FeaturePlan()


def test_the_plan_takes_every_key() -> None:
    config = FeaturesConfig([WindowConfig(120, 60), WindowConfig(60, 60)], 3, 7, ["192.168.0.0/16"])
    plan = feature_plan(config)
    assert plan.windows == (WindowSpec(60, 60), WindowSpec(120, 60))
    assert plan.min_dst_count == 3
    assert plan.internal_networks == ("192.168.0.0/16",)


def test_a_window_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="whole multiple of its stride"):
        feature_plan(FeaturesConfig([WindowConfig(60, 7)]))


@pytest.mark.parametrize("stretches", [[], [1.0, 5.0]])
def test_copies_are_made_of_every_capture(lab_dir: Path, tmp_path: Path, stretches: list[float]) -> None:
    config = quick_config(
        tmp_path,
        one=cut_capture(lab_dir / "train2", tmp_path / "one", 3),
        other=cut_capture(lab_dir / "train2", tmp_path / "other", 4),
    )
    captures, reads = load_captures(config.data, PLAN, Silent())
    assert list(reads) == [capture.name for capture in captures] == ["one", "other"]
    table = training_table(captures, PLAN, 5, VariantsConfig(stretches), 0, Silent())
    again = training_table(captures, PLAN, 5, VariantsConfig(stretches), 0, Silent())
    np.testing.assert_array_equal(table.varied.features.values, again.varied.features.values)
    if stretches:
        assert {name for name, _ in table.varied.units} == {"one", "other"}
        assert set(table.varied.units) <= set(table.rows.units), "copies have the sources of the originals"
    else:
        assert len(table.varied) == 0


def test_blinded_rows_lack_their_family_and_nothing_else(lab_dir: Path, tmp_path: Path) -> None:
    config = quick_config(tmp_path, one=cut_capture(lab_dir / "train2", tmp_path / "one", 3))
    captures, _ = load_captures(config.data, PLAN, Silent())
    rows = labelled_rows(captures[0], PLAN, 5)
    before = rows.features.values.copy()
    volume = np.array([spec.family == "volume" for spec in CATALOGUE])
    for share in (0.0, 0.5, 1.0):
        made = blinded(rows, ["volume"], share, seed=0)
        blind = np.isnan(made.features.values[:, volume]).all(axis=1)
        assert blind.mean() == pytest.approx(share, abs=0.15)
        np.testing.assert_array_equal(made.features.values[:, ~volume], before[:, ~volume])
        np.testing.assert_array_equal(made.features.values[~blind], before[~blind])
        np.testing.assert_array_equal(made.y, rows.y)
    np.testing.assert_array_equal(rows.features.values, before)


def test_families_are_blinded_apart(lab_dir: Path, tmp_path: Path) -> None:
    config = quick_config(tmp_path, one=cut_capture(lab_dir / "train2", tmp_path / "one", 3))
    captures, _ = load_captures(config.data, PLAN, Silent())
    made = blinded(labelled_rows(captures[0], PLAN, 5), ["volume", "order"], 0.5, seed=0).features.values
    volume, shape = (np.isnan(made[:, columns(family)]).all(axis=1) for family in ("volume", "order"))
    assert {(False, False), (False, True), (True, False), (True, True)} == set(zip(volume, shape, strict=True))


@pytest.mark.parametrize(
    ("families", "share", "message"), [(["volumes"], 0.5, "did you mean volume"), ([], 2.0, "0 and 1")]
)
def test_bad_blinding_is_refused(
    families: list[str], share: float, message: str, lab_dir: Path, tmp_path: Path
) -> None:
    config = quick_config(tmp_path, one=cut_capture(lab_dir / "train2", tmp_path / "one", 3))
    captures, _ = load_captures(config.data, PLAN, Silent())
    with pytest.raises(ConfigError, match=message):
        blinded(labelled_rows(captures[0], PLAN, 5), families, share, seed=0)


def columns(family: str) -> np.ndarray:
    return np.array([spec.family == family for spec in CATALOGUE])


def test_copies_of_a_day_are_not_slowed_down_beyond_the_limit() -> None:
    assert fitting_stretches(86_400, VariantsConfig([0.5, 1, 2, 3, 30], longest_copy_s=172_800)) == [0.5, 1, 2]
    assert fitting_stretches(10**7, VariantsConfig([1, 3], longest_copy_s=172_800)) == [1]


def test_copies_are_thinned_and_originals_are_not(lab_dir: Path, tmp_path: Path) -> None:
    config = quick_config(tmp_path, one=cut_capture(lab_dir / "train2", tmp_path / "one", 3))
    captures, _ = load_captures(config.data, PLAN, Silent())
    whole = training_table(captures, PLAN, 5, VariantsConfig([1.0]), 0, Silent())
    thin = training_table(captures, PLAN, 5, VariantsConfig([1.0], rows_per_source=2), 0, Silent())
    assert len(thin.rows) == len(whole.rows)
    assert 0 < len(thin.varied) < len(whole.varied)
    assert (whole.rows_per_source, thin.rows_per_source) == (None, 2)
