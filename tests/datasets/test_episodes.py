import logging
from pathlib import Path

import pytest

from sweepml.datasets.capture import Episode
from sweepml.datasets.episodes import read_episodes, read_roles, read_scripts
from sweepml.errors import InputMissingError, LabelError

HEADER = "episode_id,src,start_epoch,end_epoch,kind,proto,ports,targets,tool\n"
GOOD = "A,10.0.0.1,100.5,200,sweep,tcp,22,10.0.0.0/8,nmap\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def one(tmp_path: Path, **changed: str) -> Episode:
    names = HEADER.strip().split(",")
    values = dict(zip(names, GOOD.strip().split(","), strict=True)) | changed
    quoted = ",".join(f'"{text}"' for text in values.values())
    (episode,) = read_episodes(write(tmp_path / "e.csv", HEADER + quoted + "\n"))
    return episode


def test_all_parts_are_read(tmp_path: Path) -> None:
    episode = one(tmp_path)
    assert (episode.episode_id, episode.source, episode.kind) == ("A", "10.0.0.1", "sweep")
    assert (episode.start_us, episode.end_us) == (100_500_000, 200_000_000)
    assert (episode.protocols, episode.ports, episode.targets) == ((6,), ((22, 22),), ("10.0.0.0/8",))
    assert episode.attributes == {"tool": "nmap"}


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("22", ((22, 22),)),
        ("80,443", ((80, 80), (443, 443))),
        ("23 52869 37215", ((23, 23), (52869, 52869), (37215, 37215))),
        ("1-65535", ((1, 65535),)),
        ("8/0", ((8, 8),)),
        ("any", ()),
        ("", ()),
        ("top1000", ()),
        ("icmp echo/timestamp,443,80", ()),
    ],
)
def test_ports_are_read(tmp_path: Path, text: str, ports: tuple[tuple[int, int], ...]) -> None:
    assert one(tmp_path, ports=text).ports == ports


@pytest.mark.parametrize(
    ("text", "protocols"),
    [
        ("tcp", (6,)),
        ("any", ()),
        ("", ()),
        ("icmp", (1, 58)),
        ("tcp+icmp", (6, 1, 58)),
        ("UDP", (17,)),
        ("47", (47,)),
    ],
)
def test_protocols_are_read(tmp_path: Path, text: str, protocols: tuple[int, ...]) -> None:
    assert one(tmp_path, proto=text).protocols == protocols


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("10.0.0.0/8 172.16.0.0/12", ("10.0.0.0/8", "172.16.0.0/12")),
        ("10.0.0.7/24,2001:DB8::/32", ("10.0.0.0/24", "2001:db8::/32")),
        ("10.0.0.7", ("10.0.0.7/32",)),
        ("any", ()),
    ],
)
def test_targets_are_read(tmp_path: Path, text: str, targets: tuple[str, ...]) -> None:
    assert one(tmp_path, targets=text).targets == targets


def test_a_number_of_targets_is_no_network(tmp_path: Path) -> None:
    episode = one(tmp_path, targets="182")
    assert episode.targets == ()
    assert episode.attributes["targets"] == "182"


