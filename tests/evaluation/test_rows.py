"""Scored rows."""

import numpy as np
import pytest

from sweepml.errors import InputError
from sweepml.evaluation.rows import ScoredRows
from sweepml.schema.alert import AlertRow


def rows(**changes: list[float]) -> ScoredRows:
    columns = {
        "horizon_s": [60, 600, 60],
        "start_us": [0, 0, 10],
        "as_of_us": [60, 60, 50],
        "y": [1, 0, -1],
        "score": [0.5, 0.25, 0.75],
    }
    return ScoredRows.from_columns(["a", "a", "b"], ["10.0.0.1"] * 3, **(columns | changes))


def test_units_are_capture_and_source() -> None:
    assert rows().units == (("a", "10.0.0.1"), ("b", "10.0.0.1"))
    assert rows().unit.tolist() == [0, 0, 1]


def test_alerts_are_the_positive_rows_by_time() -> None:
    alerts = rows().to_alerts(np.array([True, False, True]), "model")
    assert alerts == [
        AlertRow("b", "10.0.0.1", 50, 10, 0.75, 60, "model"),
        AlertRow("a", "10.0.0.1", 60, 0, 0.5, 60, "model"),
    ]


def test_taken_rows_keep_their_units() -> None:
    taken = rows().take(np.array([2]))
    assert taken.units[taken.unit[0]] == ("b", "10.0.0.1")


def test_number_of_verdicts_must_fit() -> None:
    with pytest.raises(InputError, match="expected 3 verdicts"):
        rows().to_alerts(np.array([True]), "model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": [0.5, float("nan"), 0.1]}, "finite scores, got nan in row 1"),
        ({"y": [1, 0, 3]}, "labels 1, 0 or -1"),
        ({"y": [1, 0]}, "differ in length"),
        ({"extra": [1, 2, 3]}, "expected the columns"),
    ],
)
def test_unusable_columns_are_refused(changes: dict[str, list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rows(**changes)


def test_unit_out_of_range_is_refused() -> None:
    good = rows()
    with pytest.raises(InputError, match="units from 0 to 0"):
        ScoredRows(good.units[:1], *(getattr(good, name) for name in ScoredRows.__slots__[1:]))
