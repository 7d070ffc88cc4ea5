"""A frontier made by hand: a model, and rules that keep the budget, break it, or catch nothing."""

import numpy as np
import pandas as pd

from sweepml.evaluation.benchmark_report.results import CaptureFacts, Measurement
from sweepml.evaluation.benchmark_tables import CONTESTANTS
from sweepml.evaluation.frontier import FALSE_ALERTS, TRIALS, frontier_table
from sweepml.evaluation.frontier_report.results import FrontierResults

RATES, SHARES = (1.0, 10.0, 100.0), (0.0, 1.0)
HORIZON_S = 24 * 3600
SIZES = {1.0: (5, 10, 24), 10.0: (5, 10, 40), 100.0: (5, 10, 40)}
CAUGHT = {
    # contestant -> (slowest rate, smallest size, whether sweeps that succeed are caught, too)
    "model:1": (1.0, 10, True),
    "loud": (1.0, 5, False),
    "loud@budget": (10.0, 40, False),
    "strict": (100.0, 40, False),
    "strict@budget": (10.0, 10, False),
    "deaf@budget": (1e9, 1, False),
}
FALSE = {"loud": 3, "strict@budget": 1}
TITLES = {"model:1": "A <b>model</b>"}


def contestants() -> pd.DataFrame:
    return CONTESTANTS.make(
        {
            "contestant": one,
            "title": TITLES.get(one, one.replace("@budget", ", tuned")),
            "kind": "bundle" if one in TITLES else "rule",
            "operating_point": "budget" if "@" in one else "shipped",
            "threshold": "1",
            "note": "was trained on quiet" if one in TITLES else "",
        }
        for one in CAUGHT
    )


def trials() -> pd.DataFrame:
    rows = []
    for one, (slowest, smallest, knows_success) in CAUGHT.items():
        for share in SHARES:
            for rate in RATES:
                for size in SIZES[rate]:
                    caught = rate >= slowest and size >= smallest and (share == 0.0 or knows_success)
                    rows += [
                        {
                            "contestant": one,
                            "success_share": share,
                            "rate_per_hour": rate,
                            "size": size,
                            "background": "quiet",
                            "number": number,
                            "episode_id": f"{share}-{rate}-{size}-{number}",
                            "caught": caught,
                            "delay_s": 3600 * smallest / rate if caught else np.nan,
                            "targets_touched": float(smallest) if caught else np.nan,
                        }
                        for number in range(4)
                    ]
    return TRIALS.make(rows)


def results() -> FrontierResults:
    """Return the results of four sweeps a cell in one quiet capture of two source-days."""
    made = trials()
    false = FALSE_ALERTS.make(
        {
            "contestant": one,
            "capture": "quiet",
            "source_days": 2.0,
            "source_count": 2,
            "false_alerts": FALSE.get(one, 0),
            "false_sources": min(1, FALSE.get(one, 0)),
        }
        for one in CAUGHT
    )
    tables = {"trials": made, "frontier": frontier_table(made), "false_alerts": false, "contestants": contestants()}
    measurement = Measurement(
        created="2026-08-01T12:00:00Z",
        command="sweepml benchmark frontier",
        commit="abc",
        versions={"sweepml": "0"},
        budget_per_day_per_1000=1.0,
        captures=[CaptureFacts("quiet", "00", "an office")],
    )
    return FrontierResults(tables, measurement, HORIZON_S, "new", "steady", 4)
