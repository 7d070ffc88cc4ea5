"""Scenarios: what each sweep episode is like, told from its records, and the strata into which it falls."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sweepml.datasets.capture import EVASION, Capture, Episode
from sweepml.datasets.labels import EpisodeRows
from sweepml.evaluation.contacts import evidence_of, ports_text
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import protocol_label
from sweepml.schema.outcome import FAILURES, Outcome

UNKNOWN: Final = "unknown"
"""What is said where neither the records nor the episodes file say more."""

_RATE_BINS: Final = ((0.1, 1.0, 10.0, 100.0), ("< 0.1/s", "0.1-1/s", "1-10/s", "10-100/s", ">= 100/s"))
_SIZE_BINS: Final = ((10, 30, 100, 1000), ("< 10 targets", "10-29", "30-99", "100-999", ">= 1,000 targets"))
_SUCCESS_BINS: Final = ((0.05, 0.5, 0.95), ("< 5 %", "5-50 %", "50-95 %", ">= 95 %"))
_PORT_BINS: Final = ((2, 6), ("1 port", "2-5 ports", "> 5 ports"))
_SOURCE_BINS: Final = ((2,), ("1 source", "> 1 source"))
"""Lower ends of all bins but the first, and their names. Chosen, not tuned: a decade a bin where the range is wide."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One sweep episode; all its sources together.

    Attributes
    ----------
    capture, episode_id
        Together its permanent id.
    kind, tool
        As the episodes file says; the tool may be `UNKNOWN`.
    role
        Of the source that probed first.
    sources
        In the order of their first probes.
    scope
        ``internal``, ``public`` or ``mixed``, as an alert would say (`Evidence.direction`); `UNKNOWN` without records.
    protocols
        Names of those probed, by number.
    ports
        As `ports_text`, empty without records.
    port_count, target_count
        Distinct services and destinations of the records.
    start_us, end_us
        First and last probe as labelled, of whichever source, microseconds since 1970 UTC.
    success_share
        Answered edges of those whose outcome is known; NaN where none is.
    evasion
        How it means not to be found, as the episode's attribute `EVASION` says; empty where none says.
    """

    capture: str
    episode_id: str
    kind: str
    tool: str
    role: str
    sources: tuple[str, ...]
    scope: str
    protocols: tuple[str, ...]
    ports: str
    port_count: int
    target_count: int
    start_us: int
    end_us: int
    success_share: float
    evasion: str = ""

    @property
    def id(self) -> str:
        """``capture/episode_id``."""
        return scenario_id(self.capture, self.episode_id)

    @property
    def duration_s(self) -> float:
        """From the first to the last probe."""
        return (self.end_us - self.start_us) / US_PER_S

    @property
    def rate_per_s(self) -> float:
        """New targets a second after the first one; NaN where the episode lasts no time."""
        return max(self.target_count - 1, 0) / self.duration_s if self.end_us > self.start_us else math.nan

    @property
    def strata(self) -> dict[str, str]:
        """Dimension -> the stratum that the scenario belongs to; without evasion where nobody said."""
        return {
            "scope": self.scope,
            "rate": _bin(self.rate_per_s, *_RATE_BINS),
            "size": _bin(self.target_count, *_SIZE_BINS),
            "success": _bin(self.success_share, *_SUCCESS_BINS),
            "protocol": "+".join(self.protocols) or UNKNOWN,
            "tool": self.tool,
            "role": self.role,
            "ports": _bin(self.port_count or math.nan, *_PORT_BINS),
            "sources": _bin(len(self.sources), *_SOURCE_BINS),
            **({EVASION: self.evasion} if self.evasion else {}),
        }


DIMENSIONS: Final = ("scope", "rate", "size", "success", "protocol", "tool", "role", "ports", "sources", EVASION)
"""Keys of `Scenario.strata`."""

_BIN_NAMES: Final = {
    "rate": _RATE_BINS[1],
    "size": _SIZE_BINS[1],
    "success": _SUCCESS_BINS[1],
    "ports": _PORT_BINS[1],
    "sources": _SOURCE_BINS[1],
}


def scenario_id(capture: str, episode_id: str) -> str:
    """Return the permanent id of a scenario.

    >>> scenario_id("lab_train", "TR-01")
    'lab_train/TR-01'
    """
    return f"{capture}/{episode_id}"


def stratum_order(dimension: str, stratum: str) -> tuple[int, str]:
    """Return a sort key: bins by what they hold, names by the alphabet, what is unknown last."""
    if stratum == UNKNOWN:
        return 1 << 16, stratum
    names = _BIN_NAMES.get(dimension, ())
    return (names.index(stratum) if stratum in names else 0), stratum


def scenarios_of(capture: Capture) -> tuple[Scenario, ...]:
    """Return the sweep episodes of a capture, by id.

    Parameters
    ----------
    capture
        With its episodes; which records belong to each is said by `EpisodeRows`, for each source by its own part of a
        distributed sweep.
    """
    finder = EpisodeRows(capture.connections, capture.hosts)
    parts: dict[str, list[Episode]] = {}
    for episode in capture.episodes:
        if episode.is_sweep:
            parts.setdefault(episode.episode_id, []).append(episode)
    return tuple(
        _scenario(capture, finder, sorted(parts[one], key=lambda part: (part.start_us, part.source)))
        for one in sorted(parts)
    )


def _scenario(capture: Capture, finder: EpisodeRows, parts: list[Episode]) -> Scenario:
    first = parts[0]
    records = capture.connections.take(np.unique(np.concatenate([finder.of(part) for part in parts])))
    scope, ports, success, target_count = UNKNOWN, "", math.nan, 0
    if len(records):
        # As one source: an edge that two sources of a distributed sweep share is one.
        together = replace(records, source=np.zeros_like(records.source), identity=np.full_like(records.identity, -1))
        evidence = evidence_of(together, capture.hosts)
        failed = sum(evidence.outcomes[outcome.label] for outcome in FAILURES)
        answered = evidence.outcomes[Outcome.ANSWERED.label]
        scope, ports, target_count = evidence.direction.value, ports_text(evidence), evidence.dst_count
        success = answered / (answered + failed) if answered + failed else math.nan
    services = np.unique(records.service)
    protocols = np.unique(services >> 16).tolist() or sorted({one for part in parts for one in part.protocols})
    return Scenario(
        capture=capture.name,
        episode_id=first.episode_id,
        kind=first.kind,
        tool=first.attributes.get("tool", UNKNOWN),
        role=capture.role_of(first.source),
        sources=tuple(part.source for part in parts),
        scope=scope,
        protocols=tuple(protocol_label(one) for one in protocols),
        ports=ports,
        port_count=len(services),
        target_count=target_count,
        start_us=min(part.start_us for part in parts),
        end_us=max(part.end_us for part in parts),
        success_share=success,
        evasion=first.attributes.get(EVASION, ""),
    )


def _bin(value: float, lower_ends: tuple[float, ...], names: tuple[str, ...]) -> str:
    return UNKNOWN if math.isnan(value) else names[bisect_right(lower_ends, value)]
