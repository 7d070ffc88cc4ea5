"""What a log format is: where each canonical column stands, how values are written, what outcomes mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sweepml.schema.connection import MISSING, Protocol
from sweepml.schema.outcome import Outcome


class Encoding(StrEnum):
    """How the records of a log are laid out in its bytes."""

    TSV_FIELDS = "tsv-fields"
    """Delimited text, its columns named by a ``#fields`` line (Zeek's own)."""
    TSV_HEADER = "tsv-header"
    """Delimited text, its columns named by the first line; a quote is a character like any other."""
    CSV_HEADER = "csv-header"
    """Delimited text with quotes (RFC 4180), its columns named by the first line. A record is one line."""
    CSV_BARE = "csv-bare"
    """The same without a line of names: they are known by their number."""
    JSON_LINES = "json-lines"
    """One JSON object a line."""
    JSON_DOCUMENT = "json-document"
    """One JSON document: an array of records, or an object that holds such an array."""
    PARQUET = "parquet"
    """An Apache Parquet file; the bulk reader's alone."""

    @property
    def is_json(self) -> bool:
        """Whether records are JSON objects."""
        return self in (Encoding.JSON_LINES, Encoding.JSON_DOCUMENT)

    @property
    def is_quoted(self) -> bool:
        """Whether delimited text has quotes."""
        return self in (Encoding.CSV_HEADER, Encoding.CSV_BARE)


class Clock(StrEnum):
    """How times are written that are no plain numbers."""

    RFC3339 = "rfc3339"
    """``2020-04-30T00:06:39.82437Z``; the offset is a must."""
    YEAR_FIRST = "year-first"
    """As RFC 3339, or with slashes; without an offset it is UTC."""
    DAY_FIRST = "day-first"
    """``30/04/2020 12:06:39 AM``, seconds and half of the day where they stand, UTC; or as `YEAR_FIRST`."""


INPUTS: Final = (
    "ts_us",
    "end_us",
    "src",
    "dst",
    "protocol",
    "src_port",
    "dst_port",
    "icmp_type",
    "state",
    "state_2",
    "state_3",
    "state_4",
    "duration_us",
    "orig_bytes",
    "resp_bytes",
    "orig_packets",
    "resp_packets",
    "total_packets",
    "sent",
    "received",
    "total",
    "kind",
    "swapped",
    "tcp_flags",
    "blocked",
    "direction",
    "sampling",
    "identity",
    "label",
    "label_detail",
)
"""What readers take from a record, before it becomes the canonical columns.

``state`` and its like are the words from which the outcome is derived. ``sent``, ``received`` and ``total`` say
whether a side spoke at all, in any unit, where the canonical counts cannot. ``kind`` tells connections from other
records, ``swapped`` tells records that name the contacted side first. ``icmp_type`` is where the ICMP type stands,
``label`` and ``label_detail`` are ground truth that some published logs carry.
"""

WORD_INPUTS: Final = ("state", "state_2", "state_3", "state_4")

COUNT_INPUTS: Final = ("orig_bytes", "resp_bytes", "orig_packets", "resp_packets")

EVIDENCE_INPUTS: Final = ("total_packets", "sent", "received", "total")
"""Counts that are no canonical columns, but of which some are derived."""

OPTIONAL_COLUMNS: Final = ("duration_us", *COUNT_INPUTS)
"""Columns that a log may lack; they are then filled with `MISSING`."""

ECHO_REQUEST: Final = MappingProxyType({Protocol.ICMP: 8, Protocol.ICMP6: 128})
"""ICMP type that is assumed where a format does not tell: most ICMP that opens a flow is a ping (RFC 792, 4443)."""


class Evidence(NamedTuple):
    """What an outcome is judged by.

    Attributes
    ----------
    protocol
        IANA number.
    words
        One per input of `OutcomeRule.words`, empty where the record says nothing.
    sent, received
        Whether the source and the destination spoke: 1, 0, or -1 where the record does not say.
    """

    protocol: int
    words: tuple[str, ...]
    sent: int
    received: int

    @property
    def is_icmp(self) -> bool:
        """Whether the record is of ICMP or ICMPv6."""
        return self.protocol in (Protocol.ICMP, Protocol.ICMP6)

    def by_reply(self) -> Outcome:
        """Return what the packets of both sides say, where nothing else does."""
        if self.received > 0:
            return Outcome.ANSWERED
        return Outcome.UNANSWERED if self.received == 0 and self.sent > 0 else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """How a format's words become an `Outcome`.

    Parameters
    ----------
    states
        State -> outcome; whatever is not listed is unknown.
    icmp_by_reply
        Judge ICMP records by their packet counts: the format's state says nothing of them.
    words
        Inputs that the judge asks for, of `WORD_INPUTS`.
    judge
        What decides, where one state does not.
    reference
        Name of the document that defines the words.
    """

    states: Mapping[str, Outcome] = field(default_factory=dict)
    icmp_by_reply: bool = False
    words: tuple[str, ...] = ("state",)
    judge: Callable[[Evidence], Outcome] | None = None
    reference: str = ""

    def of_state(self, state: str) -> Outcome:
        """Return the outcome that a state stands for."""
        return self.states.get(state, Outcome.UNKNOWN)

    def of(self, evidence: Evidence) -> Outcome:
        """Return the outcome of a record."""
        if self.icmp_by_reply and evidence.is_icmp:
            return evidence.by_reply()
        if self.judge is not None:
            return self.judge(evidence)
        return self.of_state(evidence.words[0])


