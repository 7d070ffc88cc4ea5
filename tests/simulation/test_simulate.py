"""Simulation: the same bytes from the same seed, records in order, episodes that fit, memory that does not grow."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.datasets.reader import read_connections
from sweepml.features.plan import FeaturePlan
from sweepml.simulation.network import Network, NetworkPlan
from sweepml.simulation.simulate import Attacks, in_slices, simulate
from sweepml.simulation.sweeps import SweepOptions
from sweepml.simulation.truth import beside, write_episodes, write_roles

NOON_US = 1_767_607_200_000_000
HOUR_US = 3_600_000_000
PLAN = NetworkPlan(0, 100, NOON_US, NOON_US + HOUR_US // 2)
SMALL = SweepOptions(sizes=(10, 100))


@pytest.mark.parametrize("name", ["out.log", "out.log.gz", "out.parquet"])
def test_same_seed_same_bytes(tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        simulate(PLAN, tmp_path / folder / name, 5, SMALL)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_is_another_network(tmp_path: Path) -> None:
    simulate(PLAN, tmp_path / "a.log", 0)
    simulate(replace(PLAN, seed=1), tmp_path / "b.log", 0)
    assert (tmp_path / "a.log").read_bytes() != (tmp_path / "b.log").read_bytes()


def test_zeek_and_parquet_say_the_same(tmp_path: Path) -> None:
    for name in ("out.log", "out.parquet"):
        simulate(PLAN, tmp_path / name, 3, SMALL)
    from_text = read_connections(tmp_path / "out.log").read_all().to_pylist()
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == from_text


def test_records_are_in_order_and_within_the_time(tmp_path: Path) -> None:
    done = simulate(PLAN, tmp_path / "out.parquet", 8, SMALL)
    ts_us = pq.read_table(tmp_path / "out.parquet").column("ts_us").to_numpy()
    assert len(ts_us) == done.records
    assert (np.diff(ts_us) >= 0).all()
    assert PLAN.begin_us <= ts_us[0]
    assert ts_us[-1] <= PLAN.end_us


def test_episodes_label_the_records_of_new_scanners_exactly(tmp_path: Path) -> None:
    options = SweepOptions(sizes=(10, 100), existing_share=0.0)
    done = simulate(PLAN, tmp_path / "out.log", 8, options)
    write_episodes(beside(tmp_path / "out.log", "episodes"), done.episodes)
    write_roles(beside(tmp_path / "out.log", "roles"), done.roles)
    files = [str(beside(tmp_path / "out.log", what)) for what in ("episodes", "roles")]
    capture, _ = load_capture(CaptureSource("x", str(tmp_path / "out.log"), *files), FeaturePlan())
    labelled = int(np.count_nonzero(capture.connections.label))
    assert labelled == sum(int(one.attributes["probes_sent"]) for one in done.episodes)
    assert {capture.roles[one.source] for one in done.episodes} == {"scanner"}


def test_attacks_come_on_top_and_change_nothing_else(tmp_path: Path) -> None:
    peace = simulate(PLAN, tmp_path / "peace.parquet", 0)
    war = simulate(PLAN, tmp_path / "war.parquet", 6, SMALL)
    probes = sum(int(one.attributes["probes_sent"]) for one in war.episodes)
    assert war.records == peace.records + probes
    rest = iter(pq.read_table(tmp_path / "war.parquet").to_pylist())
    assert all(row in rest for row in pq.read_table(tmp_path / "peace.parquet").to_pylist()[::50])


def test_sweeps_over_many_slices_are_played_once() -> None:
    plan = NetworkPlan(0, 300, NOON_US, NOON_US + 12 * HOUR_US)
    network = Network(plan)
    assert network.slices > 10
    attacks = Attacks(network, plan, 10, SweepOptions(scanners=("connect_loop", "nmap_t1"), sizes=(50, 400)))
    due = [records for number in range(network.slices) for records in attacks.until(network.span_us(number)[1])]
    due += attacks.until(plan.end_us + 1)
    assert sum(map(len, due)) == sum(int(one.attributes["probes_sent"]) for one in attacks.episodes)


def test_memory_does_not_grow_with_time() -> None:
    def peak_bytes(hours: int) -> int:
        plan = NetworkPlan(0, 300, NOON_US, NOON_US + hours * HOUR_US)
        network = Network(plan)
        attacks = Attacks(network, plan, 5, SMALL)
        tracemalloc.start()
        for _ in in_slices(network, attacks):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(24) < 1.3 * peak_bytes(4)
