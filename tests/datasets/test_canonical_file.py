"""The canonical table is read back from Parquet as it was written, and bad rows are counted."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError
from tests.simulation.logs import rows, write_log


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    return read_connections(write_log(tmp_path / "conn.log", rows(50))).read_all()


def changed(path: Path, table: pa.Table, row: int, **values: Any) -> Path:
    made = table.to_pylist()
    made[row] |= values
    pq.write_table(pa.Table.from_pylist(made, TABLE_SCHEMA), path)
    return path


@pytest.mark.parametrize("batch_rows", [7, 1000])
def test_what_was_written_is_read(tmp_path: Path, table: pa.Table, batch_rows: int) -> None:
    pq.write_table(table, tmp_path / "conn.parquet")
    reader = read_connections(tmp_path / "conn.parquet", batch_rows=batch_rows)
    assert reader.read_all().to_pylist() == table.to_pylist()
    assert (reader.report.origin, reader.report.rows, reader.report.rejects) == ("canonical", 50, {})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ts_us": -5}, "bad time"),
        ({"ts_us": 1 << 62}, "bad time"),
        ({"ts_us": None}, "bad number"),
        ({"src": "host"}, "bad address"),
        ({"dst": "2001:DB8::1"}, "bad address"),
        ({"dst": None}, "bad number"),
        ({"outcome": 9}, "bad number"),
        ({"orig_bytes": -2}, "bad number"),
        ({"duration_us": None}, "bad number"),
    ],
)
def test_a_row_with_an_impossible_value_is_left_out_and_counted(
    tmp_path: Path, table: pa.Table, values: dict[str, Any], reason: str
) -> None:
    reader = read_connections(changed(tmp_path / "conn.parquet", table, 3, **values))
    expected = table.to_pylist()
    del expected[3]
    assert reader.read_all().to_pylist() == expected
    assert reader.report.rejects == {reason: 1}
    assert reader.report.examples[reason][0].line == 4


def test_a_table_without_a_usable_row_is_refused(tmp_path: Path, table: pa.Table) -> None:
    path = changed(tmp_path / "conn.parquet", table.slice(0, 1), 0, src="nobody")
    with pytest.raises(FormatError, match=r"none of 1 line could be read; line 1 for example \(bad address\)"):
        read_connections(path).read_all()