@dataclass(frozen=True, slots=True)
class LabelRule:
    """How ground truth that a log carries becomes a kind.

    Kinds are ``sweep``, ``vertical_scan``, ``other_attack``, ``benign``, and empty where the label says nothing.

    Parameters
    ----------
    details
        (fragment, kind): the first fragment found in the detailed label decides. Lower case.
    labels
        Label -> kind, where no fragment decided. Lower case; what is not listed says nothing.
    others
        Kind of a label that is not empty and stands in neither list.
    """

    details: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] | None = None
    others: str = ""

    def kind(self, label: str, detail: str) -> str:
        """Return the kind of a record, empty where its label says nothing."""
        detail = detail.lower()
        for fragment, kind in self.details:
            if fragment in detail:
                return kind
        label = label.strip().lower()
        return (self.labels or {}).get(label, self.others if label else "")


@dataclass(frozen=True, slots=True)
class Pairing:
    """How records of one direction become connections, see `sweepml.origins.pairing.Pairer`.

    Parameters
    ----------
    timeout_s
        Time without records after which a connection is over, seconds.
    sees_replies
        Whether a reply would leave a record of its own.
    """

    timeout_s: float = 120.0
    sees_replies: bool = True


NO_OUTCOMES: Final = OutcomeRule(words=())
"""Of formats whose outcomes come from pairing."""

NO_LABELS: Final = LabelRule()
"""Of formats that carry no ground truth."""


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
        Input (see `INPUTS`) -> field names, the preferred spelling first. A record may use any of them. Dots lead
        into the objects of JSON; where an array stands in the way, its first element counts.
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
    bare
        Names of the fields of logs without a header, one tuple per layout; their numbers tell them apart.
    clock
        How times are written that are no plain numbers.
    time_unit_us, duration_unit_us
        Microseconds in one unit of times and of durations.
    kinds, other_kinds
        The only values of ``kind`` that connections have, or values that they do not have.
    swapped
        Values of ``swapped`` of records in which the destination stands first.
    icmp_shift, icmp_mask
        The ICMP type is ``icmp_type >> shift & mask``.
    padded
        Blanks around values mean nothing.
    pairing
        How records of one direction each are paired into connections; None where a record is a connection.
    directions
        Values of ``direction`` -> which side started the connection, `SENT_BY_SRC` or `SENT_BY_DST`.
    blocked
        Values of ``blocked`` of records of packets that were rejected on the way.
    unfold
        Flat records, by the names in `fields`, of a JSON object that holds several.
    marks
        Names that stand at the beginning of a JSON log, in case its first record is longer than what is looked at.
    family
        Keys which any JSON record of the product has, connection or not.
    refusal
        Field names -> why logs that have them, but not all required ones, cannot be read.
    direction
        Who is the source, in words.
    limits
        What the format does not say or says wrongly, one sentence each.
    reference
        Name of the document that defines the fields.
    """

    name: str
    title: str
    encodings: frozenset[Encoding]
    fields: Mapping[str, tuple[str, ...]]
    required: frozenset[str]
    outcome: OutcomeRule = NO_OUTCOMES
    label: LabelRule = NO_LABELS
    unset: frozenset[str] = frozenset({"", "-"})
    zero_if_unset: frozenset[str] = frozenset()
    delimiter: str = "\t"
    bare: tuple[tuple[str, ...], ...] = ()
    clock: Clock = Clock.RFC3339
    time_unit_us: float = 1e6
    duration_unit_us: float = 1e6
    kinds: frozenset[str] = frozenset()
    other_kinds: frozenset[str] = frozenset()
    swapped: frozenset[str] = frozenset()
    icmp_shift: int = 0
    icmp_mask: int = 0xFFFF
    padded: bool = False
    pairing: Pairing | None = None
    directions: Mapping[str, int] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    unfold: Callable[[Mapping[str, Any]], Iterator[Mapping[str, Any]]] | None = None
    marks: tuple[str, ...] = ()
    family: frozenset[str] = frozenset()
    refusal: tuple[frozenset[str], str] | None = None
    direction: str = ""
    limits: tuple[str, ...] = ()
    reference: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether each record is one connection, so that columns can be read at once."""
        return self.pairing is None and self.unfold is None

    def unset_value(self, name: str) -> int:
        """Return what "no value" in an existing column means: zero or `MISSING`."""
        return 0 if name in self.zero_if_unset else MISSING

    def lacks(self, field_names: frozenset[str]) -> tuple[str, ...]:
        """Return the required inputs that none of the field names carries, in the order of `INPUTS`."""
        return tuple(name for name in INPUTS if name in self.required and field_names.isdisjoint(self.fields[name]))

    def is_connection(self, kind: str) -> bool:
        """Whether a record's ``kind`` is one that connections have."""
        return (not self.kinds or kind in self.kinds) and kind not in self.other_kinds
