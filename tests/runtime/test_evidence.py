"""Evidence on graphs made by hand."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepml.graph.connection_graph import stack_connections
from sweepml.runtime.evidence import MAX_PORTS, Evidence, PortCount, smallest_network
from sweepml.schema.outcome import Outcome
from tests.oracle.oracle import ICMP, UDP, Record
from tests.oracle.traffic import to_connections
from tests.runtime.findings import T0, US, contact, evidence_of, new_hosts, sweep

ANSWERED, UNANSWERED = Outcome.ANSWERED, Outcome.UNANSWERED


def test_ports_stand_by_descending_number_of_destinations() -> None:
    records = [*sweep(2, port=22), *sweep(5, port=445), *sweep(2, port=53, protocol=UDP), *sweep(1, port=80)]
    assert evidence_of(records).ports == (
        PortCount("tcp", 445, 5),
        PortCount("tcp", 22, 2),
        PortCount("udp", 53, 2),
        PortCount("tcp", 80, 1),
    )


def test_icmp_port_is_the_type() -> None:
    assert evidence_of(sweep(3, port=8, protocol=ICMP)).ports == (PortCount("icmp", 8, 3),)


def test_ports_are_capped() -> None:
    evidence = evidence_of([contact("10.1.0.1", port=port) for port in range(100)])
    assert len(evidence.ports) == MAX_PORTS


def test_destination_is_counted_once_whatever_its_ports() -> None:
    evidence = evidence_of([*sweep(4, port=22), *sweep(4, port=23), *sweep(4, port=23, at_s=9)])
    assert evidence.dst_count == 4


def test_destinations_are_counted_by_where_they_are() -> None:
    evidence = evidence_of([*sweep(4), *sweep(3, net="198.51.100."), contact("fd00::1"), contact("2001:db8::1")])
    assert (evidence.dst_count, evidence.dst_internal_count, evidence.dst_public_count) == (9, 5, 4)


@pytest.mark.parametrize(
    ("internal", "public", "expected"),
    [
        (6, 0, "internal"),
        (0, 6, "public"),
        (6, 5, "mixed"),
        (200, 5, "mixed"),
        (6, 4, "internal"),
        (4, 6, "public"),
        (3, 3, "mixed"),
    ],
)
def test_direction_is_mixed_where_both_sides_are_a_sweep(internal: int, public: int, expected: str) -> None:
    evidence = evidence_of([*sweep(internal), *sweep(public, net="198.51.100.")])
    assert evidence.direction == expected


def test_targets_leave_out_what_the_source_does_besides() -> None:
    daily = [
        *sweep(30, net="198.51.100.", port=443, at_s=-300, outcome=ANSWERED),
        contact("10.200.0.53", 53, -400, protocol=UDP, outcome=ANSWERED),
    ]
    evidence = evidence_of([*daily, *sweep(20)])
    assert evidence.direction == "internal"
    assert evidence.targets_cidr == ("10.1.0.0/27",)
    assert evidence.first_contact_us == T0 * US
    assert (evidence.dst_count, evidence.target_count) == (51, 20)


def swept(records: list[Record]) -> list[int]:
    """Return the ports that count as swept."""
    evidence = evidence_of(records)
    return [one.port for one in evidence.ports[: evidence.swept_port_count]]


def test_port_that_answers_is_no_target_of_a_sweep_that_fails() -> None:
    web = sweep(9, net="198.51.100.", port=443, outcome=ANSWERED)
    assert swept([*sweep(6, outcome=UNANSWERED), *web]) == [445]
    assert evidence_of([*sweep(6, outcome=UNANSWERED), *web]).ports[0].port == 445


def test_port_with_most_destinations_leads_where_all_answer() -> None:
    web = sweep(9, net="198.51.100.", port=443, outcome=ANSWERED)
    assert swept([*sweep(10, outcome=ANSWERED), *web]) == [445]


def test_few_failures_do_not_lead() -> None:
    web = [*sweep(9, port=443, outcome=ANSWERED), *sweep(2, net="10.3.0.", port=443, outcome=UNANSWERED)]
    assert swept([*sweep(40, net="10.2.0.", port=22, outcome=ANSWERED), *web]) == [22]


def test_ports_that_fail_are_swept_together() -> None:
    assert swept([*sweep(20), *sweep(5, net="10.2.0.", port=139)]) == [445, 139]
    assert swept([*sweep(20), *sweep(4, net="10.2.0.", port=139)]) == [445]


def test_ports_that_are_tried_on_the_same_hosts_are_swept_together() -> None:
    assert swept([*sweep(20), *sweep(6, port=80, outcome=ANSWERED)]) == [445, 80]
    half = [*sweep(3, port=80, outcome=ANSWERED), *sweep(3, net="10.2.0.", port=80, outcome=ANSWERED)]
    assert swept([*sweep(20), *half]) == [445, 80]
    assert swept([*sweep(20), *half, *sweep(1, net="10.3.0.", port=80, outcome=ANSWERED)]) == [445]


def test_targets_are_those_of_all_swept_ports() -> None:
    evidence = evidence_of([*sweep(20), *sweep(10, net="10.2.0.", port=139, at_s=10)])
    assert evidence.targets_cidr == ("10.0.0.0/14",)
    assert evidence.target_count == 30
    assert evidence.last_contact_us == T0 * US + 10_900_000


def test_server_that_always_answered_does_not_begin_the_sweep() -> None:
    server = contact("10.1.0.200", at_s=-900, outcome=ANSWERED)
    assert evidence_of([server, *sweep(20)]).first_contact_us == T0 * US
    assert evidence_of([server, *sweep(20, outcome=ANSWERED)]).first_contact_us == (T0 - 900) * US


def test_sample_is_evenly_spaced_in_address_order() -> None:
    records = sweep(19)
    sample = evidence_of(records[::-1]).targets_sample
    assert sample == tuple(f"10.1.0.{i}" for i in range(1, 20, 2))


def test_small_sample_is_everything() -> None:
    assert evidence_of(sweep(3)).targets_sample == ("10.1.0.1", "10.1.0.2", "10.1.0.3")


def test_each_family_has_its_network() -> None:
    targets = ["::2", "10.1.0.1", "10.1.0.6", "fd00::1", "fd00::ff", "255.0.0.1"]
    assert evidence_of([contact(target) for target in targets]).targets_cidr == ("0.0.0.0/0", "::/0")
    assert evidence_of([contact(target) for target in targets[3:5]]).targets_cidr == ("fd00::/120",)
    assert evidence_of([contact(target) for target in targets[1:3]]).targets_cidr == ("10.1.0.0/29",)


def test_one_target_is_its_own_network() -> None:
    assert evidence_of([contact("2001:db8::7")]).targets_cidr == ("2001:db8::7/128",)


ADDRESSES = st.integers(0, 2**32 - 1).map(lambda value: str(ipaddress.IPv4Address(value)))


@given(ADDRESSES, ADDRESSES)
def test_smallest_network_holds_both_and_no_smaller_one_does(one: str, other: str) -> None:
    first, last = sorted((one, other), key=lambda text: int(ipaddress.ip_address(text)))
    network = ipaddress.ip_network(smallest_network(first, last))
    both = ipaddress.ip_address(first), ipaddress.ip_address(last)
    assert all(address in network for address in both)
    if network.prefixlen < 32:
        assert not any(all(a in half for a in both) for half in network.subnets())


def test_edge_counts_with_its_best_outcome() -> None:
    refused_then_answered = [
        contact("10.1.0.1", outcome=Outcome.REFUSED),
        contact("10.1.0.1", outcome=Outcome.ANSWERED),
    ]
    blocked_and_silent = [
        contact("10.1.0.2", outcome=Outcome.UNANSWERED),
        contact("10.1.0.2", outcome=Outcome.BLOCKED),
    ]
    others = [contact("10.1.0.3", outcome=Outcome.UNKNOWN), contact("10.1.0.4", outcome=Outcome.REFUSED)]
    assert evidence_of([*refused_then_answered, *blocked_and_silent, *others]).outcomes == {
        "answered": 1,
        "refused": 1,
        "blocked": 1,
        "unanswered": 0,
        "unknown": 1,
    }


def test_labels_do_not_change_the_outcome() -> None:
    assert evidence_of([contact("10.1.0.1", label=1)]) == evidence_of([contact("10.1.0.1")])


def test_contact_times_are_those_of_the_targets() -> None:
    evidence = evidence_of([contact("10.1.0.1", at_s=5), contact("10.1.0.1", at_s=2), contact("10.1.0.2", at_s=3)])
    assert (evidence.first_contact_us, evidence.last_contact_us) == ((T0 + 2) * US, (T0 + 5) * US)


def test_row_of_a_stack_is_told_apart_from_its_neighbours() -> None:
    hosts = new_hosts()
    records = [*sweep(3, src="10.0.0.9"), *sweep(4), *sweep(5, src="10.0.0.1")]
    stack = stack_connections(to_connections(records, hosts), np.zeros(len(records), np.int32), 1)
    counts = {
        hosts.name(int(code)): Evidence.of_row(stack, row, hosts).dst_count for row, code in enumerate(stack.sources)
    }
    assert counts == {"10.0.0.9": 3, "10.0.0.5": 4, "10.0.0.1": 5}


@given(st.permutations(range(12)))
def test_order_of_records_and_of_codes_does_not_matter(order: list[int]) -> None:
    records = [
        *sweep(6),
        *sweep(3, net="198.51.100.", port=80),
        *(contact(f"fd00::{i}") for i in range(1, 4)),
    ]
    assert evidence_of([records[i] for i in order]) == evidence_of(records)
