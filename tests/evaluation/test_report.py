"""Reports as text and as metrics."""

import math

import numpy as np

from sweepml.evaluation.alerts import AlertRow
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.report import (
    align,
    render_details,
    render_table,
    threshold_metrics,
    to_metrics,
    window_metrics,
)
from sweepml.evaluation.rows import ScoredRows
from sweepml.evaluation.thresholds import AlertBudget, choose_thresholds
from sweepml.evaluation.windows import evaluate_windows
from sweepml.graph.connections import SWEEP_LABEL
from tests.evaluation.handmade import US, Contact, episode, to_capture

SWEEPER, CRAWLER = "10.0.0.1", "10.0.0.2"
CAPTURE = to_capture(
    "lab",
    [
        *(Contact(10 * i, SWEEPER, f"10.1.0.{i + 1}", label=SWEEP_LABEL) for i in range(10)),
        # both are watched for a day
        Contact(86_400, SWEEPER, "10.1.0.1"),
        Contact(0, CRAWLER, "10.1.0.1"),
        Contact(86_400, CRAWLER, "10.1.0.1"),
    ],
    [episode("E1", SWEEPER, 0, 90), episode("E2", SWEEPER, 5000, 5090)],
    {CRAWLER: "crawler"},
)


def report(*detected_s: float, detector: str = "rule") -> EpisodeReport:
    """Return the report of alerts on the sweeper, and one false alert on the crawler."""
    alerts = [AlertRow("lab", SWEEPER, round(at * US), round(at * US), 1.0, 0, detector) for at in detected_s]
    return evaluate_alerts([CAPTURE], [*alerts, AlertRow("lab", CRAWLER, 0, 0, 1.0, 0, detector)])


def test_table_has_a_line_per_detector() -> None:
    lines = render_table([report(40), report(detector="model")], {"rule": "A rule"}).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[2].split() == [
        *("A", "rule", "1/2", "0.09-0.91", "1", "1", "500", "0.50", "0.00-1.00", "40.0", "5"),
    ]
    assert lines[3].split() == ["model", "0/2", "0.00-0.66", "1", "1", "500", "0.00", "0.00-0.79", "-", "-"]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert align([("a", "bb"), ("ccc", "d")]) == "a    bb\n---  --\nccc   d"


def test_details_name_what_was_missed_and_why() -> None:
    text = render_details(report(40))
    assert "lab/E2" in text
    assert "crawler 1" in text
    assert "background 1" in text
    assert "40 / 40 / 40 (quartiles of the caught; 1 missed)" in text
    assert "none" in text.splitlines()[5]  # of other attacks


def test_long_lists_are_cut_and_counted() -> None:
    assert "lab/E1 and 1 more" in render_details(report(), limit=1)


def test_metrics_are_flat_finite_and_prefixed() -> None:
    metrics = to_metrics(report(40), "test")
    assert metrics["test/episode_recall"] == 0.5
    assert metrics["test/false_alerts_per_day_per_1000"] == 500
    assert metrics["test/targets_median"] == 5
    assert all(name.startswith("test/") and math.isfinite(value) for name, value in metrics.items())


def test_metrics_leave_out_what_cannot_be_computed() -> None:
    metrics = to_metrics(report(), "validation")
    assert "validation/delay_s_median" not in metrics
    assert metrics["validation/episodes_missed"] == 2


def test_window_metrics_carry_the_horizon() -> None:
    y, score = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.2, 0.1])
    windows = evaluate_windows(y, score, score > 0.5, np.array([60, 60, 600, 600]))
    metrics = window_metrics(windows)
    assert (metrics["test/window_recall"], metrics["test/window_recall_60s"]) == (0.5, 1.0)
    assert metrics["test/windows_unlabelled"] == 0
    assert "test/window_precision_600s" not in metrics  # nothing was called positive


def test_threshold_metrics_carry_the_horizon() -> None:
    rows = ScoredRows.from_columns(["lab"], [CRAWLER], horizon_s=[60], start_us=[0], as_of_us=[60], y=[0], score=[0.9])
    choice = choose_thresholds(rows, Exposure(10.0, 10, 86_400.0), AlertBudget(1))
    metrics = threshold_metrics(choice)
    assert metrics["validation/threshold_60s"] == choice.thresholds[60]
    assert metrics["validation/threshold_lowest_verifiable_rate"] > 1
