"""What a reader saw: rows, rejects by reason with examples, time span, columns that the log lacks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sweepml.errors import FormatError

logger = logging.getLogger(__name__)

EXAMPLES_PER_REASON: Final = 5
EXAMPLE_LENGTH: Final = 120


class RejectReason(StrEnum):
    """Why a line was left out."""

    FIELD_COUNT = "wrong field count"
    TIME = "bad time"
    ADDRESS = "bad address"
    PORT = "bad port"
    NUMBER = "bad number"
    UTF8 = "invalid utf-8"
    JSON = "truncated JSON"
    OTHER_RECORD = "not a connection record"
    """A line of another log: JSON without the format's required keys, or rows below a foreign header."""
    NOT_IP = "not IP"
    """A frame of a packet capture that carries no IP: ARP, LLDP and the like."""


class RowError(ValueError):
    """A line is no usable record; `reason` says why. Never leaves the readers."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RejectExample:
    """One rejected line: its number in the file, counted from 1, and its beginning."""

    line: int
    text: str


@dataclass(slots=True)
class ReadReport:
    """What reading one log gave; grows while it is read.

    Attributes
    ----------
    path
        As it was given.
    origin, encoding
        Log format and layout, empty until they are known.
    rows
        Accepted records.
    rejects
        Reason -> number of lines.
    examples
        Reason -> the first lines, at most `EXAMPLES_PER_REASON`.
    first_us, last_us
        Smallest and largest start, None without rows.
    lacking
        Optional canonical columns that the log does not have.
    assumptions
        What the log does not say and had to be assumed, one sentence each.
    initiator_rules
        Rule -> number of connections whose initiator it decided, where records of one direction were paired.
    sampling
        One packet of so many was looked at, the largest number that a record says; 1 is all of them.
    """

    path: str
    origin: str = ""
    encoding: str = ""
    rows: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[RejectExample]] = field(default_factory=dict)
    first_us: int | None = None
    last_us: int | None = None
    lacking: tuple[str, ...] = ()
    assumptions: list[str] = field(default_factory=list)
    sampling: int = 1
    initiator_rules: dict[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """Number of rejected lines."""
        return sum(self.rejects.values())

    def accept(self, rows: int, first_us: int, last_us: int) -> None:
        """Count accepted rows and the span of their starts."""
        self.rows += rows
        self.first_us = first_us if self.first_us is None else min(self.first_us, first_us)
        self.last_us = last_us if self.last_us is None else max(self.last_us, last_us)

    def assume(self, sentence: str) -> None:
        """Note what had to be assumed, once."""
        if sentence not in self.assumptions:
            self.assumptions.append(sentence)

    def has_room(self, reason: RejectReason) -> bool:
        """Whether another example of a reason would be kept."""
        return len(self.examples.get(str(reason), ())) < EXAMPLES_PER_REASON

    def count_rejects(self, reason: RejectReason, count: int) -> None:
        """Count rejected lines of which no example is kept."""
        self.rejects[str(reason)] = self.rejects.get(str(reason), 0) + count

    def reject(self, reason: RejectReason, line: int, raw: bytes) -> None:
        """Count a rejected line and keep it as an example if there is room."""
        self.count_rejects(reason, 1)
        kept = self.examples.setdefault(str(reason), [])
        if len(kept) < EXAMPLES_PER_REASON:
            kept.append(RejectExample(line, shorten(raw)))

    def refuse_if_nothing_was_read(self) -> None:
        """Raise if the log held something, but no connection at all.

        Raises
        ------
        FormatError
            One sentence with an example.
        """
        if self.rows or not self.rejects:
            return
        reason, (example, *_) = next(iter(self.examples.items()))
        raise FormatError(
            f"{self.path}: none of {self.rejected:,} {'line' if self.rejected == 1 else 'lines'} could be read; "
            f"line {example.line} for example ({reason}): {example.text}"
        )

    def log(self) -> None:
        """Write one warning if lines were rejected."""
        if not self.rejects:
            return
        counts = ", ".join(f"{n} {reason}" for reason, n in sorted(self.rejects.items()))
        reason, (example, *_) = next(iter(self.examples.items()))
        logger.warning(
            "%s: %d of %d lines were left out (%s); %s for example at line %d: %s",
            self.path,
            self.rejected,
            self.rejected + self.rows,
            counts,
            reason,
            example.line,
            example.text,
        )


def shorten(raw: bytes, length: int = EXAMPLE_LENGTH) -> str:
    """Return a printable beginning of a line."""
    text = raw[: 4 * length].decode("utf-8", "backslashreplace").rstrip("\r\n")
    text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= length else text[: length - 3] + "..."
