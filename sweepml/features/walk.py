"""Random walk: what the first contacts say, one after the other."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.view import WindowView, ratio
from sweepml.graph.grouping import count_between
from sweepml.schema.outcome import FAILURES, Outcome

_STEP_NATS: Final = float(np.log(4.0))
"""log(theta0 / theta1) = log((1 - theta1) / (1 - theta0)) with theta0 = 0.8 and theta1 = 0.2 (Jung et al. 2004)."""

_STEP: Final = np.zeros(len(Outcome), np.int32)
"""Step of the walk by outcome, in units of `_STEP_NATS`: whole numbers, so that sums and maxima are exact."""
_STEP[Outcome.ANSWERED] = -1
_STEP[list(FAILURES)] = 1


def walk(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``walk``; definitions in `sweepml.schema.catalogue`."""
    bounds, starts = view.destinations.bounds, view.destinations.row_starts
    step = _STEP.take(view.visits.outcome)
    position = np.cumsum(step, dtype=np.int64)
    before = position.take(starts) - step.take(starts)
    final = position.take(bounds[1:] - 1) - before
    highest = np.maximum.reduceat(position, starts) - before
    return {
        "walk_nats": final * _STEP_NATS,
        "walk_max_nats": np.maximum(highest, 0) * _STEP_NATS,
        "first_failed_ratio": ratio(count_between(bounds, step > 0), count_between(bounds, step != 0)),
    }
