"""`features`: logs in, one Parquet file out, whatever happens on the way."""

import gzip
import logging
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweepml.config.features import EngineFeaturesConfig, FeatureTableConfig
from sweepml.config.train import WindowConfig
from sweepml.datasets.load import CaptureSource, fingerprint, load_capture
from sweepml.errors import ConfigError, FormatError, InputError, InputMissingError, MissingExtraError
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.pipeline import engines, partitions
from sweepml.pipeline.engines import EngineOptions
from sweepml.pipeline.rows import feature_rows
from sweepml.pipeline.table import read_features, read_stamp
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.tasks.features import FeatureTable, features
from sweepml.tasks.progress import Silent
from tests.cli.logs import row, sweep_rows, write_log


class Steps(Silent):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.expected, self.got = 0, 0

    def stage(self, title: str, steps: int) -> None:
        self.expected += steps

    def step(self) -> None:
        self.got += 1


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with three logs and one that is none."""
    monkeypatch.chdir(tmp_path)
    write_log(Path("a.log"), sweep_rows(30))
    write_log(Path("b.log"), [row(f"10.2.0.{i}", at_s=i * 7.0, src="10.0.0.9") for i in range(1, 90)])
    write_log(Path("c.log"), [])
    Path("bad.log").write_text("hello\n")
    return tmp_path


def config(given: object, engine: str = "local", workers: int | None = 1, **settings: Any) -> FeatureTableConfig:
    plan = EngineFeaturesConfig(engine=engine, workers=workers, min_dst_count=2)
    return FeatureTableConfig(given, settings.pop("output", "f.parquet"), features=plan, **settings)


def computed(given: object, **settings: Any) -> tuple[str, ...]:
    return features(config(given, **settings)).computed


def test_rows_are_those_of_the_batch_pipeline(lab_dir: Path) -> None:
    log = str(lab_dir / "train2" / "conn.log.gz")
    table = features(replace(config(log), features=EngineFeaturesConfig()))
    capture, _ = load_capture(CaptureSource("lab", log), FeaturePlan())
    rows = feature_rows(capture.connections, FeatureStream(FeaturePlan(), capture.hosts))
    got = read_features(table.path)
    assert got.num_rows == len(rows) == table.rows > 1000
    for name in ("start_us", "end_us", "as_of_us", "length_s"):
        assert got.column(name).to_numpy().tobytes() == getattr(rows, name).tobytes()
    values = np.column_stack([got.column(name).to_numpy() for name in FEATURE_NAMES])
    assert values.tobytes() == rows.values.tobytes()
    assert got.column("source").to_pylist() == [capture.hosts.name(code) for code in rows.source.tolist()]


def test_forgetting_hosts_changes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"10.{i % 200}.{i // 200}.9", at_s=i / 5, src=f"10.0.0.{i % 3}") for i in range(4000)]
    write_log(Path("many.log"), rows)
    real = partitions.read_connections
    monkeypatch.setattr(partitions, "read_connections", lambda path, origin: real(path, origin, batch_rows=100))
    order = ["source", "end_us", "length_s", "as_of_us"]
    kept = read_features(features(config("many.log")).path).to_pandas().sort_values(order, ignore_index=True)
    sizes = []
    compact = FeatureStream.compact
    monkeypatch.setattr(FeatureStream, "compact", lambda self: sizes.append(len(self.hosts)) or compact(self))
    monkeypatch.setattr(partitions, "_HOSTS", 50)
    forgot = read_features(features(config("many.log", output="g.parquet")).path).to_pandas()
    assert len(sizes) > 2
    assert kept.equals(forgot.sort_values(order, ignore_index=True))


def test_captures_stand_in_the_order_given() -> None:
    table = features(config(["b.log", "c.log", "a.log"]))
    capture = read_features(table.path).column("capture").to_pylist()
    assert list(dict.fromkeys(capture)) == ["b.log", "a.log"]
    assert [(one.capture, one.connections) for one in table.stamp.inputs] == [
        ("b.log", 89),
        ("c.log", 0),
        ("a.log", 30),
    ]
    assert table.rows == len(capture)


def test_files_of_a_capture_are_one_stream() -> None:
    rows = sweep_rows(30)
    write_log(Path("a.1.log"), rows[:13])
    write_log(Path("a.2.log"), rows[13:])
    whole = read_features(features(config({"x": "a.log"})).path)
    cut = read_features(features(config({"x": "a.?.log"}, output="g.parquet")).path)
    assert cut.to_pandas().equals(whole.to_pandas())


def test_file_says_what_it_was_made_of() -> None:
    table = features(config({"office": ["a.log", "b.log"]}))
    stamp = read_stamp(table.path)
    assert stamp == table.stamp
    assert [(file.name, file.sha256) for file in stamp.inputs[0].files] == [
        ("a.log", fingerprint("a.log")),
        ("b.log", fingerprint("b.log")),
    ]
    assert stamp.feature_plan["min_dst_count"] == 2


def test_parts_are_gone_when_the_table_is_there() -> None:
    features(config(["a.log", "b.log"]))
    assert not Path("f.parts").exists()


def test_kept_parts_are_used_by_a_run_with_more_inputs() -> None:
    assert computed(["a.log", "b.log"], keep_parts=True) == ("a.log", "b.log")
    assert computed(["a.log", "b.log", "c.log"], keep_parts=True) == ("c.log",)
    assert len(list(Path("f.parts").iterdir())) == 3


def test_a_complete_table_is_not_made_again() -> None:
    features(config(["a.log", "b.log"]))
    before = Path("f.parquet").stat().st_mtime_ns
    assert computed(["a.log", "b.log"]) == ()
    assert Path("f.parquet").stat().st_mtime_ns == before


def test_run_goes_on_where_bad_input_stopped_it() -> None:
    with pytest.raises(FormatError, match=r"\Abad\.log: expected a log"):
        features(config(["a.log", "bad.log", "b.log"]))
    assert not Path("f.parquet").exists()
    assert computed(["a.log", "b.log"]) == ("b.log",)


def test_run_goes_on_where_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = partitions.read_connections

    def interrupt(path: str, origin: str) -> object:
        if path == "b.log":
            raise KeyboardInterrupt
        return real(path, origin)

    with monkeypatch.context() as patch:
        patch.setattr(partitions, "read_connections", interrupt)
        with pytest.raises(KeyboardInterrupt):
            features(config(["a.log", "b.log"]))
    assert computed(["a.log", "b.log"]) == ("b.log",)


def test_a_killed_run_leaves_no_half_part() -> None:
    Path("f.parts").mkdir()
    part = partitions.part_name("a.log")
    Path("f.parts", f"{part}.123.draft").write_bytes(b"PAR1 and then the power went")
    assert computed(["a.log"]) == ("a.log",)
    assert not Path("f.parts").exists()


def test_foreign_files_beside_the_parts_stay() -> None:
    Path("f.parts").mkdir()
    Path("f.parts", "mine.txt").write_text("mine")
    features(config("a.log"))
    assert [one.name for one in Path("f.parts").iterdir()] == ["mine.txt"]


CHANGES: dict[str, Callable[[FeatureTableConfig], FeatureTableConfig]] = {
    "plan": lambda one: replace(one, features=replace(one.features, windows=[WindowConfig(10, 5)])),
    "gate": lambda one: replace(one, features=replace(one.features, min_dst_count=3)),
    "origin": lambda one: replace(one, origin="zeek"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_part_made_in_another_way_is_made_again(change: Callable[[FeatureTableConfig], FeatureTableConfig]) -> None:
    before = config(["a.log"], keep_parts=True)
    features(before)
    assert features(change(before)).computed == ("a.log",)


@pytest.mark.parametrize("name", ["SCHEMA_HASH", "git_commit"])
def test_a_part_of_other_code_is_made_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features(config(["a.log"], keep_parts=True))
    Path("f.parquet").unlink()
    if name == "git_commit":
        monkeypatch.setattr("sweepml.tasks.features.git_commit", lambda: "other")
    else:
        part = Path("f.parts", partitions.part_name("a.log"))
        part.write_bytes(part.read_bytes().replace(read_stamp(part).feature_schema.encode(), b"0" * 16))
    assert computed(["a.log"]) == ("a.log",)


def test_a_part_of_a_changed_file_is_made_again() -> None:
    features(config(["a.log", "b.log"], keep_parts=True))
    write_log(Path("a.log"), sweep_rows(40))
    table = features(config(["a.log", "b.log"], keep_parts=True))
    assert table.computed == ("a.log",)
    assert table.stamp.inputs[0].connections == 40


def test_a_damaged_part_is_made_again() -> None:
    features(config(["a.log"], keep_parts=True))
    whole = Path("f.parquet").read_bytes()
    Path("f.parquet").unlink()
    part = Path("f.parts", partitions.part_name("a.log"))
    part.write_bytes(part.read_bytes()[:-50])
    assert computed(["a.log"]) == ("a.log",)
    assert Path("f.parquet").read_bytes() == whole


def test_a_log_that_grows_while_it_is_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real, size = partitions.table_to_connections, Path("a.log").stat().st_size

    def grow(*arguments: Any) -> object:
        if Path("a.log").stat().st_size == size:
            with Path("a.log").open("a") as log:
                log.write(row("10.9.9.9"))
        return real(*arguments)

    monkeypatch.setattr(partitions, "table_to_connections", grow)
    with pytest.raises(InputError, match=r"a\.log: changed while it was read"):
        features(config("a.log"))
    assert not list(Path("f.parts").iterdir())


def test_rejected_lines_are_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    write_log(Path("a.log"), [*sweep_rows(30), "not\ta\trow\n"])
    with caplog.at_level(logging.WARNING, "sweepml"):
        table = features(config(["a.log", "b.log"], workers=2))
    assert table.stamp.inputs[0].rejected == 1
    assert [record.message.split(":")[0] for record in caplog.records] == ["a.log"]


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_reaches_its_end(workers: int, lab_dir: Path) -> None:
    told = Steps()
    Path("lab.log").write_bytes(gzip.decompress((lab_dir / "train2" / "conn.log.gz").read_bytes()))
    features(config(["lab.log", "a.log"], workers=workers), told)
    assert told.got == told.expected > 8


def test_processes_give_the_same_bytes() -> None:
    one = features(config(["a.log", "b.log", "c.log"], workers=1)).path.read_bytes()
    many = features(config(["a.log", "b.log", "c.log"], workers=2, output="g.parquet")).path.read_bytes()
    assert one == many


def test_processes_keep_what_was_finished_before_bad_input() -> None:
    with pytest.raises(FormatError, match=r"bad\.log: expected a log"):
        features(config(["a.log", "b.log", "bad.log"], workers=2))
    assert not Path("f.parquet").exists()
    assert read_stamp(Path("f.parts", partitions.part_name("b.log"))) is not None


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"given": None}, ConfigError, "no input"),
        ({"given": "no.log"}, InputMissingError, "no.log: no such file"),
        ({"given": "a.log", "output": "f.csv"}, ConfigError, "ends in .parquet, got 'f.csv'"),
        ({"given": "a.log", "output": "no/f.parquet"}, ConfigError, "there is no folder no"),
        ({"given": "a.parquet", "output": "a.parquet"}, ConfigError, "output=a.parquet is one of the inputs"),
        ({"given": "a.log", "engine": "dusk"}, ConfigError, "no engine 'dusk'; did you mean dask"),
        ({"given": "a.log", "workers": 0}, ConfigError, "workers must be at least 1, got 0"),
        ({"given": "a.log", "scheduler": "tcp://x:1"}, ConfigError, "needs features.engine=dask"),
        ({"given": "a.log", "origin": "zeke"}, ConfigError, "zeke"),
        ({"given": "a.log", "output": "taken.parquet"}, ConfigError, "taken.parts: is a file"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_read(
    settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    Path("a.parquet").write_bytes(b"")
    Path("taken.parts").write_bytes(b"")
    with pytest.raises(error, match=said):
        features(config(**settings))


def test_dask_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"distributed is not installed; .*sweepml\[distributed\]"):
        features(config("a.log", engine="dask"))


def _dask(given: object, scheduler: str | None, output: str) -> FeatureTable:
    return features(config(given, engine="dask", workers=2, scheduler=scheduler, output=output))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_gives_the_same_bytes_and_keeps_finished_parts(lab_dir: Path) -> None:
    """One cluster of two processes for all that must hold on it, since starting one takes seconds."""
    distributed = pytest.importorskip("distributed")
    lab = [str(lab_dir / name / "conn.log.gz") for name in ("train", "train2")]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        scheduler = cluster.scheduler_address
        local = features(config(["a.log", *lab], workers=1, output="local.parquet"))
        spread = _dask(["a.log", *lab], scheduler, "dask.parquet")
        assert spread.path.read_bytes() == local.path.read_bytes()
        assert spread.stamp == local.stamp
        assert not Path("dask.parts").exists()
        with pytest.raises(FormatError, match=r"bad\.log: expected a log"):
            _dask(["b.log", "bad.log"], scheduler, "bad.parquet")
        assert not Path("bad.parquet").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_starts_a_cluster_of_its_own_when_none_is_named() -> None:
    pytest.importorskip("distributed")
    told = Steps()
    features(config(["a.log", "b.log"], engine="dask", workers=2), told)
    assert told.got == told.expected == 2


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_gives_the_same_bytes_on_real_logs(real_dir: Path) -> None:
    pytest.importorskip("distributed")
    logs = sorted(map(str, (real_dir / "zeek").glob("*.log*")))
    local = features(config(logs, workers=2, output="local.parquet"))
    spread = _dask(logs, None, "dask.parquet")
    assert spread.path.read_bytes() == local.path.read_bytes()
    assert local.rows > 1000


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_scheduler_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(engines, "_CONNECT_S", 0.5)
    with pytest.raises(ConfigError, match="no Dask scheduler answers there"):
        _dask("a.log", "tcp://127.0.0.1:9", "f.parquet")


def test_every_engine_takes_options() -> None:
    for name in engines.ENGINES:
        EngineOptions(name)


_MEASURE = """
import resource, sys
from sweepml.config.features import FeatureTableConfig
from sweepml.tasks.features import features
features(FeatureTableConfig(sys.argv[1], sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak_kib(log: Path) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(log), f"{log}.parquet"], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="needs getrusage")
def test_memory_does_not_grow_with_the_log(lab_dir: Path) -> None:
    """Eight times the records, a fifth more memory at most: what grows is one window, the hosts are the same."""
    lines = gzip.decompress((lab_dir / "train2" / "conn.log.gz").read_bytes()).decode().splitlines(keepends=True)
    header = [line for line in lines if line.startswith("#")]
    body = [line.split("\t", 1) for line in lines if not line.startswith("#")]
    step_s = 6 * 3600
    for name, repeats in (("short.log", 2), ("long.log", 16)):
        with Path(name).open("w") as log:
            log.writelines(line for line in header if not line.startswith("#close"))
            for i in range(repeats):
                log.writelines(f"{float(ts) + i * step_s:.6f}\t{rest}" for ts, rest in body)
    short, long = _peak_kib(Path("short.log")), _peak_kib(Path("long.log"))
    assert long < 1.2 * short, f"{short} KiB for one, {long} KiB for eight times as many records"
