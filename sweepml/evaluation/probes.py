"""Leakage probes: what a model could tell that sees only addresses, only ports or only times.

None of these may be what a detector goes by: an address or an hour tells a capture's attackers from its other hosts
without any sweep, and "445 is an attack" is a shortcut. On splits that do not leak, a model trained on addresses or
times alone must be no better than chance. Ports are another matter: sweeps are of certain ports, so that a probe that
beats chance says how much of the task a shortcut could solve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError, did_you_mean
from sweepml.evaluation.contacts import SourceContacts
from sweepml.evaluation.intervals import RESAMPLES, Figure, percentiles, resamples, wilson_interval
from sweepml.evaluation.ranking import last_of_equals, weighted_average_precision
from sweepml.evaluation.rows import POSITIVE, UNLABELLED, check_labels, check_scores
from sweepml.graph.grouping import sort_by, starts_of_runs
from sweepml.graph.hosts import HostKind, mix_bits
from sweepml.graph.windows import US_PER_S
from sweepml.pipeline.rows import LabelledRows

PROBE_PORTS: Final = 3
"""Ports that the probe of ports sees. Chosen, not tuned."""

_DAY_US: Final = 86_400 * US_PER_S
_HASH_BITS: Final = 24
"""Of a hashed network: what a float32 holds exactly."""


def address_matrix(rows: LabelledRows, captures: Sequence[Capture]) -> NDArray[np.float32]:
    """Return what only the source's address says: its hashed /24 (IPv6: /64), and its last eight bits.

    Parameters
    ----------
    rows
        Of the captures.
    captures
        Those that rows name.

    Returns
    -------
    ndarray of float32, shape (rows, 2)
        The hash is the same for one network in all captures. NaN for a named identity, which has no address.

    Raises
    ------
    InputError
        If a row is of another capture.
    """
    by_unit = np.full((len(rows.units), 2), np.nan, np.float32)
    tables = {}
    for capture in _known(rows, captures):
        hosts = capture.hosts
        rank = hosts.rank
        high, low = hosts.high_by_rank[rank], hosts.low_by_rank[rank]
        network = np.where(hosts.is_ipv4, low >> np.uint64(8), high)
        hashed = (mix_bits(network) >> np.uint64(64 - _HASH_BITS)).astype(np.float32)
        octet = hosts.last_octet.astype(np.float32)
        named = hosts.kind == HostKind.IDENTITY
        table = np.stack([np.where(named, np.nan, hashed), np.where(named, np.nan, octet)], axis=1)
        tables[capture.name] = ({name: code for code, name in enumerate(hosts.names)}, table)
    for place, (capture_name, source) in enumerate(rows.units):
        codes, table = tables[capture_name]
        by_unit[place] = table[codes[source]]
    return by_unit[rows.unit]


def port_matrix(rows: LabelledRows, captures: Sequence[Capture]) -> NDArray[np.float32]:
    """Return what only the ports say: those with most destinations in the row's window, and not how many.

    Parameters
    ----------
    rows, captures
        As in `address_matrix`.

    Returns
    -------
    ndarray of float32, shape (rows, 2 * `PROBE_PORTS`)
        Protocol and port in turn, most destinations first, of equals the lowest; NaN where there are fewer.

    Raises
    ------
    InputError
        If a row is of another capture.
    """
    contacts = {capture.name: SourceContacts(capture) for capture in _known(rows, captures)}
    matrix = np.full((len(rows), 2 * PROBE_PORTS), np.nan, np.float32)
    features = rows.features
    spans = zip(rows.unit.tolist(), features.start_us.tolist(), features.end_us.tolist(), strict=True)
    for row, (unit, start_us, end_us) in enumerate(spans):
        capture_name, source = rows.units[unit]
        own = contacts[capture_name].between(source, start_us, end_us - 1)
        order = sort_by(own.service, own.destination)
        edges = own.take(order[starts_of_runs(own.service[order], own.destination[order])])
        service, counts = np.unique(edges.service, return_counts=True)
        first = service[np.lexsort((service, -counts))[:PROBE_PORTS]]
        matrix[row, : 2 * len(first)] = np.stack([first >> 16, first & 0xFFFF], axis=1).ravel()
    return matrix


def time_matrix(rows: LabelledRows, captures: Sequence[Capture]) -> NDArray[np.float32]:
    """Return what only the time says: hour of the day, minute of the hour, and place in the capture.

    Parameters
    ----------
    rows, captures
        As in `address_matrix`.

    Returns
    -------
    ndarray of float32, shape (rows, 3)
        Of the moment at which the row was known, in UTC; the place is 0 at the capture's first row and 1 at its last.

    Raises
    ------
    InputError
        If a row is of another capture.
    """
    _known(rows, captures)
    as_of_us = rows.features.as_of_us
    capture = np.array([name for name, _ in rows.units], dtype=object)[rows.unit]
    place = np.zeros(len(rows))
    for name in {name for name, _ in rows.units}:
        here = capture == name
        if here.any():
            first, last = int(as_of_us[here].min()), int(as_of_us[here].max())
            place[here] = (as_of_us[here] - first) / max(last - first, 1)
    of_day_us = as_of_us % _DAY_US
    minute = of_day_us // (60 * US_PER_S)
    return np.stack([minute // 60, minute % 60, place], axis=1).astype(np.float32)


PROBE_MATRICES: Final[Mapping[str, Callable[[LabelledRows, Sequence[Capture]], NDArray[np.float32]]]] = (
    MappingProxyType({"addresses": address_matrix, "ports": port_matrix, "times": time_matrix})
)
"""Name -> what the probe sees of rows."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe got, beside what chance gets.

    Attributes
    ----------
    row_count, group_count
        Labelled rows, and the groups of sources among them.
    base_rate
        Share of positive rows.
    average_precision
        Of the scores, with the bootstrap over groups.
    chance
        95 % of what one random score a group gets; a probe sees so little that rows of one source look alike to it.
    """

    row_count: int
    group_count: int
    base_rate: float
    average_precision: Figure
    chance: tuple[float, float]

    @property
    def is_chance(self) -> bool:
        """Whether the probe is no better than chance."""
        return self.average_precision.value <= self.chance[1]


def judge_probe(
    y: NDArray[np.integer], scores: NDArray[np.floating], group: NDArray[np.integer], seed: int = 0
) -> ProbeResult:
    """Say whether a probe's scores are better than chance.

    Parameters
    ----------
    y
        Shape (rows,): 1 sweep, 0 none, -1 unlabelled (left out).
    scores
        Shape (rows,), of models that saw none of a row's group.
    group
        Shape (rows,): rows that tell one story, such as `SourceGroups` has them.
    seed
        Of the bootstrap and of the random scores.

    Raises
    ------
    InputError
        If lengths differ, a score is not finite, a label is none, or there is no row of a sweep.

    Notes
    -----
    Rows of one group are no independent observations: with few groups chance reaches far above the base rate, and a
    permutation of single rows would call every probe a leak.
    """
    if not len(y) == len(scores) == len(group):
        raise InputError(f"expected one value a row, got lengths {len(y)}, {len(scores)} and {len(group)}")
    check_labels(y)
    check_scores(scores)
    labelled = y != UNLABELLED
    positive, scores = y[labelled] == POSITIVE, scores[labelled]
    if not positive.any():
        raise InputError("a probe needs at least one labelled row of a sweep, got none")
    _, group = np.unique(group[labelled], return_inverse=True)
    order = np.argsort(-scores, kind="stable")
    hits, last, cluster = positive[order], last_of_equals(-np.sort(-scores)), group[order]
    value = float(weighted_average_precision(hits, last, np.ones((1, len(hits))), np.array([hits.sum()]))[0])
    groups = int(group.max()) + 1
    positives = np.bincount(group, positive, groups).astype(np.float64)
    totals = np.bincount(group, minlength=groups).astype(np.float64)
    return ProbeResult(
        row_count=len(positive),
        group_count=groups,
        base_rate=float(positive.mean()),
        average_precision=Figure(value, *_interval(hits, last, cluster, groups, seed)),
        chance=_chance(positives, totals, seed),
    )


def _interval(
    hits: NDArray[np.bool_], last: NDArray[np.int64], cluster: NDArray[np.intp], groups: int, seed: int
) -> tuple[float, float]:
    if hits.all():
        return wilson_interval(groups, groups)
    values = []
    for drawn in resamples(groups, seed):
        for one in drawn:  # one by one: rows are many more than groups
            weight = np.bincount(one, minlength=groups)[cluster].astype(np.float64)
            relevant = float(weight[hits].sum())
            if relevant:
                values.append(weighted_average_precision(hits, last, weight[None], np.array([relevant]))[0])
    return percentiles(np.array(values))


def _chance(positives: NDArray[np.float64], totals: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Return 95 % of the average precisions of random orders of the groups, whose rows stand or fall together."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        order = rng.permutation(len(totals))
        right, taken = np.cumsum(positives[order]), np.cumsum(totals[order])
        values.append((positives[order] * right / taken).sum() / right[-1])
    return percentiles(np.array(values))


def _known(rows: LabelledRows, captures: Sequence[Capture]) -> Sequence[Capture]:
    """Return the captures; refuse rows of others."""
    names = {capture.name for capture in captures}
    for name, _ in rows.units:
        if name not in names:
            raise InputError(f"rows name the capture {name!r}; {did_you_mean(name, names)}")
    return captures
