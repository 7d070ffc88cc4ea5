"""Numbers as a report writes them. A dash stands for what cannot be computed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from sweepml.evaluation.benchmark_report.blocks import Cell

DASH: Final = "-"
_US_PER_S: Final = 1_000_000


def share(value: float) -> str:
    """Return a share with two decimals.

    Examples
    --------
    >>> share(2 / 3), share(float("nan"))
    ('0.67', '-')
    """
    return f"{value:.2f}" if math.isfinite(value) else DASH


def quantity(value: float) -> str:
    """Return a number with three digits, in full where it is large, never with an exponent.

    Examples
    --------
    >>> quantity(12345.6), quantity(0.00001234), quantity(3.0)
    ('12,346', '0.0000123', '3')
    """
    if not math.isfinite(value):
        return DASH
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return str(np.format_float_positional(float(f"{value:.3g}"), trim="-"))


def count(value: int) -> str:
    """Return a count, thousands apart."""
    return f"{int(value):,}"


def interval(low: float, high: float, *, is_share: bool) -> str:
    """Return an interval; empty where it has no end, and open where one end was not reached.

    Examples
    --------
    >>> interval(0.5, 0.75, is_share=True), interval(3, float("nan"), is_share=False)
    ('0.50-0.75', '3 or more')
    """
    write = share if is_share else quantity
    if math.isfinite(low) and math.isfinite(high):
        return f"{write(low)}-{write(high)}"
    if math.isfinite(low):
        return f"{write(low)} or more"
    return f"up to {write(high)}" if math.isfinite(high) else ""


def share_cell(value: float, low: float, high: float, *, is_tinted: bool = False) -> Cell:
    """Return a share with its interval, shaded by its size where asked for."""
    tint = value if is_tinted and math.isfinite(value) else None
    return Cell(share(value), interval(low, high, is_share=True) if math.isfinite(value) else "", tint)


def recall_cell(row: Any) -> Cell:
    """Return the recall of a row of the summary or the strata, with the episodes caught of all and the interval."""
    cell = share_cell(row.recall, row.recall_low, row.recall_high, is_tinted=True)
    return Cell(cell.text, f"{row.caught}/{row.episode_count}, {cell.note}".rstrip(", "), cell.tint)


def quantity_cell(value: float, low: float, high: float) -> Cell:
    """Return a number with its interval."""
    return Cell(quantity(value), interval(low, high, is_share=False))


def utc(time_us: int) -> str:
    """Return a time in UTC to the second.

    Examples
    --------
    >>> utc(0)
    '1970-01-01 00:00:00'
    """
    return datetime.fromtimestamp(time_us // _US_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")
