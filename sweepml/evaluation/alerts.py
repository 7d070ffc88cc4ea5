"""Alerts against ground truth: what each alert is, before anything is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sweepml.datasets.capture import Capture, Episode
from sweepml.errors import ConfigError, InputError, did_you_mean
from sweepml.graph.windows import US_PER_S
from sweepml.schema.alert import AlertRow

__all__ = ["AlertRow", "Judgement", "JudgementRules", "group_alerts", "judge_alerts", "merge_alerts"]

STRIDE_SHARE: Final = 1 / 6
"""Stride of the default windows as a share of their length (DESIGN)."""
TRUTH_TOLERANCE_US: Final = 1000
"""Episode files hold milliseconds: a fast sweep's fifth target may come before its rounded start."""
MIN_GRACE_S: Final = 60.0
"""Grace of detectors without a window: a rule may decide on the next contact, and truth may be rounded to
milliseconds. Chosen, not tuned."""

BACKGROUND: Final = "background"
"""Kind of a false alert on a source that attacks nobody."""
OUTSIDE_EPISODE: Final = "outside_episode"
"""Kind of a false alert on a source that also sweeps, outside of its episodes."""


@dataclass(frozen=True, slots=True)
class JudgementRules:
    """When an alert is about an episode, and which alerts are one.

    Parameters
    ----------
    grace_s
        How long after a sweep's last probe an alert may still be raised for it. None takes the alert's own
        horizon plus a stride of a sixth, but at least 60 s.
    close_after_s
        Alerts of one source that follow each other within this time are one alert to whoever reads them.

    Raises
    ------
    ConfigError
        If a value is negative.
    """

    grace_s: float | None = None
    close_after_s: float = 3600.0

    def __post_init__(self) -> None:
        if (self.grace_s is not None and self.grace_s < 0) or self.close_after_s < 0:
            raise ConfigError(
                "grace_s and close_after_s must not be negative, got "
                f"grace_s={self.grace_s}, close_after_s={self.close_after_s}"
            )

    def grace_us(self, alert: AlertRow) -> float:
        """Return the grace of an alert in microseconds."""
        if self.grace_s is not None:
            return self.grace_s * US_PER_S
        return max(alert.horizon_s * (1 + STRIDE_SHARE), MIN_GRACE_S) * US_PER_S

    def is_about(self, alert: AlertRow, episode: Episode) -> bool:
        """Return whether an alert's evidence [since, detected] overlaps an episode of its source in time.

        The alert may be raised after the last probe by at most the grace, never before the first; truth is rounded to
        milliseconds.
        """
        return (
            alert.since_us <= episode.end_us + TRUTH_TOLERANCE_US
            and episode.start_us - TRUTH_TOLERANCE_US <= alert.detected_us <= episode.end_us + self.grace_us(alert)
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """One alert and the labelled attacks of its source that it is about.

    Attributes
    ----------
    alert
        The alert.
    sweeps
        Rows of sweeps that it is about; the alert is true where there is one.
    kind
        Empty for a true alert; for a false one the kind of another labelled attack that it is about (say
        ``vertical_scan``), `OUTSIDE_EPISODE`, or `BACKGROUND`.
    """

    alert: AlertRow
    sweeps: tuple[Episode, ...]
    kind: str


def judge_alerts(captures: Sequence[Capture], alerts: Iterable[AlertRow], rules: JudgementRules) -> list[Judgement]:
    """Return what each alert is, in the order of the alerts; those on sources that are not judged are left out.

    Raises
    ------
    InputError
        If two captures have one name, an alert names another capture, or its evidence starts after its
        detection.
    """
    attacks: dict[tuple[str, str], list[Episode]] = {}
    names = {capture.name for capture in captures}
    if len(names) < len(captures):
        raise InputError(f"capture names must be unique, got {[capture.name for capture in captures]}")
    judged_by = {capture.name: capture.is_judged for capture in captures}
    for capture in captures:
        for episode in capture.episodes:
            attacks.setdefault((capture.name, episode.source), []).append(episode)
    judged = []
    for alert in alerts:
        if alert.capture not in names:
            raise InputError(f"an alert names the capture {alert.capture!r}; {did_you_mean(alert.capture, names)}")
        if alert.since_us > alert.detected_us:
            raise InputError(
                f"evidence cannot start after its detection: {alert.detector} on {alert.source} in "
                f"{alert.capture} has since_us={alert.since_us}, detected_us={alert.detected_us}"
            )
        if not judged_by[alert.capture](alert.source):
            continue
        own = attacks.get((alert.capture, alert.source), [])
        about = [episode for episode in own if rules.is_about(alert, episode)]
        sweeps = tuple(episode for episode in about if episode.is_sweep)
        judged.append(Judgement(alert, sweeps, "" if sweeps else _false_kind(own, about)))
    return judged


def merge_alerts(alerts: Iterable[AlertRow], close_after_s: float) -> list[AlertRow]:
    """Return the alerts as they are read: the first of every group of `group_alerts`, unchanged."""
    return [group[0] for group in group_alerts(alerts, close_after_s)]


def group_alerts(alerts: Iterable[AlertRow], close_after_s: float) -> list[list[AlertRow]]:
    """Return the alerts in groups: those of one source that follow closely are one to whoever reads them.

    Parameters
    ----------
    alerts
        Of one detector, in any order.
    close_after_s
        Two alerts of one (capture, source) are one where the later comes at most this long after the one
        before it, so that an alert goes on as long as it is renewed.

    Returns
    -------
    list of list of AlertRow
        By capture, source and time.
    """
    groups: list[list[AlertRow]] = []
    for alert in sorted(alerts, key=lambda alert: (alert.capture, alert.source, alert.detected_us)):
        last = groups[-1][-1] if groups else None
        same = last is not None and (last.capture, last.source) == (alert.capture, alert.source)
        if same and last and alert.detected_us - last.detected_us <= close_after_s * US_PER_S:
            groups[-1].append(alert)
        else:
            groups.append([alert])
    return groups


def _false_kind(own: list[Episode], about: list[Episode]) -> str:
    if about:
        return about[0].kind
    return OUTSIDE_EPISODE if any(episode.is_sweep for episode in own) else BACKGROUND
