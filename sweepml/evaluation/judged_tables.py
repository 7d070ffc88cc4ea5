"""The tables of one contestant in one arena: alerts in, frames out."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweepml.errors import InputError
from sweepml.evaluation.alerts import Judgement, JudgementRules, group_alerts, judge_alerts
from sweepml.evaluation.allowlist import AllowlistEntry, AllowlistReport, account_allowlist
from sweepml.evaluation.arena import Arena
from sweepml.evaluation.benchmark_tables import TABLES
from sweepml.evaluation.contacts import ports_text
from sweepml.evaluation.curves import CurvePoint, curve_of_alerts
from sweepml.evaluation.episodes import EpisodeKey, EpisodeReport, Source, evaluate_alerts
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.intervals import cluster_interval, poisson_upper, wilson_interval
from sweepml.evaluation.ranking import Finding, findings_of
from sweepml.evaluation.rows import POSITIVE, UNLABELLED, ScoredRows
from sweepml.evaluation.scenario import DIMENSIONS, Scenario, scenario_id, stratum_order
from sweepml.evaluation.summary import summary_figures
from sweepml.evaluation.survival import SurvivalCurve, kaplan_meier
from sweepml.evaluation.windows import WindowScores, evaluate_windows
from sweepml.graph.delivery import delivered_us
from sweepml.schema.alert import AlertRow
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome

CALIBRATION_BINS: Final = 10
"""Of equal width. Chosen, not tuned."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judging:
    """How all contestants are judged alike.

    Parameters
    ----------
    rules
        When an alert is about an episode, and which alerts are one.
    seed
        Of the bootstraps.
    allowlist
        Entries to be accounted for. They change no figure: alerts that they would suppress are marked.
    as_of
        Day on which their expiry is judged; needed where there are any.

    Raises
    ------
    InputError
        If there are entries and no day.
    """

    rules: JudgementRules = field(default_factory=JudgementRules)
    seed: int = 0
    allowlist: Sequence[AllowlistEntry] = ()
    as_of: date | None = None

    def __post_init__(self) -> None:
        if self.allowlist and self.as_of is None:
            raise InputError("an allowlist needs the day on which its entries are judged")


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """A model's rows, for what needs more than alerts.

    Attributes
    ----------
    scored
        Scores are calibrated probabilities.
    verdicts
        bool, shape (rows,): which of them raised the contestant's alerts.
    """

    scored: ScoredRows
    verdicts: NDArray[np.bool_]


DEFAULT_JUDGING: Final = Judging()


def judged_tables(
    arena: Arena,
    contestant: str,
    alerts: Iterable[AlertRow],
    judging: Judging = DEFAULT_JUDGING,
    *,
    curve: Sequence[CurvePoint] | None = None,
    rows: JudgedRows | None = None,
) -> dict[str, pd.DataFrame]:
    """Judge one contestant in one arena.

    Parameters
    ----------
    arena
        Shared by all contestants, since it remembers what it has worked out.
    contestant
        Id.
    alerts
        All of the contestant's at its operating point, on the arena's captures, of one detector.
    judging
        The same for all.
    curve
        What it would do at other thresholds: `curve_of_rule`, or `curve_of_alerts` of alerts at a low threshold. By
        default, of the alerts given, which begins at the operating point.
    rows
        Of a model, for calibration and window-level figures.

    Returns
    -------
    dict
        Name -> frame, all of `TABLES` but those that are not about one contestant's alerts (contestants, arenas, probes
        and seeds). Frames fit their schemas; those that do not apply are empty.

    Raises
    ------
    InputError
        If alerts are of several detectors, or do not fit the captures (see `judge_alerts`).
    """
    alerts = sorted(alerts, key=lambda one: (one.detected_us, one.capture, one.source, one.horizon_s))
    judged = judge_alerts(arena.captures, alerts, judging.rules)
    report = evaluate_alerts(
        arena.captures,
        alerts,
        judging.rules,
        detector=contestant,
        seed=judging.seed,
        interval_s=arena.interval_s,
    )
    findings = findings_of(judged, judging.rules.close_after_s)
    if curve is None:
        curve = curve_of_alerts(arena.captures, alerts, judging.rules)
    allowlist = (
        account_allowlist(judging.allowlist, arena.captures, alerts, judging.as_of, judging.rules)
        if judging.as_of is not None
        else AllowlistReport((), (), ())
    )
    episodes = _episodes(arena, report)
    curves = _survival(episodes)
    rows_by_table: dict[str, Iterable[Row]] = {
        "summary": [summary_figures(arena, report, findings, curves, judging.seed)],
        "episodes": episodes,
        "strata": _strata(arena, report),
        "survival": (row for axis, one in curves.items() for row in _survival_rows(axis, one)),
        "roles": _roles(arena, findings),
        "pr": (_pr(point, report.episode_count) for point in curve),
        "budget_curve": (_budget(point, report) for point in curve),
        "calibration": _calibration(rows.scored, judging.seed) if rows else (),
        "windows": _windows(rows) if rows else (),
        "allowlist": _allowlist(allowlist),
        "alerts": _alerts(arena, judged, allowlist, judging.rules.close_after_s),
    }
    who = {"arena": arena.name, "contestant": contestant}
    return {name: TABLES[name].make({**who, **row} for row in made) for name, made in rows_by_table.items()}


