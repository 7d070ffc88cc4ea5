"""What a detector trained with ``data=field`` says of published captures that it was not trained on."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sweepml.cli.compose import compose_train
from sweepml.runtime.alerts import Alert
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.lines import LineReader
from sweepml.runtime.session import ScoringSession
from sweepml.tasks.train import TrainResult, train

pytestmark = [
    pytest.mark.slow,  # trains the whole field configuration: minutes
    pytest.mark.real,
    pytest.mark.timeout(1800),
    # mlflow and what it stands on warn of their own changes to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@dataclass(frozen=True)
class Field:
    """The trained detector, and where the published captures are."""

    result: TrainResult
    real: Path

    def alerts(self, name: str) -> dict[str, list[Alert]]:
        """Return the alerts on a log by source, raised as an agent raises them."""
        session = ScoringSession(Bundle(self.result.bundle_path))
        found = [a for chunk in LineReader(self.real / name, session.hosts) for a in session.push(chunk)]
        by_source: dict[str, list[Alert]] = {}
        for alert in [*found, *session.flush()]:
            by_source.setdefault(alert.source, []).append(alert)
        return by_source


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, repo_root: Path, real_dir: Path) -> Field:
    folder = tmp_path_factory.mktemp("field")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repo_root)
        config = compose_train(["data=field", "name=field", f"output_root={folder}", f"data.real_root={real_dir}"])
        return Field(train(config), real_dir)


def ports_of(alerts: list[Alert]) -> set[int]:
    return {port.port for alert in alerts for port in alert.ports}


def test_sweeps_of_iot_bots_are_found_with_their_ports(field: Field) -> None:
    alerts = field.alerts("zeek/iot23_test_90_10.conn.log")
    assert 23 in ports_of(alerts["192.168.1.198"])
    assert 22 in ports_of(alerts["192.168.1.194"])
    assert len(alerts.keys() - {"192.168.1.198", "192.168.1.194"}) <= 1


def test_pc_that_browses_all_day_raises_nothing(field: Field) -> None:
    assert "147.32.83.165" not in field.alerts("zeek/strato011_mixed.conn.log.labeled")


@pytest.mark.parametrize(
    "name",
    [
        "zeek/idps2023_benign.conn.log.labeled",
        "zeek/iot23_benign_b1.conn.log",
        "zeek/iot23_benign_b2.conn.log",
        *(f"zeek/iot23_benign_b3{part}.conn.log" for part in "abcdef"),
    ],
)
def test_benign_captures_raise_nothing(field: Field, name: str) -> None:
    assert field.alerts(name) == {}
