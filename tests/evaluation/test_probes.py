"""Leakage probes: they see what they say and nothing else, and chance is told from knowledge."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sweepml.datasets.capture import Capture
from sweepml.errors import InputError
from sweepml.evaluation.intervals import wilson_interval
from sweepml.evaluation.probes import (
    PROBE_MATRICES,
    PROBE_PORTS,
    address_matrix,
    judge_probe,
    port_matrix,
    time_matrix,
)
from sweepml.features.plan import FeaturePlan
from sweepml.graph.windows import US_PER_S
from sweepml.pipeline.rows import LabelledRows, labelled_rows
from sweepml.schema.connection import Protocol
from tests.evaluation.handmade import Contact, to_capture

START_S = 1_764_064_800 + 30 * 60  # 2025-11-25T10:30:00Z
ONE, TWO, OTHER, SIX = "10.0.0.1", "10.0.0.2", "10.0.7.1", "fd00::1:ff"


def capture(name: str = "net") -> Capture:
    """Four sources, each with two destinations on 445, one on 22 and three on 53 at half past ten."""
    contacts = [
        contact
        for source in (ONE, TWO, OTHER, SIX)
        for contact in (
            *(Contact(START_S + i, source, f"10.1.0.{i + 1}", port=445) for i in (0, 1, 1)),
            Contact(START_S + 2, source, "10.1.0.1", port=22),
            *(Contact(START_S + 3, source, f"10.2.0.{i + 1}", port=53, protocol=Protocol.UDP) for i in range(3)),
        )
    ]
    return to_capture(name, contacts)


def rows_of(*captures: Capture) -> LabelledRows:
    return LabelledRows.concat([labelled_rows(one, FeaturePlan(), 5) for one in captures])


def of_source(rows: LabelledRows, matrix: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Return the first row of a source."""
    return matrix[[rows.units[unit][1] for unit in rows.unit].index(source)]


@pytest.mark.parametrize("name", PROBE_MATRICES)
def test_matrices_have_a_row_for_every_row(name: str) -> None:
    captures = [capture("a"), capture("b")]
    rows = rows_of(*captures)
    matrix = PROBE_MATRICES[name](rows, captures)
    assert len(rows) >= 8
    assert (matrix.dtype, matrix.shape[0], matrix.ndim) == (np.float32, len(rows), 2)


@pytest.mark.parametrize("name", PROBE_MATRICES)
def test_rows_of_another_capture_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="the capture 'net'; known: other"):
        PROBE_MATRICES[name](rows_of(capture()), [capture("other")])


def test_addresses_are_a_hashed_network_and_the_last_eight_bits() -> None:
    captures = [capture("a"), capture("b")]
    rows = rows_of(*captures)
    matrix = address_matrix(rows, captures)
    one, two, other, six = (of_source(rows, matrix, source) for source in (ONE, TWO, OTHER, SIX))
    assert [one[1], two[1], other[1], six[1]] == [1, 2, 1, 255]
    assert one[0] == two[0] != other[0]
    assert six[0] not in (one[0], other[0])
    names = np.array([rows.units[unit][0] for unit in rows.unit])
    np.testing.assert_array_equal(matrix[names == "a"], matrix[names == "b"])


def test_an_identity_has_no_address() -> None:
    net = capture()
    pod = net.hosts.encode_identity("web-7d9f")
    named = replace(net.connections, identity=np.full(len(net.connections), pod, np.int32))
    net = replace(net, connections=named)
    assert np.isnan(address_matrix(rows_of(net), [net])).all()


def test_ports_stand_by_their_destinations_without_their_number() -> None:
    net = capture()
    rows = rows_of(net)
    assert of_source(rows, port_matrix(rows, [net]), ONE).tolist() == [17, 53, 6, 445, 6, 22]


def two_hours() -> Capture:
    """One source, on five hosts' 445 at half past ten and on their 22 two hours later."""
    contacts = [Contact(START_S + i, ONE, f"10.1.0.{i + 1}", port=445) for i in range(5)]
    return to_capture("net", contacts + [replace(one, ts_s=one.ts_s + 7200, port=22) for one in contacts])


