from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sweepml.datasets.encode import (
    connections_to_frame,
    frame_to_connections,
    read_frame,
    table_to_connections,
)
from sweepml.datasets.reader import read_connections
from sweepml.errors import InputError
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable


@pytest.fixture
def conn_log(repo_root: Path) -> Path:
    return repo_root / "tests" / "data" / "conn.log"


def test_types_are_those_of_the_kernel(conn_log: Path) -> None:
    hosts = HostTable()
    found = table_to_connections(read_connections(conn_log).read_all(), hosts)
    none = Connections.empty()
    types = [int, np.int32, np.int32, np.uint32, np.uint8, *[np.int64] * 5, np.uint8, np.int32]
    for name, dtype in zip(Connections.__slots__, types, strict=True):
        assert getattr(found, name).dtype == getattr(none, name).dtype == np.dtype(dtype)
    assert found.service.tolist() == [6 << 16 | 22] * 3 + [1 << 16 | 8, 58 << 16 | 128, 17 << 16 | 5353]


def test_only_hosts_of_the_batch_are_encoded(conn_log: Path) -> None:
    hosts = HostTable()
    (batch,) = read_connections(conn_log)
    table_to_connections(batch.slice(0, 1), hosts)
    assert hosts.names == ("10.0.0.5", "10.0.1.1")


def test_batches_and_the_whole_give_the_same(conn_log: Path) -> None:
    hosts = HostTable()
    whole = table_to_connections(read_connections(conn_log).read_all(), hosts)
    parts = [table_to_connections(batch, hosts) for batch in read_connections(conn_log, batch_rows=2)]
    joined = Connections.concat(parts)
    assert all(np.array_equal(getattr(whole, name), getattr(joined, name)) for name in Connections.__slots__)


def test_frame_is_readable(conn_log: Path) -> None:
    frame = read_frame(conn_log)
    first = frame.iloc[0]
    assert first["ts"] == pd.Timestamp("2026-01-01T00:00:00.000001Z")
    assert (first["src"], first["dst"], first["protocol"], first["dst_port"]) == (
        "10.0.0.5",
        "10.0.1.1",
        "tcp",
        22,
    )
    assert (first["outcome"], first["duration_s"], first["orig_bytes"], first["label"]) == (
        "answered",
        1.25,
        300,
        "",
    )
    assert frame["protocol"].tolist() == ["tcp", "tcp", "tcp", "icmp", "icmp6", "udp"]


def test_frame_goes_there_and_back(conn_log: Path) -> None:
    hosts = HostTable()
    there = table_to_connections(read_connections(conn_log).read_all(), hosts)
    back = frame_to_connections(connections_to_frame(there, hosts), hosts)
    for name in Connections.__slots__:
        assert getattr(back, name).dtype == getattr(there, name).dtype
        assert np.array_equal(getattr(back, name), getattr(there, name)), name


def test_missing_values_are_missing_in_a_frame() -> None:
    frame = pd.DataFrame(
        {
            "ts": ["2026-01-01T00:00:00Z"],
            "src": ["10.0.0.1"],
            "dst": ["10.0.0.2"],
            "protocol": ["tcp"],
            "dst_port": [22],
        }
    )
    hosts = HostTable()
    connections = frame_to_connections(frame, hosts)
    assert connections.duration_us.tolist() == connections.resp_packets.tolist() == [-1]
    again = connections_to_frame(connections, hosts)
    assert again["orig_bytes"].isna().all()
    assert again["duration_s"].isna().all()
    assert again["outcome"].tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("src", "x", "expected an IPv4 or IPv6 address"),
        ("src", None, "column 'src' has empty values, at row 0"),
        ("protocol", "smtp", "expected a protocol such as tcp or 6, got 'smtp'"),
        ("outcome", "dead", "expected an outcome"),
    ],
)
def test_bad_frames_are_refused(conn_log: Path, column: str, value: object, words: str) -> None:
    frame = read_frame(conn_log).astype({column: object})
    frame.loc[0, column] = value
    with pytest.raises(InputError, match=words):
        frame_to_connections(frame, HostTable())


def test_absent_columns_are_named(conn_log: Path) -> None:
    with pytest.raises(InputError, match="no dst, dst_port"):
        frame_to_connections(read_frame(conn_log).drop(columns=["dst", "dst_port"]), HostTable())
    with pytest.raises(InputError, match="there is no src"):
        table_to_connections(read_connections(conn_log).read_all().drop(["src"]), HostTable())


def test_identities_go_there_and_back(conn_log: Path) -> None:
    hosts = HostTable()
    table = read_connections(conn_log).read_all()
    names = ["shop/web-1", "", "shop/web-1", "", "", "shop/web-2"]
    named = table.set_column(table.column_names.index("identity"), "identity", pa.array(names))
    connections = table_to_connections(named, hosts)
    assert [hosts.name(code) if code >= 0 else "" for code in connections.identity.tolist()] == names
    frame = connections_to_frame(connections, hosts)
    assert frame["identity"].tolist() == names
    assert np.array_equal(frame_to_connections(frame, hosts).identity, connections.identity)


def test_a_table_without_identities_names_none(conn_log: Path) -> None:
    table = read_connections(conn_log).read_all().drop(["identity"])
    assert set(table_to_connections(table, HostTable()).identity.tolist()) == {-1}
