"""Labels: which connections belong to labelled attacks, and which attacks a log's own labels describe."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Episode
from sweepml.errors import InputError
from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL, Connections
from sweepml.graph.hosts import HostTable, pack_address

logger = logging.getLogger(__name__)

TOLERANCE_US: Final = 1000
"""Episodes files have milliseconds where logs have microseconds."""

UNLABELLED_KINDS: Final = ("benign", "malicious_not_sweep")
"""Kinds that begin so label nothing: background, or what is to be kept out of headline numbers."""

EPISODE_GAP_S: Final = 3600.0
"""Labelled connections further apart are two episodes: as long as the longest default window."""

MAX_EPISODE_PORTS: Final = 64
"""An episode made from labels names its ports up to this many, else any. Chosen, not tuned."""


def episode_label(episode: Episode) -> int:
    """Return the label that an episode gives its connections, 0 for none."""
    if episode.is_sweep:
        return SWEEP_LABEL
    return 0 if episode.kind.startswith(UNLABELLED_KINDS) else OTHER_ATTACK_LABEL


def label_connections(connections: Connections, hosts: HostTable, episodes: Sequence[Episode]) -> NDArray[np.uint8]:
    """Return the label of each connection.

    `EpisodeRows` says which connections belong to an episode. A sweep wins over another attack. Episodes that label
    nothing although they should are logged.

    Parameters
    ----------
    connections
        Any order.
    hosts
        Their host table; it is not changed.
    episodes
        What is known.

    Returns
    -------
    ndarray of uint8, shape (n,)
        `SWEEP_LABEL`, `OTHER_ATTACK_LABEL` or 0.
    """
    labels = np.zeros(len(connections), np.uint8)
    finder = EpisodeRows(connections, hosts)
    idle = []
    # The label of sweeps is written last, so that it wins.
    for episode in sorted(episodes, key=episode_label, reverse=True):
        label = episode_label(episode)
        if not label:
            continue
        rows = finder.of(episode)
        labels[rows] = label
        if not len(rows):
            idle.append(episode.episode_id)
    if idle:
        shown = ", ".join(idle[:5]) + (", ..." if len(idle) > 5 else "")
        logger.warning("%d of %d episodes match no connection: %s", len(idle), len(episodes), shown)
    return labels


def episodes_from_labels(
    connections: Connections, hosts: HostTable, gap_s: float = EPISODE_GAP_S
) -> tuple[Episode, ...]:
    """Return the attacks that the labels of connections describe.

    Per source and label, connections that are at most `gap_s` apart are one episode. Its kind is ``sweep`` or
    ``other_attack``, its protocols and ports are those seen (any, above `MAX_EPISODE_PORTS` ports).

    Parameters
    ----------
    connections
        Labelled, as `table_to_connections` gives them for a log that carries labels. Any order.
    hosts
        Their host table.
    gap_s
        Longest pause within an episode, in seconds.

    Returns
    -------
    tuple of Episode
        By source in order of their codes, then label, then time.
    """
    rows = np.flatnonzero(connections.label)
    rows = rows[np.lexsort((connections.ts_us[rows], connections.label[rows], connections.source[rows]))]
    chosen = connections.take(rows)
    new = np.ones(len(rows), bool)
    new[1:] = (
        (np.diff(chosen.source) != 0)
        | (np.diff(chosen.label.astype(np.int16)) != 0)
        | (np.diff(chosen.ts_us) > round(gap_s * 1e6))
    )
    starts = [*np.flatnonzero(new).tolist(), len(rows)]
    kinds = {SWEEP_LABEL: "sweep", OTHER_ATTACK_LABEL: "other_attack"}
    episodes = []
    for number, (start, stop) in enumerate(pairwise(starts), 1):
        service = np.unique(chosen.service[start:stop])
        ports = tuple(_runs(np.unique(service & 0xFFFF)))
        episodes.append(
            Episode(
                episode_id=f"L{number:04d}",
                source=hosts.name(int(chosen.source[start])),
                start_us=int(chosen.ts_us[start]),
                end_us=int(chosen.ts_us[stop - 1]),
                kind=kinds[int(chosen.label[start])],
                protocols=tuple(np.unique(service >> 16).tolist()),
                ports=ports if sum(b - a + 1 for a, b in ports) <= MAX_EPISODE_PORTS else (),
                attributes={"basis": "labels in the log", "connections": str(stop - start)},
            )
        )
    return tuple(episodes)


class EpisodeRows:
    """Finds the connections that belong to an episode.

    A connection belongs to it if its source, or the identity that it names, is the same, it starts between the
    episode's first and last probe (within `TOLERANCE_US`), and protocol, port and destination are among those that the
    episode names.

    Parameters
    ----------
    connections
        Any order.
    hosts
        Their host table; it is not changed.
    """

    def __init__(self, connections: Connections, hosts: HostTable) -> None:
        self._connections = connections
        self._codes = {name: code for code, name in enumerate(hosts.names)}
        self._columns = [_sorted_by(connections.source)]
        if (connections.identity >= 0).any():
            self._columns.append(_sorted_by(connections.identity))
        self._targets = _Targets(hosts)

    def of(self, episode: Episode) -> NDArray[np.intp]:
        """Return the rows of an episode, which has one source, ascending."""
        code = self._codes.get(episode.source)
        if code is None:
            return np.empty(0, np.intp)
        # Addresses and identities have codes of their own, so that no row is found twice.
        found = [order[slice(*np.searchsorted(values, [code, code + 1]).tolist())] for order, values in self._columns]
        rows = np.concatenate(found)
        return rows[_matches(self._connections, rows, episode, self._targets)]


def _sorted_by(codes: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the rows by code, those of one code ascending, and their codes."""
    order = np.argsort(codes, kind="stable")
    return order, codes[order]


