"""One day with two sweeps, a crawler and a user, small enough to work every figure out by hand."""

from dataclasses import replace

from sweepml.datasets.capture import Capture
from sweepml.evaluation.arena import Arena
from sweepml.graph.connections import SWEEP_LABEL
from sweepml.schema.alert import AlertRow
from sweepml.schema.outcome import Outcome
from tests.evaluation.handmade import US, Contact, episode, to_capture

SWEEPER, OUTER, CRAWLER, USER = (f"10.0.0.{i}" for i in range(1, 5))

WATCHED_S = {SWEEPER: 190, OUTER: 60, CRAWLER: 1100, USER: 86_400}
"""OUTER is seen for 7 s, and watched for the least time, a minute."""


def day() -> Capture:
    """Return 20 silent hosts swept on 445 in 190 s, then 8 public ones on 22 in 7 s, of which half answer."""
    contacts = [
        *(Contact(1000 + 10 * i, SWEEPER, f"10.1.0.{i + 1}", label=SWEEP_LABEL) for i in range(20)),
        *(
            Contact(
                2000 + i,
                OUTER,
                f"198.51.100.{i + 1}",
                Outcome.ANSWERED if i % 2 else Outcome.REFUSED,
                port=22,
                label=SWEEP_LABEL,
            )
            for i in range(8)
        ),
        *(Contact(3000 + 100 * i, CRAWLER, f"203.0.113.{i + 1}", Outcome.ANSWERED, port=443) for i in range(12)),
        Contact(0, USER, "10.9.0.1"),
        Contact(86_400, USER, "10.9.0.1"),
    ]
    inner = replace(episode("E1", SWEEPER, 1000, 1190), attributes={"tool": "nmap"})
    return to_capture("day", contacts, [inner, episode("E2", OUTER, 2000, 2007)], {CRAWLER: "crawler"})


def small_arena() -> Arena:
    """Return the arena of that day."""
    return Arena("lab", [day()], "Laboratory", "none")


def raised(source: str, detected_s: float, since_s: float, score: float = 1.0, detector: str = "rule") -> AlertRow:
    """Return an alert on that day; times in seconds."""
    return AlertRow("day", source, round(detected_s * US), round(since_s * US), score, 0, detector)


ALERTS = [
    raised(CRAWLER, 3700, 3000, 3.0),  # joins the next
    raised(SWEEPER, 1050, 1000, 5.0),
    raised(SWEEPER, 1100, 1000, 9.0),  # about the same sweep
    raised(CRAWLER, 3600, 3000, 7.0),
]
"""One of the two sweeps, and the crawler; each twice."""
