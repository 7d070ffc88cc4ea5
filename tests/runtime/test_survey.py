"""What a log holds is counted over its connections, whatever the batches, and what it lacks is named."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.runtime.survey import NEEDS, DistinctHashes, LogSurvey
from sweepml.schema.catalogue import CATALOGUE
from sweepml.schema.connection import MISSING
from sweepml.schema.outcome import Outcome


def some(hosts: HostTable, count: int, **values: int) -> Connections:
    """Return connections of one source to `count` destinations, alternately TCP and UDP."""
    number = np.arange(count)
    optional = dict.fromkeys(("duration_us", "orig_bytes", "resp_bytes", "orig_packets", "resp_packets"), 1) | values
    return Connections(
        ts_us=number.astype(np.int64),
        source=hosts.encode_all(["10.0.0.1"] * count),
        destination=hosts.encode_all([f"10.0.1.{i}" for i in number]),
        service=np.where(number % 2, 6, 17).astype(np.uint32) << np.uint32(16),
        outcome=np.where(number % 2, Outcome.ANSWERED, Outcome.UNANSWERED).astype(np.uint8),
        label=np.zeros(count, np.uint8),
        **{name: np.full(count, value, np.int64) for name, value in optional.items()},
    )


def surveyed(batch_rows: int, **values: int) -> LogSurvey:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    whole = some(hosts, 200, **values)
    for start in range(0, 200, batch_rows):
        survey.add(whole.take(slice(start, start + batch_rows)))
    return survey


def test_counts_do_not_depend_on_the_batches() -> None:
    for batch_rows in (7, 1000):
        survey = surveyed(batch_rows)
        assert (survey.rows, survey.source_count, survey.destination_count) == (200, 1, 200)
        assert survey.protocols == {6: 100, 17: 100}
        assert survey.outcomes.tolist() == [100, 0, 0, 100, 0]
        assert survey.missing_columns == survey.lacks == ()


def test_hosts_that_come_later_are_counted() -> None:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    for count in (1, 5, 100):
        survey.add(some(hosts, count))
    assert survey.destination_count == 100


def test_hosts_may_be_forgotten_between_batches() -> None:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    for _ in range(3):
        survey.add(some(hosts, 100))
        hosts.compact(np.zeros(len(hosts), bool))
    assert (survey.source_count, survey.destination_count) == (1, 100)


@given(st.lists(st.lists(st.integers(0, 20), max_size=9), max_size=9))
def test_distinct_hashes_are_counted_once(batches: list[list[int]]) -> None:
    distinct = DistinctHashes()
    seen: set[int] = set()
    for batch in batches:
        distinct.add(np.array(batch, np.uint64))
        seen.update(batch)
    assert len(distinct) == len(seen)


def test_one_filled_value_makes_a_column_present() -> None:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    survey.add(some(hosts, 3, orig_bytes=MISSING, duration_us=MISSING))
    survey.add(some(hosts, 1, orig_bytes=MISSING))
    assert survey.missing_columns == ("orig_bytes",)


def test_what_is_lacking_names_the_features_that_will_be_missing() -> None:
    (sentence,) = surveyed(50, resp_bytes=MISSING).lacks
    assert sentence.startswith("no payload sizes: of the family volume, orig_bytes_mean, ")
    assert "packets_mean" not in sentence


def test_every_need_is_one_of_the_catalogue() -> None:
    for _, _, reason in NEEDS:
        assert any(spec.missing == reason for spec in CATALOGUE)


def test_a_log_without_outcomes_is_told() -> None:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    blind = some(hosts, 4)
    blind.outcome[:] = Outcome.UNKNOWN
    survey.add(blind)
    assert survey.lacks == (
        "no outcomes: the shares of the family outcomes will be missing, and no attempt counts as failed",
    )


def test_an_identity_is_the_source() -> None:
    hosts = HostTable()
    survey = LogSurvey(hosts)
    named = some(hosts, 4)
    named.identity[:2] = [hosts.encode_identity("pod/a"), hosts.encode_identity("pod/b")]
    survey.add(named)
    assert (survey.source_count, survey.identified) == (3, 2)
