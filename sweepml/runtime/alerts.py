"""Alerts: what a verdict means to whoever reads it, and when to say it again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connection_graph import ConnectionGraph
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import US_PER_S
from sweepml.runtime.evidence import MAX_PORTS, Direction, Evidence, PortCount, new_target_count
from sweepml.runtime.reasons import Reason, strongest_reasons
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import Manifest

logger = logging.getLogger(__name__)

MAX_OPEN: Final = 10_000
"""Findings that are open at the same time. Chosen, not tuned: so many sources do not sweep at once."""

MAX_EDGES: Final = 4_000_000
"""Edges that all open findings hold together, 33 bytes each. Chosen, not tuned."""

MAX_TOLD: Final = 100_000
"""Closed findings that are remembered, some 200 bytes each. Chosen, not tuned."""

NEWS_GROWTH: Final = 2
"""A finding is told again when its targets grew by this factor: a sweep of a /16 makes 14 updates."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DST_COUNT: Final = FEATURE_NAMES.index("dst_count")


class AlertState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Attack:
    """A technique of MITRE ATT&CK (https://attack.mitre.org)."""

    id: str
    name: str


NETWORK_SERVICE_DISCOVERY: Final = Attack("T1046", "Network Service Discovery")
SCANNING_IP_BLOCKS: Final = Attack("T1595.001", "Active Scanning: Scanning IP Blocks")