def _alerts(
    arena: Arena, judged: Sequence[Judgement], allowlist: AllowlistReport, close_after_s: float
) -> Iterable[Row]:
    suppressed_by: dict[int, str] = {}
    for account in allowlist.accounts:
        for one in account.suppressed:
            suppressed_by.setdefault(id(one.alert), account.entry.scope)
    false = (one.alert for one in judged if not one.sweeps)
    first_of_false = {id(group[0]) for group in group_alerts(false, close_after_s)}
    found: set[tuple[str, str, str]] = set()
    for one in judged:  # by time of detection
        alert = one.alert
        keys = {(alert.capture, sweep.episode_id, sweep.source) for sweep in one.sweeps}
        is_first = not keys <= found if keys else id(alert) in first_of_false
        found |= keys
        yield {
            "capture": alert.capture,
            "source": alert.source,
            "role": arena.role_of((alert.capture, alert.source)),
            "detected_us": delivered_us(alert.detected_us, arena.interval_s),
            "since_us": alert.since_us,
            "horizon_s": alert.horizon_s,
            "score": alert.score,
            "is_true": bool(keys),
            "kind": one.kind,
            "scenarios": ", ".join(sorted({scenario_id(capture, episode) for capture, episode, _ in keys})),
            "merged_into": not is_first,
            **_evidence(arena, alert, is_wanted=is_first),
            "suppressed_by": suppressed_by.get(id(alert), ""),
        }


def _evidence(arena: Arena, alert: AlertRow, *, is_wanted: bool) -> Row:
    """Return the columns of evidence, from the capture's connections whatever the detector said of them."""
    if not is_wanted:
        return {"ports": "", "dst_count": MISSING} | {outcome.label: MISSING for outcome in Outcome}
    evidence = arena.contacts[alert.capture].evidence(alert)
    if evidence is None:
        return {"ports": "", "dst_count": 0} | {outcome.label: 0 for outcome in Outcome}
    return {"ports": ports_text(evidence), "dst_count": evidence.dst_count} | evidence.outcomes


def _episodes(arena: Arena, report: EpisodeReport) -> list[Row]:
    detections = {(one.capture, one.episode_id): one for one in report.detections}
    rows = []
    for scenario in arena.scenarios:
        detection = detections.get(_key(scenario))
        rows.append(
            {
                "scenario": scenario.id,
                "capture": scenario.capture,
                "episode_id": scenario.episode_id,
                "kind": scenario.kind,
                "tool": scenario.tool,
                "scope": scenario.scope,
                "protocol": "+".join(scenario.protocols),
                "ports": scenario.ports,
                "port_count": scenario.port_count,
                "source_count": len(scenario.sources),
                "target_count": scenario.target_count,
                "rate_per_s": scenario.rate_per_s,
                "success_share": scenario.success_share,
                "duration_s": scenario.duration_s,
                "caught": detection is not None,
                "delay_s": detection.delay_s if detection else math.nan,
                "targets_touched": detection.target_count if detection else math.nan,
                "alert_source": detection.source if detection else "",
            }
        )
    return rows


def _strata(arena: Arena, report: EpisodeReport) -> Iterable[Row]:
    caught = set(report.caught)
    for dimension in DIMENSIONS:
        flags: defaultdict[str, list[bool]] = defaultdict(list)
        for scenario in arena.scenarios:
            if dimension in scenario.strata:
                flags[scenario.strata[dimension]].append(_key(scenario) in caught)
        for stratum in sorted(flags, key=lambda one: stratum_order(dimension, one)):
            hits, count = sum(flags[stratum]), len(flags[stratum])
            yield {
                "dimension": dimension,
                "stratum": stratum,
                "episode_count": count,
                "caught": hits,
                "recall": hits / count,
                **_ends("recall", wilson_interval(hits, count)),
            }


