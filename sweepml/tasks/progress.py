"""How a task says where it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what a long task is doing; the command line draws a bar of it."""

    def stage(self, title: str, steps: int) -> None:
        """Begin a stage of so many steps."""

    def step(self) -> None:
        """One step of the stage is done."""


class Silent:
    """Says nothing; for notebooks and tests."""

    def stage(self, title: str, steps: int) -> None:
        """Ignore."""

    def step(self) -> None:
        """Ignore."""
