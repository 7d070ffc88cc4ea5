"""Features of sources with more edges than the limit: estimates without bias, and shares as they are."""

from collections.abc import Iterator

import numpy as np
import pytest

from sweepml.features.stream import FeatureStream
from sweepml.schema.catalogue import FEATURE_NAMES
from tests.oracle.oracle import REFUSED, US, Record
from tests.oracle.traffic import plan_of, to_connections

LIMIT, TARGETS, WORLDS = 100, 1500, 60
ERROR = 1 / np.sqrt(LIMIT - 2)
"""Relative standard error of one estimate."""


def _values(records: list[Record], limit: int) -> dict[str, float]:
    stream = FeatureStream(plan_of(((60, 60),), max_edges_per_source=limit))
    stream.push(to_connections(records, stream.hosts))
    return dict(zip(FEATURE_NAMES, stream.flush().values[0].tolist(), strict=True))


def _worlds() -> Iterator[list[Record]]:
    """Give sweeps of other addresses each time, hence with other hashes: two connections to each, one in four fails."""
    rng = np.random.default_rng(7)
    for _ in range(WORLDS):
        net = rng.integers(0, 256)
        chosen = rng.choice(1 << 16, TARGETS, replace=False).tolist()
        yield [
            Record(i * 60 * US // (2 * TARGETS), "192.168.0.1", f"10.{net}.{at >> 8}.{at & 255}", outcome=outcome)
            for i, (at, outcome) in enumerate([(at, REFUSED if at % 4 == 0 else 0) for at in chosen for _ in range(2)])
        ]


@pytest.fixture(scope="module")
def pairs() -> list[tuple[dict[str, float], dict[str, float]]]:
    """Sampled and exact values of the same sweeps."""
    return [(_values(records, LIMIT), _values(records, 1 << 20)) for records in _worlds()]


@pytest.mark.parametrize(
    "name",
    [
        "connection_count",
        "dst_count",
        "edge_count",
        "top_port_dst_count",
        "failed_dst_count",
        "internal_dst_count",
        "first_contact_rate_hz",
        "dst_per_port_mean",
        "cidr_fill_ratio",
    ],
)
def test_count_is_estimated_without_bias(pairs: list[tuple[dict, dict]], name: str) -> None:
    relative = np.array([sampled[name] / exact[name] for sampled, exact in pairs]) - 1
    # What is counted in a part of the sample only errs more.
    assert abs(relative.mean()) < 3 * relative.std() / np.sqrt(WORLDS)
    assert 0.7 * ERROR < relative.std() < 2.5 * ERROR


@pytest.mark.parametrize("name", ["failed_dst_ratio", "top_port_dst_ratio", "refused_ratio", "connections_per_edge"])
def test_share_is_that_of_the_sample(pairs: list[tuple[dict, dict]], name: str) -> None:
    differences = np.array([sampled[name] - exact[name] for sampled, exact in pairs])
    assert abs(differences.mean()) < 3 * 0.5 / np.sqrt(LIMIT * WORLDS)
    assert np.abs(differences).max() < 5 * 0.5 / np.sqrt(LIMIT)


def test_estimates_are_whole_numbers(pairs: list[tuple[dict, dict]]) -> None:
    for name in ("dst_count", "edge_count", "failed_dst_count", "connection_count"):
        assert all(sampled[name] == int(sampled[name]) > 0 for sampled, _ in pairs)


def test_one_edge_below_the_limit_everything_is_exact() -> None:
    records = next(_worlds())
    assert _values(records, TARGETS + 1) == pytest.approx(_values(records, 1 << 20), abs=0, rel=0, nan_ok=True)