def _survival(episodes: Sequence[Row]) -> dict[str, SurvivalCurve]:
    """Return the curves of both axes; a missed episode is censored where it ends."""
    caught = [row["caught"] for row in episodes]
    return {
        "seconds": kaplan_meier([row["delay_s"] if row["caught"] else row["duration_s"] for row in episodes], caught),
        "targets": kaplan_meier(
            [row["targets_touched"] if row["caught"] else row["target_count"] for row in episodes], caught
        ),
    }


def _survival_rows(axis: str, curve: SurvivalCurve) -> Iterable[Row]:
    columns = ("at", "undetected", "low", "high", "at_risk", "events", "censored")
    for values in zip(*(getattr(curve, name).tolist() for name in columns), strict=True):
        yield {"axis": axis, **dict(zip(columns, values, strict=True))}


def _roles(arena: Arena, findings: Sequence[Finding]) -> Iterable[Row]:
    wrong = Counter((one.capture, one.source) for one in findings if not one.is_true)
    by_role: defaultdict[str, list[Source]] = defaultdict(list)
    for source in sorted(arena.watched.keys() | wrong.keys()):
        by_role[arena.role_of(source)].append(source)
    for role in sorted(by_role):
        sources = by_role[role]
        exposure = Exposure(sum(arena.watched.get(source, 0.0) for source in sources), len(sources), 0.0)
        count = sum(wrong[source] for source in sources)
        yield {
            "role": role,
            "source_count": len(sources),
            "source_days": exposure.source_days,
            "false_alerts": count,
            "false_sources": sum(wrong[source] > 0 for source in sources),
            "false_rate": exposure.rate(count),
            "false_rate_high": exposure.rate(poisson_upper(count)),
        }


def _pr(point: CurvePoint, episode_count: int) -> Row:
    return {
        "threshold": point.threshold,
        "recall": point.caught / episode_count if episode_count else math.nan,
        "precision": point.precision,
    }


def _budget(point: CurvePoint, report: EpisodeReport) -> Row:
    count = report.episode_count
    return {
        "threshold": point.threshold,
        "false_alerts": point.false_findings,
        "false_rate": report.exposure.rate(point.false_findings),
        "recall": point.caught / count if count else math.nan,
        **_ends("recall", wilson_interval(point.caught, count)),
    }


def _calibration(rows: ScoredRows, seed: int) -> Iterable[Row]:
    labelled = rows.take(rows.y != UNLABELLED)
    place = np.minimum((labelled.score * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    for number in np.unique(place).tolist():
        here = labelled.take(place == number)
        _, unit = np.unique(here.unit, return_inverse=True)
        positive = here.y == POSITIVE
        interval = cluster_interval(np.bincount(unit, positive).astype(np.int64), np.bincount(unit), seed)
        yield {
            "bin_low": number / CALIBRATION_BINS,
            "bin_high": (number + 1) / CALIBRATION_BINS,
            "mean_score": float(here.score.mean(dtype=np.float64)),
            "observed": float(positive.mean()),
            **_ends("observed", interval),
            "count": len(here),
        }


def _windows(rows: JudgedRows) -> Iterable[Row]:
    scored = rows.scored
    report = evaluate_windows(scored.y, scored.score, rows.verdicts, scored.horizon_s)
    overall: list[tuple[int, WindowScores]] = [(0, report.overall)]
    for horizon_s, scores in itertools.chain(overall, report.by_horizon.items()):
        yield {
            "horizon_s": horizon_s,
            "positives": scores.positives,
            "negatives": scores.negatives,
            "precision": scores.precision,
            "recall": scores.recall,
            "average_precision": scores.average_precision,
            "false_positive_ratio": scores.false_positive_ratio,
        }


def _allowlist(report: AllowlistReport) -> Iterable[Row]:
    for account in report.accounts:
        yield {
            "entry": account.entry.scope,
            "reason": account.entry.reason,
            "expires": account.entry.expires.isoformat(),
            "is_expired": account.is_expired,
            "suppressed": len(account.suppressed),
            "false_suppressed": account.false_suppressed,
            "hidden": ", ".join(scenario_id(*key) for key in account.hidden),
            "covered": ", ".join(scenario_id(*key) for key in account.covered),
        }


def _key(scenario: Scenario) -> EpisodeKey:
    return scenario.capture, scenario.episode_id


def _ends(name: str, interval: tuple[float, float]) -> Row:
    return {f"{name}_low": interval[0], f"{name}_high": interval[1]}
