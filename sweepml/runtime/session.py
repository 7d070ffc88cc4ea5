"""A scoring session: connections in, alerts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sweepml.features.kernel import FeatureRows
from sweepml.features.stream import FeatureBatch, FeatureStream
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostKind, HostTable
from sweepml.graph.panes import StreamCounts
from sweepml.runtime.alerts import Alert, AlertBook, AlertState, PositiveRow
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.evidence import source_graph

COMPACT_FROM: Final = 1 << 18
"""Hosts below which a session forgets none: about 60 MB. Chosen, not tuned."""

Observer = Callable[[FeatureRows, NDArray[np.float32]], None]
"""Called with every scored batch: its rows, and their scores, float32, shape (rows,)."""


@dataclass(slots=True)
class SessionCounts:
    """What a session has seen and said.

    Attributes
    ----------
    stream
        Records: pushed, left out, late.
    rows, positives
        Feature rows that were scored, and those that reached their threshold.
    sources
        Distinct sources that were scored; the others contacted too few destinations to be judged.
    evicted
        Findings that were closed early to bound memory.
    advances
        How often time went on without a record.
    alerts
        State -> number of alerts.
    """

    stream: StreamCounts
    rows: int = 0
    positives: int = 0
    sources: int = 0
    evicted: int = 0
    advances: int = 0
    alerts: Counter[AlertState] = field(default_factory=Counter)


class ScoringSession:
    """Scores a stream of connections and raises alerts.

    Parameters
    ----------
    bundle
        The detector.
    observer
        Told of every scored batch.

    Attributes
    ----------
    hosts
        The table with which the connections' addresses must be encoded.

    Notes
    -----
    Alerts depend on the order of the records, not on the chunks in which they are pushed, up to the last
    digit of a score where the model's arithmetic depends on how many rows are scored together.

    Examples
    --------
    >>> session = ScoringSession(Bundle("detector.onnx"))  # doctest: +SKIP
    >>> for connections in LineReader("conn.log", session.hosts):  # doctest: +SKIP
    ...     alerts = session.push(connections)
    >>> alerts = session.flush()  # doctest: +SKIP
    """

    def __init__(self, bundle: Bundle, observer: Observer | None = None) -> None:
        self.bundle = bundle
        self.hosts: HostTable = bundle.plan.new_hosts()
        self._observer = observer
        self._stream = FeatureStream(bundle.plan, self.hosts)
        self._book = AlertBook(bundle.manifest, bundle.bundle_id, self.hosts)
        self._scored: set[int] = set()
        """Hashes of sources: codes do not last."""
        self._compact_at = COMPACT_FROM
        self._counts = SessionCounts(self._stream.counts)

    @property
    def counts(self) -> SessionCounts:
        """What was seen and said so far."""
        self._counts.sources = len(self._scored)
        self._counts.evicted = self._book.evicted
        return self._counts

    @property
    def open_count(self) -> int:
        """Number of findings that are open."""
        return len(self._book)

    @property
    def clock_us(self) -> int | None:
        """Time up to which the session has come; None before the first record."""
        return self._stream.clock_us

    def push(self, connections: Connections) -> list[Alert]:
        """Take records in arrival order; return what the windows that they closed give rise to."""
        return self._count(self._judge(self._stream.push_batches(connections)))

    def advance(self, to_us: int) -> list[Alert]:
        """Let time go on to `to_us`, though no record has come; return what the windows that it closes give rise to.

        For a log that is silent: its last windows need not wait for the next record, nor do findings that are over.
        See `sweepml.runtime.idle` for when. Records that start before that time and come afterwards join the windows
        that are still open, or are late. If there are none, the alerts are those of a session that was not told, only
        earlier.
        """
        before_us = self._stream.clock_us
        alerts = self._judge(self._stream.advance_batches(to_us))
        clock_us = self._stream.clock_us
        if clock_us is not None and clock_us != before_us:
            self._counts.advances += 1
            alerts += self._book.advance(clock_us)
        return self._count(alerts)

    def flush(self) -> list[Alert]:
        """End the input: judge the windows that are still open, and close every finding.

        Records may be pushed again afterwards, as a new stream.
        """
        return self._count(self._judge(self._stream.flush_batches()) + self._book.flush())

    def compact(self) -> bool:
        """Forget hosts that nothing refers to any more, if many have come since the last time.

        For sessions without an end, whose host table would otherwise grow for ever; call it between pushes. No alert
        changes. Codes that were handed out before are void, so that connections must not be encoded ahead;
        `LineReader` notices by itself.

        Returns
        -------
        bool
            Whether codes changed.
        """
        if len(self.hosts) < self._compact_at:
            return False
        keep = np.zeros(len(self.hosts), bool)
        self._stream.mark_hosts(keep)
        self._book.mark_hosts(keep)
        mapping = self.hosts.compact(keep)
        self._stream.recode(mapping)
        self._book.recode(mapping)
        # Twice what is needed: the work is shared by as many new hosts.
        self._compact_at = max(COMPACT_FROM, 2 * len(self.hosts))
        return True

    def _judge(self, batches: Iterator[FeatureBatch]) -> list[Alert]:
        """Let the book take the rows of each time together, however they were batched."""
        alerts: list[Alert] = []
        positives: list[PositiveRow] = []
        last: _Place | None = None
        for batch in batches:
            for first, stop, found in self._groups(batch):
                if last is not None and _is_new_group(last, first):
                    alerts += self._book.advance(last.as_of_us, positives)
                    positives = []
                positives += found
                last = stop
        if last is not None:
            alerts += self._book.advance(last.as_of_us, positives)
        return alerts

    def _groups(self, batch: FeatureBatch) -> Iterator[tuple[_Place, _Place, list[PositiveRow]]]:
        """Score a batch; yield the first place, the last place and the positive rows of each group."""
        rows = batch.rows
        if not len(rows):
            return
        score, positive = self.bundle.judge(rows.values, rows.length_s, rows.edges)
        if self._observer is not None:
            self._observer(rows, score)
        self._counts.rows += len(rows)
        self._counts.positives += int(np.count_nonzero(positive))
        self._scored.update(self.hosts.hash64[np.unique(rows.source)].tolist())
        alarming = np.flatnonzero(positive)
        its_edges = None if rows.edges is None else rows.edges.take(alarming)
        explained = self.bundle.contributions(rows.values[alarming], its_edges)
        reasons: dict[int, NDArray[np.float32]] = {}
        if explained is not None:
            reasons = dict(zip(alarming.tolist(), explained, strict=True))
        starts = _group_starts(rows)
        for first, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
            picked = first + np.flatnonzero(positive[first:stop])
            found = [self._positive(batch, i, float(score[i]), reasons.get(i)) for i in picked.tolist()]
            yield _Place.of(rows, first), _Place.of(rows, stop - 1), found

    def _positive(
        self, batch: FeatureBatch, i: int, score: float, contribution: NDArray[np.float32] | None
    ) -> PositiveRow:
        rows = batch.rows
        code = int(rows.source[i])
        name = self.hosts.name(code)
        return PositiveRow(
            name,
            int(rows.length_s[i]),
            score,
            rows.values[i].copy(),
            source_graph(batch.stack, int(batch.stack_row[i])),
            identity=name if self.hosts.kind[code] == HostKind.IDENTITY else None,
            contribution=contribution,
        )

    def _count(self, alerts: list[Alert]) -> list[Alert]:
        self._counts.alerts.update(alert.state for alert in alerts)
        return alerts


class _Place(NamedTuple):
    """Where a row stands in the order in which a stream gives rows."""

    as_of_us: int
    is_cut: bool
    """Whether the end of the stream came before the end of the window."""
    length_s: int
    source: int
    milestone: int

    @classmethod
    def of(cls, rows: FeatureRows, i: int) -> _Place:
        as_of_us = int(rows.as_of_us[i])
        is_cut = int(rows.end_us[i]) > as_of_us
        return cls(as_of_us, is_cut, int(rows.length_s[i]), int(rows.source[i]), int(rows.milestone[i]))


def _is_new_group(before: _Place, row: _Place) -> bool:
    """Whether two rows in succession became known on different occasions.

    Rows of one occasion agree in their time and come by growing length and source. Two occasions can have
    the same time: a stream that ends on the very second first judges the windows that end there and then
    those that its end cuts short, and a clock that is set back twice can end there twice. They must be told
    apart, because it depends on the chunks whether they come in one push. A milestone is an occasion of its own:
    the record that reached it can be the last of a chunk.
    """
    return row[:2] != before[:2] or row[:4] <= before[:4] or row.milestone > 0 or before.milestone > 0


def _group_starts(rows: FeatureRows) -> list[int]:
    """Return the first row of each group; as `_is_new_group`, for all rows of a batch."""
    is_cut = rows.end_us > rows.as_of_us
    length_s, source, milestone = rows.length_s, rows.source, rows.milestone > 0
    new = (rows.as_of_us[1:] != rows.as_of_us[:-1]) | (is_cut[1:] != is_cut[:-1])
    new |= length_s[1:] < length_s[:-1]
    new |= (length_s[1:] == length_s[:-1]) & (source[1:] <= source[:-1])
    new |= milestone[1:] | milestone[:-1]
    return [0, *(np.flatnonzero(new) + 1).tolist()]
