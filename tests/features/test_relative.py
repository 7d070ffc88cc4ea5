"""A source among the sources of its window."""

import math

import pytest

from sweepml.schema.catalogue import FAMILIES
from tests.oracle.oracle import REFUSED, Record
from tests.oracle.traffic import window_values

RANKS = [spec.name for spec in FAMILIES["relative"] if spec.name.endswith("_rank_ratio")]


def _of(*dst_counts: int, outcome: int = REFUSED) -> list[dict[str, float]]:
    """Return the features of sources with so many destinations each."""
    records = [
        Record(0, f"192.168.0.{i + 1}", f"10.0.0.{j + 1}", outcome=outcome)
        for i, count in enumerate(dst_counts)
        for j in range(count)
    ]
    got = window_values(records)
    return [got[f"192.168.0.{i + 1}"] for i in range(len(dst_counts))]


def test_rank_is_missing_among_four_sources() -> None:
    assert all(math.isnan(row[spec.name]) for row in _of(1, 2, 3, 4) for spec in FAMILIES["relative"])


@pytest.mark.parametrize("name", RANKS)
def test_rank_goes_from_none_to_all_of_the_others(name: str) -> None:
    assert [row[name] for row in _of(3, 1, 9, 5, 2)] == [0.5, 0.0, 1.0, 0.75, 0.25]


@pytest.mark.parametrize("name", RANKS)
def test_equals_have_the_rank_of_the_lowest(name: str) -> None:
    assert [row[name] for row in _of(2, 2, 2, 1, 5)] == [0.25, 0.25, 0.25, 0.0, 1.0]


def test_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert [row["dst_count_median_ratio"] for row in _of(1, 2, 3, 4, 7, 21)] == pytest.approx(
        [count / 3.5 for count in (1, 2, 3, 4, 7, 21)]
    )


def test_median_of_an_odd_number_is_the_middle_one() -> None:
    assert [row["dst_count_median_ratio"] for row in _of(1, 1, 4, 8, 9)] == [0.25, 0.25, 1.0, 2.0, 2.25]


def test_rank_by_failures_does_not_follow_the_rank_by_destinations() -> None:
    rows = window_values(
        [Record(0, f"192.168.0.{i}", f"10.0.0.{j}") for i in range(1, 6) for j in range(i)]
        + [Record(0, "192.168.0.1", "10.0.1.1", outcome=REFUSED)]
    )
    assert rows["192.168.0.1"]["failed_dst_count_rank_ratio"] == 1
    assert rows["192.168.0.5"]["failed_dst_count_rank_ratio"] == 0
    assert rows["192.168.0.5"]["dst_count_rank_ratio"] == 1
