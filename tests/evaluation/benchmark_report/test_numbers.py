"""Numbers as a report writes them."""

import doctest
import math

from sweepml.evaluation.benchmark_report import markdown, numbers


def test_examples_hold() -> None:
    for module in (numbers, markdown):
        done = doctest.testmod(module)
        assert done.attempted > 0
        assert done.failed == 0


def test_what_cannot_be_computed_is_a_dash_without_an_interval() -> None:
    cell = numbers.share_cell(math.nan, 0.0, 1.0, is_tinted=True)
    assert (cell.text, cell.note, cell.tint) == ("-", "", None)
    assert numbers.quantity(math.inf) == "-"


def test_interval_with_one_end_is_open() -> None:
    assert numbers.interval(math.nan, 3, is_share=False) == "up to 3"
    assert numbers.interval(math.nan, math.nan, is_share=False) == ""
