"""The frontier from trials: counted by hand."""

import numpy as np
import pandas as pd
import pytest

from sweepml.datasets.capture import Episode
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.frontier import EVERY_BACKGROUND, TRIALS, Catch, Surface, caught_share, first_catch
from sweepml.evaluation.frontier import frontier_table as table_of
from sweepml.schema.alert import AlertRow

S = 1_000_000
EPISODE = Episode("E", "10.0.0.1", 100 * S, 400 * S, "sweep")
PROBES = np.array([100, 200, 300, 400]) * S


def alert(detected_s: float, since_s: float = 100, source: str = "10.0.0.1") -> AlertRow:
    return AlertRow("c", source, int(detected_s * S), int(since_s * S), 1.0, 60, "d")


def caught_by(*alerts: AlertRow, horizon_s: float = 3600) -> Catch | None:
    return first_catch(alerts, EPISODE, PROBES, JudgementRules(), horizon_s)


def test_the_first_alert_says_when_and_after_how_many_targets() -> None:
    assert caught_by(alert(300), alert(200), alert(390)) == Catch(100.0, 2)


def test_an_alert_after_the_horizon_is_too_late() -> None:
    assert caught_by(alert(250), horizon_s=150) == Catch(150.0, 2)
    assert caught_by(alert(250.000001), horizon_s=150) is None


def test_an_alert_about_another_time_catches_nothing() -> None:
    assert caught_by(alert(99, since_s=50)) is None  # before the first probe
    assert caught_by(alert(480, since_s=401)) is None  # of evidence after the last
    assert caught_by(alert(460, since_s=390)) == Catch(360.0, 4)  # late, but within the grace of its window
    assert caught_by() is None


def trials(counts: dict[tuple[float, int], tuple[int, int]], background: str = "b", who: str = "w") -> pd.DataFrame:
    """Return trials of cells: (rate, size) -> (caught, tried)."""
    return TRIALS.make(
        {
            "contestant": who,
            "success_share": 0.0,
            "rate_per_hour": rate,
            "size": size,
            "background": background,
            "number": number,
            "episode_id": f"{rate}-{size}-{number}",
            "caught": number < caught,
            "delay_s": 10.0 * (number + 1) if number < caught else np.nan,
            "targets_touched": number + 5.0 if number < caught else np.nan,
        }
        for (rate, size), (caught, tried) in counts.items()
        for number in range(tried)
    )


def test_cells_are_counted_by_background_and_together() -> None:
    both = pd.concat([trials({(10, 5): (1, 4)}, "a"), trials({(10, 5): (3, 4)}, "b")])
    cells = table_of(both).set_index("background")
    assert cells.caught.to_dict() == {"a": 1, "b": 3, EVERY_BACKGROUND: 4}
    assert cells.trials.to_dict() == {"a": 4, "b": 4, EVERY_BACKGROUND: 8}
    together = cells.loc[EVERY_BACKGROUND]
    assert together.recall == 0.5
    assert (round(together.recall_low, 3), round(together.recall_high, 3)) == (0.215, 0.785)  # Wilson, 4 of 8
    assert together.median_delay_s == 15.0  # of 10, 10, 20, 30
    assert together.median_targets == 5.5


def test_a_cell_without_a_catch_has_no_median() -> None:
    cell = table_of(trials({(10, 5): (0, 4)})).iloc[0]
    assert np.isnan(cell.median_delay_s)
    assert np.isnan(cell.median_targets)


SURFACE = Surface.of(
    table_of(
        trials(
            {
                (1, 5): (4, 4), (1, 10): (0, 4),
                (5, 5): (0, 4), (5, 10): (2, 4), (5, 20): (3, 4),
                (9, 5): (0, 4), (9, 10): (4, 4), (9, 20): (4, 4),
            }
        )
    ),
    "w",
    0.0,
)  # fmt: skip


def test_the_smallest_size_is_caught_from_there_on() -> None:
    assert SURFACE.smallest(1, 0.5) is None  # 5 targets were caught, 10 were not: luck
    assert SURFACE.smallest(5, 0.5) == 10
    assert SURFACE.smallest(5, 0.7) == 20
    assert SURFACE.smallest(5, 0.9) is None
    assert SURFACE.smallest(9, 0.9) == 10
    np.testing.assert_array_equal(SURFACE.line(0.5), [np.nan, 10, 10])


def test_an_interval_moves_the_smallest_size() -> None:
    assert SURFACE.smallest(9, 0.5, "recall_low") == 10  # 4 of 4: 0.51 to 1
    assert SURFACE.smallest(5, 0.5, "recall_low") is None
    assert SURFACE.smallest(9, 0.4, "recall_high") == 5  # 0 of 4: 0 to 0.49


def test_the_slowest_rate_is_caught_at_full_size_from_there_on() -> None:
    assert SURFACE.slowest(0.5) == 5
    assert SURFACE.slowest(0.9) == 9
    nothing = Surface.of(table_of(trials({(1, 5): (4, 4), (2, 5): (0, 4)})), "w", 0.0)
    assert nothing.slowest(0.5) is None, "a slow sweep that is caught where a fast one is not was luck"


def test_contestants_are_put_in_order_by_cells_not_by_trials() -> None:
    cells = table_of(trials({(1, 5): (1, 1), (2, 5): (0, 99)}))
    assert caught_share(cells, "w") == pytest.approx(0.5)
