"""`sweepml inject` and `sweepml simulate`: what the commands say, what they write, and how they end."""

from pathlib import Path

import pytest

from sweepml.cli.compose import compose_train
from sweepml.cli.main import main
from sweepml.datasets.episodes import read_episodes, read_roles, read_scripts
from sweepml.datasets.reader import read_connections
from tests.simulation.logs import rows, write_log


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_log(Path("in.log"), rows())


def test_inject_says_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inject", "input=in.log", "output=out.log", "sweeps.count=3", "sweeps.size_max=50"]) == 0
    made = read_connections("out.log").read_all().num_rows
    assert capsys.readouterr().out == (
        f"out.log: {len(rows())} connections (0 lines left out) and {made - len(rows())} records of 3 sweeps\n"
        "out.episodes.csv: which they are\nout.roles.csv: whose copies the other sources are\n"
    )
    assert len(read_episodes("out.episodes.csv")) == 3


def test_known_attacks_stay_in_the_episodes_file_and_their_sources_are_spared() -> None:
    Path("own.csv").write_text("episode_id,src,start,end,kind\nmine,192.168.7.20,1767600000,1767603600,sweep\n")
    arguments = ["sweeps.count=8", "sweeps.existing_share=1", "sweeps.size_max=50", "episodes=own.csv"]
    assert main(["inject", "input=in.log", "output=out.log", *arguments]) == 0
    first, *others = read_episodes("out.episodes.csv")
    assert (first.episode_id, first.source) == ("mine", "192.168.7.20")
    assert len(others) == 8
    assert "192.168.7.20" not in {one.source for one in others}


def test_the_roles_file_ties_each_source_to_the_one_it_is_a_copy_of() -> None:
    Path("own.csv").write_text("src,role,script\n192.168.7.20,crawler,\n192.168.7.21,printer,before.log:10.0.0.1 x2\n")
    assert (
        main(["inject", "input=in.log", "output=out.log", "sweeps.count=2", "sweeps.size_max=50", "roles=own.csv"]) == 0
    )
    roles, scripts = read_roles("out.roles.csv"), read_scripts("out.roles.csv")
    assert roles.keys() == scripts.keys() == {row[1] for row in rows()}
    assert (roles["192.168.7.20"], scripts["192.168.7.20"]) == ("crawler", "in.log:192.168.7.20")
    assert (roles["192.168.7.21"], scripts["192.168.7.21"]) == ("printer", "before.log:10.0.0.1")
    assert (roles["192.168.7.22"], scripts["192.168.7.22"]) == ("background", "in.log:192.168.7.22")


def test_what_inject_writes_is_where_training_looks() -> None:
    assert main(["inject", "input=in.log", "sweeps.count=2", "sweeps.size_max=50"]) == 0
    capture = compose_train(["data=lab_injected"]).data.captures["injected"]
    assert Path(capture.log).is_file()
    assert Path(str(capture.episodes)).is_file()
    assert Path(str(capture.roles)).is_file()


def test_what_simulate_writes_is_where_training_looks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hosts=100", "hours=0.1", "sweeps.count=2", "sweeps.size_max=50"]) == 0
    capture = compose_train(["data=lab_simulated"]).data.captures["simulated"]
    made = read_connections(capture.log).read_all().num_rows
    assert capsys.readouterr().out == (
        f"data/simulated/conn.log.gz: {made:,} connections, 2 sweeps among them\n"
        "data/simulated/conn.episodes.csv: which they are\ndata/simulated/conn.roles.csv: what the others do\n"
    )
    roles = read_roles(str(capture.roles))
    assert {one.source for one in read_episodes(str(capture.episodes))} <= roles.keys()


def test_a_network_at_peace_has_no_episodes() -> None:
    assert main(["simulate", "hosts=100", "hours=0.05", "sweeps.count=0", "output=peace.parquet"]) == 0
    assert read_episodes("peace.episodes.csv") == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inject"], "no input: give input=LOG"),
        (["inject", "input=no.log"], "no.log: no such file"),
        (["inject", "input=in.log", "output=in.log"], "output=in.log is the input"),
        (
            ["inject", "input=in.log", "output=out.csv"],
            "ends in .parquet or .log or .log.gz, got 'out.csv'",
        ),
        (["inject", "input=in.log", "sweeps.count=0"], "sweeps.count=0 would inject nothing"),
        (["inject", "input=in.log", "sweeps.count=-1"], "must not be negative"),
        (["inject", "input=in.log", "sweeps.ports=[ssh]"], "expected tcp/22, udp/161 or icmp, got 'ssh'"),
        (["inject", "input=in.log", "sweeps.ports=[tcp/0]"], "expected tcp/22, udp/161 or icmp, got 'tcp/0'"),
        (["inject", "input=in.log", "sweeps.scanners=[nmap]"], "no scanner is called 'nmap'"),
        (["inject", "input=in.log", "sweeps.conut=1"], "there is no key 'sweeps.conut'; did you mean sweeps.count"),
        (["inject", "input=in.log", "internal_networks=[ten]"], "expected a network such as 10.0.0.0/8, got 'ten'"),
        (["simulate", "hosts=5"], "hosts must lie between 100 and 100,000, got 5"),
        (["simulate", "hours=0"], "hours must lie between 0 and 8,784"),
        (["simulate", "start=today"], "start is a time such as 2026-01-05T08:00:00Z, got 'today'"),
        (["simulate", "output=x"], "a log to write ends in"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not Path("data").exists()


@pytest.mark.parametrize("command", ["inject", "simulate"])
def test_help_and_show_write_nothing(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: sweepml {command}")
    assert main([command, "seed=5", "--show"]) == 0
    assert "seed: 5\n" in capsys.readouterr().out
    assert list(Path().iterdir()) == [Path("in.log")]
