"""What came of a connection of which each direction was recorded by itself."""

import pytest

from sweepml.origins.pairing import Flow, Pairer
from sweepml.schema.outcome import Outcome
from tests.origins.flows import flags, reply, request


def outcome(*flows: Flow, sees_replies: bool = True) -> str:
    pairer = Pairer(sees_replies=sees_replies)
    (row,) = pairer.push(flows) + pairer.flush()
    return Outcome(row.outcome).label


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        ("S", "SA", "answered"),
        ("SAPF", "SAPF", "answered"),
        ("SR", "SA", "answered"),
        ("SAP", "SAR", "answered"),
        ("S", "RA", "refused"),
        ("", "RA", "refused"),
        ("A", "R", "refused"),
        ("SAP", "RA", "refused"),
        ("AP", "RA", "unknown"),  # the end of a connection whose beginning was not seen
        ("AP", "AP", "answered"),  # the middle of a connection
        ("A", "A", "answered"),
        ("S", "A", "unknown"),  # a challenge ACK
        ("S", "S", "unknown"),
        ("S", None, "unanswered"),
        ("SR", None, "unanswered"),
        ("F", None, "unanswered"),
        ("", None, "unanswered"),
        ("SAP", None, "unknown"),  # the other direction took another way
        ("R", None, "unknown"),
    ],
)
def test_tcp_by_flags(asked: str, answered: str | None, expected: str) -> None:
    flows = [request(tcp_flags=flags(asked))]
    flows += [reply(tcp_flags=flags(answered))] if answered is not None else []
    assert outcome(*flows) == expected


def test_a_reset_whose_question_was_not_seen_is_unknown() -> None:
    assert outcome(reply(tcp_flags=flags("RA"))) == "unknown"


@pytest.mark.parametrize(
    ("asked_bytes", "answered_bytes", "expected"),
    [(500, 700, "answered"), (60, 40, "unknown"), (500, 60, "unknown"), (-1, -1, "unknown")],
)
def test_tcp_without_flags_is_answered_only_if_both_sent_payload(
    asked_bytes: int, answered_bytes: int, expected: str
) -> None:
    assert outcome(request(tcp_flags=-1, bytes=asked_bytes), reply(tcp_flags=-1, bytes=answered_bytes)) == expected


def test_tcp_without_flags_and_reply_is_unanswered() -> None:
    assert outcome(request(tcp_flags=-1)) == "unanswered"


@pytest.mark.parametrize("protocol", [1, 17, 58, 132])
def test_other_protocols_are_answered_by_any_reply(protocol: int) -> None:
    assert outcome(request(protocol=protocol, tcp_flags=-1), reply(protocol=protocol, tcp_flags=-1)) == "answered"
    assert outcome(request(protocol=protocol, tcp_flags=-1)) == "unanswered"


def test_nobody_has_to_answer_an_icmp_error() -> None:
    assert outcome(request(protocol=1, icmp_type=3, tcp_flags=-1)) == "unknown"


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([request(blocked=True)], "blocked"),
        ([request(blocked=True, tcp_flags=-1)], "blocked"),
        ([request(), reply(blocked=True)], "blocked"),
        ([request(), request(blocked=True)], "blocked"),  # one device let it through, the next did not
        ([request(), request(blocked=True), reply()], "answered"),
    ],
)
def test_a_firewalls_verdict_counts_where_no_reply_came_through(flows: list[Flow], expected: str) -> None:
    assert outcome(*flows) == expected


def test_no_reply_means_nothing_where_none_would_be_seen() -> None:
    assert outcome(request(), sees_replies=False) == "unknown"
    assert outcome(request(sampling=1000)) == "unknown"
    assert outcome(request(sampling=1000), reply(sampling=1000)) == "answered"
