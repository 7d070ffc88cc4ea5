"""Reading ahead: the next items are made in a thread while the present one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_T = TypeVar("_T")
_END: Final = object()

DEPTH: Final = 2
"""Items that are ready or in the making: one hides the other's delay, more would only take memory."""


def ahead(items: Iterator[_T], depth: int = DEPTH) -> Iterator[_T]:
    """Yield the items, in order, while a thread makes the next ones.

    Worth it where making an item releases the interpreter, as parsing in Arrow does. What an item's making raises is
    raised where it would have been yielded.

    Parameters
    ----------
    items
        Advanced by one thread at a time.
    depth
        Items made ahead, at least 1.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, items, _END) for _ in range(depth))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(pool.submit(next, items, _END))
            yield item  # type: ignore[misc] # _END is the only item that is no _T
