"""Episode-level figures on two captures small enough to count by hand."""

import math
from collections.abc import Callable

import pytest

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.evaluation.alerts import AlertRow, JudgementRules
from sweepml.evaluation.episodes import EpisodeReport, evaluate_alerts
from sweepml.evaluation.exposure import Exposure
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.schema.connection import Protocol
from tests.evaluation.handmade import US, Contact, episode, to_capture

SWEEPER, PARTNER, SCANNER, CRAWLER, USER = (f"10.0.0.{i}" for i in range(1, 6))


def sweep(source: str, start_s: int, count: int, net: int) -> list[Contact]:
    """Return one labelled probe every ten seconds."""
    return [Contact(start_s + 10 * i, source, f"10.{net}.0.{i + 1}", label=SWEEP_LABEL) for i in range(count)]


def capture_a() -> Capture:
    """One sweep by SWEEPER, one distributed sweep by SWEEPER and PARTNER, one vertical scan; one day long."""
    background = [
        Contact(0, CRAWLER, "10.9.0.1"),
        Contact(0, SCANNER, "10.9.0.1"),
        Contact(86_400, USER, "10.9.0.1"),
        # a neighbour that only answers is no source that could raise an alert
        Contact(5, "10.0.0.99", USER, port=3, protocol=Protocol.ICMP),
    ]
    contacts = [
        *background,
        *sweep(SWEEPER, 1000, 20, net=1),
        *sweep(SWEEPER, 50_000, 20, net=2),
        *sweep(PARTNER, 49_900, 20, net=3),
    ]
    episodes = [
        episode("E1", SWEEPER, 1000, 1190),
        episode("D1", SWEEPER, 50_000, 50_190, "distributed_sweep"),
        episode("D1", PARTNER, 49_900, 50_090, "distributed_sweep"),
        episode("V1", SCANNER, 2000, 2100, "vertical_scan"),
    ]
    return to_capture("a", contacts, episodes, {CRAWLER: "crawler", SWEEPER: "mixed_scanner"})


def capture_b() -> Capture:
    """One sweep, with the same episode id as in the other capture; half a day long."""
    contacts = [*sweep(SWEEPER, 0, 20, net=1), Contact(43_200, USER, "10.9.0.1")]
    return to_capture("b", contacts, [episode("E1", SWEEPER, 0, 190)])


CAPTURES = [capture_a(), capture_b()]


def raised(
    source: str,
    detected_s: float,
    *,
    capture: str = "a",
    since_s: float | None = None,
    detector: str = "rule",
) -> AlertRow:
    since_s = detected_s if since_s is None else since_s
    return AlertRow(capture, source, round(detected_s * US), round(since_s * US), 1.0, 0, detector)


def evaluate(*alerts: AlertRow) -> EpisodeReport:
    return evaluate_alerts(CAPTURES, alerts)


def test_no_alerts_miss_everything() -> None:
    report = evaluate()
    assert (report.caught, report.recall, report.censored) == ((), 0.0, 3)
    assert report.missed == (("a", "D1"), ("a", "E1"), ("b", "E1"))
    assert math.isnan(report.precision)
    assert math.isnan(report.delay_s.median)
    assert report.precision_interval == (0.0, 1.0)
    assert report.detector == "none"


def test_alerts_of_one_source_on_one_episode_are_one_finding() -> None:
    report = evaluate(raised(SWEEPER, 1050), raised(SWEEPER, 1060), raised(SWEEPER, 1100))
    assert (report.caught, report.true_alerts, report.false_alerts) == ((("a", "E1"),), 1, 0)
    assert (report.raised, report.precision) == (3, 1.0)


def test_episode_ids_are_told_apart_by_capture() -> None:
    assert evaluate(raised(SWEEPER, 50, capture="b")).caught == (("b", "E1"),)


def test_distributed_episode_is_caught_by_any_of_its_sources() -> None:
    report = evaluate(raised(PARTNER, 49_950))
    assert report.caught == (("a", "D1"),)
    assert report.true_alerts == 1


def test_each_source_of_a_distributed_episode_is_a_finding() -> None:
    assert evaluate(raised(PARTNER, 49_950), raised(SWEEPER, 50_050)).true_alerts == 2


def test_source_is_judged_by_its_own_part_of_a_distributed_episode() -> None:
    # SWEEPER joins D1 at 50,000 s; PARTNER has been at it since 49,900 s.
    report = evaluate(raised(SWEEPER, 49_950))
    assert (report.caught, report.false_by_kind) == ((), {"outside_episode": 1})


def test_delay_counts_from_the_first_probe_of_any_source() -> None:
    (detection,) = evaluate(raised(SWEEPER, 50_045)).detections
    assert (detection.source, detection.delay_s) == (SWEEPER, 145.0)
    # SWEEPER's own probes at 50,000, 50,010, ... 50,040; neither PARTNER's nor those of E1
    assert detection.target_count == 5


def test_first_alert_is_the_detection() -> None:
    (detection,) = evaluate(raised(SWEEPER, 1100), raised(SWEEPER, 1040)).detections
    assert (detection.delay_s, detection.target_count) == (40.0, 5)


def test_targets_after_the_last_probe_are_not_counted() -> None:
    (detection,) = evaluate(raised(SWEEPER, 1240, since_s=1100)).detections
    assert detection.target_count == 20


def test_alert_within_the_rounding_of_truth_is_true() -> None:
    report = evaluate(raised(SWEEPER, 999.9995))
    assert (report.false_alerts, [one.delay_s for one in report.detections]) == (0, [0.0])


