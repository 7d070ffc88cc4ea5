"""OCSF: the fields that the Detection Finding class requires, with the values that it allows."""

import json

import pytest

from sweepml.runtime.ocsf import to_ocsf
from sweepml.runtime.sinks import ocsf_line
from tests.runtime.findings import Book, contact, one_alert, sweep

REQUIRED = {
    "activity_id",
    "category_uid",
    "class_uid",
    "finding_info",
    "metadata",
    "severity_id",
    "time",
    "type_uid",
}
"""https://schema.ocsf.io/1.5.0/classes/detection_finding, without profiles."""


@pytest.fixture
def told() -> list[dict]:
    book = Book()
    opened = book.at(60, book.row(sweep(30)))
    updated = book.at(70, book.row(sweep(60)))
    return [to_ocsf(alert) for alert in [*opened, *updated, *book.book.flush()]]


def test_required_fields_are_there(told: list[dict]) -> None:
    for event in told:
        assert event.keys() >= REQUIRED
        assert (event["class_uid"], event["category_uid"]) == (2004, 2)
        assert event["metadata"].keys() >= {"version", "product"}
        assert event["finding_info"]["uid"]


def test_state_is_the_activity_and_the_status(told: list[dict]) -> None:
    assert [event["activity_id"] for event in told] == [1, 2, 3]
    assert [event["type_uid"] for event in told] == [200401, 200402, 200403]
    assert [event["status"] for event in told] == ["New", "In Progress", "Resolved"]


def test_events_of_one_finding_share_its_uid(told: list[dict]) -> None:
    assert len({event["finding_info"]["uid"] for event in told}) == 1


def test_times_are_milliseconds(told: list[dict]) -> None:
    assert told[0]["time"] == 1_700_000_060_000
    assert told[0]["finding_info"]["first_seen_time"] == 1_700_000_000_000
    assert told[0]["finding_info"]["last_seen_time"] == 1_700_000_002_900


def test_unmapped_holds_the_whole_alert() -> None:
    alert = one_alert()
    assert to_ocsf(alert)["unmapped"]["sweepml"] == alert.to_record()


def test_technique_is_split_as_attack_has_it() -> None:
    (attack,) = to_ocsf(one_alert(sweep(30, net="198.51.100.")))["finding_info"]["attacks"]
    assert attack == {
        "tactic": {"uid": "TA0043", "name": "Reconnaissance"},
        "technique": {"uid": "T1595", "name": "Active Scanning"},
        "sub_technique": {"uid": "T1595.001", "name": "Scanning IP Blocks"},
    }


def test_evidence_names_source_and_targets() -> None:
    event = to_ocsf(one_alert([contact(f"fd00::{i}") for i in range(1, 7)]))
    assert event["evidences"][0] == {"src_endpoint": {"ip": "10.0.0.5"}, "dst_endpoint": {"ip": "fd00::1"}}
    assert event["observables"][0]["value"] == "10.0.0.5"


def test_identity_has_a_name_and_no_address() -> None:
    event = to_ocsf(one_alert(sweep(30, src="pod/web"), source="pod/web"))
    assert event["evidences"][0]["src_endpoint"] == {"name": "pod/web"}


def test_inside_is_more_severe_than_outside() -> None:
    internal, public = to_ocsf(one_alert()), to_ocsf(one_alert(sweep(30, net="198.51.100.")))
    assert (internal["severity_id"], public["severity_id"]) == (4, 3)


def test_line_is_json_without_a_line_end() -> None:
    line = ocsf_line(one_alert())
    assert "\n" not in line
    assert json.loads(line)["unmapped"]["sweepml"]["targets_cidr"] == ["10.1.0.0/27"]
