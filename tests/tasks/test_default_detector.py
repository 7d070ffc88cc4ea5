"""The detector that comes with sweepml: what goes into it, and that the one in the package works."""

from dataclasses import replace
from pathlib import Path

import pytest

from sweepml.datasets.published import GROUND_TRUTH
from sweepml.errors import ConfigError, InputMissingError
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.default_detector import DEFAULT_DETECTOR
from sweepml.schema.catalogue import SCHEMA_HASH
from sweepml.tasks.default_detector import PUBLISHED, Material, PublishedLog, make_default_detector, wanted_logs
from sweepml.tasks.model_card import render_card
from tests.simulation.logs import rows, write_log
from tests.tasks.cut import cut_capture, quick_config

MEGABYTE = 1_000_000

# MLflow's own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    write_log(folder / "office.log", rows(400))
    write_log(folder / "home.log", rows(200, seed=1))
    (folder / GROUND_TRUTH).write_text("file,source,kind,protocol,ports,start,end\n")
    return folder


@pytest.mark.slow
def test_it_learns_from_the_laboratory_published_injected_and_simulated_traffic(
    published: Path, tmp_path: Path, lab_dir: Path
) -> None:
    config = quick_config(tmp_path, lab=cut_capture(lab_dir / "train2", tmp_path / "lab", 5))
    logs = (PublishedLog("office.log", is_injected=True), PublishedLog("home.log"))
    material = Material(published, tmp_path / "prepared", logs=logs, simulated_hours=0.1)
    result = make_default_detector(config, material)
    trained = Bundle(result.bundle_path).manifest.training["captures"]
    assert [one["name"] for one in trained] == ["lab", "office", "home", "office_any", "office_slow", "simulated"]
    assert {one["name"]: one["sweep_episodes"] for one in trained if "_" in one["name"]} == {
        "office_any": 30,
        "office_slow": 50,
    }
    card = render_card(result)
    assert result.bundle_id in card
    assert all(f"| {one['name']} | {one['connections']:,} |" in card for one in trained)


def test_what_is_left_out_is_neither_seen_nor_injected_into(published: Path, tmp_path: Path) -> None:
    logs = (PublishedLog("office.log"), PublishedLog("home.log"))
    material = Material(published, tmp_path, ["home"], logs)
    assert [log.name for log in wanted_logs(material)] == ["office"]
    with pytest.raises(ConfigError, match="no published capture 'hme' to leave out; did you mean home"):
        wanted_logs(replace(material, without=["hme"]))
    (published / "office.log").unlink()
    with pytest.raises(InputMissingError, match=r"office.log: no such file; the default detector is trained on publ"):
        wanted_logs(material)


def test_every_published_log_is_there(real_dir: Path, tmp_path: Path) -> None:
    assert wanted_logs(Material(real_dir, tmp_path)) == PUBLISHED


def test_the_detector_in_the_package_is_small_and_of_the_present_features() -> None:
    assert DEFAULT_DETECTOR.stat().st_size <= 5 * MEGABYTE
    bundle = Bundle(DEFAULT_DETECTOR)  # its golden scores are reproduced, or this raises
    assert bundle.manifest.feature_schema == SCHEMA_HASH
    assert bundle.bundle_id in DEFAULT_DETECTOR.with_name("README.md").read_text(encoding="utf-8")