def test_only_the_rows_own_window_counts() -> None:
    net = two_hours()
    rows = rows_of(net)
    rows = rows.take(rows.features.length_s < 7200)  # a window of a day holds both hours
    early = rows.features.end_us <= (START_S + 7200) * US_PER_S
    first = port_matrix(rows, [net])[:, :2].tolist()
    assert {tuple(one) for one, is_early in zip(first, early, strict=True) if is_early} == {(6, 445)}
    assert {tuple(one) for one, is_early in zip(first, early, strict=True) if not is_early} == {(6, 22)}
    assert np.isnan(port_matrix(rows, [net])[:, 2:]).all()
    assert port_matrix(rows, [net]).shape[1] == 2 * PROBE_PORTS


def test_times_are_the_clock_and_the_place_in_the_capture() -> None:
    net = two_hours()
    rows = rows_of(net)
    matrix = time_matrix(rows, [net])
    first, last = matrix[rows.features.as_of_us.argmin()], matrix[rows.features.as_of_us.argmax()]
    assert first.tolist() == [10, 30, 0]
    assert last.tolist() == [12, 30, 1]


def probe_data(groups: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return labels and groups: every fourth group is one sweep of five rows."""
    group = np.repeat(np.arange(groups), 5)
    order = np.random.default_rng(seed).permutation(len(group))
    return (group % 4 == 0).astype(np.int8)[order], group[order]


@pytest.mark.parametrize("seed", range(3))
def test_scores_that_know_nothing_are_chance(seed: int) -> None:
    y, group = probe_data(80, seed)
    result = judge_probe(y, np.random.default_rng(seed).random(len(y)), group)
    assert result.is_chance
    assert (result.row_count, result.group_count, result.base_rate) == (400, 80, 0.25)
    assert result.chance[0] < 0.25 < result.chance[1]
    assert result.average_precision.low < result.average_precision.value < result.average_precision.high


@pytest.mark.parametrize("noise", [0.0, 0.8])
def test_scores_that_know_something_are_not(noise: float) -> None:
    y, group = probe_data(80, 1)
    scores = y + noise * np.random.default_rng(1).standard_normal(len(y))
    assert not judge_probe(y, scores, group).is_chance


def test_knowing_every_sweep_is_one() -> None:
    y, group = probe_data(8, 1)
    figure = judge_probe(y, y.astype(float), group).average_precision
    assert (figure.value, figure.low, figure.high) == (1, 1, 1)


def test_few_groups_leave_much_to_chance() -> None:
    """A score that is the same for all rows of a source ranks few sources right by luck."""
    y, group = probe_data(8, 2)
    assert judge_probe(y, np.zeros(len(y)), group).chance[1] > 0.5


def test_one_score_for_all_gets_the_base_rate() -> None:
    y, group = probe_data(80, 2)
    assert judge_probe(y, np.zeros(len(y)), group).average_precision.value == pytest.approx(0.25)


def test_unlabelled_rows_are_left_out() -> None:
    y, group = probe_data(16, 3)
    scores = np.random.default_rng(3).random(len(y))
    more = judge_probe(np.append(y, np.int8(-1)), np.append(scores, 9.0), np.append(group, 99))
    assert more == judge_probe(y, scores, group)


def test_only_sweeps_fall_back_to_wilson() -> None:
    figure = judge_probe(np.ones(4, np.int8), np.arange(4.0), np.array([0, 0, 1, 2])).average_precision
    assert (figure.value, figure.low, figure.high) == (1, *wilson_interval(3, 3))


@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [([0, 0], [1.0, 2.0], "at least one labelled row of a sweep"), ([1], [1.0, 2.0], "lengths 1, 2 and 2")],
)
def test_what_cannot_be_judged_is_refused(y: list[int], scores: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        judge_probe(np.array(y, np.int8), np.array(scores), np.array([0, 1]))
