"""Reading ahead changes when items are made, and nothing else."""

import threading
from collections.abc import Iterator

import pytest

from sweepml.pipeline.ahead import ahead


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_items_come_in_order(count: int, depth: int) -> None:
    assert list(ahead(iter(range(count)), depth)) == list(range(count))


def test_items_are_made_by_another_thread_before_they_are_asked_for() -> None:
    made, second = [], threading.Event()

    def items() -> Iterator[int]:
        for i in range(3):
            made.append(threading.current_thread())
            if i == 1:
                second.set()
            yield i

    iterator = ahead(items())
    assert next(iterator) == 0
    assert second.wait(10)
    assert list(iterator) == [1, 2]
    assert threading.current_thread() not in made


def test_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    iterator = ahead(items())
    assert [next(iterator), next(iterator)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(iterator)


def test_who_stops_early_leaves_no_thread() -> None:
    before = threading.active_count()
    iterator = ahead(iter(range(100)))
    assert next(iterator) == 0
    iterator.close()
    assert threading.active_count() == before
