"""Trees as arrays: rounding of thresholds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sweepml.models.tree_ensemble import float32_below


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, width=32))
def test_float32_below(threshold: float, x: float) -> None:
    with np.errstate(over="ignore"):
        below = float32_below(np.array([threshold]))[0]
    assert float(below) <= threshold
    assert (np.float32(x) <= below) == (x <= threshold)
