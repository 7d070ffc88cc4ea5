"""Whole columns at a time: the checks and conversions that both fast readers share.

Where a value is not what `sweepml.origins.rows` would accept without a second look they return None; the
caller then lets that module judge the rows one by one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.graph.connections import OTHER_ATTACK_LABEL, SWEEP_LABEL
from sweepml.origins.values import LIMIT_US
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome

LABEL_BY_KIND: Final = MappingProxyType({"sweep": SWEEP_LABEL, "other_attack": OTHER_ATTACK_LABEL})
"""Kind that a log's label stands for -> `Connections.label`; other kinds are 0."""


def times_us(values: NDArray[np.float64], unit_us: float) -> NDArray[np.int64] | None:
    """Return microseconds, rounded as `number_us` does, or None if a value is out of range."""
    product = values * unit_us
    if not bool(np.all((product >= 0) & (product < LIMIT_US))):  # false for NaN too
        return None
    return np.rint(product).astype(np.int64)


def ports(values: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return ports unchanged, or None if one is out of range."""
    return values if len(values) == 0 or (values.min() >= 0 and values.max() <= 0xFFFF) else None


def icmp_rows(protocol: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return which rows are ICMP or ICMPv6."""
    return np.flatnonzero((protocol == Protocol.ICMP) | (protocol == Protocol.ICMP6))


def icmp_protocol(protocol: NDArray[np.uint8], is_ipv6: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the protocols of ICMP rows: logs write "icmp" for both, ICMP itself does not run over IPv6."""
    return np.where((protocol == Protocol.ICMP) & is_ipv6, np.uint8(Protocol.ICMP6), protocol)


def icmp_outcomes(orig_packets: NDArray[np.int64], resp_packets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return what packet counts say of ICMP exchanges, as `icmp_outcome` does."""
    asked = (resp_packets == 0) & (orig_packets > 0)
    outcome = np.where(asked, Outcome.UNANSWERED, Outcome.UNKNOWN)
    return np.where(resp_packets > 0, Outcome.ANSWERED, outcome).astype(np.uint8)