def test_quartiles_are_over_caught_episodes() -> None:
    report = evaluate(raised(SWEEPER, 1040), raised(SWEEPER, 90, capture="b"), raised(PARTNER, 49_910))
    assert (report.delay_s.lower, report.delay_s.median, report.delay_s.upper) == (25.0, 40.0, 65.0)
    assert report.target_count.median == 5
    assert report.censored == 0


def test_sweeping_source_that_alerts_outside_its_episodes_is_a_false_source() -> None:
    report = evaluate(raised(SWEEPER, 1050), raised(SWEEPER, 20_000))
    assert (report.true_alerts, report.false_alerts, report.precision) == (1, 1, 0.5)
    assert report.false_sources == (("a", SWEEPER),)


def test_vertical_scans_are_false_and_listed() -> None:
    report = evaluate(raised(SCANNER, 2050), raised(CRAWLER, 2050))
    assert report.false_sources == (("a", SCANNER), ("a", CRAWLER))
    assert report.other_attack_sources == (("a", SCANNER),)
    assert report.false_by_kind == {"background": 1, "vertical_scan": 1}


def test_false_alerts_that_follow_closely_are_one() -> None:
    alerts = [raised(CRAWLER, at) for at in (0, 3000, 6000, 20_000)]
    assert evaluate(*alerts).false_alerts == 2
    assert evaluate_alerts(CAPTURES, alerts, JudgementRules(close_after_s=0)).false_alerts == 4


def test_false_alerts_are_counted_by_role() -> None:
    report = evaluate(raised(CRAWLER, 0), raised(CRAWLER, 20_000), raised(USER, 0))
    assert report.false_by_role == {"crawler": 2, "unknown": 1}


def test_rate_is_per_day_and_thousand_sources() -> None:
    # a: the sweeper is watched from 1,000 s to 50,190 s, its partner for 190 s, three others for the shortest
    # time of 60 s; b: the sweeper for 190 s, the user for 60 s
    watched_s = 49_190 + 190 + 3 * 60 + 190 + 60
    report = evaluate(raised(CRAWLER, 0), raised(USER, 0), raised(USER, 3, capture="b"))
    assert report.exposure.source_count == 7
    assert report.exposure.source_days == pytest.approx(watched_s / 86_400)
    assert report.false_rate == pytest.approx(3 * 1000 * 86_400 / watched_s)
    assert report.false_rate_upper > report.false_rate


def test_vertical_scan_is_no_episode() -> None:
    assert evaluate().episode_count == 3


def test_alerts_of_two_detectors_are_refused() -> None:
    with pytest.raises(InputError, match="one detector, got those of model, rule"):
        evaluate(raised(USER, 0), raised(USER, 0, detector="model"))


def test_seed_fixes_the_interval() -> None:
    alerts = [raised(SWEEPER, 1050), raised(PARTNER, 49_950), raised(CRAWLER, 0), raised(USER, 0)]
    intervals = {evaluate_alerts(CAPTURES, alerts, seed=7).precision_interval for _ in range(2)}
    assert len(intervals) == 1
    ((low, high),) = intervals
    assert 0 <= low < 0.5 < high <= 1


def test_report_does_not_depend_on_the_order_of_the_alerts() -> None:
    alerts = [raised(SWEEPER, 1050), raised(CRAWLER, 0), raised(CRAWLER, 9000), raised(PARTNER, 49_950)]
    assert evaluate(*alerts) == evaluate(*alerts[::-1])


def test_hosts_of_a_capture_are_not_changed() -> None:
    before = len(CAPTURES[0].hosts)
    evaluate(raised("10.77.0.1", 0))
    assert len(CAPTURES[0].hosts) == before


@pytest.mark.parametrize("build", [lambda: [], lambda: [to_capture("empty", [])]])
def test_captures_without_traffic_have_no_figures(build: Callable[[], list[Capture]]) -> None:
    report = evaluate_alerts(build(), [])
    assert math.isnan(report.recall)
    assert math.isnan(report.false_rate)
    assert report.recall_interval == (0.0, 1.0)


def test_exposure_and_budget_agree() -> None:
    exposure = Exposure(250.0, 500, 43_200.0)
    assert exposure.allowed(8.0) == pytest.approx(2.0)
    assert exposure.rate(2) == pytest.approx(8.0)


def test_wait_for_the_record_is_part_of_the_time_to_detect_and_not_of_the_judgement() -> None:
    contacts = [Contact(100 + 10 * i, "10.0.0.1", f"10.1.0.{i + 1}", label=SWEEP_LABEL) for i in range(60)]
    capture = to_capture("log", contacts, [episode("E1", "10.0.0.1", 100, 690)])
    alert = AlertRow("log", "10.0.0.1", 130 * US, 100 * US, 1.0, 0, "rule")
    (at_once,) = evaluate_alerts([capture], [alert]).detections
    assert (at_once.delay_s, at_once.target_count) == (30, 4)
    (in_a_log,) = evaluate_alerts([capture], [alert], interval_s=600).detections
    # Known at 600 s, by when 51 targets had been touched; the evidence is still the sweep's.
    assert (in_a_log.delay_s, in_a_log.target_count) == (500, 51)
    late = AlertRow("log", "10.0.0.1", 690 * US, 100 * US, 1.0, 0, "rule")
    report = evaluate_alerts([capture], [late], interval_s=3600)
    assert (report.false_alerts, report.detections[0].delay_s) == (0, 3500)
