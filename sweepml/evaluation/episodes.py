"""Episode-level evaluation: which sweeps were caught, how fast, and what else was raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.evaluation.alerts import (
    TRUTH_TOLERANCE_US,
    AlertRow,
    Judgement,
    JudgementRules,
    judge_alerts,
    merge_alerts,
)
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.intervals import cluster_interval, poisson_upper, wilson_interval
from sweepml.graph.connections import SWEEP_LABEL, Connections
from sweepml.graph.delivery import delivered_us
from sweepml.graph.windows import US_PER_S

DEFAULT_RULES: Final = JudgementRules()

Source = tuple[str, str]
"""(capture, source)."""
_NOBODY: Final = -2
"""Code of a source that a capture does not show; -1 is a record without identity."""
EpisodeKey = tuple[str, str]
"""(capture, episode_id)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """The first alert about one caught episode.

    Attributes
    ----------
    capture, episode_id
        The episode.
    source
        Whose alert came first.
    delay_s
        Seconds from the episode's first probe, of whichever source, to the alert.
    target_count
        Distinct destinations that the alerted source's labelled sweep had touched when the alert was raised.
        Fewer than 5 means that the alert was about something else of the same source, and lucky.
    """

    capture: str
    episode_id: str
    source: str
    delay_s: float
    target_count: int


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Lower quartile, median and upper quartile over *caught* episodes; NaN where none was caught.

    Missed episodes are censored: read this only together with the recall.
    """

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Quartiles:
        """Return the quartiles of some values, interpolated linearly."""
        if not values:
            return cls(float("nan"), float("nan"), float("nan"))
        return cls(*(float(value) for value in np.quantile(values, [0.25, 0.5, 0.75])))


@dataclass(frozen=True, slots=True)
class EpisodeReport:
    """How one detector did on some captures.

    Attributes
    ----------
    detector
        Its name.
    caught, missed
        (capture, episode_id), sorted; an episode is all rows of one id with a sweep kind.
    recall_interval
        95 %, Wilson, over episodes.
    raised
        Alerts as given, before anything was merged.
    true_alerts
        Findings that are right: distinct (episode, source) with at least one alert.
    false_alerts
        Findings that are wrong, after merging those of one source that follow closely.
    precision_interval
        95 %, bootstrap over sources.
    false_sources
        (capture, source) with at least one false alert, sorted. A source that also sweeps is one of them if
        it raised an alert outside of its episodes.
    false_by_role, false_by_kind
        False alerts by the source's role and by kind, see `Judgement.kind`; most first.
    other_attack_sources
        Those of `false_sources` whose alert is about another labelled attack, such as a vertical scan.
    exposure
        Over which the rate of false alerts is measured.
    detections
        One per caught episode, in the order of `caught`.
    """

    detector: str
    caught: tuple[EpisodeKey, ...]
    missed: tuple[EpisodeKey, ...]
    recall_interval: tuple[float, float]
    raised: int
    true_alerts: int
    false_alerts: int
    precision_interval: tuple[float, float]
    false_sources: tuple[Source, ...]
    false_by_role: dict[str, int]
    false_by_kind: dict[str, int]
    other_attack_sources: tuple[Source, ...]
    exposure: Exposure
    detections: tuple[Detection, ...]

    @property
    def episode_count(self) -> int:
        """Number of sweep episodes."""
        return len(self.caught) + len(self.missed)

    @property
    def recall(self) -> float:
        """Share of the episodes that were caught; NaN where there is none."""
        return len(self.caught) / self.episode_count if self.episode_count else float("nan")

    @property
    def precision(self) -> float:
        """Share of the findings that are right; NaN where nothing was raised."""
        findings = self.true_alerts + self.false_alerts
        return self.true_alerts / findings if findings else float("nan")

    @property
    def false_rate(self) -> float:
        """False alerts per day per 1,000 sources."""
        return self.exposure.rate(self.false_alerts)

    @property
    def false_rate_upper(self) -> float:
        """One-sided 95 % upper bound of `false_rate`, as if false alerts were independent (Poisson)."""
        return self.exposure.rate(poisson_upper(self.false_alerts))

    @property
    def delay_s(self) -> Quartiles:
        """Seconds from an episode's first probe to its alert, over caught episodes."""
        return Quartiles.of([detection.delay_s for detection in self.detections])

    @property
    def target_count(self) -> Quartiles:
        """Destinations touched by the alerted source before its alert, over caught episodes."""
        return Quartiles.of([detection.target_count for detection in self.detections])

    @property
    def censored(self) -> int:
        """Missed episodes, which have no time to detect."""
        return len(self.missed)


