"""Background: nobody who attacks is left in it, and it lasts as long as it is needed."""

import numpy as np
import pytest

from sweepml.errors import InputError
from sweepml.graph.windows import US_PER_S
from sweepml.simulation.background import repeated, without_attacks
from tests.evaluation.handmade import Contact, episode, to_capture

CONTACTS = [
    Contact(0, "10.0.0.1", "10.0.1.1"),
    Contact(5, "10.0.0.2", "10.0.1.2", label=1),
    Contact(6, "10.0.0.2", "10.0.1.3"),
    Contact(7, "10.0.0.3", "10.0.0.2"),
    Contact(9, "10.0.0.3", "10.0.1.1"),
]


def test_attackers_do_nothing_and_nothing_is_done_to_them() -> None:
    capture = to_capture("a", CONTACTS, [episode("E1", "10.0.0.2", 5, 5)])
    kept = without_attacks(capture)
    assert kept.episodes == ()
    assert kept.connections.ts_us.tolist() == [0, 9 * US_PER_S]
    assert len(capture.connections) == 5


def test_capture_of_attackers_alone_is_no_background() -> None:
    with pytest.raises(InputError, match="a: every source attacks"):
        without_attacks(to_capture("a", CONTACTS[1:3], [episode("E1", "10.0.0.2", 5, 5)]))


def test_rounds_follow_each_other_until_the_span_is_reached() -> None:
    capture = to_capture("a", CONTACTS)
    longer = repeated(capture, 25)
    assert longer.connections.ts_us.tolist() == [
        (at + begin) * US_PER_S for begin in (0, 10, 20) for at in (0, 5, 6, 7, 9)
    ]
    np.testing.assert_array_equal(longer.connections.source, np.tile(capture.connections.source, 3))


def test_capture_that_is_long_enough_stays() -> None:
    capture = to_capture("a", CONTACTS)
    assert repeated(capture, 9) is capture
