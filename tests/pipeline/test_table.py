"""The feature table as a file: there whole or not at all, and it says where it comes from."""

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sweepml.errors import InputError, InputMissingError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.pipeline import table as module
from sweepml.pipeline.table import (
    FEATURE_TABLE_SCHEMA,
    FeatureTableWriter,
    FileStamp,
    InputStamp,
    TableStamp,
    plan_facts,
    read_features,
    read_stamp,
    table_of_rows,
)
from sweepml.schema.catalogue import FEATURE_NAMES, SCHEMA_HASH
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import one_window

STAMP = TableStamp(
    (InputStamp("office", (FileStamp("conn.log", "ab"),), "auto", 5, 1, 2),), plan_facts(FeaturePlan()), "1.0", "c0ffee"
)


def _table() -> pa.Table:
    records = [Record(i * US, f"10.0.0.{i % 2}", f"10.0.1.{i}") for i in range(9)]
    rows, hosts = one_window(records, 0, 60)
    return table_of_rows(rows, hosts, "office")


def _write(path: Path, *tables: pa.Table, stamp: TableStamp = STAMP) -> Path:
    with FeatureTableWriter(path) as writer:
        for one in tables:
            writer.write(one)
        writer.finish(stamp)
    return path


def test_columns_are_the_row_and_then_the_catalogue(tmp_path: Path) -> None:
    schema = read_features(_write(tmp_path / "f.parquet", _table())).schema
    assert schema.names == ["capture", "source", "start_us", "end_us", "as_of_us", "length_s", *FEATURE_NAMES]
    assert {schema.field(name).type for name in FEATURE_NAMES} == {pa.float32()}
    assert schema.field("source").type == pa.string()


def test_values_come_back_bit_for_bit(tmp_path: Path) -> None:
    records = [Record(i * US, f"10.0.0.{i % 2}", f"10.0.1.{i}") for i in range(9)]
    rows, hosts = one_window(records, 0, 60)
    table = read_features(_write(tmp_path / "f.parquet", table_of_rows(rows, hosts, "office")))
    for i, name in enumerate(FEATURE_NAMES):
        assert table.column(name).to_numpy().tobytes() == rows.values[:, i].tobytes(), name
    assert table.column("source").to_pylist() == [hosts.name(code) for code in rows.source.tolist()]
    assert table.column("end_us").to_pylist() == rows.end_us.tolist()


def test_a_missing_value_is_nan_and_not_null(tmp_path: Path) -> None:
    table = read_features(_write(tmp_path / "f.parquet", _table()))
    assert np.isnan(table.column("duration_mean_s").to_numpy()).all()
    assert table.column("duration_mean_s").null_count == 0


def test_no_rows_make_a_table_without_rows(tmp_path: Path) -> None:
    assert read_features(_write(tmp_path / "f.parquet")).num_rows == 0
    (tmp_path / "f.parquet").unlink()
    empty = table_of_rows(FeatureRows.concat([]), one_window([Record(0, "10.0.0.1", "10.0.0.2")], 0, 60)[1], "x")
    assert read_features(_write(tmp_path / "f.parquet", empty)).num_rows == 0


def test_metadata_says_where_it_comes_from(tmp_path: Path) -> None:
    path = _write(tmp_path / "f.parquet", _table())
    metadata = pq.read_metadata(path).metadata
    assert metadata[b"sweepml.feature_schema"].decode() == SCHEMA_HASH
    assert metadata[b"sweepml.git_commit"] == b"c0ffee"
    assert b'"sha256": "ab"' in metadata[b"sweepml.inputs"]
    assert b'"length_s": 600' in metadata[b"sweepml.feature_plan"]
    assert read_stamp(path) == STAMP


def test_how_rows_come_changes_no_byte(tmp_path: Path) -> None:
    table = _table()
    whole = pa.concat_tables([table] * 10)
    with mock.patch.object(module, "_GROUP_ROWS", 7):
        one = _write(tmp_path / "one.parquet", whole).read_bytes()
        many = _write(tmp_path / "many.parquet", *[table] * 10).read_bytes()
    assert one == many
    assert pq.read_table(tmp_path / "one.parquet").to_pandas().equals(whole.to_pandas())


def test_an_error_leaves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="schema"), FeatureTableWriter(path) as writer:
        writer.write(pa.table({"a": np.zeros(1 << 16)}))
    assert [one.name for one in tmp_path.iterdir()] == ["f.parquet"]
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    "other",
    [
        replace(STAMP, version="2.0"),
        replace(STAMP, git_commit="decaf"),
        replace(STAMP, feature_schema="0"),
        replace(STAMP, feature_plan=plan_facts(FeaturePlan(min_dst_count=1))),
        replace(STAMP, inputs=(replace(STAMP.inputs[0], files=(FileStamp("conn.log", "cd"),)),)),
        replace(STAMP, inputs=(replace(STAMP.inputs[0], origin="zeek"),)),
        replace(STAMP, inputs=STAMP.inputs * 2),
        None,
    ],
)
def test_whatever_decides_the_rows_tells_stamps_apart(other: TableStamp | None) -> None:
    assert not STAMP.is_same_as(other)


def test_counts_do_not_tell_stamps_apart() -> None:
    assert STAMP.is_same_as(replace(STAMP, inputs=(replace(STAMP.inputs[0], rows=0, connections=0, rejected=0),)))


def test_a_damaged_or_foreign_file_has_no_stamp(tmp_path: Path) -> None:
    path = _write(tmp_path / "f.parquet", _table())
    (tmp_path / "cut.parquet").write_bytes(path.read_bytes()[:-100])
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    for name in ("cut", "foreign", "absent"):
        assert read_stamp(tmp_path / f"{name}.parquet") is None


def test_reading_refuses_what_is_no_feature_table(tmp_path: Path) -> None:
    pq.write_table(FEATURE_TABLE_SCHEMA.empty_table(), tmp_path / "foreign.parquet")
    with pytest.raises(InputError, match="is no feature table; make one with"):
        read_features(tmp_path / "foreign.parquet")
    with pytest.raises(InputMissingError, match="no such file"):
        read_features(tmp_path / "absent.parquet")
    _write(tmp_path / "old.parquet", stamp=replace(STAMP, feature_schema="0123"))
    with pytest.raises(InputError, match=f"schema 0123, this sweepml makes {SCHEMA_HASH}"):
        read_features(tmp_path / "old.parquet")
