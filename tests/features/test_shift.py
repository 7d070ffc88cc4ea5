"""A sweep that straddles a window's edge scores as one that does not: the clock may stand anywhere.

The bound. Windows of length L end at every multiple of the stride D. A sweep of span S <= L - D lies whole in some
window wherever it begins, so that its best window must not depend on that at all. A longer sweep, S <= L, may lose
the probes of one stride, s = ceil(N D / S) of its N: the best window then holds between N - s and N of them, and a
share of them moves by at most s / (N - s).
"""

from dataclasses import replace

import numpy as np
import pytest

from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.windows import DEFAULT_WINDOWS, WindowSpec
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle.oracle import ANSWERED, REFUSED, UNANSWERED, US, Record
from tests.oracle.traffic import to_connections

BASE_US = 1_699_999_200 * US
"""An edge of every window."""

OFFSETS = 60
"""Places of the sweep's begin: 0 s to 59 s for the shortest window, the same shares of the others."""

PLACED = {"active_slot_ratio", "peak_slot_ratio", "gap_burstiness"}
"""Features that are defined by places inside the window: 60 slots, and ticks of 64 us since its start. Whatever else is
added to the catalogue must not depend on them."""

COUNTS = ("dst_count", "edge_count", "connection_count", "top_port_dst_count", "failed_dst_count")
RATIOS = ("failed_dst_ratio", "top_port_dst_ratio", "top_port_failed_ratio", "answered_ratio", "fan_ratio")

HORIZONS = pytest.mark.parametrize("spec", DEFAULT_WINDOWS, ids=lambda spec: f"{spec.length_s}s")


def _sweep(span_s: float, targets: int, shift_us: int = 0) -> list[Record]:
    """Return a probe per target, evenly over the span, with some unevenness; every fourth target answers."""
    outcomes = (UNANSWERED, REFUSED, UNANSWERED, ANSWERED)
    jitter = np.random.default_rng(5).integers(0, 1000, targets).tolist()
    return [
        Record(
            BASE_US + shift_us + round(i * span_s / targets * US) + jitter[i],
            "10.0.0.1",
            f"10.{1 + i // 250}.7.{1 + i % 250}",
            outcome=outcomes[i % 4],
        )
        for i in range(targets)
    ]


def _rows(records: list[Record], plan: FeaturePlan | None = None) -> FeatureRows:
    stream = FeatureStream(plan or FeaturePlan(min_dst_count=1))
    # Somebody else, much later, so that a record closes every window.
    later = replace(records[-1], ts_us=records[-1].ts_us + 4 * 3600 * US, src="10.0.0.2")
    rows = FeatureRows.concat([stream.push(to_connections([*records, later], stream.hosts)), stream.flush()])
    return rows.take(np.array([stream.hosts.name(code) == "10.0.0.1" for code in rows.source.tolist()]))


def _best(rows: FeatureRows, spec: WindowSpec) -> dict[str, float]:
    """Return the features of the window that holds most targets, the first of several."""
    rows = rows.take((rows.length_s == spec.length_s) & (rows.milestone == 0))
    place = int(np.argmax(rows.values[:, FEATURE_NAMES.index("dst_count")]))
    return dict(zip(FEATURE_NAMES, rows.values[place].tolist(), strict=True))


def _best_by_offset(spec: WindowSpec, span_s: float, targets: int) -> list[dict[str, float]]:
    step_us = spec.length_us // OFFSETS
    return [_best(_rows(_sweep(span_s, targets, i * step_us)), spec) for i in range(OFFSETS)]


@HORIZONS
def test_sweep_shorter_than_a_window_less_a_stride_is_the_same_everywhere(spec: WindowSpec) -> None:
    found = _best_by_offset(spec, spec.length_s - spec.stride_s - 1, 40)
    assert found[0]["dst_count"] == 40
    for name in FEATURE_NAMES:
        if name not in PLACED:
            values = np.array([best[name] for best in found], np.float32)
            assert len({value.tobytes() for value in values}) == 1, (name, set(values.tolist()))


@HORIZONS
@pytest.mark.parametrize("targets", [60, 300])
def test_sweep_as_long_as_a_window_loses_at_most_a_stride(spec: WindowSpec, targets: int) -> None:
    found = _best_by_offset(spec, spec.length_s, targets)
    hidden = -(-targets * spec.stride_s // spec.length_s)
    for name in COUNTS:
        values = [best[name] for best in found]
        assert max(values) - min(values) <= hidden, name
    assert min(best["dst_count"] for best in found) >= targets - hidden
    for name in RATIOS:
        values = [best[name] for best in found]
        assert max(values) - min(values) <= hidden / (targets - hidden), name


@HORIZONS
def test_shift_by_a_stride_changes_no_bit(spec: WindowSpec) -> None:
    plan = FeaturePlan(windows=(spec,), min_dst_count=1, milestones=())
    records = _sweep(2.5 * spec.length_s, 90)
    before = _rows(records, plan)
    assert len(before) > 10
    for strides in (1, 2, 7):
        shift_us = strides * spec.stride_us
        after = _rows([replace(one, ts_us=one.ts_us + shift_us) for one in records], plan)
        assert after.values.tobytes() == before.values.tobytes()
        np.testing.assert_array_equal(after.start_us, before.start_us + shift_us)
        np.testing.assert_array_equal(after.as_of_us, before.as_of_us + shift_us)


def test_shift_by_the_coarsest_stride_changes_no_bit_of_the_default_plan() -> None:
    records = _sweep(400.0, 200)
    before = _rows(records, FeaturePlan())
    shift_us = DEFAULT_WINDOWS[-1].stride_us
    after = _rows([replace(one, ts_us=one.ts_us + shift_us) for one in records], FeaturePlan())
    assert len(before) > 50
    assert after.values.tobytes() == before.values.tobytes()
    np.testing.assert_array_equal(after.end_us, before.end_us + shift_us)
    np.testing.assert_array_equal(after.milestone, before.milestone)


def test_milestones_do_not_know_the_clock() -> None:
    records = _sweep(55.0, 100)
    before = _rows(records, FeaturePlan())
    before = before.take(before.milestone > 0)
    assert before.milestone.tolist() == [5, 10, 20, 40, 80]
    for shift_us in (1, 7_654_321, 59_999_999):
        after = _rows([replace(one, ts_us=one.ts_us + shift_us) for one in records], FeaturePlan())
        after = after.take(after.milestone > 0)
        assert after.values.tobytes() == before.values.tobytes()
        np.testing.assert_array_equal(after.end_us, before.end_us + shift_us)
