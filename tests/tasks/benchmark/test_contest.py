"""What the contest is held on where captures do not carry every arena."""

from pathlib import Path

import pytest

from sweepml.config.benchmark import BenchmarkConfig
from sweepml.config.train import CaptureConfig, DataConfig
from sweepml.errors import ConfigError
from sweepml.tasks.benchmark.contest import gather
from sweepml.tasks.benchmark.evading import EVASION
from sweepml.tasks.progress import Silent
from tests.simulation.logs import BEGIN_S, Row, write_log


@pytest.fixture
def config(tmp_path: Path) -> BenchmarkConfig:
    """Two clients and a sweep in a network in which hardly anything answers."""
    made: list[Row] = [
        (float(i), f"192.168.7.{20 + i % 2}", "192.168.8.1", "tcp", 443, "SF", 0.1, 300, 900, 9, 11) for i in range(60)
    ]
    made += [(20.0 + i, "192.168.7.66", f"192.168.9.{i + 1}", "tcp", 22, "S0", 3.0, 0, 0, 3, 0) for i in range(30)]
    truth = tmp_path / "truth.csv"
    truth.write_text(
        f"episode_id,src,start_epoch,end_epoch,kind\nE1,192.168.7.66,{BEGIN_S + 20},{BEGIN_S + 49},sweep\n"
    )
    log = write_log(tmp_path / "conn.log", sorted(made))
    captures = {"poor": CaptureConfig(str(log), str(truth))}
    return BenchmarkConfig(
        models=[], rules=["random_walk"], published=None, data=DataConfig(name="poor", captures=captures)
    )


def test_evasions_that_the_captures_do_not_carry_are_left_out_and_said_so(config: BenchmarkConfig) -> None:
    material = gather(config, Silent())
    names = [one.name for one in material.rounds]
    assert EVASION not in names
    assert "aggregated 60 s" in names
    (caveat,) = material.caveats
    assert caveat.startswith("No evasions were played: ")


def test_evasions_that_were_asked_for_must_be_possible(config: BenchmarkConfig) -> None:
    config.arenas = [EVASION]
    with pytest.raises(ConfigError, match="hosts"):
        gather(config, Silent())
