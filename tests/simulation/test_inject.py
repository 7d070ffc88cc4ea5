"""Injection: the log stays, the sweeps are where the episodes say, and the same seed gives the same bytes."""

import gzip
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError, FormatError, InputError
from sweepml.features.plan import FeaturePlan
from sweepml.simulation.inject import Injection, inject
from sweepml.simulation.portrait import LogInput
from sweepml.simulation.sweeps import SweepOptions
from sweepml.simulation.truth import beside, write_episodes
from tests.simulation.logs import rows, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "in.log", rows())


def injected(log: Path, output: Path, sweeps: int = 12, seed: int = 0, **options: object) -> Injection:
    done = inject(LogInput(log), output, sweeps, SweepOptions(sizes=(10, 200), **options), seed)  # type: ignore[arg-type]
    write_episodes(beside(output, "episodes"), done.episodes)
    return done


def loaded(output: Path) -> Capture:
    return load_capture(CaptureSource("x", str(output), str(beside(output, "episodes"))), FeaturePlan())[0]


def lines(path: Path) -> list[str]:
    """Return the log's records without the columns that injection does not carry over."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    made = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return ["\t".join([line[0], line[2], *line[4:]]) for line in made]


@pytest.mark.parametrize("name", ["out.log", "out.log.gz", "out.parquet"])
def test_same_seed_same_bytes(log: Path, tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        injected(log, tmp_path / folder / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_makes_other_sweeps(log: Path, tmp_path: Path) -> None:
    injected(log, tmp_path / "a.log", seed=1)
    injected(log, tmp_path / "b.log", seed=2)
    assert (tmp_path / "a.log").read_bytes() != (tmp_path / "b.log").read_bytes()


def test_the_log_s_own_records_stay_in_order(log: Path, tmp_path: Path) -> None:
    injected(log, tmp_path / "out.log")
    own, rest = lines(log), iter(lines(tmp_path / "out.log"))
    assert all(line in rest for line in own)  # `in` moves the iterator on: a subsequence


def test_more_sweeps_add_and_change_nothing_else(log: Path, tmp_path: Path) -> None:
    few, many = injected(log, tmp_path / "few.log", 4), injected(log, tmp_path / "many.log", 9)
    assert many.episodes[:4] == few.episodes
    rest = iter(lines(tmp_path / "many.log"))
    assert all(line in rest for line in lines(tmp_path / "few.log"))


def test_episodes_label_exactly_the_injected_records_of_new_sources(log: Path, tmp_path: Path) -> None:
    done = injected(log, tmp_path / "out.log", existing_share=0.0)
    capture = loaded(tmp_path / "out.log")
    assert capture.connections.label.sum() == done.injected
    assert len(capture.connections) == len(lines(log)) + done.injected


def test_episodes_count_what_was_probed(log: Path, tmp_path: Path) -> None:
    done = injected(log, tmp_path / "out.log", existing_share=0.0)
    assert sum(int(one.attributes["probes_sent"]) for one in done.episodes) == done.injected
    assert all(int(one.attributes["pairs_open"]) <= int(one.attributes["pairs_probed"]) for one in done.episodes)


def test_episodes_read_back_as_they_were_made(log: Path, tmp_path: Path) -> None:
    done = injected(log, tmp_path / "out.log", scanners=("nmap_t4", "mirai"))
    for read, made in zip(loaded(tmp_path / "out.log").episodes, done.episodes, strict=True):
        assert (read.episode_id, read.source, read.kind, read.ports, read.targets) == (
            made.episode_id,
            made.source,
            made.kind,
            made.ports,
            made.targets,
        )
        assert (read.start_us, read.end_us) == (made.start_us, made.end_us)
        assert read.attributes["tool"] == made.attributes["tool"]


def test_a_log_by_start_stays_one(log: Path, tmp_path: Path) -> None:
    injected(log, tmp_path / "out.log")
    starts = read_connections(tmp_path / "out.log").read_all().column("ts_us").to_numpy()
    assert (np.diff(starts) >= 0).all()


def test_a_log_by_end_stays_one(tmp_path: Path) -> None:
    made = sorted(rows(), key=lambda row: row[0] + row[6])
    injected(write_log(tmp_path / "in.log", made), tmp_path / "out.log")
    table = read_connections(tmp_path / "out.log").read_all()
    ends = table.column("ts_us").to_numpy() + table.column("duration_us").to_numpy()
    assert (np.diff(ends) >= 0).all()


def test_batches_do_not_show(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    injected(log, tmp_path / "whole.log")
    monkeypatch.setattr("sweepml.simulation.portrait.read_connections", lambda p, o: read_connections(p, o, 7))
    injected(log, tmp_path / "pieces.log")
    assert (tmp_path / "whole.log").read_bytes() == (tmp_path / "pieces.log").read_bytes()


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    def peak_bytes(days: int) -> int:
        hour = rows(4000)
        made = [(start + 86_400 * day, *rest) for day in range(days) for start, *rest in hour]
        path = write_log(tmp_path / f"{days}.log", made)
        del made
        tracemalloc.start()
        inject(LogInput(path), tmp_path / "out.log", 3, SweepOptions(sizes=(10, 50)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(160) < 1.3 * peak_bytes(40)


def test_an_ipv6_log_stays_an_ipv6_log(tmp_path: Path) -> None:
    injected(write_log(tmp_path / "in.log", rows(ipv6=True)), tmp_path / "out.log")
    table = read_connections(tmp_path / "out.log").read_all()
    assert all(":" in text for name in ("src", "dst") for text in table.column(name).unique().to_pylist())


def test_bad_lines_are_counted_and_left_out(log: Path, tmp_path: Path) -> None:
    log.write_text(log.read_text() + "not\ta\trecord\n" + "\x00\n")
    done = injected(log, tmp_path / "out.log")
    assert sum(done.read.rejects.values()) == 2
    assert done.read.rows == len(rows())


def test_a_json_log_of_out_of_order_records_works(tmp_path: Path) -> None:
    names = ("ts", "id.orig_h", "id.resp_h", "proto", "id.resp_p", "conn_state", "duration")
    sizes = ("orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts")
    made = [dict(zip((*names, *sizes), row, strict=True)) | {"id.orig_p": 40_000} for row in rows()]
    np.random.default_rng(0).shuffle(made)
    (tmp_path / "in.json").write_text("".join(json.dumps(one) + "\n" for one in made))
    done = injected(tmp_path / "in.json", tmp_path / "out.log")
    assert done.read.rows == len(made)
    assert len(lines(tmp_path / "out.log")) == len(made) + done.injected


def test_a_damaged_log_leaves_nothing_behind(log: Path, tmp_path: Path) -> None:
    whole = gzip.compress(log.read_bytes())
    (tmp_path / "in.log.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"in\.log\.gz"):
        injected(tmp_path / "in.log.gz", tmp_path / "out.log")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.log", "in.log.gz"]


def test_a_log_of_one_moment_is_refused(tmp_path: Path) -> None:
    moment = [(5.0, *rest) for _, *rest in rows(20)]
    with pytest.raises(ConfigError, match="the log spans 0 s"):
        injected(write_log(tmp_path / "in.log", moment), tmp_path / "out.log")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_log_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "in.log").write_text(content)
    with pytest.raises(FormatError, match="the log is empty"):
        injected(tmp_path / "in.log", tmp_path / "out.log")
    assert not (tmp_path / "out.log").exists()


def test_a_log_without_targets_is_refused(tmp_path: Path) -> None:
    multicast = [(0.0, "192.168.7.2", "224.0.0.251", "udp", 5353, "S0", 0.0, 0, 0, 1, 0)]
    for made in ([], multicast):
        with pytest.raises(
            InputError, match=f"expected connections with a target to learn from, got {len(made)} others"
        ):
            injected(write_log(tmp_path / "in.log", made), tmp_path / "out.log")
