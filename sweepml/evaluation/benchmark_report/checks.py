"""Sections that check the benchmark itself: leakage probes, and what an allowlist hides."""

from __future__ import annotations

from sweepml.evaluation.benchmark_report.blocks import Block, Cell, Column, Heading, Prose, Section, Table, without_rows
from sweepml.evaluation.benchmark_report.numbers import DASH, count, interval, share, share_cell
from sweepml.evaluation.benchmark_report.results import Results, named_rows


def probes_section(results: Results) -> Section:
    """Return what models learn that see only addresses, ports or times."""
    title = "Leakage probes"
    probes = results.table("probes")
    if probes.empty:
        return without_rows("probes", title, "No leakage probe was run.")
    rows = tuple(
        (
            Cell(results.arena_title(row.arena)),
            Cell(row.probe),
            share_cell(row.average_precision, row.average_precision_low, row.average_precision_high),
            Cell(interval(row.chance_low, row.chance_high, is_share=True)),
            Cell(share(row.base_rate)),
            Cell(count(row.row_count)),
            Cell(count(row.group_count)),
            Cell("at chance" if row.is_chance else "above chance"),
        )
        for row in named_rows(probes)
    )
    columns = (
        Column("arena", is_number=False),
        Column("sees only", is_number=False),
        Column("average precision"),
        Column("what chance gives"),
        Column("base rate"),
        Column("rows"),
        Column("groups of sources"),
        Column("verdict", is_number=False),
    )
    above = int((~probes.is_chance).sum())
    verdict = (
        "Every probe scores at chance: addresses, ports and times alone do not tell a sweep in these splits."
        if above == 0
        else f"{above} of {len(probes)} probes score above chance: what they see tells sweeps apart in these captures, "
        "and a model that could see it would look better than it is."
    )
    return Section("probes", title, (Prose(verdict), Table("Probes", columns, rows)))


def allowlist_section(results: Results) -> Section:
    """Return the entries of the allowlist, and in every headline arena what each suppressed and would have hidden."""
    title = "Allowlist"
    accounts = results.table("allowlist")
    if accounts.empty:
        return without_rows("allowlist", title, "No allowlist was given.")
    entries = tuple(
        (Cell(row.entry), Cell(row.reason), Cell(row.expires, "expired" if row.is_expired else ""))
        for row in named_rows(accounts.drop_duplicates(["entry", "reason", "expires"]))
    )
    blocks: list[Block] = [
        Prose("All other sections are without any allowlist. An entry that no longer holds suppresses nothing."),
        Table("Entries", _texts("entry", "reason", "expires"), entries),
    ]
    for arena in results.headline_arenas:
        table = _suppressed(results, arena)
        none = Prose("No entry suppresses an alert of a contestant at the alert budget.")
        blocks += [Heading(results.arena_title(arena)), table if table.rows else none]
    return Section("allowlist", title, tuple(blocks))


def _suppressed(results: Results, arena: str) -> Table:
    accounts = results.rows("allowlist", arena)
    at_work = accounts[accounts.contestant.isin(results.compared(arena)) & (accounts.suppressed > 0)]
    rows = tuple(
        (
            Cell(row.entry),
            Cell(results.label(row.contestant)),
            Cell(count(row.suppressed)),
            Cell(count(row.false_suppressed)),
            Cell(row.hidden or DASH),
            Cell(row.covered or DASH),
        )
        for row in named_rows(at_work)
    )
    columns = (
        *_texts("entry", "contestant"),
        Column("alerts suppressed"),
        Column("of them wrong"),
        *_texts("caught sweeps that it hides", "sweeps wholly within it"),
    )
    return Table("Each entry by itself, where it suppresses anything", columns, rows, has_filter=True)


def _texts(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, is_number=False) for title in titles)
