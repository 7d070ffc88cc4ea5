"""A progress bar on standard error, drawn only where somebody can see it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sweepml.tasks.progress import Progress

if TYPE_CHECKING:
    from rich.progress import TaskID


class Bars:
    """Draws one bar a stage with rich; on a pipe it writes one line a finished stage."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        self._live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description:<36}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._title, self._left, self._since = "", 0, 0.0

    def stage(self, title: str, steps: int) -> None:
        """Begin a stage."""
        self._title, self._left, self._since = title, steps, time.monotonic()
        self._task = self._bar.add_task(title, total=steps)

    def step(self) -> None:
        """Advance the stage."""
        if self._task is not None:
            self._bar.advance(self._task)
        self._left -= 1
        if not self._left and not self._live:
            sys.stderr.write(f"{self._title}: {time.monotonic() - self._since:.1f} s\n")
            sys.stderr.flush()

    def __enter__(self) -> Bars:
        """Start drawing."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self._bar.stop()


@contextlib.contextmanager
def bars() -> Iterator[Progress]:
    """Show progress for the length of a block."""
    with Bars() as shown:
        yield shown
