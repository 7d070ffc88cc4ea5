"""Volume: what the connections carried. Missing where the log does not say, never zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.connection_graph import TOTALS
from sweepml.graph.windows import US_PER_S


def volume(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``volume``; definitions in `sweepml.schema.catalogue`."""
    total = dict(zip(TOTALS, view.stack.totals.T, strict=True))
    return {
        "orig_bytes_mean": ratio(total["orig_bytes"], total["bytes_known"]),
        "resp_bytes_mean": ratio(total["resp_bytes"], total["bytes_known"]),
        "empty_ratio": ratio(total["empty"], total["bytes_known"]),
        "dialogue_ratio": ratio(total["dialogue"], total["bytes_known"]),
        "packets_mean": ratio(total["packets"], total["packets_known"]),
        "duration_mean_s": ratio(total["duration_us"], total["duration_known"]) / US_PER_S,
    }
