"""`sweepml score`: logs in, alerts out."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Final

from sweepml.cli.origins import log_origin
from sweepml.cli.readers import BulkReader, check_format, expand, open_reader
from sweepml.cli.rejects import rejects_text, sample_lines, summary_instead_of_warnings
from sweepml.cli.text import amount, table
from sweepml.errors import ConfigError, SweepmlError
from sweepml.graph.connections import Connections
from sweepml.origins.files import STDIN
from sweepml.origins.registry import AUTO
from sweepml.origins.report import ReadReport
from sweepml.runtime.alerts import Alert, AlertState
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.default_detector import DEFAULT_DETECTOR
from sweepml.runtime.idle import IDLE_CLOSE_S, IdleClock
from sweepml.runtime.lines import LineReader
from sweepml.runtime.session import ScoringSession, SessionCounts
from sweepml.runtime.sinks import AlertSink, find_format

_REFRESH_S: Final = 0.5
"""Time between two lines of progress. Chosen, not tuned."""

_CLEAR_LINE: Final = "\r\x1b[K"

_EXIT_INTERRUPTED: Final = 130

_BUNDLE_SUFFIX: Final = ".onnx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """What `sweepml score` was asked to do.

    Parameters
    ----------
    bundle
        Path of the detector.
    inputs
        Logs, oldest first, or folders and patterns (`sweepml.origins.paths`); ``-`` is standard input.
    follow
        Wait for more at the end of the last log, until interrupted or terminated.
    idle_close_s
        While a followed log is silent, its windows close so long after their end; see `IdleClock`.
    output
        File to which alerts are appended; None for standard output.
    log_format, alert_format
        Names, see `sweepml.origins.registry` and `sweepml.runtime.sinks`.
    quiet
        Neither summary nor progress.
    """

    bundle: str
    inputs: tuple[str, ...]
    follow: bool = False
    idle_close_s: float = IDLE_CLOSE_S
    output: str | None = None
    log_format: str = AUTO
    alert_format: str = "ocsf"
    quiet: bool = False


def split_files(files: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the detector and the logs that a command line names.

    Raises
    ------
    ConfigError
        If there is no log.

    Examples
    --------
    >>> split_files(["mine.onnx", "conn.log"])
    ('mine.onnx', ('conn.log',))
    >>> split_files(["a.log", "b.log"])[1]
    ('a.log', 'b.log')
    """
    first, *others = files
    if not first.endswith(_BUNDLE_SUFFIX):
        return str(DEFAULT_DETECTOR), tuple(files)
    if not others:
        raise ConfigError(f"{first} is a detector; name the logs that it shall judge, or - for standard input")
    return first, tuple(others)


def run(options: ScoreOptions) -> int:
    """Score logs; return the exit status.

    Raises
    ------
    SweepmlError
        If the detector, an option or an input is unusable. What the records before it gave has been written.
    """
    options = _checked(options)
    bundle = Bundle(options.bundle)
    session = ScoringSession(bundle)
    inputs, idle = _Inputs(options, session), IdleClock(options.idle_close_s)
    started_s = time.monotonic()
    with AlertSink(options.output, options.alert_format) as sink:
        progress = _Progress(session, enabled=not options.quiet and sys.stderr.isatty())

        def tell(alerts: list[Alert]) -> None:
            if alerts:
                progress.clear()
                sink.write(alerts)

        with inputs.stopped_by_signals(), summary_instead_of_warnings(enabled=not options.quiet):
            for connections in inputs:
                tell(_taken(session, idle, connections))
                session.compact()
                progress.show()
            tell(session.flush())
        progress.clear()
    if not options.quiet and (session.counts.stream.connections or inputs.failure is None):
        elapsed_s = time.monotonic() - started_s
        print(summary(inputs.reports, session.counts, elapsed_s), file=sys.stderr)
    if inputs.failure is not None:
        raise inputs.failure
    return _EXIT_INTERRUPTED if inputs.stopped_by == signal.SIGINT else 0


def _taken(session: ScoringSession, idle: IdleClock, connections: Connections) -> list[Alert]:
    """Return what records give rise to, or, where none came, what the time does that has gone by."""
    now_s = time.monotonic()
    if len(connections):
        alerts = session.push(connections)
        if session.clock_us is not None:
            idle.came(now_s, session.clock_us)
        return alerts
    to_us = idle.reached_us(now_s)
    return [] if to_us is None else session.advance(to_us)


