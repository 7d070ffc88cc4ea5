"""The campaigns of the benchmark of divided sweeps."""

import numpy as np
import pytest

from benchmarks.distributed import dealt
from sweepml.simulation.network import Network, NetworkPlan
from sweepml.simulation.portrait import Portrait, service_keys
from sweepml.simulation.sweeps import PlayedSweep, SweepMaker, SweepOptions

BEGIN_US = 1_767_603_600_000_000


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return Network(NetworkPlan(7, 100, BEGIN_US, BEGIN_US + 600_000_000)).portrait()


@pytest.fixture(scope="module")
def played(portrait: Portrait) -> PlayedSweep:
    return SweepMaker(portrait, SweepOptions(scanners=("connect_loop",), sizes=(60, 60)), 3, "network").play(0)


def test_every_record_is_somebodys_and_no_target_is_shared(portrait: Portrait, played: PlayedSweep) -> None:
    taken = set(portrait.sources.texts())
    before = set(taken)
    parts = [records for _, records in dealt(played, 4, portrait, taken)]
    assert sum(map(len, parts)) == len(played.records)
    targets = [set(service_keys(part.dst, part.service).tolist()) for part in parts]
    assert len(set.union(*targets)) == sum(map(len, targets))
    assert len(taken - before) == len(parts) == 4


def test_shares_are_even_and_labelled_as_one_campaign(portrait: Portrait, played: PlayedSweep) -> None:
    parts = list(dealt(played, 4, portrait, set(portrait.sources.texts())))
    counts = [len(np.unique(service_keys(records.dst, records.service))) for _, records in parts]
    assert max(counts) - min(counts) <= 1
    assert len({episode.episode_id for episode, _ in parts}) == 1
    assert {episode.kind for episode, _ in parts} == {"distributed_sweep"}
    assert all(episode.source == records.src.texts()[0] for episode, records in parts)
