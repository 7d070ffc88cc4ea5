"""What Snort itself said of a capture, next to what the Snort rules say of its connection log."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sweepml.baselines.base import Rule
from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.graph.windows import US_PER_S

SWEEP_SIDS: Final = frozenset({3, 7, 19, 23, 25, 26})
"""Of generator 122: TCP, UDP and ICMP sweeps, filtered or not; the others are port scans."""


@dataclass(frozen=True, slots=True)
class SnortAlert:
    """One portsweep alert of Snort.

    Attributes
    ----------
    scanner
        Address of the source that sweeps, whichever side sent the packet that raised the alert.
    second
        When, in whole seconds since 1970 UTC.
    """

    scanner: str
    second: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a Snort rule agrees with Snort.

    Attributes
    ----------
    rule
        The rule.
    snort_alerts, rule_alerts
        How many alerts each raised.
    both, only_snort, only_rule
        Sources, sorted.
    lag_s
        Lower quartile, median and upper quartile over the sources of both: seconds from Snort's first alert to the
        rule's.
    """

    rule: Rule
    snort_alerts: int
    rule_alerts: int
    both: tuple[str, ...]
    only_snort: tuple[str, ...]
    only_rule: tuple[str, ...]
    lag_s: tuple[float, float, float]


def read_alerts(path: Path, capture: Capture) -> Iterator[SnortAlert]:
    """Yield the portsweep alerts of a reference file.

    The packet that raised an alert is often the victim's refusal: the scanner is the side that has a connection to the
    other in the capture.

    Raises
    ------
    InputError
        If neither side has.
    """
    connections, names = capture.connections, capture.hosts.names
    columns = (connections.source, connections.destination, connections.service & 0xFFFF)
    contacted = set(zip(*(column.tolist() for column in columns), strict=True))
    pairs = {(source, destination) for source, destination, _ in contacted}
    codes = {name: code for code, name in enumerate(names)}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if int(row["sid"]) not in SWEEP_SIDS:
                continue
            sender, receiver = codes.get(row["packet_src"], -1), codes.get(row["packet_dst"], -1)
            port_of_sender, port_of_receiver = (int(row[f"packet_{end}_port"] or -1) for end in ("src", "dst"))
            # The ports decide where two hosts contact each other; a refusal by ICMP has none.
            if (sender, receiver, port_of_receiver) in contacted:
                scanner = sender
            elif (receiver, sender, port_of_sender) in contacted or (receiver, sender) in pairs:
                scanner = receiver
            elif (sender, receiver) in pairs:
                scanner = sender
            else:
                raise InputError(f"{path}: no connection between {row['packet_src']} and {row['packet_dst']}")
            yield SnortAlert(names[scanner], int(row["epoch"]))


def compare(rule: Rule, path: Path, capture: Capture) -> Agreement:
    """Return how far a rule agrees with a reference file on the same capture."""
    said = list(read_alerts(path, capture))
    alerts = rule.alerts(capture.connections, capture.hosts, capture.name)
    snort = {alert.scanner: float(alert.second) for alert in sorted(said, key=lambda alert: -alert.second)}
    here = {alert.source: alert.detected_us / US_PER_S for alert in reversed(alerts)}
    both = sorted(snort.keys() & here.keys())
    # Snort writes whole seconds, rounded down.
    lags = [float(int(here[source]) - snort[source]) for source in both]
    quartiles = np.quantile(lags, [0.25, 0.5, 0.75]) if lags else np.full(3, np.nan)
    return Agreement(
        rule=rule,
        snort_alerts=len(said),
        rule_alerts=len(alerts),
        both=tuple(both),
        only_snort=tuple(sorted(snort.keys() - here.keys())),
        only_rule=tuple(sorted(here.keys() - snort.keys())),
        lag_s=(float(quartiles[0]), float(quartiles[1]), float(quartiles[2])),
    )
