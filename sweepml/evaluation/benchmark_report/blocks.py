"""What a report is made of, before it is HTML or Markdown: sections of prose, lists, tables and plots.

All text is plain text, whatever a log or a label put into it; only the writers know how to escape it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text
        What it says.
    note
        What belongs to it in a lighter tone, such as an interval.
    tint
        0 to 1: how strongly the cell is shaded; None leaves it as it is.
    """

    text: str
    note: str = ""
    tint: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """Heading of a column.

    Attributes
    ----------
    is_number
        Whether numbers stand below it, which are flush right.
    is_wide
        Whether text of several lines stands below it.
    """

    title: str
    is_number: bool = True
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below headings.

    Attributes
    ----------
    has_filter
        Whether a reader may want to search the rows: a long one.
    strong_rows
        Indices of rows that stand out.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_filter: bool = False
    strong_rows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph."""

    kind: ClassVar[str] = "prose"
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, one sentence an item."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and what holds for them."""

    kind: ClassVar[str] = "facts"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot and its legend, which is text beside the plot so that it wraps and can be read aloud.

    Attributes
    ----------
    svg
        From `svg.to_svg`: markup of our own that holds no text of the data.
    legend
        (index of the series' style, what it is).
    """

    kind: ClassVar[str] = "plot"
    caption: str
    svg: str
    legend: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """What only some readers open. The Markdown summary leaves it out."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


Block = Table | Prose | Bullets | Facts | Plot | Fold | Heading


@dataclass(frozen=True, slots=True)
class Section:
    """One chapter of the report.

    Attributes
    ----------
    anchor
        Id within the page.
    blocks
        Where its table has no rows: one sentence that says so.
    """

    anchor: str
    title: str
    blocks: tuple[Block, ...]


def without_rows(anchor: str, title: str, sentence: str) -> Section:
    """Return what stands in the place of a section that has nothing to show."""
    return Section(anchor, title, (Prose(sentence),))
