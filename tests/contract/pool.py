"""Rows of real clients and servers, with made-up sweeps through their network, from the kernel that detectors meet."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from sweepml.datasets.capture import Capture
from sweepml.datasets.encode import table_to_connections
from sweepml.datasets.labels import label_connections
from sweepml.datasets.load import CaptureSource, load_capture
from sweepml.features.plan import FeaturePlan
from sweepml.graph.connections import Connections
from sweepml.pipeline.rows import LabelledRows, labelled_rows
from sweepml.simulation.portrait import LogInput, draw_portrait
from sweepml.simulation.sweeps import SweepMaker, SweepOptions

_LAB: Final = Path(__file__).resolve().parents[2] / "data" / "lab" / "train2"
SWEEPS: Final = 60
EDGES_PER_ROW: Final = 32
SIZES: Final = (12, 400)
"""Of the sweeps: none so small that no window could tell it, and none that takes long to play."""


@cache
def pool() -> LabelledRows:
    """Return all rows of the laboratory's benign sources and of the sweeps; made once in a process."""
    log = str(_LAB / "conn.log.gz")
    plan = FeaturePlan(edges_per_row=EDGES_PER_ROW)
    lab, _ = load_capture(CaptureSource("pool", log, str(_LAB / "truth.csv")), plan)
    attackers = frozenset(episode.source for episode in lab.episodes)
    portrait, _ = draw_portrait(LogInput(log), ignored=attackers)
    # By sources that do nothing else: a row is then a sweep's or a benign source's, with no doubt.
    options = SweepOptions(existing_share=0.0, sizes=SIZES, excluded=attackers)
    maker = SweepMaker(portrait, options, 0, "pool")
    sweeps = [maker.play(number) for number in range(SWEEPS)]
    made = [table_to_connections(pa.Table.from_batches([one.records.to_batch()]), lab.hosts) for one in sweeps]
    benign = lab.connections.take(~np.isin(lab.connections.source, lab.hosts.encode_all(sorted(attackers))))
    both = Connections.concat([benign, *made])
    both = both.take(np.argsort(both.ts_us, kind="stable"))
    episodes = tuple(one.episode for one in sweeps)
    labelled = replace(both, label=label_connections(both, lab.hosts, episodes))
    capture = Capture("pool", labelled, lab.hosts, episodes, {}, "")
    return labelled_rows(capture, plan, positive_dst_count=5)
