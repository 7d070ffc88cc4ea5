"""What a log format is: where each canonical column stands, how values are written, what outcomes mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome


class Encoding(StrEnum):
    """How the records of a log are laid out in its bytes."""

    TSV_FIELDS = "tsv-fields"
    """Delimited text, its columns named by a ``#fields`` line (Zeek's own)."""
    TSV_HEADER = "tsv-header"
    """Delimited text, its columns named by the first line."""
    JSON_LINES = "json-lines"
    """One JSON object a line."""


INPUTS: Final = (
    "ts_us",
    "src",
    "dst",
    "protocol",
    "dst_port",
    "icmp_type",
    "state",
    "duration_us",
    "orig_bytes",
    "resp_bytes",
    "orig_packets",
    "resp_packets",
    "label",
    "label_detail",
)
"""What readers take from a record, before it becomes the canonical columns.

``state`` is what the outcome is derived from, ``icmp_type`` where the ICMP type stands, ``label`` and
``label_detail`` are ground truth that some published logs carry.
"""

COUNT_INPUTS: Final = ("orig_bytes", "resp_bytes", "orig_packets", "resp_packets")

OPTIONAL_COLUMNS: Final = ("duration_us", *COUNT_INPUTS)
"""Columns that a log may lack; they are then filled with `MISSING`."""


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """How a format's words become an `Outcome`.

    Parameters
    ----------
    states
        State -> outcome; whatever is not listed is unknown.
    icmp_by_reply
        Judge ICMP records by their packet counts (`icmp_outcome`): the format's state says nothing of them.
    """

    states: Mapping[str, Outcome]
    icmp_by_reply: bool = False

    def of_state(self, state: str) -> Outcome:
        """Return the outcome that a state stands for."""
        return self.states.get(state, Outcome.UNKNOWN)


def icmp_outcome(orig_packets: int, resp_packets: int) -> Outcome:
    """Return what packet counts say of an ICMP exchange.

    >>> icmp_outcome(2, 0).label, icmp_outcome(2, 1).label, icmp_outcome(MISSING, MISSING).label
    ('unanswered', 'answered', 'unknown')
    """
    if resp_packets > 0:
        return Outcome.ANSWERED
    if resp_packets == 0 and orig_packets > 0:
        return Outcome.UNANSWERED
    return Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class LabelRule:
    """How ground truth that a log carries becomes a kind: ``sweep``, ``other_attack``, ``benign`` or empty.

    Parameters
    ----------
    details
        (fragment, kind): the first fragment found in the detailed label decides. Lower case.
    labels
        Label -> kind, where no fragment decided. Lower case; what is not listed says nothing.
    """

    details: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] | None = None

    def kind(self, label: str, detail: str) -> str:
        """Return the kind of a record, empty where its label says nothing."""
        detail = detail.lower()
        for fragment, kind in self.details:
            if fragment in detail:
                return kind
        return (self.labels or {}).get(label.strip().lower(), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One log format.

    Parameters
    ----------
    name
        How configuration and the command line call it.
    title
        How messages call it.
    encodings
        The layouts in which it is found.
    fields
        Input (see `INPUTS`) -> field names, the preferred spelling first. A record may use any of them.
    required
        Inputs without which a line is no record of this format.
    outcome, label
        How states and labels are read.
    unset
        Texts that mean "no value".
    zero_if_unset
        Inputs for which "no value" means zero, as long as the log has the column.
    delimiter
        Between fields of delimited text, where the log does not name its own.
    time_unit_us
        Microseconds in one unit of times and durations.
    """

    name: str
    title: str
    encodings: frozenset[Encoding]
    fields: Mapping[str, tuple[str, ...]]
    required: frozenset[str]
    outcome: OutcomeRule
    label: LabelRule
    unset: frozenset[str] = frozenset({"", "-"})
    zero_if_unset: frozenset[str] = frozenset()
    delimiter: str = "\t"
    time_unit_us: float = 1e6

    def unset_value(self, name: str) -> int:
        """Return what "no value" in an existing column means: zero or `MISSING`."""
        return 0 if name in self.zero_if_unset else MISSING

    def lacks(self, field_names: frozenset[str]) -> tuple[str, ...]:
        """Return the required inputs that none of the field names carries, in the order of `INPUTS`."""
        return tuple(name for name in INPUTS if name in self.required and field_names.isdisjoint(self.fields[name]))
