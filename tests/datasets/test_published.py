"""Published captures: what is known of their sources, and what is not judged."""

from pathlib import Path

import pytest

from sweepml.datasets.published import load_published
from sweepml.errors import InputMissingError
from sweepml.features.plan import FeaturePlan

HEADER = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n"
LINES = "".join(f"{i}.0\t10.0.0.{i % 3}\t5\t10.0.1.{i}\t22\ttcp\tS0\n" for i in range(9))
TRUTH = """\
file,source,kind,protocol,ports,start,end,note
zeek/a.conn.log,10.0.0.1,sweep,tcp,22,0,8,
zeek/a.conn.log,10.0.0.2,benign_fanout,any,any,0,8,a browser
zeek/strato1.conn.log,10.0.0.2,vertical_scan,tcp,any,0,8,
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "zeek").mkdir()
    for name in ("a.conn.log", "b.conn.log", "strato1.conn.log"):
        (tmp_path / "zeek" / name).write_text(HEADER + LINES)
    (tmp_path / "zeek" / "broken.conn.log").write_text("what is this\n")
    (tmp_path / "ground_truth.csv").write_text(TRUTH)
    return tmp_path


def test_sources_are_what_the_ground_truth_says(root: Path) -> None:
    published = load_published(root, FeaturePlan())
    by_name = {capture.name: capture for capture in published.captures}
    assert list(by_name) == ["zeek/a", "zeek/b", "zeek/strato1"]
    assert [(one.source, one.kind) for one in by_name["zeek/a"].episodes] == [("10.0.0.1", "sweep")]
    assert by_name["zeek/a"].roles == {"10.0.0.2": "benign_fanout"}
    assert int((by_name["zeek/a"].connections.label == 1).sum()) == 3
    assert by_name["zeek/b"].episodes == ()


def test_where_a_sensor_is_scanned_only_listed_sources_are_judged(root: Path) -> None:
    strato = load_published(root, FeaturePlan(), without=["zeek/a", "zeek/b"]).captures
    assert [capture.name for capture in strato] == ["zeek/strato1"]
    assert strato[0].is_judged("10.0.0.2")
    assert not strato[0].is_judged("10.0.0.1")
    assert load_published(root, FeaturePlan()).captures[0].is_judged("10.0.0.0")


def test_what_cannot_be_read_is_said(root: Path) -> None:
    left_out = load_published(root, FeaturePlan()).left_out
    assert list(left_out) == ["zeek/broken.conn.log"]
    assert "what is this" in left_out["zeek/broken.conn.log"]


def test_folder_without_ground_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"ground_truth\.csv: no such file"):
        load_published(tmp_path, FeaturePlan())


@pytest.mark.real
def test_every_listed_source_is_in_a_capture(real_dir: Path) -> None:
    published = load_published(real_dir, FeaturePlan())
    attacks = [(capture.name, one.source) for capture in published.captures for one in capture.episodes]
    assert ("zeek/iot23_test_90_10", "192.168.1.198") in attacks
    for capture in published.captures:
        assert {one.source for one in capture.episodes} <= set(capture.hosts.names)
