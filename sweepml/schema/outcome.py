"""Connection outcomes, the one vocabulary into which every log format maps."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """What came of one connection attempt, seen from the source.

    The order is also the order of precedence when one edge saw several outcomes: a service that answered once is
    an answering service, whatever else happened. `UNKNOWN` never counts as a failure.
    """

    ANSWERED = 0
    """The destination's service answered: a handshake was completed or a datagram was replied to."""
    REFUSED = 1
    """The destination rejected the attempt (TCP reset, ICMP port unreachable)."""
    BLOCKED = 2
    """A device on the way rejected it (firewall verdict, ICMP administratively prohibited)."""
    UNANSWERED = 3
    """Nothing came back."""
    UNKNOWN = 4
    """The record does not say."""

    @property
    def label(self) -> str:
        """Lower-case name, as tables and alerts show it."""
        return self.name.lower()


FAILURES = (Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNANSWERED)
"""Outcomes that count as a failed attempt."""

ANSWERED_BIT = 1 << Outcome.ANSWERED
FAILURE_BITS = sum(1 << outcome for outcome in FAILURES)
KNOWN_BITS = ANSWERED_BIT | FAILURE_BITS
