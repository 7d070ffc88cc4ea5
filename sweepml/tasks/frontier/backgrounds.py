"""Backgrounds: recorded traffic without sweeps, and trials in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sweepml.config.frontier import BackgroundConfig, FrontierConfig
from sweepml.datasets.capture import Capture
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.errors import ConfigError
from sweepml.evaluation.alerts import JudgementRules
from sweepml.evaluation.episodes import evaluate_alerts
from sweepml.evaluation.frontier import first_catch
from sweepml.features.plan import FeaturePlan
from sweepml.schema.alert import AlertRow
from sweepml.simulation.insertion import with_sweeps
from sweepml.simulation.plain_sweep import PLAIN_SERVICES, PlainSweep, PlainSweeps
from sweepml.simulation.portrait import LogInput, draw_portrait
from sweepml.tasks.frontier.watchers import AlertsByName, Watcher, watch
from sweepml.tasks.inject import parse_service

Row = dict[str, Any]

_UNCAUGHT: Final = {"caught": False, "delay_s": float("nan"), "targets_touched": float("nan")}


@dataclass(frozen=True, slots=True)
class Background:
    """A capture with whoever puts sweeps into it.

    Attributes
    ----------
    capture
        By start, without sweeps.
    sweeps
        Plays sweeps through its network.
    """

    capture: Capture
    sweeps: PlainSweeps


def load_background(name: str, one: BackgroundConfig, plan: FeaturePlan) -> Capture:
    """Read a log without sweeps, by start.

    Raises
    ------
    ConfigError
        If no log is named.
    InputError, FormatError
        If it cannot be read.
    """
    if not one.log:
        raise ConfigError(f"background {name} has no log: give backgrounds.{name}.log=FILE")
    capture, _ = load_capture(CaptureSource(name, one.log, origin=one.origin), plan)
    return with_sweeps(replace(capture, judged=frozenset(one.judged) or None), ())


def make_background(capture: Capture, one: BackgroundConfig, config: FrontierConfig, plan: FeaturePlan) -> Background:
    """Return a background that sweeps can be put into; its log is read once more, for what it shows of its network.

    Raises
    ------
    ConfigError
        If a port cannot be read.
    InputError
        If the log shows no host that contacts another.
    """
    portrait, _ = draw_portrait(LogInput(one.log, one.origin, plan.internal_networks), config.seed)
    services = tuple(parse_service(text) for text in config.ports) or PLAIN_SERVICES
    # By content and not by name: the same log gives the same sweeps, whatever it is called.
    return Background(capture, PlainSweeps(portrait, capture.fingerprint, config.seed, services))


def turns(backgrounds: Sequence[Background], kind: PlainSweep, trials: int) -> list[tuple[Background, int]]:
    """Return how many trials of a cell each background has: evenly over those that are long enough.

    Without any that is, there is none.
    """
    fitting = [one for one in backgrounds if one.sweeps.fits(kind)]
    shares = [len(range(place, trials, len(fitting))) for place in range(len(fitting))]
    return [(one, share) for one, share in zip(fitting, shares, strict=True) if share]


@dataclass(frozen=True, slots=True)
class Bench:
    """What trials are judged by, and what is said without them.

    Attributes
    ----------
    watchers
        Who competes.
    rules
        When an alert is about a sweep.
    horizon_s
        How long one may wait for it.
    company
        Sweeps that are put in together, at most.
    quiet
        Background -> contestant -> alerts on it without any sweep.
    """

    watchers: Sequence[Watcher]
    rules: JudgementRules
    horizon_s: float
    company: int
    quiet: Mapping[str, AlertsByName]

    def trials(self, background: Background, kind: PlainSweep, count: int) -> Iterator[Row]:
        """Give the rows of table ``trials`` of one cell on one background."""
        at_once = min(self.company, background.sweeps.most_at_once(kind))
        for first in range(0, count, at_once):
            yield from self._company(background, kind, first, min(at_once, count - first))

    def _company(self, background: Background, kind: PlainSweep, first: int, count: int) -> Iterator[Row]:
        played = background.sweeps.play(kind, first, count)
        capture = with_sweeps(background.capture, played)
        said = watch(self.watchers, capture, frozenset(one.episode.source for one in played))
        for name, alerts in said.items():
            # What is said of a host anyway is not said of its sweep.
            anyway = {_moment(alert) for alert in self.quiet[capture.name][name]}
            due = [alert for alert in alerts if _moment(alert) not in anyway]
            for place, one in enumerate(played):
                own = [alert for alert in due if alert.source == one.episode.source]
                catch = first_catch(own, one.episode, one.records.ts_us, self.rules, self.horizon_s)
                result = (
                    {"caught": True, "delay_s": catch.delay_s, "targets_touched": float(catch.targets)}
                    if catch
                    else _UNCAUGHT
                )
                yield {
                    "contestant": name,
                    "success_share": kind.success_share,
                    "rate_per_hour": kind.rate_per_hour,
                    "size": kind.size,
                    "background": capture.name,
                    "number": first + place,
                    "episode_id": one.episode.episode_id,
                    **result,
                }


def false_alert_rows(captures: Iterable[Capture], said: Mapping[str, AlertsByName], rules: JudgementRules) -> list[Row]:
    """Return the rows of table ``false_alerts``: what is said of captures without sweeps.

    Parameters
    ----------
    captures
        Backgrounds and controls.
    said
        Capture -> contestant -> alerts.
    rules
        Which alerts are one.
    """
    rows = []
    for capture in captures:
        for name, alerts in said[capture.name].items():
            report = evaluate_alerts([capture], alerts, rules, detector=name)
            rows.append(
                {
                    "contestant": name,
                    "capture": capture.name,
                    "source_days": report.exposure.source_days,
                    "source_count": report.exposure.source_count,
                    "false_alerts": report.false_alerts,
                    "false_sources": len(report.false_sources),
                }
            )
    return rows


def _moment(alert: AlertRow) -> tuple[str, int, int]:
    return alert.source, alert.detected_us, alert.horizon_s
