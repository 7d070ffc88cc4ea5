"""What the other sources of the same window contact."""

import math

import pytest

from sweepml.schema.catalogue import FAMILIES
from tests.oracle.oracle import ANSWERED, REFUSED, UDP, UNKNOWN, Record
from tests.oracle.traffic import window_values

A, B, C = "192.168.0.1", "192.168.0.2", "192.168.0.3"


def test_values_about_others_are_missing_where_there_are_none() -> None:
    got = window_values([Record(0, A, "10.0.0.1"), Record(1, A, "10.0.0.2", port=22)])[A]
    missing = {spec.name for spec in FAMILIES["graph"] if math.isnan(got[spec.name])}
    assert missing == {spec.name for spec in FAMILIES["graph"]} - {"silent_dst_ratio"}
    assert got["silent_dst_ratio"] == 0


def test_popularity_is_the_mean_number_of_sources() -> None:
    records = [Record(0, src, "10.0.0.1") for src in (A, B, C)] + [Record(0, A, "10.0.0.2", port=p) for p in (1, 2)]
    got = window_values(records)
    assert got[A]["dst_popularity_mean"] == 2  # (3 + 1) / 2 destinations
    assert got[A]["service_popularity_mean"] == pytest.approx(5 / 3)  # (3 + 1 + 1) / 3 edges
    assert got[A]["exclusive_dst_ratio"] == 0.5
    assert got[B]["exclusive_dst_ratio"] == 0


def test_sharing_a_destination_is_not_sharing_a_service() -> None:
    records = [Record(0, A, "10.0.0.1", port=53), Record(0, B, "10.0.0.1", UDP, 53)]
    got = window_values(records)[A]
    assert (got["dst_popularity_mean"], got["service_popularity_mean"], got["top_port_source_count"]) == (2, 1, 1)


def test_repeated_connections_make_no_destination_popular() -> None:
    got = window_values([Record(i, A, "10.0.0.1") for i in range(9)] + [Record(0, B, "10.0.0.2")])
    assert got[A]["dst_popularity_mean"] == got[A]["service_popularity_mean"] == got[A]["top_port_edge_share"] * 2 == 1


def test_destination_that_answered_somebody_is_not_silent() -> None:
    records = [
        Record(0, A, "10.0.0.1", outcome=REFUSED),
        Record(0, A, "10.0.0.2", outcome=REFUSED),
        Record(9, B, "10.0.0.1", outcome=ANSWERED, port=22),
    ]
    assert window_values(records)[A]["silent_dst_ratio"] == 0.5


def test_what_others_know_of_a_destination_counts() -> None:
    records = [Record(0, A, "10.0.0.1", outcome=UNKNOWN), Record(0, B, "10.0.0.1", outcome=REFUSED)]
    assert window_values(records)[A]["silent_dst_ratio"] == 1


def test_silence_is_missing_where_nobody_knows() -> None:
    got = window_values([Record(0, A, "10.0.0.1", outcome=UNKNOWN), Record(0, B, "10.0.0.2", outcome=REFUSED)])
    assert math.isnan(got[A]["silent_dst_ratio"])


def test_in_degree_counts_sources_and_not_connections() -> None:
    records = [Record(0, A, "10.0.0.1")] + [Record(i, src, A, port=i) for i in range(3) for src in (B, C)]
    got = window_values(records)
    assert got[A]["source_in_degree"] == 2
    assert got[B]["source_in_degree"] == 0


def test_nobody_contacts_an_identity() -> None:
    got = window_values([Record(0, "pod/web", "10.0.0.1"), Record(0, "10.0.0.1", "10.0.0.2")])
    assert math.isnan(got["pod/web"]["source_in_degree"])
    assert got["10.0.0.1"]["source_in_degree"] == 1


def test_distributed_sweep_shares_its_port() -> None:
    sweepers = [f"192.168.1.{i}" for i in range(4)]
    records = [Record(0, src, f"10.0.{i}.{j}", port=23) for i, src in enumerate(sweepers) for j in range(1, 6)]
    got = window_values([*records, Record(0, A, "10.9.0.1", port=443), Record(0, A, "10.9.0.2", port=443)])
    assert got[sweepers[0]]["top_port_source_count"] == 4
    assert got[sweepers[0]]["top_port_edge_share"] == 0.25
    assert (got[A]["top_port_source_count"], got[A]["top_port_edge_share"]) == (1, 1)


def test_top_port_is_the_lowest_of_several() -> None:
    records = [Record(0, A, "10.0.0.1", port=p) for p in (80, 22)] + [Record(0, B, "10.0.0.1", port=80)]
    assert window_values(records)[A]["top_port_source_count"] == 1
