"""Ports under other numbers: nothing else changes, and what is counted by port stays counted."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.stream import FeatureStream
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.simulation.ports import permute_ports
from tests.oracle.oracle import US
from tests.oracle.traffic import Case, new_hosts, plan_of, random_records, to_connections

ON_TIES = {"top_port_failed_ratio", "top_port_source_count", "top_port_edge_share"}
"""Of several ports with as many destinations the lowest counts, which may be another one then."""


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_features_do_not_see_port_numbers(seed: int) -> None:
    case = Case(tuple(random_records(np.random.default_rng(seed), 60, 120)), ((60, 10),))
    values = []
    for permuted in (False, True):
        stream = FeatureStream(plan_of(case.windows, memory_s=3600))
        connections = to_connections(case.records, stream.hosts)
        stream.push(permute_ports(connections, seed) if permuted else connections)
        rows = stream.flush()
        values.append(rows.values[:, [name not in ON_TIES for name in FEATURE_NAMES]])
    np.testing.assert_array_equal(values[0], values[1])


def test_ports_are_permuted_one_to_one_and_types_are_not() -> None:
    hosts = new_hosts()
    records = random_records(np.random.default_rng(2), 400, 60 * US // US)
    before = to_connections(records, hosts)
    after = permute_ports(before, 3)
    pairs = set(zip(before.service.tolist(), after.service.tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    icmp = np.isin(before.service >> 16, (1, 58))
    assert (before.service[icmp] == after.service[icmp]).all()
    assert (before.service[~icmp] != after.service[~icmp]).mean() > 0.5
