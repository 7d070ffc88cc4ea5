"""Relative standing: a source among all sources of its window, which carries over from one network to another."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.company import COMPARED
from sweepml.features.view import WindowView

MIN_SOURCES: Final = 5
"""Among fewer sources a rank says nothing. Chosen, not tuned."""


def relative(view: WindowView) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the family ``relative``; definitions in `sweepml.schema.catalogue`."""
    company = view.company
    few = company.source_count < MIN_SOURCES
    others = np.maximum(company.source_count - 1, 1)
    columns: dict[str, NDArray[np.generic]] = {
        f"{name}_rank_ratio": np.where(few, np.nan, company.smaller[name] / others) for name in COMPARED
    }
    columns["dst_count_median_ratio"] = np.where(few, np.nan, view.dst_count / company.dst_count_median)
    return columns
