"""One record at a time: the definition of which values are accepted and what they become.

The readers have faster ways for blocks in which all is well; whatever those cannot take comes here, so that
a bulk reader and a stream accept the same rows and give the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sweepml.errors import InputError
from sweepml.origins.origin import COUNT_INPUTS, ECHO_REQUEST, Evidence, Origin
from sweepml.origins.report import RejectReason, RowError
from sweepml.origins.values import canonical_address, count, number_us, time_us
from sweepml.schema.connection import MISSING, PROTOCOL_BY_NAME, UNKNOWN_PROTOCOL, Protocol

_MEMO_SIZE: Final = 1 << 16
"""Texts whose values are remembered: addresses, ports and small counts repeat. Chosen, not tuned."""

_address_of_text = lru_cache(_MEMO_SIZE)(canonical_address)
_count_of_text = lru_cache(_MEMO_SIZE)(count)
_time_of_text = lru_cache(1 << 12)(time_us)  # whole seconds repeat, microseconds do not


PORTED: Final = frozenset({Protocol.TCP, Protocol.UDP, Protocol.SCTP, Protocol.ICMP, Protocol.ICMP6})
"""Protocols that have ports, or types in their place."""


class Row(NamedTuple):
    """One connection, with the fields of `CONNECTION_COLUMNS`."""

    ts_us: int
    src: str
    dst: str
    protocol: int
    dst_port: int
    outcome: int
    duration_us: int
    orig_bytes: int
    resp_bytes: int
    orig_packets: int
    resp_packets: int
    label: str
    identity: str = ""


class ValueParser:
    """Reads the values of one format.

    Parameters
    ----------
    origin
        The log format.
    unset
        Texts that mean "no value" in this log.
    lacking
        Optional columns that this log does not have.
    time_unit_us
        Microseconds in one unit of its times, where that is not what the format declares.
    """

    def __init__(
        self,
        origin: Origin,
        unset: frozenset[str],
        lacking: tuple[str, ...] = (),
        time_unit_us: float | None = None,
    ) -> None:
        self.origin = origin
        self.unset = unset
        self.time_unit_us = origin.time_unit_us if time_unit_us is None else time_unit_us
        self._unset_value = {
            name: MISSING if name in lacking else origin.unset_value(name) for name in ("duration_us", *COUNT_INPUTS)
        }

    def is_unset(self, value: object) -> bool:
        """Whether a value says that there is none."""
        return value is None or (type(value) is str and value in self.unset)

    def unset_value(self, name: str) -> int:
        """Return what "no value" means in an optional column of this log."""
        return self._unset_value[name]

    def text(self, value: object) -> str:
        """Return a word, a number or a truth value as text, empty where there is no value."""
        if type(value) is str:
            found = value.strip(" ") if self.origin.padded else value
            return "" if found in self.unset else found
        if type(value) is bool:
            return "true" if value else "false"
        return str(value) if type(value) is int else ""

    def duration(self, value: object) -> int:
        """Return a duration in microseconds."""
        if self.is_unset(value):
            return self._unset_value["duration_us"]
        try:
            return number_us(value, self.origin.duration_unit_us)
        except ValueError:
            raise RowError(RejectReason.NUMBER) from None

    def duration_until(self, end: object, ts_us: int) -> int:
        """Return the duration of what began at a time and ended at another."""
        if self.is_unset(end):
            return MISSING
        duration_us = self.time(end) - ts_us
        if duration_us < 0:
            raise RowError(RejectReason.NUMBER)
        return duration_us

    def count(self, name: str, value: object) -> int:
        """Return a count of bytes or packets."""
        if self.is_unset(value):
            return self._unset_value.get(name, MISSING)
        try:
            return _count_of_text(value) if type(value) is str else count(value)
        except ValueError:
            raise RowError(RejectReason.NUMBER) from None

    def port(self, value: object) -> int:
        """Return a port."""
        try:
            port = _count_of_text(value) if type(value) is str else count(value)
        except ValueError:
            port = MISSING
        if not 0 <= port <= 0xFFFF:
            raise RowError(RejectReason.PORT)
        return port

    def port_of(self, protocol: int, value: object) -> int:
        """Return a destination port; protocols without ports may lack it."""
        return 0 if protocol not in PORTED and self.is_unset(value) else self.port(value)

    def icmp_type(self, value: object) -> int:
        """Return an ICMP type; not all formats write it by itself."""
        if self.origin.icmp_shift and type(value) is str and "." in value:
            return self.port(value.partition(".")[0])  # type.code, as newer nfdump writes them
        return self.port(value) >> self.origin.icmp_shift & self.origin.icmp_mask

    def address(self, value: object) -> str:
        """Return an address in canonical form."""
        if type(value) is not str:
            raise RowError(RejectReason.ADDRESS)
        try:
            return _address_of_text(value.strip(" ") if self.origin.padded else value)
        except InputError:
            raise RowError(RejectReason.ADDRESS) from None

    def time(self, value: object) -> int:
        """Return a time in microseconds since 1970 UTC."""
        try:
            if type(value) is str:
                return _time_of_text(value, self.time_unit_us, self.origin.clock)
            return time_us(value, self.time_unit_us, self.origin.clock)
        except ValueError:
            raise RowError(RejectReason.TIME) from None

    def protocol(self, value: object) -> int:
        """Return an IANA number; names that are not known become `UNKNOWN_PROTOCOL`."""
        if type(value) is str:
            name = (value.strip(" ") if self.origin.padded else value).lower()
            if name in PROTOCOL_BY_NAME:
                return PROTOCOL_BY_NAME[name]
        try:
            number = count(value)
        except ValueError:
            return UNKNOWN_PROTOCOL
        return number if number <= UNKNOWN_PROTOCOL else UNKNOWN_PROTOCOL

    def outcome(self, evidence: Evidence) -> int:
        """Return the outcome of a record."""
        return int(self.origin.outcome.of(evidence))

    def label_kind(self, label: object, detail: object) -> str:
        """Return the kind of a record's label."""
        return self.origin.label.kind(self.text(label), self.text(detail))

    def is_connection(self, kind: object) -> bool:
        """Whether a record with a value of ``kind`` is a connection."""
        return self.origin.is_connection(self.text(kind))

    def row(self, values: Mapping[str, Any]) -> Row:
        """Return the connection that a record describes.

        Raises
        ------
        RowError
            If a value cannot be used.
        """
        get = values.get
        if "kind" in values and not self.is_connection(get("kind")):
            raise RowError(RejectReason.OTHER_RECORD)
        ts_us = self.time(get("ts_us"))
        src, dst = self.address(get("src")), self.address(get("dst"))
        is_swapped = "swapped" in values and self.text(get("swapped")) in self.origin.swapped
        protocol = self.protocol(get("protocol"))
        if protocol == Protocol.ICMP and ":" in dst:
            protocol = int(Protocol.ICMP6)  # logs write "icmp" for both; ICMP itself does not run over IPv6
        port = self._service_port(values, protocol, is_swapped=is_swapped)
        if "duration_us" in values or "end_us" not in values:
            duration_us = self.duration(get("duration_us"))
        else:
            duration_us = self.duration_until(get("end_us"), ts_us)
        counts = [self.count(name, get(name)) for name in COUNT_INPUTS]
        if counts[3] < 0:
            counts[3] = remainder(self.count("total_packets", get("total_packets")), counts[2])
        sent, received = self._spoke(values, counts)
        if is_swapped:
            src, dst = dst, src
            counts = [counts[1], counts[0], counts[3], counts[2]]
            sent, received = received, sent
        words = tuple([self.text(get(name)) for name in self.origin.outcome.words])
        return Row(
            ts_us,
            src,
            dst,
            protocol,
            port,
            self.outcome(Evidence(protocol, words, sent, received)),
            duration_us,
            counts[0],
            counts[1],
            counts[2],
            counts[3],
            self.label_kind(get("label"), get("label_detail")),
            self.text(get("identity")),
        )

    def _service_port(self, values: Mapping[str, Any], protocol: int, *, is_swapped: bool) -> int:
        """Return what stands in the column of ports."""
        if protocol in ECHO_REQUEST:
            if "icmp_type" in values:
                return self.icmp_type(values["icmp_type"])
            return ECHO_REQUEST[Protocol(protocol)]
        return self.port_of(protocol, values.get("src_port" if is_swapped else "dst_port"))

    def _spoke(self, values: Mapping[str, Any], counts: list[int]) -> tuple[int, int]:
        """Return whether the source and the destination sent anything: 1, 0, or -1 where the record does not say."""
        sent, received, total = (self.count(name, values.get(name)) for name in ("sent", "received", "total"))
        sent = counts[2] if sent < 0 else sent
        received = counts[3] if received < 0 else received
        return sign(sent), sign(remainder(total, sent) if received < 0 else received)


def remainder(total: int, part: int) -> int:
    """Return the other part of a total, `MISSING` where either is missing or the part is the greater."""
    return total - part if total >= part >= 0 else MISSING


def sign(number: int) -> int:
    """Return 1 above zero, 0 at zero, -1 below.

    >>> sign(5), sign(0), sign(-1)
    (1, 0, -1)
    """
    return (number > 0) - (number < 0)