def _matches(
    connections: Connections, rows: NDArray[np.intp], episode: Episode, targets: _Targets
) -> NDArray[np.bool_]:
    ts_us, service = connections.ts_us[rows], connections.service[rows]
    keep = (ts_us >= episode.start_us - TOLERANCE_US) & (ts_us <= episode.end_us + TOLERANCE_US)
    if episode.protocols:
        keep &= np.isin(service >> 16, episode.protocols)
    if episode.ports:
        port = service & 0xFFFF
        keep &= np.any([(first <= port) & (port <= last) for first, last in episode.ports], axis=0)
    if episode.targets:
        keep &= targets.inside(episode.targets, connections.destination[rows])
    return keep


class _Targets:
    """Tells which hosts are inside networks; addresses are packed once, and only if an episode asks."""

    def __init__(self, hosts: HostTable) -> None:
        self._hosts = hosts
        self._words: NDArray[np.uint64] | None = None

    def inside(self, networks: Sequence[str], codes: NDArray[np.int32]) -> NDArray[np.bool_]:
        if self._words is None:
            raw = b"".join(map(_packed, self._hosts.names))
            self._words = np.frombuffer(raw, ">u8").reshape(-1, 2).astype(np.uint64)
        words, is_ipv4 = self._words[codes], self._hosts.is_ipv4[codes]
        found = np.zeros(len(codes), bool)
        for network in networks:
            net = ipaddress.ip_network(network)
            first, mask = _packed(str(net.network_address)), int(net.netmask)
            if net.version == 4:
                mask |= ((1 << 96) - 1) << 32
            masks = np.frombuffer(mask.to_bytes(16, "big"), ">u8").astype(np.uint64)
            same = np.all((words & masks) == np.frombuffer(first, ">u8").astype(np.uint64), axis=1)
            found |= same & (is_ipv4 == (net.version == 4))
        return found


def _packed(name: str) -> bytes:
    try:
        return pack_address(name)
    except InputError:
        return b"\xff" * 16  # an identity has no address; this one is a multicast address that nobody targets


def _runs(values: NDArray[np.unsignedinteger]) -> Iterator[tuple[int, int]]:
    """Yield the runs of successive numbers in sorted distinct values."""
    if not len(values):
        return
    breaks = np.flatnonzero(np.diff(values.astype(np.int64)) > 1)
    firsts = values[[0, *(breaks + 1)]].tolist()
    lasts = values[[*breaks, len(values) - 1]].tolist()
    yield from zip(firsts, lasts, strict=True)
