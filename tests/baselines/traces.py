"""Traces written by hand, and what rules say of them."""

from sweepml.baselines.base import Rule
from sweepml.schema.alert import AlertRow
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import US, Contact, to_connections

SCANNER = "10.0.0.1"
OUTSIDER = "203.0.113.9"


def probes(
    count: int,
    start_s: float = 0,
    *,
    source: str = SCANNER,
    every_s: float = 1,
    first: int = 0,
    **fields: int | Outcome,
) -> list[Contact]:
    """Return contacts of one source, a new destination each: 10.1.0.1, 10.1.0.2, ... from number `first`."""
    numbers = range(first, first + count)
    return [
        Contact(start_s + i * every_s, source, f"10.1.{n // 200}.{n % 200 + 1}", **fields)
        for i, n in enumerate(numbers)
    ]


def run(rule: Rule, contacts: list[Contact]) -> list[AlertRow]:
    """Return the alerts of a rule on some contacts."""
    return rule.alerts(*to_connections(contacts), "hand")


def seconds(alerts: list[AlertRow]) -> list[float]:
    """Return when each alert was raised, in seconds."""
    return [alert.detected_us / US for alert in alerts]