def summary(reports: list[ReadReport], counts: SessionCounts, elapsed_s: float) -> str:
    """Return what was read, left out, judged and said, as a few aligned lines."""
    stream, alerts = counts.stream, counts.alerts
    rate = stream.connections / elapsed_s if elapsed_s > 0 else 0.0
    rows = [
        ("records", f"{stream.connections:,} in {elapsed_s:.1f} s ({rate:,.0f} a second)"),
        ("rejected", rejects_text(reports)),
        (
            "not contacts",
            f"{stream.not_contacts:,} (multicast, neighbour discovery, ICMP errors and answers)",
        ),
        ("late", f"{stream.late:,} (arrived after all their windows had closed)"),
        ("sources scored", f"{counts.sources:,} (the others contacted too few hosts)"),
        (
            "alerts",
            f"{amount(alerts[AlertState.OPEN], 'finding')} opened, "
            f"{amount(alerts[AlertState.UPDATE], 'update')}, {alerts[AlertState.CLOSE]:,} closed",
        ),
    ]
    if counts.advances:
        rows.append(("silent", f"time went on without a record {amount(counts.advances, 'time')}"))
    if stream.restarts:
        rows.append(("clock set back", f"{amount(stream.restarts, 'time')} (the log starts anew in the past)"))
    if counts.evicted:
        rows.append(("closed early", f"{amount(counts.evicted, 'finding')} (too many were open)"))
    lacking = sorted({name for report in reports for name in report.lacking})
    if lacking:
        rows.append(("not in the log", ", ".join(lacking)))
    return "\n".join([*table(rows), *sample_lines(reports)])


def _checked(options: ScoreOptions) -> ScoreOptions:
    """Refuse what cannot work before anything is opened or written; return the options with the files named."""
    find_format(options.alert_format)
    check_format(options.log_format)
    IdleClock(options.idle_close_s)
    if options.follow and options.inputs[-1] == STDIN:
        raise ConfigError("standard input cannot be followed: it ends when its writer ends; leave --follow out")
    # A followed file may come into being later.
    stored, followed = (options.inputs[:-1], options.inputs[-1:]) if options.follow else (options.inputs, ())
    return replace(options, inputs=(*(path for text in stored for path in expand(text)), *followed))


class _Inputs:
    """The records of all logs, one after the other. An unusable log ends them and becomes `failure`."""

    def __init__(self, options: ScoreOptions, session: ScoringSession) -> None:
        self.failure: SweepmlError | None = None
        self.reports: list[ReadReport] = []
        self.stopped_by: int | None = None
        self._options = options
        self._session = session
        self._followed: LineReader | None = None

    def __iter__(self) -> Iterator[Connections]:
        last = len(self._options.inputs) - 1
        for i, path in enumerate(self._options.inputs):
            if self.stopped_by is not None:
                return
            follow = self._options.follow and i == last
            try:
                yield from self._read(path, follow=follow)
            except SweepmlError as error:
                self.failure = error
                return

    def _read(self, path: str, *, follow: bool) -> Iterator[Connections]:
        hosts, log_format = self._session.hosts, self._options.log_format
        if follow:
            reader = self._followed = LineReader(path, hosts, log_origin(log_format), follow=True)
            if self.stopped_by is not None:  # a signal came before there was a reader to close
                reader.close()
            yield from self._reported(reader)
        else:
            yield from self._reported(open_reader(path, hosts, log_format))

    def _reported(self, reader: LineReader | BulkReader) -> Iterator[Connections]:
        """Yield what a reader gives, and keep its report, which is there only once it has begun."""
        number = len(self.reports)
        for connections in reader:
            self.reports[number:] = [reader.report]
            yield connections
        self.reports[number:] = [reader.report]
        if self.stopped_by is None:
            reader.report.refuse_if_nothing_was_read()

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """Let the first interrupt end a followed log in order and lose nothing; the next one kills."""
        if not self._options.follow or threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self.stopped_by = number
            for one, handler in before.items():
                signal.signal(one, handler)
            if self._followed is not None:
                self._followed.close()

        before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
        for one in before:
            signal.signal(one, stop)
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


class _Progress:
    """One line on a terminal that says how far it is."""

    def __init__(self, session: ScoringSession, *, enabled: bool) -> None:
        self._session = session
        self._enabled = enabled
        self._started_s = self._shown_s = time.monotonic()
        self._visible = False

    def show(self) -> None:
        """Say how far it is, not too often."""
        now_s = time.monotonic()
        if not self._enabled or now_s - self._shown_s < _REFRESH_S:
            return
        self._shown_s = now_s
        counts = self._session.counts
        text = (
            f"{counts.stream.connections:,} records, {amount(counts.alerts[AlertState.OPEN], 'finding')}, "
            f"{now_s - self._started_s:.0f} s"
        )
        print(_CLEAR_LINE + text, end="", file=sys.stderr, flush=True)
        self._visible = True

    def clear(self) -> None:
        """Make room for other lines."""
        if self._visible:
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)
            self._visible = False
