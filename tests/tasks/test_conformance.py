"""docs/conformance: what an agent in another language is checked against is right, complete and up to date."""

import ipaddress
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES, SCHEMA_HASH
from sweepml.tasks.conformance import FILES, write_conformance
from tests.graph.test_milestones import _expected as milestones_of
from tests.oracle import oracle
from tests.oracle.oracle import US, Record

OUTCOMES = {"answered": 0, "refused": 1, "blocked": 2, "unanswered": 3, "unknown": 4}
HOW = "run: python -m sweepml.cli.docs"

Key = tuple[str, int, int, int]
"""Source, end, length, milestone."""


@pytest.fixture(scope="module")
def folder(repo_root: Path) -> Path:
    return repo_root / "docs" / "conformance"


@pytest.fixture(scope="module")
def given(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "connections.json").read_text())


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "features.json").read_text())


@pytest.fixture(scope="module")
def records(given: dict[str, Any]) -> list[Record]:
    names = {"dst_port": "port"}
    made = [{names.get(name, name): value for name, value in one.items()} for one in given["connections"]]
    return [Record(**(one | {"outcome": OUTCOMES[one["outcome"]]})) for one in made]


@pytest.fixture(scope="module")
def windows(given: dict[str, Any]) -> list[tuple[int, int]]:
    return [(window["length_s"], window["stride_s"]) for window in given["plan"]["windows"]]


def _by_key(told: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    keyed = {(row["source"], row["end_us"], row["length_s"], row["milestone"]): row for row in told["rows"]}
    assert len(keyed) == len(told["rows"])
    return keyed


def _same(key: Key, row: dict[str, Any], expected: dict[str, float]) -> None:
    for spec, value in zip(CATALOGUE, row["values"], strict=True):
        got, want = np.nan if value is None else value, expected[spec.name]
        if spec.unit == "count" and not np.isnan(want):
            assert got == want, (key, spec.name)
        else:
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6, err_msg=f"{key} {spec.name}")


def test_rows_of_windows_are_the_oracles(
    given: dict[str, Any], told: dict[str, Any], records: list[Record], windows: list[tuple[int, int]]
) -> None:
    plan = given["plan"]
    expected = oracle.stream(
        records, windows, min_dst_count=plan["min_dst_count"], internal=plan["internal_networks"]
    ).rows
    got = {key: row for key, row in _by_key(told).items() if not row["milestone"]}
    assert got.keys() == {(row.source, row.end_us, row.length_s, 0) for row in expected}
    for row in expected:
        key = (row.source, row.end_us, row.length_s, 0)
        assert (got[key]["start_us"], got[key]["as_of_us"]) == (row.start_us, row.as_of_us)
        _same(key, got[key], row.values)


def test_rows_of_milestones_are_the_oracles(
    given: dict[str, Any], told: dict[str, Any], records: list[Record], windows: list[tuple[int, int]]
) -> None:
    plan = given["plan"]
    length_s = min(length for length, _ in windows)
    got = {key: row for key, row in _by_key(told).items() if row["milestone"]}
    expected = milestones_of(records, windows, plan["milestones"])
    assert got.keys() == {(source, clock + 1, length_s, milestone) for source, clock, milestone, _ in expected}
    for source, clock, milestone, _ in expected:
        key = (source, clock + 1, length_s, milestone)
        start = clock + 1 - length_s * US
        assert (got[key]["start_us"], got[key]["as_of_us"]) == (start, clock)
        # No two records share a time and none is late here but by the exponential lag: what arrived before the clock
        # reached this time is what stands before its record, up to those that came later.
        reached = next(i for i, record in enumerate(records) if record.ts_us == clock)
        arrived = _arrived(records, reached, source, milestone, start, clock)
        past = records[: reached + 1]
        _same(key, got[key], oracle.milestone_features(arrived, past, windows, start, plan["internal_networks"]))


def _arrived(records: list[Record], reached: int, source: str, milestone: int, start: int, clock: int) -> list[Record]:
    """Return the source's contacts of the window, up to the one that brought its targets to the milestone."""
    own: list[Record] = []
    for i, record in enumerate(records):
        if record.src == source and start <= record.ts_us <= clock and oracle.is_contact(record):
            own.append(record)
        if i >= reached and len({one.dst for one in own}) >= milestone:
            break
    return own


def test_counts_of_the_stream_are_exercised(records: list[Record], windows: list[tuple[int, int]]) -> None:
    result = oracle.stream(records, windows)
    assert result.not_contacts >= 5
    assert result.late >= 2
    assert any(b.ts_us < a.ts_us for a, b in pairwise(records)), "nothing arrives out of order"


def test_every_column_says_different_things(told: dict[str, Any]) -> None:
    for i, spec in enumerate(CATALOGUE):
        values = {row["values"][i] for row in told["rows"]}
        assert len(values - {None}) > 1, f"{spec.name} always says the same"


def test_every_reason_for_a_missing_value_occurs(told: dict[str, Any]) -> None:
    for i, spec in enumerate(CATALOGUE):
        missing = any(row["values"][i] is None and not row["milestone"] for row in told["rows"])
        assert missing == (spec.missing is not None), spec.name


def test_protocols_families_and_kinds_of_rows_occur(records: list[Record], told: dict[str, Any]) -> None:
    assert {record.protocol for record in records} == {1, 6, 17, 58}
    assert {ipaddress.ip_address(record.dst).version for record in records} == {4, 6}
    assert {record.outcome for record in records} == set(range(5))
    assert {row["length_s"] for row in told["rows"]} == {60, 600}
    assert Counter(row["milestone"] for row in told["rows"]).keys() == {0, 5, 10, 20, 40}
    assert 200 < len(records) < 400


def test_parquet_and_json_say_the_same(folder: Path, told: dict[str, Any]) -> None:
    table = pq.read_table(folder / "features.parquet")
    assert table.schema.metadata[b"sweepml.feature_schema"].decode() == told["feature_schema"] == SCHEMA_HASH, HOW
    for name in ("source", "start_us", "end_us", "as_of_us", "length_s"):
        assert table.column(name).to_pylist() == [row[name] for row in told["rows"]]
    values = np.array([row["values"] for row in told["rows"]], np.float32)
    for i, name in enumerate(FEATURE_NAMES):
        np.testing.assert_array_equal(table.column(name).to_numpy(), values[:, i])


def test_files_are_what_the_kernel_gives_now(folder: Path, tmp_path: Path) -> None:
    write_conformance(tmp_path)
    for name in FILES[:2]:
        assert (folder / name).read_text() == (tmp_path / name).read_text(), HOW
    kept, made = (pq.read_table(path / FILES[2]) for path in (folder, tmp_path))
    assert kept.schema.equals(made.schema, check_metadata=True), HOW
    assert kept.to_pandas().equals(made.to_pandas()), HOW
