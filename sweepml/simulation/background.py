"""Benign background for sweeps of our making: a capture without its attackers, as long as it is needed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.graph.connections import Connections
from sweepml.graph.windows import US_PER_S


def without_attacks(capture: Capture) -> Capture:
    """Return a capture without the records of sources that attack, and without episodes.

    All that such a source does is left out, and what is done to it: a host that browses and sweeps does neither.

    Raises
    ------
    InputError
        If nothing is left.
    """
    attackers = {episode.source for episode in capture.episodes}
    is_attacker = np.array([name in attackers for name in capture.hosts.names], bool)
    records = capture.connections
    named = records.identity >= 0
    theirs = is_attacker[records.source] | is_attacker[records.destination] | (named & is_attacker[records.identity])
    kept = records.take(~theirs & (records.label == 0))
    if not len(kept):
        raise InputError(f"{capture.name}: every source attacks, so that no background is left")
    return replace(capture, connections=kept, episodes=())


def repeated(capture: Capture, span_s: float) -> Capture:
    """Return a capture that lasts at least so long: its records again and again, each time later.

    Each round begins a second after the one before it has ended. A capture that is long enough comes back as it is.
    """
    records = capture.connections
    period_us = int(records.ts_us.max() - records.ts_us.min()) + US_PER_S
    rounds = math.ceil(max(span_s, 0.0) * US_PER_S / period_us)
    if rounds <= 1:
        return capture
    parts = [replace(records, ts_us=records.ts_us + number * period_us) for number in range(rounds)]
    return replace(capture, connections=Connections.concat(parts))
