"""The alert book: when a finding opens, is told again, and closes."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from sweepml.runtime import alerts as module
from sweepml.runtime.alerts import Alert, AlertBook, rfc3339
from sweepml.runtime.evidence import MAX_PORTS
from tests.runtime.findings import SOURCE, T0, Book, contact, one_alert, states, sweep

DESIGN_FIELDS = [
    "source",
    "identity",
    "direction",
    "state",
    "dedup_key",
    "ports",
    "dst_count",
    "dst_internal_count",
    "dst_public_count",
    "targets_sample",
    "targets_cidr",
    "outcomes",
    "first_contact",
    "last_contact",
    "detected_at",
    "latency_s",
    "horizon_s",
    "score",
    "threshold",
    "reasons",
    "bundle_id",
    "attack",
]


def moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(T0 + at_s, UTC)


def test_alert_has_the_fields_of_the_design() -> None:
    assert [field.name for field in fields(Alert)] == DESIGN_FIELDS


def test_first_positive_row_opens_a_finding() -> None:
    alert = one_alert()
    assert (alert.state, alert.source, alert.identity, alert.dst_count) == ("open", SOURCE, None, 30)
    assert (alert.score, alert.threshold, alert.horizon_s, alert.bundle_id) == (0.9, 0.5, 60, "0123456789ab")


def test_latency_runs_from_first_contact_to_detection() -> None:
    alert = one_alert(sweep(30, at_s=12))
    assert (alert.first_contact, alert.detected_at) == (moment(12), moment(60))
    assert alert.latency_s == 48


def test_rows_without_news_say_nothing() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)))
    assert book.at(70, book.row(sweep(30))) == []
    assert book.at(80, book.row(sweep(29, first=31))) == []


def test_doubled_destinations_are_news() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)))
    (alert,) = book.at(70, book.row(sweep(60)))
    assert (alert.state, alert.dst_count) == ("update", 60)
    assert book.at(80, book.row(sweep(119))) == []
    assert states(book.at(90, book.row(sweep(120)))) == ["update"]


def test_destinations_add_up_over_windows() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)))
    (alert,) = book.at(120, book.row(sweep(30, first=31, at_s=60)))
    assert (alert.dst_count, alert.ports[0].dst_count) == (60, 60)
    assert (alert.first_contact, alert.last_contact) == (moment(0), moment(62.9))


def test_new_port_is_news_once_it_has_five_destinations() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)))
    assert book.at(70, book.row([*sweep(30), *sweep(4, port=22)])) == []
    (alert,) = book.at(80, book.row([*sweep(30), *sweep(5, port=22)]))
    assert [(one.port, one.dst_count) for one in alert.ports] == [(445, 30), (22, 5)]
    assert book.at(90, book.row([*sweep(30), *sweep(9, port=22)])) == []


def test_new_port_is_news_where_it_leads() -> None:
    book = Book()
    book.at(60, book.row([contact(f"10.1.0.{i}", port=i) for i in range(1, 6)]))
    (alert,) = book.at(70, book.row([contact(f"10.1.0.{i}", port=77) for i in range(1, 5)]))
    assert alert.ports[0].port == 77


def test_who_tries_all_ports_is_not_told_by_each_of_them() -> None:
    book = Book()
    told = [states(book.at(60 + port, book.row(sweep(10, port=port)))) for port in range(1, 100)]
    assert sum(map(len, told)) == MAX_PORTS


def test_new_direction_is_news() -> None:
    book = Book()
    assert book.at(60, book.row(sweep(30)))[0].direction == "internal"
    (alert,) = book.at(70, book.row([*sweep(30), *sweep(5, net="198.51.100.")]))
    assert alert.direction == "mixed"
    assert [one.id for one in alert.attack] == ["T1046", "T1595.001"]


@pytest.mark.parametrize(("net", "technique"), [("10.1.0.", "T1046"), ("198.51.100.", "T1595.001")])
def test_technique_follows_from_the_direction(net: str, technique: str) -> None:
    assert [one.id for one in one_alert(sweep(30, net=net)).attack] == [technique]


def test_horizons_of_one_time_are_one_alert_with_most_destinations() -> None:
    book = Book()
    rows = [
        book.row(sweep(30), horizon_s=60, score=0.99),
        book.row(sweep(40), horizon_s=3600, score=0.6),
        book.row(sweep(40), horizon_s=600, score=0.7),
    ]
    (alert,) = book.at(60, *rows)
    assert (alert.dst_count, alert.horizon_s, alert.score) == (40, 600, 0.7)


def test_order_of_rows_of_one_time_does_not_matter() -> None:
    def alerts(order: list[int]) -> list[dict]:
        book = Book()
        rows = [
            book.row(sweep(30, src="10.0.0.9"), source="10.0.0.9"),
            book.row(sweep(31), horizon_s=60),
            book.row(sweep(30), horizon_s=600),
        ]
        return [alert.to_record() for alert in book.at(60, *(rows[i] for i in order))]

    assert [one["source"] for one in alerts([0, 1, 2])] == ["10.0.0.5", "10.0.0.9"]
    assert alerts([0, 1, 2]) == alerts([2, 0, 1]) == alerts([1, 2, 0])


def test_finding_closes_when_time_has_passed() -> None:
    book = Book(close_after_s=600)
    book.at(60, book.row(sweep(30)))
    assert book.at(660) == []
    assert states(book.at(661)) == ["close"]
    assert len(book.book) == 0


def test_positive_rows_keep_a_finding_open() -> None:
    book = Book(close_after_s=600)
    book.at(60, book.row(sweep(30)))
    book.at(660, book.row(sweep(30)))
    assert book.at(1260) == []
    assert states(book.at(1261)) == ["close"]


def test_close_tells_the_whole() -> None:
    book = Book(close_after_s=100)
    book.at(60, book.row(sweep(30), score=0.99))
    book.at(120, book.row(sweep(10, first=31, at_s=60), score=0.6, horizon_s=600))
    (alert,) = book.at(1000)
    assert (alert.dst_count, alert.score, alert.horizon_s) == (40, 0.99, 60)
    assert (alert.first_contact, alert.last_contact, alert.detected_at) == (
        moment(0),
        moment(60.9),
        moment(120),
    )


def test_new_rows_after_the_close_are_a_new_finding() -> None:
    book = Book(close_after_s=100)
    (first,) = book.at(60, book.row(sweep(30)))
    close, second = book.at(500, book.row(sweep(30, at_s=450)))
    assert states([close, second]) == ["close", "open"]
    assert close.dedup_key == first.dedup_key != second.dedup_key


def test_a_sweep_that_a_longer_window_still_holds_is_not_found_again() -> None:
    book = Book(close_after_s=100)
    book.at(60, book.row(sweep(30)))
    assert states(book.at(500, book.row(sweep(30)))) == ["close"]
    assert book.at(1000, book.row([*sweep(30), *sweep(4, first=31, at_s=900)])) == []
    (again,) = book.at(1100, book.row([*sweep(30), *sweep(5, first=31, at_s=900)]))
    assert (again.state, again.dst_count) == ("open", 35)


def test_closed_findings_are_forgotten_once_no_window_reaches_back() -> None:
    book = Book(close_after_s=100)
    book.at(60, book.row(sweep(30)))
    book.at(500)
    assert len(book.book._told) == 1
    book.at(60 + 3600)
    assert len(book.book._told) == 1
    book.at(61 + 3600)
    assert not book.book._told


def test_only_so_many_closed_findings_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOLD", 2)
    book = Book(close_after_s=100)
    book.at(60, *(book.row(sweep(30, src=src), source=src) for src in ("10.0.0.7", "10.0.0.8", "10.0.0.9")))
    book.at(500)
    book.at(510)
    assert list(book.book._told) == ["10.0.0.8", "10.0.0.9"]


def test_a_clock_that_is_set_back_remembers_nothing() -> None:
    book = Book(close_after_s=100)
    book.at(5000, book.row(sweep(30, at_s=4990)))
    assert states(book.at(60, book.row(sweep(30)))) == ["close", "open"]


def test_alerts_of_one_finding_share_a_key_that_names_no_bundle() -> None:
    book = Book()
    (opened,) = book.at(60, book.row(sweep(30)))
    (update,) = book.at(70, book.row(sweep(60)))
    (close,) = book.book.flush()
    assert opened.dedup_key == update.dedup_key == close.dedup_key

    other = Book()
    other.book._bundle_id = "another"
    assert other.at(60, other.row(sweep(30)))[0].dedup_key == opened.dedup_key


def test_findings_of_two_sources_are_apart() -> None:
    book = Book()
    rows = [book.row(sweep(30, src=src), source=src) for src in ("10.0.0.9", SOURCE)]
    alerts = book.at(60, *rows)
    assert [alert.source for alert in alerts] == [SOURCE, "10.0.0.9"]
    assert len({alert.dedup_key for alert in alerts}) == 2


def test_flush_closes_everything_by_last_positive_row() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)), book.row(sweep(30, src="10.0.0.1"), source="10.0.0.1"))
    book.at(70, book.row(sweep(30, src="10.0.0.1"), source="10.0.0.1"))
    assert [(alert.source, str(alert.state)) for alert in book.book.flush()] == [
        (SOURCE, "close"),
        ("10.0.0.1", "close"),
    ]
    assert book.book.flush() == []


def test_clock_set_back_closes_everything() -> None:
    book = Book()
    book.at(60, book.row(sweep(30)))
    assert states(book.at(50, book.row(sweep(30)))) == ["close", "open"]


def test_too_many_findings_close_the_one_that_was_positive_longest_ago() -> None:
    book = Book(max_open=2)
    for at_s, src in ((60, "10.0.0.1"), (70, "10.0.0.2"), (80, "10.0.0.1")):
        book.at(at_s, book.row(sweep(30, src=src), source=src))
    opened, closed = book.at(90, book.row(sweep(30, src="10.0.0.3"), source="10.0.0.3"))
    assert (opened.source, closed.source, str(closed.state)) == ("10.0.0.3", "10.0.0.2", "close")
    assert (book.book.evicted, len(book.book)) == (1, 2)


def test_edges_of_open_findings_are_bounded() -> None:
    book = Book(max_edges=50)
    book.at(60, book.row(sweep(30)))
    alerts = book.at(70, book.row(sweep(30, src="10.0.0.6"), source="10.0.0.6"))
    assert [(alert.source, str(alert.state)) for alert in alerts] == [("10.0.0.6", "open"), (SOURCE, "close")]
    assert book.book._edges == 30
    book.at(2000)
    assert book.book._edges == 0


def test_score_and_threshold_are_written_as_people_write_them() -> None:
    book = Book()
    book.book = AlertBook(
        _manifest_with_threshold(0.8999999761581421), "0123456789ab", book.hosts
    )  # float32 0.9 as a double
    (alert,) = book.at(60, book.row(sweep(30), score=0.8999999761581421))
    assert (alert.score, alert.threshold) == (0.9, 0.9)


def _manifest_with_threshold(threshold: float):  # noqa: ANN202 (a Manifest)
    from tests.runtime.bundles import manifest

    return manifest(thresholds=(threshold,) * 3)


def test_record_is_plain_and_times_are_rfc3339() -> None:
    record = one_alert().to_record()
    assert list(record) == DESIGN_FIELDS
    assert record["first_contact"] == "2023-11-14T22:13:20.000000Z"
    assert record["attack"] == ({"id": "T1046", "name": "Network Service Discovery"},)
    assert record["ports"] == ({"protocol": "tcp", "port": 445, "dst_count": 30},)
    assert record["reasons"] == ({"feature": "dst_count", "value": 30.0, "unit": "count", "usual": (1.0, 5.0)},)


def test_times_keep_microseconds() -> None:
    assert rfc3339(moment(0.000001)) == "2023-11-14T22:13:20.000001Z"
