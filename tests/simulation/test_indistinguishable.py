"""A single injected record looks like a real one: a classifier that sees records one by one has next to no chance.

What it sees: protocol, outcome, duration, bytes, packets. Not addresses, times and ports, which say where a sweep goes;
and since a sweep fails more often than other traffic, each injected record is set beside a real one of the same service
and outcome, or of the same protocol and outcome where the log has too few of the service.
"""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score

from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import Connections, is_contact
from sweepml.simulation.inject import inject
from sweepml.simulation.portrait import LogInput
from sweepml.simulation.records import SIZE_COLUMNS
from sweepml.simulation.sizes import MIN_DONORS
from sweepml.simulation.sweeps import SweepOptions
from sweepml.simulation.truth import beside, write_episodes
from tests.conftest import REPO_ROOT

MOST = 4000
"""Injected records that are judged."""

REAL = (
    "m57_day.conn.log",
    "strato008_mixed.conn.log.labeled",
    "strato011_mixed.conn.log.labeled",
    "idps2023_benign.conn.log.labeled",
    "ics_tridium.conn.log",
)


def separation(log: Path, output: Path, truth: Path | None = None) -> float:
    """Return the cross-validated AUC of telling injected records of a log from its own."""
    known = load_capture(CaptureSource("own", str(log), str(truth) if truth else None), FeaturePlan())[0]
    attackers = frozenset(episode.source for episode in known.episodes)
    options = SweepOptions(sizes=(10, 400), existing_share=0.0, excluded=attackers)
    done = inject(LogInput(log), output, 40, options)
    write_episodes(beside(output, "episodes"), done.episodes)
    mixed = load_capture(CaptureSource("x", str(output), str(beside(output, "episodes"))), FeaturePlan())[0]
    ours = mixed.connections.take(mixed.connections.label > 0)
    keep = is_contact(known.connections, known.hosts)
    keep &= ~np.isin(known.connections.source, known.hosts.encode_all(attackers))
    rng = np.random.default_rng(0)
    ours = ours.take(rng.permutation(len(ours))[:MOST])
    return auc(ours, partners(ours, known.connections.take(keep), rng))


def partners(ours: Connections, real: Connections, rng: np.random.Generator) -> Connections:
    """Return a real record beside each injected one, and leave out those for which there is none."""
    service = {key: np.flatnonzero(kinds(real) == key) for key in np.unique(kinds(real)).tolist()}
    wide = kinds(real) & ~(0xFFFF << 8)
    protocol = {key: np.flatnonzero(wide == key) for key in np.unique(wide).tolist()}
    chosen = []
    for key in kinds(ours).tolist():
        own = service.get(key, np.empty(0, np.int64))
        pool = own if len(own) >= MIN_DONORS else protocol.get(key & ~(0xFFFF << 8), np.empty(0, np.int64))
        if len(pool):
            chosen.append(rng.choice(pool))
    return real.take(np.array(chosen))


def kinds(connections: Connections) -> np.ndarray:
    return connections.service.astype(np.int64) << 8 | connections.outcome


def auc(ours: Connections, real: Connections) -> float:
    def seen(connections: Connections) -> np.ndarray:
        sizes = [getattr(connections, name) for name in SIZE_COLUMNS]
        return np.column_stack([connections.service >> 16, connections.outcome, *sizes])

    # A record without a partner has an outcome that the log never shows: there is nothing to compare it with.
    there = np.isin(kinds(ours) & ~(0xFFFF << 8), kinds(real) & ~(0xFFFF << 8))
    features = np.concatenate([seen(ours)[there], seen(real)]).astype(np.float32)
    label = np.r_[np.ones(there.sum()), np.zeros(len(real))]
    order = np.random.default_rng(1).permutation(len(label))
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    return float(cross_val_score(model, features[order], label[order], cv=4, scoring="roc_auc").mean())


@pytest.mark.parametrize("name", ["train", "train2"])
def test_injected_records_hide_among_those_of_the_laboratory(tmp_path: Path, name: str) -> None:
    lab = REPO_ROOT / "data" / "lab" / name
    assert separation(lab / "conn.log.gz", tmp_path / "out.log", lab / "truth.csv") <= 0.6


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_injected_records_hide_among_those_of_real_logs(tmp_path: Path, real_dir: Path, name: str) -> None:
    assert separation(real_dir / "zeek" / name, tmp_path / "out.log") <= 0.6


def test_the_classifier_finds_records_that_are_all_alike(tmp_path: Path) -> None:
    """The other tests could not fail if it were blind."""
    lab = REPO_ROOT / "data" / "lab" / "train2" / "conn.log.gz"
    known = load_capture(CaptureSource("own", str(lab)), FeaturePlan())[0]
    real = known.connections.take(is_contact(known.connections, known.hosts))
    rng = np.random.default_rng(0)
    ours = real.take(rng.permutation(len(real))[:MOST])
    for name in SIZE_COLUMNS:
        getattr(ours, name)[:] = np.median(getattr(real, name))
    assert auc(ours, partners(ours, real, rng)) > 0.9
