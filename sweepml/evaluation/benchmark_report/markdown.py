"""The report as a Markdown summary: the same sections without plots and without what is folded away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sweepml.evaluation.benchmark_report.blocks import (
    Block,
    Bullets,
    Cell,
    Facts,
    Fold,
    Heading,
    Plot,
    Prose,
    Section,
    Table,
)
from sweepml.evaluation.benchmark_report.html import TITLE
from sweepml.evaluation.benchmark_report.results import Results
from sweepml.evaluation.benchmark_report.sections import make_sections

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$!])")


def render_markdown(results: Results) -> str:
    """Return the summary, ending in a line break; sections that hold only plots and folds point to the page."""
    return markdown_page(TITLE, make_sections(results), "report.html")


def markdown_page(title: str, sections: Iterable[Section], page: str) -> str:
    """Return sections as Markdown, see `render_markdown`.

    Parameters
    ----------
    title
        Of the whole.
    sections
        In the order in which a reader needs them.
    page
        Name of the file that shows what Markdown cannot.
    """
    lines = [f"# {title}", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        lines += [text for block in section.blocks for text in _block(block)]
        kinds = {type(block) for block in section.blocks}
        if kinds & {Plot, Fold} and Table not in kinds:
            lines += [f"{page} shows it.", ""]
    return "\n".join(lines).rstrip() + "\n"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is, in one line.

    Examples
    --------
    >>> print(escape("a|b <i>"))
    a\|b \<i\>
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def markdown_table(table: Table) -> str:
    """Return a table in the syntax of GitHub: numbers flush right, notes in parentheses."""
    rules = ["---:" if column.is_number else "---" for column in table.columns]
    lines = [[escape(column.title) for column in table.columns], rules]
    for i, row in enumerate(table.rows):
        cells = [_cell(cell) for cell in row]
        if i in table.strong_rows:
            cells[0] = f"**{cells[0]}**"
        lines.append(cells)
    return "\n".join(_line(line) for line in lines)


def _block(block: Block) -> Iterable[str]:
    match block:
        case Prose(text):
            yield from (escape(text), "")
        case Heading(text):
            yield from (f"### {escape(text)}", "")
        case Bullets(items):
            yield from ("\n".join(f"- {escape(item)}" for item in items), "")
        case Facts(items):
            yield from ("\n".join(f"- {escape(term)}: {escape(value)}" for term, value in items), "")
        case Table():
            yield from (f"{escape(block.caption)}:", "", markdown_table(block), "")
        case Plot() | Fold():
            return


def _cell(cell: Cell) -> str:
    return escape(cell.text) + (f" ({escape(cell.note)})" if cell.note else "")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
