"""Allowlists: which alerts each entry suppresses, and which true sweeps it would have hidden."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from sweepml.datasets.capture import Capture, Episode
from sweepml.datasets.tables import find_column, read_csv_rows
from sweepml.errors import ConfigError, LabelError
from sweepml.evaluation.alerts import AlertRow, Judgement, JudgementRules, judge_alerts
from sweepml.evaluation.contacts import SourceContacts
from sweepml.evaluation.episodes import DEFAULT_RULES, EpisodeKey

_MAJORITY: Final = 0.5
"""An alert is about a port where more than this share of what its source contacted is on it. Chosen, not tuned."""


@dataclass(frozen=True, slots=True)
class AllowlistEntry:
    """One reason to raise no alert.

    Parameters
    ----------
    reason
        Why, for whoever reads the list next.
    expires
        The last day on which the entry holds.
    source
        Network of the sources that it is about, in CIDR notation or a single address; None means any.
    port
        Destination port that it is about, of whatever protocol; None means any.

    Raises
    ------
    ConfigError
        If there is no reason, neither source nor port, or a value is none.
    """

    reason: str
    expires: date
    source: str | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ConfigError(f"an allowlist entry needs a reason, got none for {self.scope}")
        if self.source is None and self.port is None:
            raise ConfigError(f"an allowlist entry needs a source or a port, else nothing is left: {self.reason!r}")
        if self.port is not None and not 0 <= self.port <= 0xFFFF:
            raise ConfigError(f"expected a port from 0 to 65535, got {self.port} ({self.reason})")
        if self.source is not None:
            try:
                ipaddress.ip_network(self.source)
            except ValueError as error:
                raise ConfigError(f"expected a network such as 10.0.0.0/8, got {self.source!r}: {error}") from None

    @property
    def scope(self) -> str:
        """What the entry is about, for tables: ``10.0.0.5/32``, ``port 9100`` or both."""
        parts = [self.source] if self.source is not None else []
        return " ".join([*parts, f"port {self.port}"] if self.port is not None else parts)

    def is_expired(self, as_of: date) -> bool:
        """Return whether the entry no longer holds on a day."""
        return as_of > self.expires

    def covers_source(self, source: str) -> bool:
        """Return whether the entry is about a source; a named identity lies in no network."""
        if self.source is None:
            return True
        try:
            return ipaddress.ip_address(source) in ipaddress.ip_network(self.source)
        except ValueError:
            return False

    def covers_episode(self, episode: Episode) -> bool:
        """Return whether the entry is about all of an episode: its source, and every port that it is known to use."""
        if not self.covers_source(episode.source):
            return False
        if self.port is None:
            return True
        return bool(episode.ports) and all(first == last == self.port for first, last in episode.ports)


@dataclass(frozen=True, slots=True)
class EntryAccount:
    """What one entry does, taken by itself.

    Attributes
    ----------
    entry
        The entry.
    is_expired
        If so, it does nothing, and everything below is empty.
    suppressed
        Alerts that it suppresses, as judged.
    hidden
        Sweeps that were caught, and would not be with this entry: all their alerts are among the suppressed ones.
    covered
        Sweeps that lie within the entry whether they were caught or not: nobody will ever hear of them.
    """

    entry: AllowlistEntry
    is_expired: bool
    suppressed: tuple[Judgement, ...]
    hidden: tuple[EpisodeKey, ...]
    covered: tuple[EpisodeKey, ...]

    @property
    def false_suppressed(self) -> int:
        """Alerts that it rightly suppresses."""
        return sum(not one.sweeps for one in self.suppressed)

    @property
    def is_unused(self) -> bool:
        """Whether it holds and suppresses nothing."""
        return not self.is_expired and not self.suppressed


@dataclass(frozen=True, slots=True)
class AllowlistReport:
    """What an allowlist does to the alerts of one detector.

    Attributes
    ----------
    accounts
        One per entry, in the order of the list.
    kept
        Alerts that no entry in force suppresses.
    hidden
        Sweeps that were caught, and are not by what is kept: all entries together may hide more than each alone.
    """

    accounts: tuple[EntryAccount, ...]
    kept: tuple[AlertRow, ...]
    hidden: tuple[EpisodeKey, ...]

    @property
    def expired(self) -> tuple[AllowlistEntry, ...]:
        """Entries that no longer hold: to be renewed or removed."""
        return tuple(one.entry for one in self.accounts if one.is_expired)


def account_allowlist(
    entries: Sequence[AllowlistEntry],
    captures: Sequence[Capture],
    alerts: Iterable[AlertRow],
    as_of: date,
    rules: JudgementRules = DEFAULT_RULES,
) -> AllowlistReport:
    """Return which alerts each entry suppresses, and which true sweeps it would have hidden.

    Parameters
    ----------
    entries
        The list.
    captures
        With their truth and connections.
    alerts
        Of one detector on these captures.
    as_of
        The day on which expiry is judged.
    rules
        When an alert is about an episode.

    Raises
    ------
    InputError
        As `judge_alerts`.

    Notes
    -----
    An entry with a port suppresses an alert where more than half of the (destination, port) pairs that the source
    contacted within the alert's evidence are on that port: alerts of rules and models carry no ports, but their
    evidence does. A sweep of several ports is therefore not hidden by an entry for one of them.
    """
    judged = judge_alerts(captures, alerts, rules)
    contacts = {capture.name: SourceContacts(capture) for capture in captures}
    caught = {(one.alert.capture, sweep.episode_id) for one in judged for sweep in one.sweeps}
    accounts = []
    suppressed_rows: set[int] = set()
    for entry in entries:
        if entry.is_expired(as_of):
            accounts.append(EntryAccount(entry, True, (), (), ()))
            continue
        rows = {i for i, one in enumerate(judged) if _suppresses(entry, one.alert, contacts[one.alert.capture])}
        suppressed_rows |= rows
        accounts.append(
            EntryAccount(
                entry=entry,
                is_expired=False,
                suppressed=tuple(judged[i] for i in sorted(rows)),
                hidden=_lost(caught, judged, rows),
                covered=_covered(entry, captures),
            )
        )
    return AllowlistReport(
        accounts=tuple(accounts),
        kept=tuple(one.alert for i, one in enumerate(judged) if i not in suppressed_rows),
        hidden=_lost(caught, judged, suppressed_rows),
    )


def read_allowlist(path: str | os.PathLike[str]) -> tuple[AllowlistEntry, ...]:
    """Read an allowlist from a CSV file with the columns ``source``, ``port``, ``reason`` and ``expires``.

    ``expires`` is a day such as ``2027-01-31``, the last on which the entry holds; of ``source`` and ``port`` one may
    be empty.

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read.
    LabelError
        If a column is absent or a value cannot be read; names the line and the column.
    """
    names, rows = read_csv_rows(path)
    for column in ("source", "port", "reason", "expires"):
        find_column(names, (column,), os.fspath(path))
    entries = []
    for row in rows:
        port = row.get("port")
        if port and not (port.isascii() and port.isdigit()):
            row.fail("port", "a port or nothing")
        try:
            expires = date.fromisoformat(row.get("expires"))
        except ValueError:
            row.fail("expires", "a day such as 2027-01-31")
        try:
            entries.append(
                AllowlistEntry(row.get("reason"), expires, row.get("source") or None, int(port) if port else None)
            )
        except ConfigError as error:
            raise LabelError(f"{row.path}, line {row.line}: {error}") from None
    return tuple(entries)


def _share_on_port(contacts: SourceContacts, alert: AlertRow, port: int) -> float:
    """Return the share of (destination, port) pairs on a port in an alert's evidence, both ends included."""
    own = contacts.between(alert.source, alert.since_us, alert.detected_us)
    pairs = np.unique(own.destination.astype(np.int64) << 16 | (own.service & 0xFFFF).astype(np.int64))
    return float((pairs & 0xFFFF == port).mean()) if len(pairs) else 0.0


def _suppresses(entry: AllowlistEntry, alert: AlertRow, contacts: SourceContacts) -> bool:
    if not entry.covers_source(alert.source):
        return False
    return entry.port is None or _share_on_port(contacts, alert, entry.port) > _MAJORITY


def _lost(caught: set[EpisodeKey], judged: Sequence[Judgement], gone: set[int]) -> tuple[EpisodeKey, ...]:
    """Return the caught sweeps that are not caught without some alerts, sorted."""
    left = {
        (one.alert.capture, sweep.episode_id) for i, one in enumerate(judged) if i not in gone for sweep in one.sweeps
    }
    return tuple(sorted(caught - left))


def _covered(entry: AllowlistEntry, captures: Sequence[Capture]) -> tuple[EpisodeKey, ...]:
    """Return the sweeps all of whose sources lie within an entry, sorted."""
    within: dict[EpisodeKey, bool] = {}
    for capture in captures:
        for episode in capture.episodes:
            if episode.is_sweep:
                key = (capture.name, episode.episode_id)
                within[key] = within.get(key, True) and entry.covers_episode(episode)
    return tuple(sorted(key for key, inside in within.items() if inside))
