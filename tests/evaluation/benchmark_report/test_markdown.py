"""The Markdown summary: the same numbers, and no text that becomes markup."""

import re

from sweepml.evaluation.benchmark_report.blocks import Cell, Column, Table
from sweepml.evaluation.benchmark_report.markdown import escape, markdown_table, render_markdown
from tests.evaluation.benchmark_report.handmade_results import ANCHORS, make_results


def test_summary_has_every_section_and_no_plot() -> None:
    text = render_markdown(make_results())
    assert len(re.findall(r"^## ", text, flags=re.MULTILINE)) == len(ANCHORS)
    assert "<" not in text.replace("\\<", "")
    assert text.count("report.html shows it.") == 6  # four kinds of plots, and the two lists of evidence


def test_summary_has_the_numbers_of_the_headline() -> None:
    (line,) = [line for line in render_markdown(make_results()).splitlines() if line.startswith("| **Forest**")]
    assert line.startswith("| **Forest** | 1/2 | 0.50 (")


def test_rows_have_as_many_cells_as_headings_whatever_stands_in_them() -> None:
    table = Table("", (Column("a|b", is_number=False), Column("n")), ((Cell("x|\n<b>*y*"), Cell("1", "[0]")),))
    assert markdown_table(table).splitlines() == [
        r"| a\|b | n |",
        "| --- | ---: |",
        r"| x\| \<b\>\*y\* | 1 (\[0\]) |",
    ]


def test_escape_keeps_text_on_one_line() -> None:
    assert escape("# one\n- `two`\\") == r"\# one - \`two\`\\"


def test_empty_summary_still_says_what_was_measured() -> None:
    text = render_markdown(make_results({}))
    assert "- Commit: 0123abc" in text
    assert "report.html shows it." not in text