def evaluate_alerts(
    captures: Sequence[Capture],
    alerts: Iterable[AlertRow],
    rules: JudgementRules = DEFAULT_RULES,
    *,
    detector: str = "",
    seed: int = 0,
    interval_s: int = 0,
) -> EpisodeReport:
    """Judge one detector by its alerts.

    An episode is caught when any of its sources has an alert whose evidence overlaps that source's part of
    the episode. All alerts of one source about one episode are one finding.

    Parameters
    ----------
    captures
        With their episodes, roles and labelled connections.
    alerts
        Of one detector, on these captures, in any order.
    rules
        Grace and merging.
    detector
        Name for the report; by default the alerts' own.
    seed
        Of the bootstrap.
    interval_s
        Records are delivered when their interval of so many seconds ends (`delivered_us`), and so are alerts. Which
        sweep an alert is about does not depend on it, only how late it comes. 0 delivers at once.

    Returns
    -------
    EpisodeReport

    Raises
    ------
    InputError
        If alerts are of several detectors, or do not fit the captures (see `judge_alerts`).

    Notes
    -----
    Ports are not compared: an alert on a source during its sweep counts, whatever raised it.
    `Detection.target_count` shows those that came too early to be about the sweep.
    """
    alerts = list(alerts)
    names = sorted({alert.detector for alert in alerts})
    if len(names) > 1:
        raise InputError(f"expected the alerts of one detector, got those of {', '.join(names)}")
    judged = judge_alerts(captures, alerts, rules)
    detections = _first_detections(captures, judged, interval_s)
    episodes = sorted(_sweep_starts(captures))
    caught = tuple(key for key in episodes if key in detections)

    findings = Counter(
        (capture, source)
        for capture, _, source in {
            (one.alert.capture, sweep.episode_id, sweep.source) for one in judged for sweep in one.sweeps
        }
    )
    kinds = {one.alert: one.kind for one in judged}
    false = merge_alerts((one.alert for one in judged if not one.sweeps), rules.close_after_s)
    wrong = Counter((alert.capture, alert.source) for alert in false)
    by_name = {capture.name: capture for capture in captures}
    units = sorted(findings.keys() | wrong.keys())
    hits = np.array([findings[unit] for unit in units], int)
    totals = np.array([findings[unit] + wrong[unit] for unit in units], int)
    return EpisodeReport(
        detector=detector or (names[0] if names else "none"),
        caught=caught,
        missed=tuple(key for key in episodes if key not in detections),
        recall_interval=wilson_interval(len(caught), len(episodes)),
        raised=len(alerts),
        true_alerts=findings.total(),
        false_alerts=len(false),
        precision_interval=cluster_interval(hits, totals, seed),
        false_sources=tuple(sorted(wrong)),
        false_by_role=_ranked(by_name[alert.capture].role_of(alert.source) for alert in false),
        false_by_kind=_ranked(kinds[alert] for alert in false),
        other_attack_sources=_other_attack_sources(captures, judged),
        exposure=Exposure.of(captures),
        detections=tuple(detections[key] for key in caught),
    )


def _sweep_starts(captures: Sequence[Capture]) -> dict[EpisodeKey, int]:
    """Return the first probe of every sweep episode, over all of its sources."""
    starts: dict[EpisodeKey, int] = {}
    for capture in captures:
        for episode in capture.episodes:
            if episode.is_sweep:
                key = (capture.name, episode.episode_id)
                starts[key] = min(episode.start_us, starts.get(key, episode.start_us))
    return starts


def _first_detections(
    captures: Sequence[Capture], judged: list[Judgement], interval_s: int
) -> dict[EpisodeKey, Detection]:
    starts = _sweep_starts(captures)
    by_name = {capture.name: capture for capture in captures}
    # Asking a host table for the code of an unknown host would add it, so codes are looked up here.
    codes = {capture.name: {name: i for i, name in enumerate(capture.hosts.names)} for capture in captures}
    found: dict[EpisodeKey, Detection] = {}
    for one in sorted(judged, key=lambda one: (one.alert.detected_us, one.alert.source)):
        alert = one.alert
        raised_us = delivered_us(alert.detected_us, interval_s)
        for sweep in one.sweeps:
            key = (alert.capture, sweep.episode_id)
            if key not in found:
                found[key] = Detection(
                    capture=alert.capture,
                    episode_id=sweep.episode_id,
                    source=alert.source,
                    delay_s=max(raised_us - starts[key], 0) / US_PER_S,
                    target_count=_targets_touched(
                        by_name[alert.capture].connections,
                        codes[alert.capture].get(sweep.source, _NOBODY),
                        (sweep.start_us - TRUTH_TOLERANCE_US, min(raised_us, sweep.end_us)),
                    ),
                )
    return found


def _targets_touched(connections: Connections, code: int, span_us: tuple[int, int]) -> int:
    """Return the distinct destinations of a source's labelled sweeps in a span of time, both ends included.

    Labels do not say which episode they are of: sweeps of one source that overlap in time share their
    targets.
    """
    rows = ((connections.source == code) | (connections.identity == code)) & (connections.label == SWEEP_LABEL)
    rows &= (connections.ts_us >= span_us[0]) & (connections.ts_us <= span_us[1])
    return len(np.unique(connections.destination[rows]))


def _other_attack_sources(captures: Sequence[Capture], judged: list[Judgement]) -> tuple[Source, ...]:
    other = {episode.kind for capture in captures for episode in capture.episodes if not episode.is_sweep}
    return tuple(sorted({(one.alert.capture, one.alert.source) for one in judged if one.kind in other}))


def _ranked(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
