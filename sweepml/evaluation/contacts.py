"""What a source did in a span of time: the evidence behind an alert, whoever raised it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.graph.connection_graph import stack_connections
from sweepml.graph.connections import Connections, is_contact
from sweepml.graph.grouping import sort_by
from sweepml.graph.hosts import HostTable
from sweepml.runtime.evidence import Evidence
from sweepml.schema.alert import AlertRow

NAMED_PORTS = 5
"""Ports that a table names. Chosen, not tuned."""


class SourceContacts:
    """The contacts of a capture, to be asked what a source did in a span of time.

    Parameters
    ----------
    capture
        Left out of it is what is no contact (`is_contact`). An identity is the source where a record names one.
    """

    def __init__(self, capture: Capture) -> None:
        contacts = capture.connections.take(is_contact(capture.connections, capture.hosts)).by_identity()
        self.hosts = capture.hosts
        self._codes = {name: code for code, name in enumerate(capture.hosts.names)}
        self._contacts = contacts.take(sort_by(contacts.source, contacts.ts_us, stable=True))

    def between(self, source: str, since_us: int, until_us: int) -> Connections:
        """Return the contacts of a source, by time, both ends included."""
        code = self._codes.get(source, -1)
        first, stop = np.searchsorted(self._contacts.source, [code, code + 1]).tolist()
        ts_us = self._contacts.ts_us[first:stop]
        begin, end = np.searchsorted(ts_us, since_us), np.searchsorted(ts_us, until_us, "right")
        return self._contacts.take(slice(first + int(begin), first + int(end)))

    def evidence(self, alert: AlertRow) -> Evidence | None:
        """Return what an alert's source did from the start of its evidence to its detection; None if nothing."""
        own = self.between(alert.source, alert.since_us, alert.detected_us)
        return evidence_of(own, self.hosts) if len(own) else None


def evidence_of(contacts: Connections, hosts: HostTable) -> Evidence:
    """Return the evidence of at least one contact, all of one source."""
    one_cell: NDArray[np.int32] = np.zeros(len(contacts), np.int32)
    return Evidence.of(stack_connections(contacts, one_cell, 1)[0], hosts)


def ports_text(evidence: Evidence) -> str:
    """Return ports with their numbers of destinations, such as ``tcp/445 (250), udp/53 (1)``."""
    named = ", ".join(f"{one.protocol}/{one.port} ({one.dst_count})" for one in evidence.ports[:NAMED_PORTS])
    return named + (", ..." if len(evidence.ports) > NAMED_PORTS else "")
