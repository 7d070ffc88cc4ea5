"""Logs that are written: what is read back is what was written, whole or not at all."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError
from sweepml.origins.values import LIMIT_US
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome
from sweepml.simulation.addresses import Addresses
from sweepml.simulation.log_files import LOG_SUFFIXES, open_log
from sweepml.simulation.records import SIZE_COLUMNS, Records
from tests.simulation.logs import rows, write_log

HOSTS = ["10.0.0.1", "192.0.2.200", "2001:db8::1", "fe80::2"]
IPV4_OF = [True, True, False, False]

RECORD = st.tuples(
    st.integers(0, LIMIT_US - 1),
    st.sampled_from([0, 1]),
    st.sampled_from([6 << 16 | 443, 17 << 16 | 53, 6 << 16, 47 << 16, 132 << 16 | 9]),
    st.sampled_from([Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNANSWERED, Outcome.UNKNOWN]),
    st.lists(st.one_of(st.just(0), st.integers(0, 2**40)), min_size=5, max_size=5),
)


def made_of(given_rows: list) -> Records:
    ts_us, host, service, outcome, sizes = (list(column) for column in zip(*given_rows, strict=True))
    return Records(
        np.array(ts_us, np.int64),
        Addresses.from_texts(HOSTS[i * 2] for i in host),
        Addresses.from_texts(HOSTS[i * 2 + 1] for i in host),
        np.array(service, np.uint32),
        np.array(outcome, np.uint8),
        np.array(sizes, np.int64),
    )


@given(given_rows=st.lists(RECORD, min_size=1, max_size=30))
def test_a_conn_log_reads_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, given_rows: list) -> None:
    path = tmp_path_factory.mktemp("log") / "conn.log"
    batch = made_of(given_rows).to_batch()
    with open_log(path) as log:
        log.write(batch)
    assert read_connections(path).read_all().to_pylist() == batch.to_pylist()


def test_icmp_keeps_type_version_and_outcome(tmp_path: Path) -> None:
    service = np.array([1 << 16 | 8, 58 << 16 | 128, 1 << 16 | 8], np.uint32)
    sizes = np.array([[900, 56, 56, 1, 1], [900, 56, 56, 1, 1], [0, 56, 0, 1, 0]], np.int64)
    hosts = Addresses.from_texts(["10.0.0.1", "2001:db8::1", "10.0.0.1"])
    outcome = np.array([Outcome.ANSWERED, Outcome.ANSWERED, Outcome.UNANSWERED], np.uint8)
    batch = Records(np.arange(3), hosts, hosts, service, outcome, sizes).to_batch()
    with open_log(tmp_path / "conn.log") as log:
        log.write(batch)
    assert read_connections(tmp_path / "conn.log").read_all().to_pylist() == batch.to_pylist()


def test_missing_sizes_are_unset_in_zeek_and_missing_in_parquet(tmp_path: Path) -> None:
    records = made_of([(0, 0, 6 << 16 | 22, Outcome.ANSWERED, [MISSING] * 5)])
    for name in ("a.log", "a.parquet"):
        with open_log(tmp_path / name) as log:
            log.write(records.to_batch())
    assert "\t-\t-\t-\tSF\t-\t-\n" in (tmp_path / "a.log").read_text()
    table = pq.read_table(tmp_path / "a.parquet", schema=TABLE_SCHEMA)
    assert [table.column(name).to_pylist() for name in SIZE_COLUMNS] == [[MISSING]] * 5


def test_a_log_that_is_read_and_written_is_the_same_log(tmp_path: Path) -> None:
    source = write_log(tmp_path / "in.log", rows())
    for name in ("out.log", "out.log.gz"):
        with open_log(tmp_path / "deep" / name) as log:
            for batch in read_connections(source, batch_rows=50):
                log.write(batch)
        read = read_connections(tmp_path / "deep" / name).read_all()
        assert read.to_pylist() == read_connections(source).read_all().to_pylist()


@pytest.mark.parametrize("suffix", LOG_SUFFIXES)
def test_an_error_leaves_nothing_behind(tmp_path: Path, suffix: str) -> None:
    def interrupted() -> None:
        with open_log(tmp_path / f"x{suffix}") as log:
            log.write(made_of([(0, 0, 6 << 16, Outcome.UNKNOWN, [0] * 5)]).to_batch())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"ends in \.parquet or \.log or \.log\.gz, got '.*a\.csv'"),
        open_log(tmp_path / "a.csv"),
    ):
        pass
