"""How long sources were watched."""

from dataclasses import replace

import numpy as np
import pytest

from sweepml.evaluation.exposure import DAY_S, Exposure, watched_days
from sweepml.schema.connection import Protocol
from tests.evaluation.handmade import Contact, to_capture
from tests.evaluation.small_arena import WATCHED_S, day


def test_a_source_is_watched_from_its_first_to_its_last_contact_and_for_a_minute_at_least() -> None:
    assert watched_days(day()) == pytest.approx({source: s / DAY_S for source, s in WATCHED_S.items()})


def test_exposure_is_the_sum_over_sources_and_captures() -> None:
    exposure = Exposure.of([day(), replace(day(), name="again")])
    assert exposure.source_days == pytest.approx(2 * sum(WATCHED_S.values()) / DAY_S)
    assert (exposure.source_count, exposure.span_s) == (8, 2 * 86_400)


def test_who_only_answers_is_not_watched() -> None:
    error = Contact(5, "10.0.0.9", "10.0.0.1", port=3, protocol=Protocol.ICMP)
    assert list(watched_days(to_capture("net", [error, Contact(6, "10.0.0.1", "10.0.0.2")]))) == ["10.0.0.1"]


def test_an_identity_is_watched_over_all_its_addresses() -> None:
    capture = to_capture("net", [Contact(0, "10.0.0.1", "10.1.0.1"), Contact(7200, "10.0.0.2", "10.1.0.2")])
    pod = capture.hosts.encode_identity("web-7d9f")
    named = replace(capture.connections, identity=np.full(2, pod, np.int32))
    assert watched_days(replace(capture, connections=named)) == {"web-7d9f": 7200 / DAY_S}


def test_half_of_a_horizon_is_enough_to_have_watched_it() -> None:
    exposure = Exposure(1.0, 1, 100.0, longest_s=43_200.0)
    assert exposure.has_watched(86_400)
    assert not exposure.has_watched(86_401)
    assert Exposure(1.0, 1, 100.0).has_watched(10**9)