def test_rfc_3339_times_and_other_names_are_read(tmp_path: Path) -> None:
    text = "source,start,end,kind\n2001:DB8::1,1970-01-01T00:00:01Z,1970-01-01T01:00:02.5+01:00,Vertical_Scan\n"
    (episode,) = read_episodes(write(tmp_path / "e.csv", "\ufeff" + text))
    assert (episode.source, episode.start_us, episode.end_us) == ("2001:db8::1", 1_000_000, 2_500_000)
    assert (episode.episode_id, episode.kind, episode.protocols) == ("E0001", "vertical_scan", ())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"src": "host1"}, "line 2, column src: expected an IPv4 or IPv6 address, got 'host1'"),
        ({"start_epoch": "soon"}, "column start_epoch: expected epoch seconds or an RFC 3339 time"),
        ({"start_epoch": "2020-01-01T00:00:00"}, "column start_epoch: .* with its offset"),
        (
            {"end_epoch": "99"},
            r"column end_epoch: expected a time that is not before the start \(100.5\), got '99'",
        ),
        ({"kind": ""}, "column kind: expected a word such as sweep"),
        ({"proto": "smtp"}, "column proto: expected protocols such as tcp, tcp.icmp or any, got 'smtp'"),
        ({"ports": "44e3"}, "column ports: expected ports such as 22"),
        ({"ports": "70000"}, "column ports: expected ports from 0 to 65535"),
        ({"ports": "9-1"}, "column ports: expected ports from 0 to 65535, the lower end of a range first"),
        ({"targets": "10.0.0.0/33"}, "column targets: expected networks such as 10.0.0.0/8"),
        ({"targets": "12 10.0.0.0/8"}, "column targets: expected networks"),
    ],
)
def test_bad_values_are_named_with_line_and_column(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    with pytest.raises(LabelError, match=words):
        one(tmp_path, **changed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a CSV file with a header line, but it is empty"),
        ("src,start,kind\n", "expected a column end_epoch or end, got src, start, kind"),
        ("src,src,start,end,kind\n", "the column 'src' stands twice"),
        (HEADER + "A,10.0.0.1\n", "line 2: expected 9 fields, got 2"),
        (
            HEADER + GOOD + GOOD,
            r"line 3, column episode_id: expected one row per episode and source \(line 2",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LabelError, match=words):
        read_episodes(write(tmp_path / "e.csv", text))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe")
    with pytest.raises(LabelError, match="expected UTF-8 text"):
        read_episodes(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="no such file"):
        read_episodes(tmp_path / "e.csv")


def test_a_distributed_sweep_is_several_rows_of_one_id(tmp_path: Path) -> None:
    text = HEADER + GOOD + GOOD.replace("10.0.0.1,", "10.0.0.2,")
    assert [e.source for e in read_episodes(write(tmp_path / "e.csv", text))] == ["10.0.0.1", "10.0.0.2"]


def test_rows_of_one_file_are_picked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "file,source,start,end,kind\na.log,10.0.0.1,1,2,sweep\nb.log,10.0.0.2,1,2,sweep\n"
    path = write(tmp_path / "e.csv", text)
    assert [e.source for e in read_episodes(path, "b.log")] == ["10.0.0.2"]
    assert read_episodes(path, "b.log")[0].attributes == {"file": "b.log"}
    assert len(read_episodes(path)) == 2
    assert read_episodes(path, "c.log") == ()
    assert caplog.records[-1].levelno == logging.WARNING
    with pytest.raises(LabelError, match="expected a column file"):
        read_episodes(write(tmp_path / "g.csv", HEADER + GOOD), "a.log")


@pytest.mark.parametrize(("campaign", "count", "sweeps"), [("train", 52, 47), ("train2", 50, 47)])
def test_the_laboratory_is_read(lab_dir: Path, campaign: str, count: int, sweeps: int) -> None:
    episodes = read_episodes(lab_dir / campaign / "truth.csv")
    ids = {episode.episode_id for episode in episodes}
    assert len(ids) == count
    assert len({episode.episode_id for episode in episodes if episode.is_sweep}) == sweeps
    assert len(read_roles(lab_dir / campaign / "roles.csv")) > 40


@pytest.mark.real
def test_the_published_ground_truth_is_read(real_dir: Path) -> None:
    path = real_dir / "ground_truth.csv"
    (episode,) = read_episodes(path, "zeek/strato002_nmap.conn.log")
    assert episode.attributes["targets"] == "182"
    assert episode.is_sweep
    assert len(read_episodes(path)) == 20


def test_script_is_the_first_word_of_its_column(tmp_path: Path) -> None:
    text = "src,role,script\n10.0.0.1,pc,office.log:10.0.0.9 cap=20\n10.0.0.2,dns,\n"
    assert read_scripts(write(tmp_path / "r.csv", text)) == {"10.0.0.1": "office.log:10.0.0.9"}


def test_roles_without_scripts_replay_nothing(tmp_path: Path) -> None:
    assert read_scripts(write(tmp_path / "r.csv", "src,role\n10.0.0.1,dns\n")) == {}


def test_roles_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "src,role,note\n10.0.0.1,dns,x\nFE80::1,printer,\n10.0.0.1,dns,y\n")
    assert read_roles(path) == {"10.0.0.1": "dns", "fe80::1": "printer"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("src,note\n", "expected a column role"),
        ("src,role\n10.0.0.1,\n", "line 2, column role: expected a role"),
        ("src,role\n10.0.0.1,a\n10.0.0.1,b\n", "line 3, column role: expected one role per source"),
        ("src,role\nx,a\n", "column src: expected an IPv4 or IPv6 address"),
    ],
)
def test_bad_roles_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LabelError, match=words):
        read_roles(write(tmp_path / "r.csv", text))
