"""Tables of a benchmark: what fits is kept as it is, what does not is refused."""

from pathlib import Path

import pandas as pd
import pytest

from sweepml.errors import InputError, InputMissingError
from sweepml.evaluation.benchmark_tables import (
    PR,
    SUMMARY,
    TABLES,
    check_tables,
    join_tables,
    read_tables,
    write_tables,
)
from sweepml.evaluation.table_schema import TableSchema

PLACEHOLDERS = {"string": "text", "int64": 3, "float64": 0.25, "bool": True}


def one_row(schema: TableSchema) -> pd.DataFrame:
    return schema.make([{column.name: PLACEHOLDERS[column.dtype] for column in schema.columns}])


def pr(contestant: str, *thresholds: float) -> pd.DataFrame:
    return PR.make(
        {"arena": "lab", "contestant": contestant, "threshold": at, "recall": 0.5, "precision": float("nan")}
        for at in thresholds
    )


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_columns_are_named_once_and_hold_the_key(schema: TableSchema) -> None:
    assert len(set(schema.names)) == len(schema.names)
    assert set(schema.key) <= set(schema.names)


@pytest.mark.parametrize("rows", [0, 1])
def test_all_tables_come_back_from_a_folder_as_they_were(tmp_path: Path, rows: int) -> None:
    tables = {name: one_row(schema) if rows else schema.make([]) for name, schema in TABLES.items()}
    write_tables(tmp_path / "new", tables)
    read = read_tables(tmp_path / "new")
    assert list(read) == list(tables)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(read[name], frame)


def test_absent_tables_are_left_out(tmp_path: Path) -> None:
    write_tables(tmp_path, {"pr": pr("walk", 1.0)})
    assert list(read_tables(tmp_path)) == ["pr"]


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="holds no table of a benchmark"):
        read_tables(tmp_path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pr.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="no Parquet file that can be read"):
        read_tables(tmp_path)


def test_an_unknown_table_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'sumary'; did you mean summary"):
        write_tables(tmp_path / "out", {"pr": pr("walk", 1.0), "sumary": one_row(SUMMARY)})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop(columns="recall"), "lacks the columns recall, has the unknown columns none"),
        (lambda frame: frame.assign(extra=1.0), "has the unknown columns extra"),
        (lambda frame: frame[list(frame)[::-1]], "in the order arena, contestant"),
        (lambda frame: frame.assign(recall=1), "column recall: expected float64, got int64"),
        (lambda frame: frame.assign(arena=pd.Series([None], dtype="str")), "column arena: row 0 has no text"),
        (lambda frame: pd.concat([frame, frame]), "same key .*threshold=1.0"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(spoil: object, message: str) -> None:
    assert callable(spoil)
    with pytest.raises(InputError, match=message):
        check_tables({"pr": spoil(pr("walk", 1.0))})


def test_a_row_with_a_strange_value_is_refused() -> None:
    with pytest.raises(InputError, match="column threshold: expected float64"):
        PR.make([{"arena": "a", "contestant": "c", "threshold": "high", "recall": 0.0, "precision": 0.0}])


def test_joined_tables_hold_the_rows_of_all_parts_and_every_table() -> None:
    joined = join_tables([{"pr": pr("walk", 1.0, 2.0)}, {"pr": pr("slips", 1.0)}, {"pr": pr("none")}])
    assert list(joined) == list(TABLES)
    assert joined["pr"].contestant.tolist() == ["walk", "walk", "slips"]
    assert joined["alerts"].empty


def test_parts_that_repeat_a_key_are_refused() -> None:
    with pytest.raises(InputError, match="same key"):
        join_tables([{"pr": pr("walk", 1.0)}, {"pr": pr("walk", 1.0)}])
