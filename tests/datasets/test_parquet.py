import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
import pytest

from sweepml.datasets.parquet import ParquetReader
from sweepml.datasets.reader import read_connections
from sweepml.errors import FormatError, InputError
from sweepml.origins.rows import Row
from tests.origins.samples import SAMPLES


def as_parquet(path: Path, name: str, delimiter: str = ",") -> Path:
    """Write a sample of delimited text as a table with the types that Arrow finds in it."""
    text = SAMPLES[name].text
    options = pa.csv.ParseOptions(delimiter=delimiter)
    nulls = pa.csv.ConvertOptions(null_values=["", "-"], strings_can_be_null=True)
    table = pa.csv.read_csv(io.BytesIO(text.encode()), parse_options=options, convert_options=nulls)
    pq.write_table(table.rename_columns([column.replace("-", "_") for column in table.column_names]), path)
    return path


@pytest.mark.parametrize(
    ("name", "delimiter"), [("AWS_VPC", " "), ("AWS_VPC_V5", " "), ("NFSTREAM", ","), ("NF_DATASET", ",")]
)
@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_tables_give_the_rows_of_the_text(tmp_path: Path, name: str, delimiter: str, batch_rows: int) -> None:
    reader = read_connections(as_parquet(tmp_path / "log", name, delimiter), batch_rows=batch_rows)
    assert [Row(**row) for row in reader.read_all().to_pylist()] == SAMPLES[name].rows
    assert (reader.report.origin, reader.report.encoding) == (SAMPLES[name].origin, "parquet")
    assert reader.read_all().num_rows == len(SAMPLES[name].rows), "a reader can be iterated again"


def test_nested_columns_are_found(tmp_path: Path) -> None:
    path = tmp_path / "log"
    table = pa.json.read_json(io.BytesIO(SAMPLES["OCSF"].text.encode()))
    pq.write_table(table, path)
    reader = read_connections(path)
    assert [Row(**row) for row in reader.read_all().to_pylist()] == SAMPLES["OCSF"].rows
    assert reader.report.rejects == {"not a connection record": 1}
    assert reader.report.examples["not a connection record"][0].line == 1


def test_nan_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "log"
    table = pq.read_table(as_parquet(path, "NF_DATASET"))
    name = "FLOW_DURATION_MILLISECONDS"
    durations = pa.array([float("nan"), 1.0, 0.5, 0.0])
    pq.write_table(table.set_column(table.column_names.index(name), name, durations), path)
    assert read_connections(path).read_all().column("duration_us").to_pylist() == [-1, 1000, 500, 0]


def test_other_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log"
    pq.write_table(pa.table({"start": [1], "srcaddr": ["10.0.0.1"]}), path)
    with pytest.raises(FormatError, match=r"got a Parquet file with the columns start, srcaddr, which lacks"):
        read_connections(path)
    with pytest.raises(FormatError, match="and zeek is text"):
        read_connections(path, origin="zeek")


def test_version_2_of_the_nf_data_sets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    table = pq.read_table(as_parquet(path, "NF_DATASET"))
    pq.write_table(table.drop_columns(["FLOW_START_MILLISECONDS"]), path)
    with pytest.raises(FormatError, match="has no times"):
        read_connections(path)


def test_damaged_files_are_errors(tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "log", "NF_DATASET")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="expected a Parquet file"):
        read_connections(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(FormatError, match="expected a Parquet file"):
        ParquetReader(path)
    with pytest.raises(InputError, match="no such file"):
        ParquetReader(tmp_path / "nothing")
