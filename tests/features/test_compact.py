"""Forgetting hosts: a stream that does it says what one that does not says."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph import panes
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import WindowSpec
from tests.oracle.oracle import US, Record
from tests.oracle.traffic import Case, cases, to_connections

EXAMPLES = settings(max_examples=500, deadline=None)
CUTS = st.lists(st.integers(0, 10**6), max_size=12)


def _named(rows: FeatureRows, hosts: HostTable) -> Counter:
    columns = (rows.end_us, rows.length_s, rows.as_of_us, rows.milestone, rows.sweep_dst_count)
    return Counter(
        (hosts.name(int(rows.source[i])), *(int(column[i]) for column in columns), rows.values[i].tobytes())
        for i in range(len(rows))
    )


def _run(case: Case, cuts: Sequence[int], *, compacts: bool) -> tuple[Counter, FeatureStream]:
    stream = FeatureStream(FeaturePlan(tuple(WindowSpec(*w) for w in case.windows), 1, milestones=(2, 4)))
    named: Counter = Counter()
    bounds = [0, *sorted(cut % (len(case.records) + 1) for cut in cuts), len(case.records)]
    for first, last in pairwise(bounds):
        named += _named(stream.push(to_connections(case.records[first:last], stream.hosts)), stream.hosts)
        if compacts:
            stream.compact()
    return named + _named(stream.flush(), stream.hosts), stream


@EXAMPLES
@given(cases(max_rows=60), CUTS, st.integers(1, 20))
def test_compacting_changes_no_bit(case: Case, cuts: list[int], pending: int) -> None:
    plain, one = _run(case, cuts, compacts=False)
    with mock.patch.object(panes, "_PENDING_ROWS", pending):
        compacted, other = _run(case, cuts, compacts=True)
    assert plain == compacted
    assert one.counts == other.counts


def test_hosts_that_no_window_holds_are_forgotten() -> None:
    stream = FeatureStream(FeaturePlan((WindowSpec(60, 10),)))
    for minute in range(50):
        records = [Record(minute * 60 * US + i, "10.0.0.1", f"10.1.{minute}.{i}") for i in range(1, 101)]
        stream.push(to_connections(records, stream.hosts))
        stream.compact()
        assert len(stream.hosts) < 350
    assert stream.hosts.generation == 50


def test_compacting_after_a_flush_forgets_everybody() -> None:
    stream = FeatureStream(FeaturePlan())
    stream.push(to_connections([Record(0, "10.0.0.1", "10.0.0.2")], stream.hosts))
    stream.flush()
    assert stream.compact().tolist() == [-1, -1]
    assert len(stream.hosts) == 0
    assert len(stream.hosts.rank) == len(stream.hosts.net) == len(stream.hosts.kind) == 0


def test_codes_keep_their_order() -> None:
    hosts = FeaturePlan().new_hosts()
    names = ["10.0.0.9", "10.0.0.1", "8.8.8.8", "10.0.0.3"]
    hosts.encode_all(names)
    hosts.encode_identity("pod/web")
    ranks, hashes = hosts.rank, hosts.hash64
    mapping = hosts.compact(np.array([True, False, True, False, True]))
    assert mapping.tolist() == [0, -1, 1, -1, 2]
    assert hosts.names == ("10.0.0.9", "8.8.8.8", "pod/web")
    assert hosts.encode("8.8.8.8") == 1
    assert hosts.encode("10.0.0.1") == 3
    assert hosts.encode_identity("pod/web") == 2
    assert hosts.hash64[:3].tolist() == hashes[[0, 2, 4]].tolist()
    assert np.argsort(hosts.rank[[0, 1, 3]]).tolist() == np.argsort(ranks[[0, 2, 1]]).tolist()
