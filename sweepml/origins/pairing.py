"""From records of one direction (NetFlow, cloud flow logs) to connections with an initiator.

A busy server answers a thousand clients and sends a record to each: taken as they stand, such records make a sweep of
it. Here the records of both directions of a connection, and the pieces into which exporters cut long ones, become one
row whose source is who started it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sweepml.errors import ConfigError
from sweepml.origins.exchange import ICMP_QUESTIONS, SYN, Exchange, Flow, outcome_of
from sweepml.origins.initiator import Initiators
from sweepml.origins.rows import Row
from sweepml.schema.connection import MISSING, Protocol

__all__ = ["Flow", "Pairer", "TIMEOUT_US", "MAX_OPEN"]

TIMEOUT_US: Final = 120_000_000
"""Twice the 60 s after which most NetFlow exporters cut a flow, so that its next piece still finds it."""

MAX_OPEN: Final = 1 << 18
"""Open connections at most, about 1.2 kB each: 2,000 new ones a second at the usual timeout. Chosen, not tuned."""

_SET_BACK_US: Final = 3600 * 1_000_000
"""Records that start so long before the clock are late: no exporter holds one for longer."""

_SET_BACK_RECORDS: Final = 1000
"""So many late records in a row mean that the log starts anew in the past, or that one absurd time set the clock."""

_ANSWER_TO: Final = {
    protocol: {answer: question for question, answer in questions.items()}
    for protocol, questions in ICMP_QUESTIONS.items()
}

_Key = tuple[object, ...]


class Pairer:
    """Joins records of one direction into connections.

    What it returns depends on the sequence of records only, not on how it is cut into calls. A connection comes out
    when the clock, the largest start that was seen, has passed its last record by the timeout; the rows that one
    record sets free are in the order of their starts.

    Parameters
    ----------
    timeout_us
        Time without records after which a connection is over. Give at least the span that one record may cover.
    max_open
        Most connections that are held; beyond, those that were quiet for longest come out early.
    sees_replies
        Whether a reply would leave a record in this log. Where it would not, no reply is no failure.
    counts_payload
        Whether the bytes of the records are payload. NetFlow and cloud flow logs count headers too; their rows then
        have no byte counts, since how much of them is payload is not known.

    Attributes
    ----------
    closed_early
        Connections that came out because of `max_open`.
    rules
        Rule -> number of connections whose initiator it decided, see `sweepml.origins.initiator.Rule`.

    Raises
    ------
    ConfigError
        If the timeout is negative or `max_open` is below 1.

    Notes
    -----
    A connection that two sensors saw counts its bytes and packets twice.

    Examples
    --------
    >>> asks = Flow(0, 0, "10.0.0.1", "10.0.0.2", 17, 40000, 53)
    >>> answers = Flow(0, 0, "10.0.0.2", "10.0.0.1", 17, 53, 40000)
    >>> pairer = Pairer()
    >>> [(row.src, row.dst, row.dst_port) for row in pairer.push([answers, asks]) + pairer.flush()]
    [('10.0.0.1', '10.0.0.2', 53)]
    """

    def __init__(
        self,
        timeout_us: int = TIMEOUT_US,
        max_open: int = MAX_OPEN,
        *,
        sees_replies: bool = True,
        counts_payload: bool = False,
    ) -> None:
        if timeout_us < 0 or max_open < 1:
            raise ConfigError(f"expected timeout_us >= 0 and max_open >= 1, got {timeout_us} and {max_open}")
        self.timeout_us = timeout_us
        self.max_open = max_open
        self.sees_replies = sees_replies
        self.counts_payload = counts_payload
        self.closed_early = 0
        self._initiators = Initiators()
        self.rules = self._initiators.rules
        self._exchanges = 0
        self._clock_us: int | None = None
        self._late_run = 0
        self._open: dict[_Key, _Open] = {}
        self._queue: list[tuple[int, int, _Key]] = []

    def push(self, flows: Iterable[Flow]) -> list[Row]:
        """Take records in order of arrival; return the connections that are over."""
        rows: list[Row] = []
        for flow in flows:
            if self._is_set_back(flow.ts_us):
                rows += self.flush()
            self._clock_us = flow.ts_us if self._clock_us is None else max(self._clock_us, flow.ts_us)
            if self._queue and self._queue[0][0] < self._clock_us:
                rows += self._expired(self._clock_us)
            replaced = self._join(flow)
            if replaced is not None:
                rows.append(self._row(replaced))
            if len(self._open) > self.max_open:
                self.closed_early += 1
                rows.append(self._row(self._pop_quietest()))
        return rows

    def flush(self) -> list[Row]:
        """Return what is still open, in the order of the starts, and forget the clock."""
        exchanges = [entry.exchange for entry in self._open.values()]
        self._open.clear()
        self._queue.clear()
        self._clock_us = None
        self._late_run = 0
        return self._rows(exchanges)

    def _is_set_back(self, ts_us: int) -> bool:
        if self._clock_us is None or ts_us >= self._clock_us - _SET_BACK_US:
            self._late_run = 0
            return False
        self._late_run += 1
        return self._late_run >= _SET_BACK_RECORDS

    def _join(self, flow: Flow) -> Exchange | None:
        """Add a record to its connection; return the connection whose place it took, if it begins a new one."""
        assert self._clock_us is not None  # push set it
        key, side, icmp_type = _place(flow)
        entry = self._open.get(key)
        replaced = None
        if entry is not None and _begins_anew(flow, side, entry.exchange):
            replaced, entry = entry.exchange, None
        # Late records count from the clock, so that both directions can meet however late they are.
        expires_us = max(flow.end_us, self._clock_us) + self.timeout_us
        if entry is None:
            exchange = Exchange(flow, side, icmp_type, self._exchanges)
            self._exchanges += 1
            self._initiators.opened(exchange)
            self._open[key] = entry = _Open(exchange, expires_us)
            heapq.heappush(self._queue, (expires_us, exchange.order, key))
        entry.exchange.add(flow, side)
        entry.expires_us = max(entry.expires_us, expires_us)
        return replaced

    def _expired(self, clock_us: int) -> list[Row]:
        exchanges = []
        while self._queue and self._queue[0][0] < clock_us:
            exchange = self._pop_if_due()
            if exchange is not None:
                exchanges.append(exchange)
        return self._rows(exchanges)

    def _pop_quietest(self) -> Exchange:
        exchange = None
        while exchange is None:
            exchange = self._pop_if_due()
        return exchange

    def _pop_if_due(self) -> Exchange | None:
        """Take the head of the queue; return its connection, None if that got records since or was replaced."""
        queued_us, order, key = heapq.heappop(self._queue)
        entry = self._open.get(key)
        if entry is None or entry.exchange.order != order:
            return None
        if entry.expires_us > queued_us:
            heapq.heappush(self._queue, (entry.expires_us, order, key))
            return None
        del self._open[key]
        return entry.exchange

    def _rows(self, exchanges: list[Exchange]) -> list[Row]:
        return [self._row(exchange) for exchange in sorted(exchanges, key=lambda one: (one.start_us, one.order))]

    def _row(self, exchange: Exchange) -> Row:
        initiator = self._initiators.side_of(exchange)
        asked, reply = exchange.sides[initiator], exchange.sides[1 - initiator]
        orig_bytes, orig_packets = (asked.bytes, asked.packets) if asked is not None else (0, 0)
        unseen = 0 if self.sees_replies else MISSING
        resp_bytes, resp_packets = (reply.bytes, reply.packets) if reply is not None else (unseen, unseen)
        start_us = exchange.start_us
        return Row(
            ts_us=start_us,
            src=exchange.hosts[initiator],
            dst=exchange.hosts[1 - initiator],
            protocol=exchange.protocol,
            dst_port=_service_port(exchange, initiator),
            outcome=int(outcome_of(exchange, initiator, sees_replies=self.sees_replies)),
            duration_us=exchange.end_us - start_us,
            orig_bytes=orig_bytes if self.counts_payload else MISSING,
            resp_bytes=resp_bytes if self.counts_payload else MISSING,
            orig_packets=orig_packets,
            resp_packets=resp_packets,
            label=exchange.label,
            identity=asked.identity if asked is not None else "",
        )


@dataclass(slots=True)
class _Open:
    """A connection that is held, and the clock at which it is over."""

    exchange: Exchange
    expires_us: int


def _place(flow: Flow) -> tuple[_Key, int, int]:
    """Return the connection's key, the side that a record's sender is in it, and the ICMP type."""
    if flow.protocol in ICMP_QUESTIONS and flow.icmp_type != MISSING:
        question = _ANSWER_TO[flow.protocol].get(flow.icmp_type)
        if question is not None:
            return (flow.protocol, question, flow.dst, flow.src), 1, question
        # Errors are a matter of their own: what they are about stands in their payload, which no flow record has.
        return (flow.protocol, flow.icmp_type, flow.src, flow.dst), 0, flow.icmp_type
    src, dst = (flow.src, flow.src_port), (flow.dst, flow.dst_port)
    return ((flow.protocol, src, dst), 0, MISSING) if src <= dst else ((flow.protocol, dst, src), 1, MISSING)


def _begins_anew(flow: Flow, side: int, exchange: Exchange) -> bool:
    """Whether a record with a SYN comes after its connection had ended. The first record of a side never does."""
    if flow.tcp_flags == MISSING or not flow.tcp_flags & SYN or exchange.sides[side] is None:
        return False
    return exchange.is_over and flow.ts_us > exchange.end_us


def _service_port(exchange: Exchange, initiator: int) -> int:
    if exchange.is_icmp:
        if exchange.icmp_type != MISSING:
            return exchange.icmp_type
        # Without its type, a message is taken for the question that nearly all pairs of messages begin with.
        return 128 if exchange.protocol == Protocol.ICMP6 else 8
    return max(exchange.ports[1 - initiator], 0)
