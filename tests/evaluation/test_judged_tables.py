"""All tables of one contestant on a day that can be counted by hand."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from sweepml.datasets.capture import EVASION
from sweepml.errors import InputError
from sweepml.evaluation.allowlist import AllowlistEntry
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_tables import TABLES, check_tables
from sweepml.evaluation.curves import CurvePoint
from sweepml.evaluation.episodes import evaluate_alerts
from sweepml.evaluation.exposure import DAY_S
from sweepml.evaluation.intervals import poisson_upper, wilson_interval
from sweepml.evaluation.judged_tables import JudgedRows, Judging, judged_tables
from sweepml.evaluation.rows import ScoredRows
from tests.evaluation.handmade import US, to_capture
from tests.evaluation.small_arena import (
    ALERTS,
    CRAWLER,
    OUTER,
    SWEEPER,
    USER,
    WATCHED_S,
    day,
    raised,
    small_arena,
)

SOURCE_DAYS = sum(WATCHED_S.values()) / DAY_S


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return judged_tables(small_arena(), "rule@shipped", ALERTS)


@pytest.fixture(scope="module")
def summary(tables: dict[str, pd.DataFrame]) -> pd.Series:
    (row,) = (line for _, line in tables["summary"].iterrows())
    return row


def test_all_tables_of_a_contestant_fit_their_schemas(tables: dict[str, pd.DataFrame]) -> None:
    check_tables(tables)
    assert TABLES.keys() - tables.keys() == {"contestants", "arenas", "probes", "seeds"}
    assert {(one["arena"], one["contestant"]) for one in tables["strata"].to_dict("records")} == {
        ("lab", "rule@shipped")
    }


def test_counts_and_shares_are_those_of_the_day(summary: pd.Series) -> None:
    assert (summary.episode_count, summary.caught, summary.recall) == (2, 1, 0.5)
    assert (summary.true_alerts, summary.false_alerts, summary.false_sources, summary.precision) == (1, 1, 1, 0.5)
    assert summary.false_rate == pytest.approx(1000 / SOURCE_DAYS)
    assert (summary.precision_at_10, summary.average_precision) == (0.5, 0.5)  # one of the two sweeps, in first place


def test_medians_come_from_the_curve_with_censoring(summary: pd.Series) -> None:
    # E2 ends undetected after 7 s; of what is left, E1, all is detected at 50 s
    assert summary.median_delay_s == 50
    # E1 is detected at 6 targets, while E2 goes on to 8
    assert summary.median_targets == 6


def test_precision_at_a_base_rate_uses_recall_and_false_rate(summary: pd.Series) -> None:
    wrong = 0.99 * (1 - math.exp(-1 / SOURCE_DAYS))
    assert summary["precision_at_1e-2"] == pytest.approx(0.005 / (0.005 + wrong))
    assert summary["precision_at_1e-2_low"] < summary["precision_at_1e-2"] < summary["precision_at_1e-2_high"]


def test_every_figure_lies_in_its_interval(summary: pd.Series) -> None:
    figures = [name.removesuffix("_low") for name in summary.index if name.endswith("_low")]
    assert len(figures) == 12
    for name in figures:
        if not math.isnan(summary[f"{name}_high"]):  # a median's upper end is often not reached
            assert summary[f"{name}_low"] <= summary[name] <= summary[f"{name}_high"], name


def test_false_rate_without_false_alerts_is_bounded_by_poisson() -> None:
    (row,) = judged_tables(small_arena(), "rule", ALERTS[1:3])["summary"].to_dict("records")
    assert (row["false_rate"], row["false_rate_low"]) == (0, 0)
    assert row["false_rate_high"] == pytest.approx(poisson_upper(0) * 1000 / SOURCE_DAYS)


def test_episodes_have_their_facts_and_what_became_of_them(tables: dict[str, pd.DataFrame]) -> None:
    caught, missed = tables["episodes"].to_dict("records")
    assert (caught["scenario"], caught["caught"], caught["alert_source"]) == ("day/E1", True, SWEEPER)
    assert (caught["delay_s"], caught["targets_touched"]) == (50, 6)  # probes at 1000, 1010, ... 1050
    assert (caught["target_count"], caught["rate_per_s"], caught["tool"]) == (20, 0.1, "nmap")
    assert (missed["scenario"], missed["caught"], missed["alert_source"]) == ("day/E2", False, "")
    assert math.isnan(missed["delay_s"])
    assert math.isnan(missed["targets_touched"])


def test_strata_count_the_episodes_of_each_kind(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["strata"].set_index(["dimension", "stratum"])
    assert rows.loc[("scope", "internal"), ["episode_count", "caught", "recall"]].tolist() == [1, 1, 1.0]
    assert rows.loc[("scope", "public"), ["episode_count", "caught", "recall"]].tolist() == [1, 0, 0.0]
    assert rows.loc[("protocol", "tcp"), ["episode_count", "caught", "recall"]].tolist() == [2, 1, 0.5]
    assert tuple(rows.loc[("protocol", "tcp"), ["recall_low", "recall_high"]]) == wilson_interval(1, 2)
    assert rows.loc["tool"].index.tolist() == ["nmap", "unknown"]


def test_survival_has_both_axes(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["survival"].set_index("axis")
    columns = ["at", "undetected", "at_risk", "events", "censored"]
    assert rows.loc["seconds", columns].to_numpy().tolist() == [[0, 1, 2, 0, 0], [7, 1, 2, 0, 1], [50, 0, 1, 1, 0]]
    assert rows.loc["targets", columns].to_numpy().tolist() == [[0, 1, 2, 0, 0], [6, 0.5, 2, 1, 0], [8, 0.5, 1, 0, 1]]


def test_roles_hold_all_sources_that_were_watched(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["roles"].set_index("role")
    assert rows["source_count"].to_dict() == {"crawler": 1, "sweep": 2, "unknown": 1}
    assert rows["false_alerts"].to_dict() == {"crawler": 1, "sweep": 0, "unknown": 0}
    days = WATCHED_S[CRAWLER] / DAY_S
    assert rows.loc["crawler", "source_days"] == pytest.approx(days)
    assert rows.loc["crawler", "false_rate"] == pytest.approx(1000 / days)
    assert rows.loc["unknown", "false_rate_high"] == pytest.approx(poisson_upper(0) * 1000 * DAY_S / WATCHED_S[USER])


def test_alerts_are_judged_one_by_one_and_the_first_of_a_finding_has_evidence(
    tables: dict[str, pd.DataFrame],
) -> None:
    first, second, false, joined = tables["alerts"].to_dict("records")
    assert (first["detected_us"], first["is_true"], first["scenarios"]) == (1050 * US, True, "day/E1")
    assert (first["ports"], first["dst_count"], first["unanswered"], first["answered"]) == ("tcp/445 (6)", 6, 6, 0)
    assert (first["merged_into"], second["merged_into"]) == (False, True)
    assert (second["ports"], second["dst_count"], second["unanswered"]) == ("", -1, -1)
    assert (false["source"], false["role"], false["kind"], false["is_true"]) == (
        CRAWLER,
        "crawler",
        "background",
        False,
    )
    assert (false["ports"], false["answered"], false["merged_into"]) == ("tcp/443 (7)", 7, False)
    assert (joined["score"], joined["merged_into"]) == (3.0, True)


def test_an_alert_that_also_begins_another_finding_is_not_merged() -> None:
    again = replace(day().episodes[0], episode_id="E3", start_us=1150 * US)
    arena = Arena("lab", [replace(day(), episodes=(*day().episodes, again))])
    alerts = [raised(SWEEPER, 1050, 1000), raised(SWEEPER, 1160, 1000), raised(SWEEPER, 1170, 1000)]
    rows = judged_tables(arena, "rule", alerts)["alerts"]
    assert rows["scenarios"].tolist() == ["day/E1", "day/E1, day/E3", "day/E1, day/E3"]
    assert rows["merged_into"].tolist() == [False, False, True]


def test_an_alert_on_a_host_that_did_nothing_counts_and_has_no_evidence() -> None:
    frames = judged_tables(small_arena(), "tool", [raised("10.77.0.1", 500, 400)])
    (alert,) = frames["alerts"].to_dict("records")
    assert (alert["ports"], alert["dst_count"], alert["unknown"], alert["role"]) == ("", 0, 0, "unknown")
    unknown = frames["roles"].set_index("role").loc["unknown"]
    assert (unknown["source_count"], unknown["false_alerts"], unknown["false_sources"]) == (2, 1, 1)


def test_curve_is_of_the_alerts_unless_another_is_given(tables: dict[str, pd.DataFrame]) -> None:
    assert tables["pr"][["threshold", "recall", "precision"]].to_numpy().tolist() == [[9, 0.5, 1], [7, 0.5, 0.5]]
    budget = tables["budget_curve"]
    assert budget["false_alerts"].tolist() == [0, 1]
    assert budget["false_rate"].tolist() == pytest.approx([0, 1000 / SOURCE_DAYS])
    given = judged_tables(small_arena(), "rule", ALERTS, curve=[CurvePoint(0.5, 2, 3, 1)])
    assert given["pr"][["threshold", "recall", "precision"]].to_numpy().tolist() == [[0.5, 1, 0.75]]


def test_an_allowlist_is_accounted_for_and_changes_no_figure(tables: dict[str, pd.DataFrame]) -> None:
    entries = [
        AllowlistEntry("web crawler", date(2027, 1, 1), source=CRAWLER),
        AllowlistEntry("too wide", date(2027, 1, 1), source="10.0.0.0/30"),
        AllowlistEntry("old", date(2020, 1, 1), source=CRAWLER),
    ]
    frames = judged_tables(small_arena(), "rule@shipped", ALERTS, Judging(allowlist=entries, as_of=date(2026, 11, 25)))
    assert frames["allowlist"]["suppressed"].tolist() == [2, 4, 0]
    assert frames["allowlist"]["false_suppressed"].tolist() == [2, 2, 0]
    assert frames["allowlist"]["hidden"].tolist() == ["", "day/E1", ""]
    assert frames["allowlist"]["covered"].tolist() == ["", "day/E1, day/E2", ""]
    assert frames["allowlist"]["is_expired"].tolist() == [False, False, True]
    assert frames["alerts"]["suppressed_by"].tolist() == ["10.0.0.0/30"] * 2 + [CRAWLER] * 2
    pd.testing.assert_frame_equal(frames["summary"], tables["summary"])


def test_an_allowlist_needs_a_day() -> None:
    with pytest.raises(InputError, match="needs the day"):
        Judging(allowlist=[AllowlistEntry("x", date(2027, 1, 1), port=80)])


def rows_of_a_model() -> JudgedRows:
    """Four units; scores 0.05 (none), 0.95 and 1.0 (sweeps), 0.9 (none), and one row that nobody labelled."""
    scored = ScoredRows.from_columns(
        ["day"] * 5,
        [USER, SWEEPER, SWEEPER, CRAWLER, OUTER],
        horizon_s=[60, 60, 600, 60, 60],
        start_us=[0] * 5,
        as_of_us=[1] * 5,
        y=[0, 1, 1, 0, -1],
        score=[0.05, 0.95, 1.0, 0.9375, 0.5],
    )
    return JudgedRows(scored, np.array([False, True, True, True, True]))


def test_a_models_rows_give_calibration_and_windows() -> None:
    frames = judged_tables(small_arena(), "model", ALERTS, rows=rows_of_a_model())
    low, high = frames["calibration"].to_dict("records")
    assert (low["bin_low"], low["bin_high"], low["observed"], low["count"]) == (0.0, 0.1, 0.0, 1)
    assert (high["bin_low"], high["observed"], high["count"]) == (0.9, pytest.approx(2 / 3), 3)
    assert high["mean_score"] == pytest.approx((0.95 + 1.0 + 0.9375) / 3)
    assert (low["observed_low"], low["observed_high"]) == wilson_interval(0, 1)
    assert high["observed_low"] < 2 / 3 < high["observed_high"]
    windows = frames["windows"].set_index("horizon_s")
    assert windows[["positives", "negatives"]].to_numpy().tolist() == [[2, 2], [1, 2], [1, 0]]
    assert windows.loc[0, ["precision", "recall", "false_positive_ratio"]].tolist() == [2 / 3, 1, 0.5]


def test_nothing_raised_gives_tables_too() -> None:
    frames = judged_tables(small_arena(), "mute", [])
    (row,) = frames["summary"].to_dict("records")
    assert (row["recall"], row["average_precision"], row["false_alerts"]) == (0, 0, 0)
    assert math.isnan(row["precision"])
    assert frames["alerts"].empty
    assert not frames["episodes"]["caught"].any()


def test_a_control_has_no_recall_and_only_false_alerts() -> None:
    quiet = Arena("controls", [replace(day(), episodes=())])
    frames = judged_tables(quiet, "rule", ALERTS)
    (row,) = frames["summary"].to_dict("records")
    assert (row["episode_count"], row["false_alerts"], row["precision"]) == (0, 2, 0)
    assert math.isnan(row["recall"])
    assert math.isnan(row["average_precision"])
    assert frames["pr"]["recall"].isna().all()
    assert quiet.table()["is_control"].tolist() == [True]


def test_figures_agree_with_the_episode_report(summary: pd.Series) -> None:
    report = evaluate_alerts([day()], ALERTS)
    assert (summary.recall, summary.precision, summary.false_rate) == (
        report.recall,
        report.precision,
        report.false_rate,
    )
    assert (summary.precision_low, summary.precision_high) == report.precision_interval


def test_order_of_the_alerts_does_not_matter(tables: dict[str, pd.DataFrame]) -> None:
    for name, frame in judged_tables(small_arena(), "rule@shipped", ALERTS[::-1]).items():
        pd.testing.assert_frame_equal(frame, tables[name])


def test_an_arena_says_what_it_is() -> None:
    (row,) = small_arena().table().to_dict("records")
    assert (row["title"], row["protocol"], row["captures"]) == ("Laboratory", "none", "day")
    assert (row["source_count"], row["episode_count"], row["is_control"]) == (4, 2, False)
    assert row["source_days"] == pytest.approx(SOURCE_DAYS)


def test_captures_of_an_arena_have_names_of_their_own() -> None:
    with pytest.raises(InputError, match="arena lab: capture names must be unique"):
        Arena("lab", [day(), to_capture("day", [])])


def test_alerts_of_a_flow_log_come_when_their_interval_is_delivered() -> None:
    arena = Arena("aggregated 600 s", [day()], interval_s=600)
    frames = judged_tables(arena, "rule", [raised(SWEEPER, 1050, 1000)])
    assert frames["alerts"]["detected_us"].tolist() == [1200 * US]
    assert frames["alerts"]["ports"].tolist() == ["tcp/445 (6)"]  # what it was raised for
    caught = frames["episodes"].set_index("episode_id").loc["E1"]
    assert (caught["delay_s"], caught["targets_touched"]) == (200, 20)


def test_recall_by_evasion_is_a_stratum_where_episodes_say_how_they_evade() -> None:
    evasive = replace(day().episodes[0], attributes={EVASION: "paced"})
    arena = Arena("evasion", [replace(day(), episodes=(evasive, day().episodes[1]))])
    strata = judged_tables(arena, "rule", ALERTS)["strata"]
    (row,) = strata[strata["dimension"] == EVASION].to_dict("records")
    assert (row["stratum"], row["episode_count"], row["caught"]) == ("paced", 1, 1)
    assert EVASION not in set(judged_tables(small_arena(), "rule", ALERTS)["strata"]["dimension"])