_ATTACKS: Final = {
    Direction.INTERNAL: (NETWORK_SERVICE_DISCOVERY,),
    Direction.PUBLIC: (SCANNING_IP_BLOCKS,),
    Direction.MIXED: (NETWORK_SERVICE_DISCOVERY, SCANNING_IP_BLOCKS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is said about a finding.

    Evidence is of everything that the finding's positive windows held so far; the horizon, score, threshold
    and reasons are of one window. For a close that is the window with the highest score, otherwise the one
    with most destinations of those that were positive now.

    Attributes
    ----------
    source
        Address of the source, or the name of its identity where the records name one.
    identity
        The identity (pod, container, instance, process); None where the source is an address. An identity can have
        had several addresses, so that the alert names none.
    direction, ports, dst_count, dst_internal_count, dst_public_count, targets_sample, targets_cidr, outcomes
        As in `Evidence`.
    state
        Whether the finding opens, grew, or ended.
    dedup_key
        The same for all alerts of one finding, and in every run over the same records.
    first_contact, last_contact
        First and last contact with a target.
    detected_at
        When the windows were judged; of a close, when they were last positive: closing finds nothing new.
    latency_s
        ``detected_at - first_contact``.
    horizon_s, score, threshold
        Length of the judged window, its score, and what it had to reach.
    reasons
        Strongest first.
    bundle_id
        Which detector.
    attack
        Techniques that the sweep is.
    """

    source: str
    identity: str | None
    direction: Direction
    state: AlertState
    dedup_key: str
    ports: tuple[PortCount, ...]
    dst_count: int
    dst_internal_count: int
    dst_public_count: int
    targets_sample: tuple[str, ...]
    targets_cidr: tuple[str, ...]
    outcomes: dict[str, int]
    first_contact: datetime
    last_contact: datetime
    detected_at: datetime
    latency_s: float
    horizon_s: int
    score: float
    threshold: float
    reasons: tuple[Reason, ...]
    bundle_id: str
    attack: tuple[Attack, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the alert as plain values for JSON, times as RFC 3339 text in UTC with microseconds."""
        return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in asdict(self).items()}


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC with microseconds.

    >>> rfc3339(datetime(2026, 8, 2, 10, 0, tzinfo=UTC))
    '2026-08-02T10:00:00.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class PositiveRow:
    """A feature row that the detector calls a sweep.

    Attributes
    ----------
    source
        Name of the source.
    identity
        The same where the source is an identity, else None.
    horizon_s, score
        Length of the window, and its score.
    values
        float32, shape (features,): a copy.
    graph
        What the source did in the window, `source_graph`.
    contribution
        float32, shape (features,): how much each feature adds to the score; None where the model does not say.
    """

    source: str
    horizon_s: int
    score: float
    values: NDArray[np.float32]
    graph: ConnectionGraph
    identity: str | None = None
    contribution: NDArray[np.float32] | None = None

    @property
    def key(self) -> str:
        """What tells the source apart from all others: an identity can be named like an address."""
        return self.source if self.identity is None else f"identity:{self.identity}"

    @property
    def dst_count(self) -> int:
        """Distinct destinations in the window."""
        return int(self.values[_DST_COUNT])


@dataclass(frozen=True, slots=True)
class _Judged:
    """A positive row without its graph."""

    horizon_s: int
    score: float
    values: NDArray[np.float32]
    contribution: NDArray[np.float32] | None

    @classmethod
    def of(cls, row: PositiveRow) -> _Judged:
        return cls(row.horizon_s, row.score, row.values, row.contribution)


@dataclass(slots=True)
class _Finding:
    """A finding that is open."""

    source: str
    identity: str | None
    key: str
    opened_us: int
    last_positive_us: int
    graph: ConnectionGraph
    peak: _Judged
    told_target_count: int = 0
    told_direction: Direction | None = None
    told_ports: set[tuple[str, int]] | None = None

    def has_news(self, evidence: Evidence) -> bool:
        """Whether something material changed since the finding was last told."""
        assert self.told_ports is not None  # it was told when it opened
        return (
            evidence.target_count >= NEWS_GROWTH * self.told_target_count
            or evidence.direction != self.told_direction
            # Who goes through all ports is told by the first of them, not by each.
            or (len(self.told_ports) < MAX_PORTS and not _swept_ports(evidence) <= self.told_ports)
        )

    def tell(self, evidence: Evidence) -> None:
        """Remember what was told."""
        self.told_target_count = evidence.target_count
        self.told_direction = evidence.direction
        self.told_ports = (self.told_ports or set()) | _swept_ports(evidence)


@dataclass(frozen=True, slots=True)
class _Told:
    """What is left of a finding that has closed: when it was last positive, and the last contact that it told of."""

    last_positive_us: int
    last_contact_us: int


def _swept_ports(evidence: Evidence) -> set[tuple[str, int]]:
    return {(one.protocol, one.port) for one in evidence.ports[: evidence.swept_port_count]}


class AlertBook:
    """Turns positive rows into findings that open, update and close.

    A finding opens with its source's first positive row. It is told again only if something material changed: targets
    at least doubled, a further port is swept (it leads, or has as many destinations as make a sweep), or the targets
    lie elsewhere. It closes when a row of any source is known more than ``close_after_s`` after the finding's last
    positive row, hence at times that the records give and not at times at which they were pushed.

    A window of a day holds a sweep for a day, and is positive each time that it is judged. So a source whose finding
    has closed opens another only with as many targets as make a sweep that it first contacted since.

    Parameters
    ----------
    manifest
        Of the detector: features, thresholds, closing time.
    bundle_id
        Of the detector.
    hosts
        The table that gave the graphs their codes.
    max_open, max_edges
        Bounds of memory. Beyond them the findings that were positive longest ago are closed early.

    Attributes
    ----------
    evicted
        Findings that were closed early.
    """

    def __init__(
        self,
        manifest: Manifest,
        bundle_id: str,
        hosts: HostTable,
        *,
        max_open: int = MAX_OPEN,
        max_edges: int = MAX_EDGES,
    ) -> None:
        self.evicted = 0
        self._features = manifest.features
        lengths = [length_s for length_s, _ in manifest.windows]
        self._min_dst_count = manifest.min_dst_count
        self._longest_us = max(lengths) * US_PER_S
        self._thresholds = dict(zip(lengths, manifest.thresholds, strict=True))
        self._close_after_us = manifest.close_after_s * US_PER_S
        self._bundle_id = bundle_id
        self._hosts = hosts
        self._max_open = max_open
        self._max_edges = max_edges
        self._open: dict[str, _Finding] = {}
        """By `PositiveRow.key`, in the order of (last positive row, key)."""
        self._told: dict[str, _Told] = {}
        """Closed findings by `PositiveRow.key`, in the order in which they closed."""
        self._edges = 0
        self._clock_us: int | None = None

    def __len__(self) -> int:
        return len(self._open)

    def advance(self, as_of_us: int, positives: Sequence[PositiveRow] = ()) -> list[Alert]:
        """Take all positive rows that became known at one time, there may be none, and return what they say.

        Alerts come in this order: closes by the time of their last positive row, then the rest by source. A
        time before the previous one means that the stream set its clock back: everything that is open closes.
        """
        was_set_back = self._clock_us is not None and as_of_us < self._clock_us
        alerts = self.flush() if was_set_back else self._expire(as_of_us)
        self._clock_us = as_of_us
        self._forget(as_of_us)
        ordered = sorted(positives, key=lambda row: (row.key, -row.dst_count, row.horizon_s))
        for _, rows in groupby(ordered, key=lambda row: row.key):
            alerts += self._take(as_of_us, list(rows))
        return alerts + self._evict()

    def flush(self) -> list[Alert]:
        """Close everything that is open, and forget the time."""
        self._clock_us = None
        alerts = [self._close(finding) for finding in list(self._open.values())]
        self._told.clear()
        return alerts

    def mark_hosts(self, mask: NDArray[np.bool_]) -> None:
        """Set the mask, shape (hosts,), where a finding holds a host's code."""
        for finding in self._open.values():
            finding.graph.mark_hosts(mask)

    def recode(self, mapping: NDArray[np.int32]) -> None:
        """Take over codes as `HostTable.compact` maps them; hosts that a finding holds must be kept."""
        for finding in self._open.values():
            finding.graph = finding.graph.recode(mapping)

    def _take(self, as_of_us: int, rows: list[PositiveRow]) -> Iterable[Alert]:
        """Open or update the finding of a source; the first row has most destinations."""
        judged = _Judged.of(rows[0])
        best = _Judged.of(max(rows, key=lambda row: row.score))
        first = rows[0]
        finding = self._open.pop(first.key, None)  # and back again, at the end of the order
        held = [] if finding is None else [finding.graph]
        self._edges -= sum(len(graph.edges) for graph in held)
        # Windows overlap, so that connections are counted more than once; evidence asks for distinct edges
        # only.
        graph = ConnectionGraph.merge([*held, *(row.graph for row in rows)])
        is_new = finding is None
        told = self._told.get(first.key)
        if is_new and told is not None and new_target_count(graph, told.last_contact_us) < self._min_dst_count:
            return
        self._edges += len(graph.edges)
        if finding is None:
            finding = _Finding(first.source, first.identity, first.key, as_of_us, as_of_us, graph, best)
        elif best.score > finding.peak.score:
            finding.peak = best
        finding.graph, finding.last_positive_us = graph, as_of_us
        self._open[finding.key] = finding
        evidence = Evidence.of(graph, self._hosts)
        if not is_new and not finding.has_news(evidence):
            return
        finding.tell(evidence)
        yield self._alert(finding, AlertState.OPEN if is_new else AlertState.UPDATE, evidence, judged)

    def _expire(self, now_us: int) -> list[Alert]:
        due = []
        for finding in self._open.values():
            if now_us - finding.last_positive_us <= self._close_after_us:
                break
            due.append(finding)
        return [self._close(finding) for finding in due]

    def _forget(self, now_us: int) -> None:
        """Forget closed findings that no window reaches back to any more, and the oldest of too many."""
        while self._told:
            key, told = next(iter(self._told.items()))
            if now_us - told.last_positive_us <= self._longest_us and len(self._told) <= MAX_TOLD:
                break
            del self._told[key]

    def _evict(self) -> list[Alert]:
        alerts = []
        while self._open and (len(self._open) > self._max_open or self._edges > self._max_edges):
            finding = next(iter(self._open.values()))
            logger.warning("too many open findings: closing that of %s early", finding.source)
            alerts.append(self._close(finding))
            self.evicted += 1
        return alerts

    def _close(self, finding: _Finding) -> Alert:
        del self._open[finding.key]
        self._edges -= len(finding.graph.edges)
        evidence = Evidence.of(finding.graph, self._hosts)
        self._told.pop(finding.key, None)  # and back again, at the end of the order
        self._told[finding.key] = _Told(finding.last_positive_us, evidence.last_contact_us)
        return self._alert(finding, AlertState.CLOSE, evidence, finding.peak)

    def _alert(self, finding: _Finding, state: AlertState, evidence: Evidence, judged: _Judged) -> Alert:
        return Alert(
            source=finding.source,
            identity=finding.identity,
            direction=evidence.direction,
            state=state,
            dedup_key=dedup_key(finding.key, finding.opened_us),
            ports=evidence.ports,
            dst_count=evidence.dst_count,
            dst_internal_count=evidence.dst_internal_count,
            dst_public_count=evidence.dst_public_count,
            targets_sample=evidence.targets_sample,
            targets_cidr=evidence.targets_cidr,
            outcomes=evidence.outcomes,
            first_contact=_moment(evidence.first_contact_us),
            last_contact=_moment(evidence.last_contact_us),
            detected_at=_moment(finding.last_positive_us),
            latency_s=(finding.last_positive_us - evidence.first_contact_us) / US_PER_S,
            horizon_s=judged.horizon_s,
            score=_shortest(judged.score),
            threshold=_shortest(self._thresholds[judged.horizon_s]),
            reasons=strongest_reasons(judged.values, self._features, judged.contribution),
            bundle_id=self._bundle_id,
            attack=_ATTACKS[evidence.direction],
        )


def dedup_key(source: str, opened_us: int) -> str:
    """Return the key of a finding: 16 hexadecimal digits, the same whatever detector found it.

    >>> dedup_key("10.0.0.5", 1_700_000_010_000_000)
    'a3180fe87e373c89'
    """
    return hashlib.sha256(f"{source}\n{opened_us}".encode()).hexdigest()[:16]


def _moment(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)


def _shortest(value: float) -> float:
    """Return the shortest decimal that is this float32: order is kept, 0.9 stays 0.9."""
    return float(str(np.float32(value)))
