import hashlib
from pathlib import Path

import pytest

from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.errors import ConfigError, InputMissingError
from sweepml.features.plan import FeaturePlan
from sweepml.graph.hosts import HostKind

LABELLED = (
    "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\tlabel\tdetailed-label\n"
    "1.0\t10.0.0.1\t5\t10.0.1.1\t22\ttcp\tS0\tMalicious\tPartOfAHorizontalPortScan\n"
    "2.0\t10.0.0.2\t5\t10.0.1.1\t80\ttcp\tSF\tMalicious\tDDoS\n"
    "3.0\t10.0.0.3\t5\t10.0.1.1\t80\ttcp\tSF\tBenign\t-\n"
    "bad\n"
)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "conn.log"
    path.write_text(LABELLED)
    return str(path)


@pytest.fixture
def episodes(tmp_path: Path) -> str:
    path = tmp_path / "episodes.csv"
    path.write_text(
        "file,src,start,end,kind\na.log,10.0.0.2,0,9,sweep\na.log,10.0.0.1,0,9,vertical_scan\nb.log,10.0.0.3,0,9,sweep\n"
    )
    return str(path)


def test_the_log_itself_labels_nothing_unless_asked(log: str) -> None:
    capture, report = load_capture(CaptureSource("a", log), FeaturePlan())
    assert capture.connections.label.tolist() == [0, 0, 0]
    assert capture.episodes == ()
    assert report.rejects == {"wrong field count": 1}


def test_episodes_label_the_rows_of_their_file(log: str, episodes: str) -> None:
    capture, _ = load_capture(CaptureSource("a", log, episodes, episodes_file="a.log"), FeaturePlan())
    assert capture.connections.label.tolist() == [2, 1, 0]
    assert [episode.source for episode in capture.episodes] == ["10.0.0.2", "10.0.0.1"]


def test_a_sweep_wins_where_log_and_episodes_meet(log: str, episodes: str) -> None:
    source = CaptureSource("a", log, episodes, use_log_labels=True, episodes_file="a.log")
    capture, _ = load_capture(source, FeaturePlan())
    assert capture.connections.label.tolist() == [1, 1, 0]
    assert len(capture.episodes) == 4


def test_log_labels_alone_make_episodes(log: str) -> None:
    capture, _ = load_capture(CaptureSource("a", log, use_log_labels=True), FeaturePlan())
    assert capture.connections.label.tolist() == [1, 2, 0]
    assert [(e.source, e.kind, e.ports) for e in capture.episodes] == [
        ("10.0.0.1", "sweep", ((22, 22),)),
        ("10.0.0.2", "other_attack", ((80, 80),)),
    ]


def test_the_fingerprint_is_that_of_the_file(log: str) -> None:
    capture, _ = load_capture(CaptureSource("a", log), FeaturePlan())
    assert capture.fingerprint == hashlib.sha256(LABELLED.encode()).hexdigest()


def test_the_plan_decides_what_is_internal(log: str) -> None:
    capture, _ = load_capture(CaptureSource("a", log), FeaturePlan(internal_networks=("192.168.0.0/16",)))
    assert set(capture.hosts.kind.tolist()) == {HostKind.PUBLIC}


def test_roles_are_read(log: str, tmp_path: Path) -> None:
    roles = tmp_path / "roles.csv"
    roles.write_text("src,role\n10.0.0.1,dns\n")
    capture, _ = load_capture(CaptureSource("a", log, roles=str(roles)), FeaturePlan())
    assert capture.roles == {"10.0.0.1": "dns"}


def test_a_log_without_rows_is_an_empty_capture(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(LABELLED.splitlines(keepends=True)[0])
    capture, report = load_capture(CaptureSource("a", str(path), use_log_labels=True), FeaturePlan())
    assert (len(capture.connections), report.rows, capture.span_s) == (0, 0, 0.0)


def test_small_files_are_read_first(log: str) -> None:
    with pytest.raises(InputMissingError, match=r"nowhere\.csv"):
        load_capture(CaptureSource("a", log, "nowhere.csv"), FeaturePlan())


def test_a_file_name_without_an_episodes_file_is_an_error(log: str) -> None:
    with pytest.raises(ConfigError, match="episodes_file picks rows of an episodes file, but none is given"):
        CaptureSource("a", log, episodes_file="a.log")


@pytest.mark.parametrize("campaign", ["train", "train2"])
def test_every_episode_of_the_laboratory_labels_something(
    lab_dir: Path, campaign: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = lab_dir / campaign
    source = CaptureSource(campaign, str(folder / "conn.log.gz"), str(folder / "truth.csv"), str(folder / "roles.csv"))
    capture, report = load_capture(source, FeaturePlan())
    assert report.rejects == {}
    assert not caplog.records, "an episode that matches nothing is logged"
    share = (capture.connections.label > 0).mean()
    low, high = {"train": (0.75, 0.83), "train2": (0.19, 0.22)}[campaign]  # the campaigns' README
    assert low < share < high
