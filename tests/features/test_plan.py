"""The feature plan refuses what cannot work."""

from itertools import pairwise

import pytest

from sweepml.errors import ConfigError
from sweepml.features.plan import FeaturePlan
from sweepml.graph.hosts import HostKind
from sweepml.graph.windows import DEFAULT_WINDOWS, WindowSpec


def test_default_watches_three_horizons() -> None:
    assert [window.length_s for window in FeaturePlan().windows] == [60, 600, 3600, 86_400]


def test_windows_are_put_in_order() -> None:
    assert FeaturePlan(DEFAULT_WINDOWS[::-1]).windows == DEFAULT_WINDOWS


def test_gate_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="min_dst_count must be at least 1, got 0"):
        FeaturePlan(min_dst_count=0)


def test_no_windows_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one window"):
        FeaturePlan(windows=())


def test_windows_that_do_not_nest_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"stride_s=100 .* no multiple of the finer stride_s=60"):
        FeaturePlan(windows=(WindowSpec(60, 60), WindowSpec(600, 100)))


def test_text_that_is_no_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected a network .* got 'lan'"):
        FeaturePlan(internal_networks=("lan",))


def test_new_hosts_classify_as_the_plan_says() -> None:
    hosts = FeaturePlan(internal_networks=("198.51.100.0/24",)).new_hosts()
    hosts.encode_all(["198.51.100.1", "10.0.0.1"])
    assert hosts.kind.tolist() == [HostKind.INTERNAL, HostKind.PUBLIC]


def test_milestones_double_from_the_fewest_targets_of_a_sweep() -> None:
    milestones = FeaturePlan().milestones
    assert milestones[0] == FeaturePlan().min_dst_count
    assert all(b == 2 * a for a, b in pairwise(milestones))


def test_plan_refuses_milestones_that_do_not_grow() -> None:
    with pytest.raises(ConfigError, match="growing whole numbers"):
        FeaturePlan(milestones=(10, 5))
