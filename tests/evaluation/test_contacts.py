"""What a source did in a span of time, from a handful of connections."""

from dataclasses import replace

import numpy as np
import pytest

from sweepml.evaluation.contacts import NAMED_PORTS, SourceContacts, evidence_of, ports_text
from sweepml.schema.connection import Protocol
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import US, Contact, to_capture, to_connections
from tests.evaluation.small_arena import CRAWLER, SWEEPER, day, raised


@pytest.fixture(scope="module")
def contacts() -> SourceContacts:
    return SourceContacts(day())


def test_both_ends_of_the_span_are_included(contacts: SourceContacts) -> None:
    own = contacts.between(SWEEPER, 1010 * US, 1030 * US)
    assert (own.ts_us // US).tolist() == [1010, 1020, 1030]
    assert len(contacts.between(SWEEPER, 1011 * US, 1019 * US)) == 0


def test_an_unknown_source_did_nothing(contacts: SourceContacts) -> None:
    assert len(contacts.between("10.77.0.1", 0, 1 << 62)) == 0
    assert contacts.evidence(raised("10.77.0.1", 90_000, 0)) is None


def test_evidence_is_what_came_before_the_alert(contacts: SourceContacts) -> None:
    evidence = contacts.evidence(raised(CRAWLER, 3600, 3000))
    assert evidence is not None
    assert (evidence.dst_count, evidence.outcomes["answered"], ports_text(evidence)) == (7, 7, "tcp/443 (7)")


def test_what_is_no_contact_is_no_evidence() -> None:
    noise = [Contact(1, SWEEPER, "224.0.0.251", port=5353, protocol=Protocol.UDP), Contact(2, SWEEPER, "10.1.0.1")]
    assert len(SourceContacts(to_capture("net", noise)).between(SWEEPER, 0, 9 * US)) == 1


def test_an_identity_is_the_source_whatever_its_address() -> None:
    capture = to_capture("net", [Contact(1, "10.0.0.1", "10.1.0.1"), Contact(2, "10.0.0.2", "10.1.0.2")])
    pod = capture.hosts.encode_identity("web-7d9f")
    named = replace(capture.connections, identity=np.full(2, pod, np.int32))
    found = SourceContacts(replace(capture, connections=named))
    assert len(found.between("web-7d9f", 0, 9 * US)) == 2
    assert len(found.between("10.0.0.1", 0, 9 * US)) == 0


def test_more_ports_than_are_named_are_hinted_at() -> None:
    ports = range(1, NAMED_PORTS + 2)
    evidence = evidence_of(*to_connections(Contact(0, "10.0.0.1", "10.1.0.1", Outcome.ANSWERED, p) for p in ports))
    assert ports_text(evidence) == ", ".join(f"tcp/{port} (1)" for port in ports[:-1]) + ", ..."
