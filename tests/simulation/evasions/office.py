"""A small office for evasions: it begins with an hour, lasts for three, and shows hosts that answer."""

from functools import cache

import numpy as np

from sweepml.datasets.capture import Capture
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import HOUR_S, Contact, to_capture

BEGIN_S = 490_000 * HOUR_S
SPAN_S = 3 * HOUR_S
SERVERS = 600


@cache
def office() -> Capture:
    """Return clients that browse servers, most on port 443; not to be written into."""
    rng = np.random.default_rng(1)
    times = np.sort(np.r_[0.0, rng.uniform(0, SPAN_S, 1500), SPAN_S - 1.0])
    contacts = [
        Contact(
            BEGIN_S + at,
            f"192.168.7.{rng.integers(20, 30)}",
            f"198.51.{100 + number % SERVERS // 250}.{number % SERVERS % 250 + 1}",
            Outcome.ANSWERED,
            port=443 if number % 5 else 80,
        )
        for number, at in enumerate(times.tolist())
    ]
    return to_capture("office", contacts)
