"""Aggregation: the connections of a capture as a flow log tells of them, one record for each interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import ConfigError
from sweepml.graph.connections import Connections
from sweepml.graph.delivery import delivered_us
from sweepml.graph.grouping import sort_by, starts_of_runs
from sweepml.graph.windows import US_PER_S
from sweepml.schema.connection import MISSING


def with_aggregation(capture: Capture, interval_s: int) -> Capture:
    """Return a capture as a flow log shows it, under the name ``<name>~<interval_s>s``; its truth stays."""
    return replace(
        capture,
        name=f"{capture.name}~{interval_s}s",
        connections=aggregate(capture.connections, interval_s),
    )


def aggregate(connections: Connections, interval_s: int) -> Connections:
    """Return one record for each source, destination, service and interval in which there was a connection.

    Parameters
    ----------
    connections
        In any order; not changed.
    interval_s
        Length of an interval in whole seconds. Intervals lie on the clock, and what they tell of is delivered when they
        end (`delivered_us`).

    Returns
    -------
    Connections
        By delivery, then by start. A record starts with the first connection and lasts to the end of the last; bytes
        and packets are sums, missing where one is. A label is the sweep's where one connection had it.

    Raises
    ------
    ConfigError
        If `interval_s` is not positive.

    References
    ----------
    Amazon VPC Flow Logs, "Flow log records", aggregation interval: 1 minute, or 10 minutes by default.
    """
    if interval_s <= 0:
        raise ConfigError(f"an interval lasts a positive number of seconds, got {interval_s}")
    if not len(connections):
        return connections
    interval = delivered_us(connections.ts_us, interval_s) // (interval_s * US_PER_S)
    keys = (interval, connections.source, connections.identity + 1, connections.destination, connections.service)
    order = sort_by(*keys)
    rows = connections.take(order)
    starts = starts_of_runs(*(key[order] for key in keys))
    begin = np.minimum.reduceat(rows.ts_us, starts)
    end = np.maximum.reduceat(rows.ts_us + np.maximum(rows.duration_us, 0), starts)
    known = np.minimum.reduceat(rows.duration_us, starts) != MISSING
    whole = replace(
        rows.take(starts),
        ts_us=begin,
        duration_us=np.where(known, end - begin, MISSING),
        outcome=np.minimum.reduceat(rows.outcome, starts),  # the order of outcomes is their precedence
        orig_bytes=_sums(rows.orig_bytes, starts),
        resp_bytes=_sums(rows.resp_bytes, starts),
        orig_packets=_sums(rows.orig_packets, starts),
        resp_packets=_sums(rows.resp_packets, starts),
        label=_labels(rows.label, starts),
    )
    # Intervals follow each other, so that order of start is order of delivery.
    return whole.take(np.argsort(whole.ts_us, kind="stable"))


def _sums(values: NDArray[np.int64], starts: NDArray[np.intp]) -> NDArray[np.int64]:
    known = np.minimum.reduceat(values, starts) != MISSING
    return np.where(known, np.add.reduceat(values, starts), MISSING)


def _labels(label: NDArray[np.uint8], starts: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return each record's label: the lowest that is one, since a sweep's is 1."""
    lowest = np.minimum.reduceat(np.where(label == 0, np.uint8(255), label), starts)
    return np.where(lowest == 255, np.uint8(0), lowest)
