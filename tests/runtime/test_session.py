"""Sessions: the same rows, scores and alerts as the batch pipeline's, however the input is cut."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features import stream as stream_module
from sweepml.features.kernel import FeatureRows
from sweepml.graph import panes
from sweepml.runtime import session as session_module
from sweepml.runtime.bundle import Bundle
from sweepml.runtime.session import ScoringSession
from sweepml.runtime.sinks import ocsf_line
from tests.oracle.oracle import Record
from tests.oracle.traffic import Case, assert_same_rows, cases, to_connections
from tests.runtime.bundles import stub_bundle, write_bundle
from tests.runtime.findings import T0, US, batch_rows, contact, states, sweep

CUTS = st.lists(st.integers(0, 10**6), max_size=12)
CLOSE_AFTER = st.sampled_from([0.0, 10.0, 45.0, 3600.0])


def scored(bundle: Any, records: Sequence[Record], chunks: Sequence[int] = ()) -> tuple[list[str], ScoringSession]:
    """Return the alert lines of a session, the records cut before those named in `chunks`."""
    session = ScoringSession(bundle)
    cuts = [0, *sorted(cut % (len(records) + 1) for cut in chunks), len(records)]
    alerts = []
    for first, last in pairwise(cuts):
        alerts += session.push(to_connections(records[first:last], session.hosts))
    alerts += session.flush()
    return [ocsf_line(alert) for alert in alerts], session


@settings(max_examples=300)
@given(cases(), CUTS, st.integers(1, 5), CLOSE_AFTER)
def test_chunks_change_no_alert(case: Case, cuts: list[int], limit: int, close_after_s: float) -> None:
    bundle = stub_bundle(case.windows, limit=limit, close_after_s=close_after_s)
    whole, one = scored(bundle, case.records)
    cut, other = scored(bundle, case.records, cuts)
    assert whole == cut
    assert one.counts == other.counts


@settings(max_examples=200)
@given(cases(), CUTS, st.integers(1, 4), CLOSE_AFTER, st.integers(1, 6))
def test_chunks_change_no_alert_where_the_clock_is_set_back(
    case: Case, cuts: list[int], limit: int, close_after_s: float, restart_after: int
) -> None:
    bundle = stub_bundle(case.windows, limit=limit, close_after_s=close_after_s)
    records = [*case.records, *case.records]
    with mock.patch.object(panes, "RESTART_AFTER", restart_after):
        whole, _ = scored(bundle, records)
        cut, _ = scored(bundle, records, cuts)
    assert whole == cut


def test_windows_that_a_restart_cuts_short_are_judged_after_those_that_ended() -> None:
    on_the_second = contact("10.1.0.99", at_s=10)
    late = [contact(f"10.1.0.{i}", at_s=-90_000) for i in range(1, 4)]
    records = [*sweep(30), on_the_second, *late]
    bundle = stub_bundle(((60, 10),), limit=20)
    with mock.patch.object(panes, "RESTART_AFTER", 2):
        whole, session = scored(bundle, records)
        cut, _ = scored(bundle, records, [31, 32, 33])
    assert session.counts.stream.restarts == 1
    assert json.loads(whole[0])["unmapped"]["sweepml"]["dst_count"] == 30
    assert whole == cut


def test_two_restarts_that_end_at_the_same_time_are_told_apart() -> None:
    late = contact("10.1.0.1", at_s=-90_000)
    again = [contact(f"10.1.0.{i}", at_s=6) for i in range(1, 5)]
    records = [contact("10.1.0.1", at_s=6), late, *again, late, contact("10.1.0.1", at_s=6)]
    bundle = stub_bundle(((60, 10), (600, 100)), limit=1)
    with mock.patch.object(panes, "RESTART_AFTER", 1):
        whole, session = scored(bundle, records)
        cut, _ = scored(bundle, records, range(len(records)))
    assert session.counts.stream.restarts == 2
    assert whole == cut


@settings(max_examples=100)
@given(cases(), st.integers(1, 4), st.integers(1, 30))
def test_size_of_a_batch_of_windows_changes_no_alert(case: Case, limit: int, edges: int) -> None:
    bundle = stub_bundle(case.windows, limit=limit)
    whole, _ = scored(bundle, case.records)
    with mock.patch.object(stream_module, "_EDGES_PER_BATCH", edges):
        batched, _ = scored(bundle, case.records)
    assert whole == batched


@settings(max_examples=100)
@given(cases(), st.integers(1, 4), CLOSE_AFTER)
def test_every_finding_opens_once_and_closes_once(case: Case, limit: int, close_after_s: float) -> None:
    session = ScoringSession(stub_bundle(case.windows, limit=limit, close_after_s=close_after_s))
    by_key: dict[tuple[str, str], list[str]] = {}
    alerts = session.push(to_connections(case.records, session.hosts)) + session.flush()
    for alert in alerts:
        by_key.setdefault((alert.source, alert.dedup_key), []).append(str(alert.state))
    for told in by_key.values():
        assert told[0] == "open"
        assert told[-1] == "close"
        assert set(told[1:-1]) <= {"update"}
    assert session.open_count == 0


@settings(max_examples=100)
@given(cases(), CUTS)
def test_rows_are_those_of_the_batch_pipeline_bit_for_bit(case: Case, cuts: list[int]) -> None:
    bundle = stub_bundle(case.windows, limit=3)
    seen: list[FeatureRows] = []
    scores: list[np.ndarray] = []
    session = ScoringSession(bundle, observer=lambda rows, score: (seen.append(rows), scores.append(score)))
    bounds = [0, *sorted(cut % (len(case.records) + 1) for cut in cuts), len(case.records)]
    for first, last in pairwise(bounds):
        session.push(to_connections(case.records[first:last], session.hosts))
    session.flush()
    expected, _ = batch_rows(bundle, case.records)
    assert_same_rows(FeatureRows.concat(seen), expected)
    want, _ = bundle.judge(expected.values, expected.length_s)
    assert np.concatenate([np.empty(0, np.float32), *scores]).tobytes() == want.tobytes()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(write_bundle(tmp_path_factory.mktemp("bundle") / "detector.onnx"))


def test_sweep_is_one_finding(bundle: Bundle) -> None:
    session = ScoringSession(bundle)
    quiet = [contact(f"10.9.0.{i % 7 + 1}", at_s=i, src="10.0.0.8", port=443) for i in range(0, 2000, 5)]
    records = sorted([*sweep(50, at_s=5), *quiet], key=lambda record: record.ts_us)
    alerts = session.push(to_connections(records, session.hosts)) + session.flush()
    assert states(alerts) == ["open", "close"]
    assert {alert.source for alert in alerts} == {"10.0.0.5"}
    assert alerts[0].latency_s == 5
    assert alerts[0].dst_count == 50


def test_alert_comes_with_the_record_that_closes_the_window(bundle: Bundle) -> None:
    session = ScoringSession(bundle)
    assert session.push(to_connections(sweep(50, at_s=0.5), session.hosts)) == []
    assert states(session.push(to_connections([contact("10.1.0.1", at_s=10)], session.hosts))) == ["open"]


def test_counts_say_what_was_seen(bundle: Bundle) -> None:
    session = ScoringSession(bundle)
    records = [*sweep(50), *sweep(6, src="10.0.0.7"), contact("224.0.0.251"), contact("10.1.0.1", at_s=10)]
    session.push(to_connections(records, session.hosts))
    session.flush()
    counts = session.counts
    assert (counts.stream.connections, counts.stream.not_contacts, counts.sources) == (58, 1, 2)
    assert (counts.alerts["open"], counts.alerts["close"]) == (1, 1)
    assert 0 < counts.positives < counts.rows


def test_session_can_be_used_again_after_a_flush(bundle: Bundle) -> None:
    session = ScoringSession(bundle)
    first = session.push(to_connections(sweep(50), session.hosts)) + session.flush()
    again = session.push(to_connections(sweep(50), session.hosts)) + session.flush()
    assert first == again
    assert states(first) == ["open", "close"]


def test_nothing_gives_nothing(bundle: Bundle, tmp_path: Path) -> None:
    session = ScoringSession(bundle)
    assert session.push(to_connections([], session.hosts)) == []
    assert session.flush() == []


MILESTONES = st.sampled_from([(2,), (2, 4), (3, 5, 8)])


@settings(max_examples=300)
@given(cases(max_rows=60), CUTS, st.integers(1, 5), CLOSE_AFTER, MILESTONES)
def test_chunks_change_no_alert_with_milestones(
    case: Case, cuts: list[int], limit: int, close_after_s: float, milestones: tuple[int, ...]
) -> None:
    bundle = stub_bundle(case.windows, limit=limit, close_after_s=close_after_s, milestones=milestones)
    whole, one = scored(bundle, case.records)
    cut, other = scored(bundle, case.records, cuts)
    assert whole == cut
    assert one.counts == other.counts


@settings(max_examples=200)
@given(cases(), CUTS, st.integers(1, 4), st.integers(1, 6), MILESTONES)
def test_chunks_change_no_alert_with_milestones_where_the_clock_is_set_back(
    case: Case, cuts: list[int], limit: int, restart_after: int, milestones: tuple[int, ...]
) -> None:
    bundle = stub_bundle(case.windows, limit=limit, milestones=milestones)
    records = [*case.records, *case.records]
    with mock.patch.object(panes, "RESTART_AFTER", restart_after):
        whole, _ = scored(bundle, records)
        cut, _ = scored(bundle, records, cuts)
    assert whole == cut


def test_two_sources_that_reach_a_milestone_at_the_same_time_are_told_apart() -> None:
    records = [contact(f"10.1.0.{i}", src=f"10.0.0.{src}") for i in range(1, 4) for src in (5, 6)]
    bundle = stub_bundle(((60, 10),), limit=3, milestones=(3,))
    whole, _ = scored(bundle, records)
    cut, _ = scored(bundle, records, range(len(records)))
    assert whole == cut
    assert [json.loads(line)["unmapped"]["sweepml"]["state"] for line in whole[:2]] == ["open", "open"]


def test_milestone_alerts_with_the_record_that_reaches_it() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=5, milestones=(5, 10, 20)))
    records = sweep(30, at_s=1)
    assert session.push(to_connections(records[:4], session.hosts)) == []
    (alert,) = session.push(to_connections(records[4:5], session.hosts))
    assert (alert.state, alert.dst_count, alert.horizon_s, alert.latency_s) == ("open", 5, 60, 0.4)
    assert alert.detected_at == alert.last_contact
    assert alert.ports[0].dst_count == 5
    assert alert.targets_sample == tuple(f"10.1.0.{i}" for i in range(1, 6))
    later = session.push(to_connections(records[5:], session.hosts))
    assert [(str(one.state), one.dst_count) for one in later] == [("update", 10), ("update", 20)]
    assert states(session.flush()) == ["close"]


@settings(max_examples=200)
@given(cases(max_rows=60), CUTS, st.integers(1, 5), CLOSE_AFTER)
def test_forgetting_hosts_changes_no_alert(case: Case, cuts: list[int], limit: int, close_after_s: float) -> None:
    bundle = stub_bundle(case.windows, limit=limit, close_after_s=close_after_s, milestones=(2, 4))
    plain, one = scored(bundle, case.records, cuts)
    session_push = ScoringSession.push

    def push(self: ScoringSession, connections: Any) -> Any:
        alerts = session_push(self, connections)
        assert self.compact()
        self._compact_at = 0
        return alerts

    with mock.patch.object(session_module, "COMPACT_FROM", 0), mock.patch.object(ScoringSession, "push", push):
        compacted, other = scored(bundle, case.records, cuts)
    assert plain == compacted
    assert one.counts == other.counts


def test_small_host_tables_are_left_alone(bundle: Bundle) -> None:
    session = ScoringSession(bundle)
    session.push(to_connections(sweep(50), session.hosts))
    assert not session.compact()


def test_identities_on_one_address_are_findings_of_their_own() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=5, milestones=(5,)))
    connections = to_connections([*sweep(5), *sweep(5, first=6, at_s=1), *sweep(5, first=11, at_s=2)], session.hosts)
    # The third is named like the address, and swept by somebody else.
    names = ["pod/a"] * 5 + ["pod/b"] * 5 + ["10.0.0.5"] * 5
    identity = np.array([session.hosts.encode_identity(name) for name in names], np.int32)
    plain = to_connections(sweep(5, first=16, at_s=3), session.hosts)
    alerts = session.push(replace(connections, identity=identity)) + session.push(plain)
    assert [(alert.source, alert.identity) for alert in alerts] == [
        ("pod/a", "pod/a"),
        ("pod/b", "pod/b"),
        ("10.0.0.5", "10.0.0.5"),
        ("10.0.0.5", None),
    ]
    assert len({alert.dedup_key for alert in alerts}) == 4
    assert all(alert.dst_count == 5 for alert in alerts)
    assert json.loads(ocsf_line(alerts[0]))["evidences"][0]["src_endpoint"] == {"name": "pod/a"}
    assert states(session.flush()) == ["close"] * 4


def ticked(bundle: Any, records: Sequence[Record], ticks: Sequence[int]) -> tuple[list[str], list[FeatureRows], Any]:
    """Return alerts, rows and counts of a session that is told the time before those records that `ticks` name.

    It is always told the latest time that no later record precedes.
    """
    rows: list[FeatureRows] = []
    session = ScoringSession(bundle, observer=lambda some, _: rows.append(some))
    cuts = [0, *sorted(tick % (len(records) + 1) for tick in ticks), len(records)]
    alerts = []
    for first, last in pairwise(cuts):
        if first < len(records):
            alerts += session.advance(min(record.ts_us for record in records[first:]))
        alerts += session.push(to_connections(records[first:last], session.hosts))
    alerts += session.flush()
    return [ocsf_line(alert) for alert in alerts], rows, session.counts


@settings(max_examples=300)
@given(cases(), CUTS, st.integers(1, 5), CLOSE_AFTER, st.booleans())
def test_time_that_goes_on_before_the_next_record_changes_no_alert_and_no_row(
    case: Case, ticks: list[int], limit: int, close_after_s: float, in_order: bool
) -> None:
    milestones = (2, 4) if in_order else ()
    bundle = stub_bundle(case.windows, limit=limit, close_after_s=close_after_s, milestones=milestones)
    records = sorted(case.records, key=lambda record: record.ts_us) if in_order else list(case.records)
    untold, rows, counts = ticked(bundle, records, [])
    told, same_rows, same_counts = ticked(bundle, records, ticks)
    assert told == untold
    assert_same_rows(FeatureRows.concat(same_rows), FeatureRows.concat(rows))
    assert replace(same_counts, advances=0) == replace(counts, advances=0)


def test_a_silent_log_raises_its_alert_when_its_window_is_over() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=20))
    assert not session.push(to_connections(sweep(30), session.hosts))
    begin_us = T0 * US
    assert not session.advance(begin_us + 9_999_999)
    (opened,) = session.advance(begin_us + 10_000_000)
    assert (opened.state, opened.dst_count) == ("open", 30)
    assert opened.detected_at.timestamp() == T0 + 10
    assert session.counts.advances == 1


def test_a_finding_of_a_silent_log_closes_when_it_is_over() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=20, close_after_s=100.0))
    session.push(to_connections(sweep(30), session.hosts))
    states_so_far = [str(one.state) for one in session.advance((T0 + 160) * US)]
    assert states_so_far == ["open"], "the last positive window ends at 60 s"
    (closed,) = session.advance((T0 + 170) * US)
    assert closed.state == "close"
    assert session.open_count == 0


def test_records_that_come_after_all_their_windows_closed_are_late_and_counted() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=20))
    session.push(to_connections(sweep(30), session.hosts))
    session.advance((T0 + 200) * US)
    session.push(to_connections(sweep(3, at_s=1), session.hosts))
    assert session.counts.stream.late == 3
    session.push(to_connections(sweep(3, at_s=150), session.hosts))
    assert session.counts.stream.late == 3, "a window that ends later still takes them"


def test_time_does_not_go_back_and_does_not_begin_without_a_record() -> None:
    session = ScoringSession(stub_bundle(((60, 10),), limit=20))
    assert not session.advance(T0 * US)
    assert session.clock_us is None
    session.push(to_connections(sweep(30), session.hosts))
    clock_us = session.clock_us
    assert not session.advance((T0 - 1000) * US)
    assert (session.clock_us, session.counts.advances) == (clock_us, 0)
