"""Episodes files and roles files: ground truth as people write it down."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from typing import Final

from sweepml.datasets.capture import Episode
from sweepml.datasets.tables import CsvRow, find_column, read_csv_rows
from sweepml.errors import did_you_mean
from sweepml.origins.values import time_us
from sweepml.schema.connection import PROTOCOL_BY_NAME, Protocol

logger = logging.getLogger(__name__)

COLUMNS: Final = {
    "source": ("src", "source"),
    "start": ("start_epoch", "start"),
    "end": ("end_epoch", "end"),
    "kind": ("kind",),
    "id": ("episode_id",),
    "protocols": ("proto", "protocol", "protocols"),
    "ports": ("ports", "port"),
    "targets": ("targets",),
    "file": ("file",),
}
"""Part of an episode -> names that its column may have; the first four are needed."""

_NEEDED: Final = ("source", "start", "end", "kind")

_ANY: Final = frozenset({"", "any", "all", "*", "-"})

_SEPARATORS: Final = re.compile(r"[\s,;]+")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]*")
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5})|/[0-9]{1,3})?")
_PORT_WORD: Final = re.compile(r"top-?[0-9]+|[a-z]+(?:[/-][a-z]+)*")
"""Words that name a scanner's own list of ports: ``top1000``, ``icmp echo/timestamp``."""


def read_episodes(path: str | os.PathLike[str], file: str | None = None) -> tuple[Episode, ...]:
    """Read labelled attacks from a CSV file.

    Columns, in any order: ``src`` (or ``source``), ``start_epoch`` and ``end_epoch`` (or ``start``, ``end``;
    epoch seconds or RFC 3339), ``kind``; and, where there are any, ``episode_id``, ``proto`` (``tcp``,
    ``tcp+icmp``, ``any``), ``ports`` (``22``, ``80,443``, ``1-65535``, ``8/0`` for ICMP type 8, ``any``, or a
    word such as ``top1000``, which means any), ``targets`` (CIDR networks; a bare integer is a count and
    says nothing of where they are), ``file``. Lists are separated by blanks or commas. Other columns go to
    `Episode.attributes`.

    Parameters
    ----------
    path
        CSV file, UTF-8, with a header line.
    file
        Take only rows whose column ``file`` is this text; for files that describe several logs.

    Returns
    -------
    tuple of Episode
        In the order of the file. ``icmp`` stands for ICMP and ICMPv6.

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read.
    LabelError
        If a column is absent or a value cannot be read; names the line and the column.
    """
    names, rows = read_csv_rows(path)
    columns = {part: next((c for c in accepted if c in names), None) for part, accepted in COLUMNS.items()}
    for part in _NEEDED:
        find_column(names, COLUMNS[part], os.fspath(path))
    if file is not None:
        find_column(names, COLUMNS["file"], os.fspath(path))
    episodes: list[Episode] = []
    files = set()
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        files.add(row.get(columns["file"]))
        if file is not None and row.get(columns["file"]) != file:
            continue
        episode = _episode(row, columns, len(episodes) + 1)
        key = (episode.episode_id, episode.source)
        if file is not None or columns["file"] is None:
            if key in seen:
                row.fail(columns["id"], f"one row per episode and source (line {seen[key]} has the same)")
            seen[key] = row.line
        episodes.append(episode)
    if file is not None and not episodes:
        logger.warning("%s has no row for the file %s: %s", path, file, did_you_mean(file, files))
    return tuple(episodes)


