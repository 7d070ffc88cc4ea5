"""Site calibration: a bundle's thresholds from the traffic of the network where it is to run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.load import fingerprint
from sweepml.datasets.paths import expand_stored
from sweepml.datasets.reader import read_connections
from sweepml.errors import ConfigError, InputError
from sweepml.evaluation.exposure import Exposure
from sweepml.evaluation.rows import ScoredRows
from sweepml.evaluation.thresholds import MAX_THRESHOLD, AlertBudget, ThresholdChoice, choose_thresholds, count_alerts
from sweepml.export.bundle import write_with_thresholds
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import Connections
from sweepml.origins.registry import AUTO
from sweepml.pipeline.rows import labelled_rows
from sweepml.runtime.bundle import Bundle
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.tasks.cross_validation import scored_rows
from sweepml.tasks.progress import Progress, Silent

WALK_BOUND_NATS: Final = 4.595
"""Where the threshold random walk decides for a scanner (Jung et al. 2004: log(0.99 / 0.01))."""

_WALK: Final = FEATURE_NAMES.index("walk_max_nats")
_DST_COUNT: Final = FEATURE_NAMES.index("top_port_dst_count")
_REVIEWED: Final = 20


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a user knows of a site's traffic.

    Attributes
    ----------
    origin
        Log format, or ``auto``.
    without
        Sources that are left out, being known to sweep.
    """

    origin: str = AUTO
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A source that raises an alert at the old or the new thresholds although it was taken for benign.

    Attributes
    ----------
    source
        Address or identity.
    score
        Its highest, at `horizon_s`.
    horizon_s
        Length of the window in seconds.
    top_port_dst_count
        Most destinations that it contacted on one port in that window.
    looks_like_sweep
        Whether an independent opinion, the threshold random walk, calls it a scanner in that window.
    """

    source: str
    score: float
    horizon_s: int
    top_port_dst_count: int
    looks_like_sweep: bool


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """What a calibration gave.

    Attributes
    ----------
    path, bundle_id
        The new bundle.
    choice
        Its thresholds, and what the traffic can vouch for.
    before
        Thresholds of the old bundle, by horizon in seconds.
    alerts_before, alerts_after
        Findings on this traffic at the old and at the new thresholds.
    suspects
        Sources above the old or the new thresholds, those that look like sweeps first, then by falling score.
    """

    path: Path
    bundle_id: str
    choice: ThresholdChoice
    before: dict[int, float]
    alerts_before: int
    alerts_after: int
    suspects: tuple[Suspect, ...]

    @property
    def is_kept(self) -> bool:
        """Whether the thresholds keep the budget: nothing can where benign sources get the score 1 itself."""
        return all(one.within_budget for one in self.choice.horizons)

    @property
    def to_review(self) -> int:
        """How many of the suspects look like sweeps: to be looked at before the thresholds are trusted."""
        return sum(suspect.looks_like_sweep for suspect in self.suspects)


def calibrate_site(
    bundle_path: str | Path,
    logs: Sequence[str],
    output: str | Path,
    budget: AlertBudget,
    settings: SiteSettings | None = None,
    progress: Progress | None = None,
) -> SiteCalibration:
    """Choose a bundle's thresholds so that a site's own traffic keeps an alert budget.

    The traffic is unlabelled. Every alert on it is taken for a false one, so that the budget is kept whatever it holds.
    A sweep in it raises the thresholds until nobody sees it: that is why sources which look like one are named. Whoever
    finds that they are calibrates again without them.

    Parameters
    ----------
    bundle_path, output
        The detector, and where the calibrated one goes.
    logs
        Of the site, oldest first: together they are one stream.
    budget
        What is bearable.
    settings
        What else there is to say of the traffic.
    progress
        Told about stages.

    Raises
    ------
    BundleError
        If the bundle cannot be used.
    InputError
        If a log cannot be read, or no source in it contacts enough hosts to be judged.
    ConfigError
        If there is no log, or the output is the bundle itself.
    """
    progress, settings = progress or Silent(), settings or SiteSettings()
    source, target = Path(bundle_path), Path(output)
    if not logs:
        raise ConfigError("calibration needs at least one log of the site")
    if source.resolve() == target.resolve():
        raise ConfigError(f"output={target} is the bundle itself; give another name")
    bundle = Bundle(source)
    progress.stage("reading and scoring", 2)
    capture = _site(logs, bundle.plan, settings.origin)
    progress.step()
    for source_name in sorted(set(settings.without) - set(capture.hosts.names)):
        raise ConfigError(f"without={source_name}: these logs hold no such source")
    rows = labelled_rows(capture, bundle.plan, 1)
    rows = rows.take(~np.array([name in settings.without for _, name in rows.units], bool)[rows.unit])
    if not len(rows):
        raise InputError(
            f"no source in these logs contacts {bundle.plan.min_dst_count} hosts in any window: nothing is ever judged "
            "here, and nothing can be calibrated"
        )
    score, raised = bundle.judge(rows.features.values, rows.features.length_s, rows.features.edges)
    progress.step()
    scored = scored_rows(rows, score)  # nothing is labelled: every row counts as benign
    choice = choose_thresholds(scored, Exposure.of([capture]), budget)
    thresholds = {spec.length_s: choice.thresholds.get(spec.length_s, MAX_THRESHOLD) for spec in bundle.plan.windows}
    new = choice.verdicts(scored)
    made = write_with_thresholds(
        source,
        target,
        thresholds,
        choice.facts()
        | {"calibrated_on_site": {"sha256": capture.fingerprint, "connections": len(capture.connections)}},
    )
    return SiteCalibration(
        path=target,
        bundle_id=made.bundle_id,
        choice=choice,
        before=dict(bundle.thresholds),
        alerts_before=_findings(scored, raised, budget),
        alerts_after=_findings(scored, new, budget),
        suspects=_suspects(scored, rows.features.values, new | raised),
    )


def render_calibration(result: SiteCalibration) -> str:
    """Return what a calibration gave, as text."""
    choice = result.choice
    lines = [
        f"{one.horizon_s} s windows: threshold {one.threshold:.4f} (was {result.before[one.horizon_s]:.4f})"
        for one in choice.horizons
    ]
    budget = choice.budget.per_day_per_1000
    lines.append(
        f"alerts on this traffic, {choice.exposure.source_days:.3g} source-days: {result.alerts_after} at these "
        f"thresholds, {result.alerts_before} at those before; the budget of {budget:g} a day per 1,000 sources allows "
        f"{choice.exposure.allowed(budget):.3g}"
    )
    if not result.is_kept:
        over = ", ".join(f"{one.horizon_s} s" for one in choice.horizons if not one.within_budget)
        lines.append(
            f"no threshold keeps the budget at {over} windows, where sources of this traffic get the highest score "
            "there is: leave them out with without=ADDRESS,ADDRESS and keep their alerts from people elsewhere, or "
            "train with this traffic as background"
        )
    if not choice.is_verifiable:
        lines.append(
            f"so much traffic can verify no rate below {choice.lowest_verifiable_rate:.3g} per day per 1,000 sources: "
            "calibrate again with more"
        )
    lines.append(
        f"{result.to_review} of the {len(result.suspects)} sources above the old or the new thresholds look like "
        f"sweeps by the threshold random walk{': review them first' if result.to_review else ''}"
    )
    if result.to_review:
        lines.append("those that do sweep raise the thresholds: leave them out with without=ADDRESS,ADDRESS")
    lines += [
        f"  {suspect.source}: {suspect.score:.4f} over {suspect.horizon_s} s, {suspect.top_port_dst_count} hosts on "
        f"one port{', looks like a sweep' if suspect.looks_like_sweep else ''}"
        for suspect in result.suspects[:_REVIEWED]
    ]
    if len(result.suspects) > _REVIEWED:
        lines.append(f"  and {len(result.suspects) - _REVIEWED} more")
    return "\n".join(lines)


def _site(logs: Sequence[str], plan: FeaturePlan, origin: str) -> Capture:
    """Return the logs, one after the other, as one capture without any truth."""
    hosts, parts, digest = plan.new_hosts(), [Connections.empty()], hashlib.sha256()
    for log in logs:
        for path in expand_stored(log):
            parts += [table_to_connections(batch, hosts) for batch in read_connections(path, origin)]
            digest.update(fingerprint(path).encode())
    return Capture("site", Connections.concat(parts), hosts, (), {}, digest.hexdigest())


def _findings(scored: ScoredRows, raised: np.ndarray, budget: AlertBudget) -> int:
    return count_alerts(scored.unit[raised], scored.as_of_us[raised], budget.close_after_s)


def _suspects(scored: ScoredRows, values: np.ndarray, raised: np.ndarray) -> tuple[Suspect, ...]:
    suspects = []
    for unit in np.unique(scored.unit[raised]).tolist():
        own = np.flatnonzero(raised & (scored.unit == unit))
        top = int(own[np.argmax(scored.score[own])])
        suspects.append(
            Suspect(
                source=scored.units[unit][1],
                score=float(scored.score[top]),
                horizon_s=int(scored.horizon_s[top]),
                top_port_dst_count=int(values[top, _DST_COUNT]),
                looks_like_sweep=bool((values[own, _WALK] >= WALK_BOUND_NATS).any()),
            )
        )
    return tuple(sorted(suspects, key=lambda one: (not one.looks_like_sweep, -one.score, one.source)))
