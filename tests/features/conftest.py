"""The slow oracle knows windows, not milestones: their oracle stands in tests/graph/test_milestones.py."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from sweepml.features.plan import FeaturePlan
from tests.oracle import traffic


@pytest.fixture(autouse=True, scope="module")
def _plans_without_milestones() -> Iterator[None]:
    plan_of = traffic.plan_of

    def without(windows: Sequence[tuple[int, int]], min_dst_count: int = 1) -> FeaturePlan:
        return replace(plan_of(windows, min_dst_count), milestones=())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traffic, "plan_of", without)
        yield