def read_roles(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read what is known of hosts from a CSV file with the columns ``src`` (or ``source``) and ``role``.

    Returns
    -------
    dict
        Source address in canonical form -> role.

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read.
    LabelError
        If a column is absent, an address is none, a role is empty or a source has two roles.
    """
    names, rows = read_csv_rows(path)
    source_column = find_column(names, COLUMNS["source"], os.fspath(path))
    role_column = find_column(names, ("role",), os.fspath(path))
    roles: dict[str, str] = {}
    for row in rows:
        source, role = row.address(source_column), row.get(role_column)
        if not role:
            row.fail(role_column, "a role")
        if roles.setdefault(source, role) != role:
            row.fail(role_column, f"one role per source ({source} is {roles[source]!r} above)")
    return roles


def read_scripts(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read which sources replay a recorded one, from the optional column ``script`` of a roles file.

    Returns
    -------
    dict
        Source address in canonical form -> first word of its script, ``log_name:address``. Empty without the column.

    Raises
    ------
    InputMissingError, InputError, LabelError
        As `read_roles`.
    """
    names, rows = read_csv_rows(path)
    if "script" not in names:
        return {}
    source_column = find_column(names, COLUMNS["source"], os.fspath(path))
    return {row.address(source_column): row.get("script").split()[0] for row in rows if row.get("script").strip()}


def _episode(row: CsvRow, columns: dict[str, str | None], number: int) -> Episode:
    used = {column for column in columns.values() if column is not None}
    attributes = {name: text for name, text in row.values.items() if name not in used and text}
    if columns["file"] is not None:
        attributes["file"] = row.get(columns["file"])
    source = row.address(str(columns["source"]))
    start_us, end_us = _time_us(row, columns["start"]), _time_us(row, columns["end"])
    if end_us < start_us:
        row.fail(columns["end"], f"a time that is not before the start ({row.get(columns['start'])})")
    kind = row.get(columns["kind"]).lower()
    if not _KIND.fullmatch(kind):
        row.fail(columns["kind"], "a word such as sweep or vertical_scan")
    targets = row.get(columns["targets"])
    if targets.isdigit():
        attributes["targets"] = targets
        targets = ""
    return Episode(
        episode_id=row.get(columns["id"]) or f"E{number:04d}",
        source=source,
        start_us=start_us,
        end_us=end_us,
        kind=kind,
        protocols=_protocols(row, columns["protocols"]),
        ports=_ports(row, columns["ports"]),
        targets=_targets(row, columns["targets"], targets),
        attributes=attributes,
    )


def _time_us(row: CsvRow, column: str | None) -> int:
    try:
        return time_us(row.get(column))
    except ValueError:
        row.fail(column, "epoch seconds or an RFC 3339 time with its offset")


def _protocols(row: CsvRow, column: str | None) -> tuple[int, ...]:
    text = row.get(column).lower()
    if text in _ANY:
        return ()
    numbers: dict[int, None] = {}
    for name in re.split(r"[\s,;+/]+", text):
        if name in PROTOCOL_BY_NAME:
            numbers[PROTOCOL_BY_NAME[name]] = None
        elif name.isascii() and name.isdigit() and int(name) <= 255:
            numbers[int(name)] = None
        else:
            row.fail(column, "protocols such as tcp, tcp+icmp or any")
    if Protocol.ICMP in numbers:
        numbers[int(Protocol.ICMP6)] = None
    return tuple(numbers)


def _ports(row: CsvRow, column: str | None) -> tuple[tuple[int, int], ...]:
    text = row.get(column).lower()
    if text in _ANY:
        return ()
    ranges = []
    is_any = False
    for token in filter(None, _SEPARATORS.split(text)):
        match = _PORTS.fullmatch(token)
        if match:
            first = int(match[1])
            last = int(match[2] or first)
            if not first <= last <= 0xFFFF:
                row.fail(column, "ports from 0 to 65535, the lower end of a range first")
            ranges.append((first, last))
        elif token in _ANY or _PORT_WORD.fullmatch(token):
            is_any = True  # a word names more ports than the row lists
        else:
            row.fail(column, "ports such as 22, 80,443, 1-1024, 8/0, top1000 or any")
    return () if is_any else tuple(ranges)


def _targets(row: CsvRow, column: str | None, text: str) -> tuple[str, ...]:
    if text.lower() in _ANY:
        return ()
    networks = []
    for token in filter(None, _SEPARATORS.split(text)):
        try:
            networks.append(str(ipaddress.ip_network(token, strict=False)))
        except ValueError:
            row.fail(column, "networks such as 10.0.0.0/8, separated by blanks or commas")
    return tuple(networks)
