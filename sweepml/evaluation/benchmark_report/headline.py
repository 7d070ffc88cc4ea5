"""The README's headline table: written from a benchmark's tables, never by hand."""

from __future__ import annotations

from typing import Final

from sweepml.errors import InputError
from sweepml.evaluation.benchmark_report.against_rules import SUMMARY_COLUMNS, summary_cells
from sweepml.evaluation.benchmark_report.blocks import Table
from sweepml.evaluation.benchmark_report.markdown import escape, markdown_table
from sweepml.evaluation.benchmark_report.numbers import quantity
from sweepml.evaluation.benchmark_report.results import Results, named_rows

BEGIN: Final = "<!-- benchmark headline: begin (written by `sweepml benchmark`) -->"
END: Final = "<!-- benchmark headline: end -->"

RULES_SHOWN: Final = 5
"""Rules in a table, the best ones; a README is no place for all of them."""


def render_headline(results: Results) -> str:
    """Return the headline tables as Markdown between the two markers, without a final line break.

    Raises
    ------
    InputError
        If no contestant was judged at the alert budget.
    """
    budget = quantity(results.measurement.budget_per_day_per_1000)
    parts = []
    for arena in results.headline_arenas:
        weaker = results.tuned_rules(arena)[RULES_SHOWN:]
        contestants = [one for one in results.compared(arena) if one not in weaker]
        if not contestants:
            continue
        rows = {row.contestant: row for row in named_rows(results.rows("summary", arena))}
        best = results.best_model(arena)
        table = Table(
            results.arena_title(arena),
            SUMMARY_COLUMNS,
            tuple(summary_cells(results, rows[one]) for one in contestants),
            strong_rows=frozenset(i for i, one in enumerate(contestants) if one == best),
        )
        parts.append(f"{escape(table.caption)}, at {budget} false alerts per day per 1,000 sources:")
        parts.append(markdown_table(table))
        if weaker:
            least = rows[weaker[0]]
            parts.append(
                f"{len(weaker)} weaker {'rule' if len(weaker) == 1 else 'rules'} left out: at most "
                f"{least.caught}/{least.episode_count} episodes."
            )
    if not parts:
        raise InputError("there is no headline: no contestant was judged at the alert budget on an arena with sweeps")
    return "\n\n".join([BEGIN, *parts, END])


def with_headline(text: str, headline: str) -> str:
    """Return a Markdown text with what stands between the markers replaced.

    Parameters
    ----------
    text
        Of the README.
    headline
        From `render_headline`.

    Raises
    ------
    InputError
        If the text does not hold the two markers once each, in order.
    """
    start, end = _place(text)
    return text[:start] + headline + text[end:]


def has_headline(text: str, headline: str) -> bool:
    """Return whether a Markdown text holds just this headline between the markers.

    Raises
    ------
    InputError
        As `with_headline`.
    """
    start, end = _place(text)
    return text[start:end] == headline


def _place(text: str) -> tuple[int, int]:
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(
            f"expected the lines {BEGIN!r} and {END!r} once each and in this order; put them where the headline belongs"
        )
    return text.index(BEGIN), text.index(END) + len(END)
