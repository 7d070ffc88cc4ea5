"""The kernel against the oracle, which was written from the catalogue's text alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.kernel import FeatureRows
from sweepml.schema.catalogue import CATALOGUE, FEATURE_NAMES
from tests.oracle import oracle
from tests.oracle.oracle import ICMP, TCP, US, Record
from tests.oracle.traffic import Case, assert_rows_match, cases, one_window, stream_rows, window_records

EXAMPLES = settings(max_examples=500, deadline=None)


def _column(rows: FeatureRows, name: str) -> np.ndarray:
    return rows.values[:, FEATURE_NAMES.index(name)]


@EXAMPLES
@given(cases(), st.sampled_from([1, 1, 2, 5]))
def test_stream_equals_oracle(case: Case, min_dst_count: int) -> None:
    rows, stream = stream_rows(case, min_dst_count=min_dst_count)
    expected = oracle.stream(case.records, case.windows, min_dst_count=min_dst_count)
    assert_rows_match(rows, stream.hosts, expected.rows)


@EXAMPLES
@given(cases())
def test_stream_counts_equal_oracle(case: Case) -> None:
    _, stream = stream_rows(case)
    expected = oracle.stream(case.records, case.windows)
    assert (
        stream.counts.connections,
        stream.counts.not_contacts,
        stream.counts.late,
        stream.counts.restarts,
    ) == (
        expected.connections,
        expected.not_contacts,
        expected.late,
        expected.restarts,
    )


@EXAMPLES
@given(window_records())
def test_one_window_equals_oracle(records: list[Record]) -> None:
    rows, hosts = one_window(records, 0, 60)
    company = oracle.Company.of(records)
    expected = [
        oracle.Row(source, 0, 60 * US, 60, 60 * US, *oracle.features(own, 0, 60, company=company))
        for source, own in company.records.items()
    ]
    assert_rows_match(rows, hosts, expected)


@EXAMPLES
@given(cases())
def test_values_stay_in_their_documented_range(case: Case) -> None:
    rows, _ = stream_rows(case)
    for spec in CATALOGUE:
        values = _column(rows, spec.name)
        assert not np.isinf(values).any(), spec.name
        assert spec.low is None or not (values < spec.low).any(), spec.name
        assert spec.high is None or not (values > spec.high).any(), spec.name


@EXAMPLES
@given(cases())
def test_only_columns_that_say_so_are_missing(case: Case) -> None:
    rows, _ = stream_rows(case)
    for spec in CATALOGUE:
        assert spec.missing is not None or not np.isnan(_column(rows, spec.name)).any(), spec.name


def test_single_contact_has_every_value() -> None:
    rows, _ = one_window([Record(5 * US, "10.0.0.1", "10.0.0.2", TCP, 22, oracle.REFUSED, 0, 0, 0, 1, 1)], 0, 60)
    got = dict(zip(FEATURE_NAMES, rows.values[0].tolist(), strict=True))
    assert got["dst_count"] == got["edge_count"] == got["connection_count"] == 1
    assert got["refused_ratio"] == got["failed_dst_ratio"] == got["top_port_failed_ratio"] == 1
    assert got["dst_evenness_ratio"] == 1
    assert got["packets_mean"] == 2


def test_unknown_outcome_is_no_failure() -> None:
    rows, _ = one_window([Record(0, "10.0.0.1", "10.0.0.2", outcome=oracle.UNKNOWN)], 0, 60)
    assert _column(rows, "failed_dst_count")[0] == 0
    assert np.isnan(_column(rows, "failed_dst_ratio")[0])


def test_port_zero_and_last_port_are_two_ports() -> None:
    records = [Record(0, "10.0.0.1", "10.0.0.2", TCP, port) for port in (0, 65535)]
    rows, _ = one_window(records, 0, 60)
    assert _column(rows, "port_count")[0] == 2


def test_same_number_of_two_protocols_is_two_ports() -> None:
    records = [Record(0, "10.0.0.1", "10.0.0.2", protocol, 8) for protocol in (ICMP, TCP)]
    rows, _ = one_window(records, 0, 60)
    assert _column(rows, "port_count")[0] == 2


def test_metronome_has_burstiness_of_minus_one() -> None:
    records = [Record(i * US, "10.0.0.1", f"10.0.0.{i + 2}") for i in range(50)]
    rows, _ = one_window(records, 0, 60)
    assert abs(_column(rows, "gap_burstiness")[0] + 1) < 1e-4


def test_burstiness_is_exact_over_a_whole_day() -> None:
    day_s = 86_400
    records = [Record(ts, "10.0.0.1", f"10.0.0.{i + 2}") for i, ts in enumerate([0, 1000, 2000, day_s * US - 1])]
    rows, _ = one_window(records, 0, day_s)
    values, _ = oracle.features(records, 0, day_s)
    np.testing.assert_allclose(_column(rows, "gap_burstiness")[0], values["gap_burstiness"], rtol=1e-6)


def test_no_windows_give_no_rows() -> None:
    rows, _ = stream_rows(Case((), ((60, 10),)))
    assert rows.values.shape == (0, len(FEATURE_NAMES))


@pytest.mark.parametrize("repeats", [4094, 4095, 4096, 5000])
def test_entropy_does_not_notice_where_its_table_ends(repeats: int) -> None:
    records = [Record(i, "10.0.0.1", "10.0.0.2") for i in range(repeats)] + [Record(0, "10.0.0.1", "10.0.0.3")]
    rows, _ = one_window(records, 0, 60)
    values, _ = oracle.features(records, 0, 60)
    np.testing.assert_allclose(_column(rows, "dst_evenness_ratio")[0], values["dst_evenness_ratio"], atol=1e-6)
