"""Sweeps in a capture: labelled, in the order of time, and the capture as it was."""

from pathlib import Path

import numpy as np

from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.simulation.insertion import with_sweeps
from sweepml.simulation.plain_sweep import PlainSweep, PlainSweeps
from sweepml.simulation.portrait import LogInput, draw_portrait
from tests.simulation.logs import rows, write_log


def test_inserted_records_are_labelled_and_everything_stands_by_start(tmp_path: Path) -> None:
    log = write_log(tmp_path / "conn.log", rows())
    capture, _ = load_capture(CaptureSource("office", str(log)), FeaturePlan())
    before, known = capture.connections.ts_us.copy(), capture.hosts.names
    played = PlainSweeps(draw_portrait(LogInput(log))[0], "here").play(PlainSweep(120, 40, 0.0), 0, 3)
    made = with_sweeps(capture, played)

    assert len(made.connections) == len(before) + 3 * 40
    assert (np.diff(made.connections.ts_us) >= 0).all()
    assert made.episodes == tuple(one.episode for one in played)
    swept = made.connections.take(made.connections.label == SWEEP_LABEL)
    assert {made.hosts.name(code) for code in swept.source.tolist()} == {one.episode.source for one in played}
    for one in played:
        own = swept.take(np.array([made.hosts.name(code) == one.episode.source for code in swept.source.tolist()]))
        assert own.ts_us.tolist() == one.records.ts_us.tolist()
        assert [made.hosts.name(code) for code in own.destination.tolist()] == one.records.dst.texts()
        assert own.outcome.tolist() == one.records.outcome.tolist()

    assert capture.hosts.names == known, "the capture's own table takes no host"
    assert (capture.connections.ts_us == before).all()
    assert not capture.episodes
